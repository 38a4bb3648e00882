"""The command line as a user meets it: real processes, real files, real signals."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from repro.cli import COMMANDS
from repro.cli.machine import check_device, default_workers
from tests.support.command import OWN_CLAIMS, modules_after, repro, slowed, start

TOY = "toy/wider-is-better"


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the toy claim has been checked once."""
    folder = tmp_path_factory.mktemp("checked")
    shutil.copytree(OWN_CLAIMS, folder / "own")
    done = repro("check", TOY, "--claims", "own", "--workers", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def own(folder: Path, **changes: str) -> Path:
    """Copy the toy claims into `folder`, with text of the claim file replaced."""
    shutil.copytree(OWN_CLAIMS, folder / "own")
    path = folder / "own" / "toy" / "wider-is-better.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_claim_on_a_users_own_model_is_judged_and_reported(checked: Path) -> None:
    report = json.loads((checked / "reports/smoke/report.json").read_text(encoding="utf-8"))
    (claim,) = report["papers"][0]["claims"]
    # Two hidden units cannot separate ten digits: chance is 90%, sixty-four units fit nearly all.
    assert claim["verdict"]["word"] == "holds at smoke scale"
    assert claim["expectations"][0]["parts"][0]["estimate"] > 0.3
    assert (checked / "reports/smoke/index.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    lines = (checked / "reports/smoke/metrics.csv").read_text(encoding="utf-8").splitlines()
    # 2 arms × 3 seeds × (1 error + 2 moments of the norm), and the header.
    assert len(lines) == 1 + 2 * 3 * 3


def test_a_second_check_trains_nothing_needs_no_torch_and_writes_the_same_bytes(checked: Path) -> None:
    before = {p.name: p.read_bytes() for p in (checked / "reports/smoke").iterdir()}
    runs = {p: p.stat().st_mtime_ns for p in (checked / ".repro/runs").rglob("*")}
    modules = modules_after("check", TOY, "--claims", "own", cwd=checked)
    assert "torch" not in modules
    assert "pandas" in modules
    assert {p: p.stat().st_mtime_ns for p in (checked / ".repro/runs").rglob("*")} == runs
    assert {p.name: p.read_bytes() for p in (checked / "reports/smoke").iterdir()} == before


@pytest.mark.parametrize("command", [["list"], ["lint"], ["plan"], ["show", "relu-speed"], ["--help"]])
def test_reading_commands_import_neither_torch_nor_pandas(command: list[str], tmp_path: Path) -> None:
    assert not {"torch", "pandas", "matplotlib", "numpy"} & modules_after(*command, cwd=tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str, tmp_path: Path) -> None:
    done = repro(command, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert f"repro {command}" in done.stdout.partition("Examples:")[2]


@pytest.mark.parametrize(
    "command", [["list"], ["plan"], ["show", "relu-speed"], ["lint"], ["report", "--scale", "exact"]]
)
def test_reading_commands_speak_json(command: list[str], tmp_path: Path) -> None:
    done = repro(*command, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["check", "relu-sped"], "did you mean 'alexnet/relu-speed'?"),
        (["check", "--paper", "resnet15"], "did you mean 'resnet'?"),
        (["check", "--scale", "smok"], "did you mean 'smoke'?"),
        (["check", "--device", "gpu"], "choose auto, cpu, cuda"),
        (["check", "--budget", "soon"], "90s, 20m, 1.5h or 2d"),
        (["check", "--budget", "20"], "write 20s, 20m or 20h"),
        (["check", "--seeds", "2"], "is first looked at with"),
        (["chek"], "did you mean 'check'?"),
        (["list", "--claims", "nowhere"], "is not a folder of claims"),
        (["lint", "nothing.toml"], "neither a claim file nor a folder"),
        (["lint", "resnet/layer-responses"], "layer-responses.toml"),
        (["new", "Bad Name"], "lower-case letters"),
    ],
)  # fmt: skip
def test_a_users_mistake_is_a_clear_error_without_traceback(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    done = repro(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_one_worker_on_a_gpu_and_the_cpu_at_smoke_scale() -> None:
    assert default_workers("cuda:1") == 1
    assert (
        default_workers("cpu") == len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else True
    )
    assert (check_device("auto", "smoke"), check_device("auto", "paper"), check_device("mps", "smoke")) == (
        "cpu",
        "auto",
        "mps",
    )


def test_a_device_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    own(tmp_path)
    done = repro("check", TOY, "--claims", "own", "--device", "cuda:97", cwd=tmp_path)
    assert done.returncode == 2
    assert "cuda:97" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_store_that_cannot_be_written_is_said_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = repro("check", TOY, "--claims", OWN_CLAIMS, "--store", "file/store", cwd=tmp_path)
    assert done.returncode == 2
    assert "--store DIR" in done.stderr


def test_a_report_folder_that_cannot_be_written_loses_no_run(checked: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    arguments = [
        "check",
        TOY,
        "--claims",
        checked / "own",
        "--store",
        checked / ".repro",
        "--out",
        "file/report",
    ]
    done = repro(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "the runs are safe in the store" in done.stderr


def test_a_crashing_model_fails_its_own_runs_only_and_refutes_nothing(tmp_path: Path) -> None:
    own(tmp_path)
    nets = tmp_path / "own/my_nets.py"
    crash = "        if width == 64:\n            raise RuntimeError('no such width today')\n        inputs ="
    nets.write_text(nets.read_text(encoding="utf-8").replace("        inputs =", crash), encoding="utf-8")
    done = repro("check", TOY, "--claims", "own", "--json", "--workers", 1, cwd=tmp_path)
    assert done.returncode == 3
    (claim,) = json.loads(done.stdout)["papers"][0]["claims"]
    assert claim["verdict"]["result"] is None
    assert claim["verdict"]["status"] == "failed"
    assert "no such width today" in claim["verdict"]["sentence"]
    assert [run["outcome"] for run in claim["runs"]].count("finished") == 3

    # Mended, the same command says why it runs them, and runs only them.
    shutil.copy(OWN_CLAIMS / "my_nets.py", nets)
    again = repro("check", TOY, "--claims", "own", "--workers", 1, cwd=tmp_path)
    assert again.returncode == 0
    assert "holds at smoke scale" in again.stdout


def test_a_worker_that_dies_takes_only_its_run_along(tmp_path: Path) -> None:
    own(tmp_path)
    nets = tmp_path / "own/my_nets.py"
    die = (
        "        import os, signal\n        if width == 2:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n        inputs ="
    )
    nets.write_text(nets.read_text(encoding="utf-8").replace("        inputs =", die), encoding="utf-8")
    done = repro("check", TOY, "--claims", "own", "--json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    (claim,) = json.loads(done.stdout)["papers"][0]["claims"]
    outcomes = {run["cell"]: run["outcome"] for run in claim["runs"]}
    assert outcomes == {"narrow": "failed", "wide": "finished"}
    assert "killed by signal 9, twice" in done.stderr


def test_an_interrupted_check_keeps_finished_runs_and_goes_on(tmp_path: Path) -> None:
    own(tmp_path)
    # All runs but the first take half a minute, until the file `quick` is there.
    others = "os.listdir('.repro/runs') and not Path('quick').exists()"
    slowed(tmp_path / "own/my_nets.py", 0.5, as_long_as=others)
    arguments = ["check", TOY, "--claims", "own", "--workers", 1]
    process = start(*arguments, "--checkpoint-every", "0.1s", cwd=tmp_path)

    def one_finished_and_another_in_hand() -> bool:
        done = {path.parent.name for path in finished(tmp_path)}
        saved = (tmp_path / ".repro/checkpoints").glob("*/step-*.checkpoint")
        # Half-way at most, so that it is still in hand when it is asked to end.
        early = {path.parent.name for path in saved if int(path.stem.removeprefix("step-")) < 30}
        return bool(done and early - done)

    wait_for(one_finished_and_another_in_hand, process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "of 60; run the same command to go on" in errors
    assert "the same command goes on" in errors
    assert "Traceback" not in errors
    kept = {path: path.stat().st_mtime_ns for path in finished(tmp_path)}
    assert 1 <= len(kept) < 6
    (tmp_path / "quick").touch()
    done = repro(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(finished(tmp_path)) == 6
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_two_checks_at_once_share_the_work(tmp_path: Path) -> None:
    own(tmp_path)
    both = [
        start("check", TOY, "--claims", "own", "--workers", 1, "--out", f"report-{i}", cwd=tmp_path)
        for i in (1, 2)
    ]
    for process in both:
        _, errors = process.communicate(timeout=240)
        assert process.returncode == 0, errors
    assert len(finished(tmp_path)) == 6
    assert not list((tmp_path / ".repro/runs").glob("*.part-*"))
    one, other = ((tmp_path / f"report-{i}/report.json").read_bytes() for i in (1, 2))
    assert one == other


def test_a_damaged_run_is_named_trained_again_and_kept_aside(checked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(checked, folder)
    victim = finished(folder)[0]
    victim.write_text(victim.read_text(encoding="utf-8")[:200], encoding="utf-8")
    done = repro("check", TOY, "--claims", "own", "--workers", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "1 × its entry in the store is damaged" in done.stderr
    assert len(list((folder / ".repro/runs").glob("*.damaged-1"))) == 1
    assert len(finished(folder)) == 6


def test_exit_code_1_where_a_condition_is_met(checked: Path) -> None:
    assert repro("check", TOY, "--claims", "own", "--fail-on", "refuted", cwd=checked).returncode == 0
    unless_pending = ("check", TOY, "--claims", "own", "--fail-on", "pending")
    # Nothing is awaited at the exact scale, and everything where the time is over before the first run.
    assert repro(*unless_pending, "--scale", "exact", cwd=checked).returncode == 0
    fresh = ("--store", "fresh", "--out", "nothing-yet", "--budget", "0s")
    assert repro(*unless_pending, *fresh, cwd=checked).returncode == 1


def test_paper_scale_without_its_data_is_pending_and_says_what_to_bring(tmp_path: Path) -> None:
    done = repro("plan", "resnet/plain-nets-degrade", "--scale", "paper", cwd=tmp_path)
    assert done.returncode == 0
    assert "Pending: 27 runs. CIFAR-10 is not at hand: bring it with --data cifar10=PATH" in done.stdout


def test_new_writes_a_claim_that_lints_once_it_is_filled_in_and_never_overwrites(tmp_path: Path) -> None:
    assert repro("new", "mine/first", cwd=tmp_path).returncode == 0
    done = repro("lint", "claims", cwd=tmp_path)
    assert done.returncode == 2
    # What is to be written is all that is wrong with it.
    problems = [line for line in done.stderr.splitlines() if "is a placeholder" in line]
    assert len(problems) == 7
    assert len(done.stderr.split(": is ")) == 8
    assert all("received: 'TODO: " in line for line in problems)
    for path in (tmp_path / "claims/mine").iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace("TODO: ", ""), encoding="utf-8")
    done = repro("lint", "claims", cwd=tmp_path)
    assert done.returncode == 0
    assert "the file does not declare whose protocol" in done.stderr
    again = repro("new", "mine/first", cwd=tmp_path)
    assert again.returncode == 2
    assert "exists already" in again.stderr


def finished(folder: Path) -> list[Path]:
    """Return the run.json files of finished runs."""
    runs = folder / ".repro/runs"
    return (
        sorted(path / "run.json" for path in runs.iterdir() if "." not in path.name) if runs.is_dir() else []
    )


def wait_for(condition: object, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():  # type: ignore[operator]
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
