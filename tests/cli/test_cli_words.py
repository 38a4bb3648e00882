"""What the commands say where something is missing, spent, damaged or narrow, and what they say to do about it."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from repro.cli.run_rows import rows_of
from repro.cli.styled import styled
from repro.cli.wrapped import wrapped
from repro.report.model import Verdict
from repro.spec import ReadingSpec
from repro.store import Store
from tests.support.command import OWN_CLAIMS, repro
from tests.support.helpers import BASE, World, changed, run_record, spec_of

AWAY = changed(BASE, experiment__dataset="cifar10", experiment__seeds={"looks": [2]})


def test_what_waits_for_data_is_priced_and_told_by_plan_and_check(world: World, tmp_path: Path) -> None:
    world.write(AWAY)
    for command in ("plan", "check"):
        done = repro(command, "--scale", "paper", "--claims", world.root, "--workers", 1, cwd=tmp_path)
        assert done.returncode == 0
        told = done.stdout if command == "plan" else done.stderr
        (line,) = [line for line in told.splitlines() if line.startswith("Pending: ")]
        assert line.startswith("Pending: 8 runs. CIFAR-10 is not at hand: bring it with --data cifar10=PATH")
        assert "Once it is there: " in line
        assert "on 1 worker," in line
    done = repro("plan", "--scale", "paper", "--claims", world.root, "--workers", 2, "--json", cwd=tmp_path)
    plan = json.loads(done.stdout)
    (awaited,) = plan["awaited"]
    assert (awaited["runs"], plan["wall_seconds"]) == (8, 0)
    assert awaited["wall_seconds"] > 0
    assert awaited["bring"] in plan["pending"].values()


def test_a_budget_that_is_spent_says_what_is_left(tmp_path: Path) -> None:
    claims = ["toy/wider-is-better", "--claims", OWN_CLAIMS, "--workers", 1]
    done = repro("check", *claims, "--budget", "0s", cwd=tmp_path)
    assert done.returncode == 0
    assert "The budget of 0s is spent: 6 jobs left, 6 runs to train among them, a guess of " in done.stderr
    assert "The same command goes on with them." in done.stderr


def test_a_store_that_cannot_be_written_can_still_be_reported(world: World, tmp_path: Path) -> None:
    world.write(BASE)
    world.fill(lambda cell, seed: {})
    # What keeps a folder from being made, whoever asks: a file.
    shutil.rmtree(world.store.root / "locks")
    (world.store.root / "locks").write_text("in the way", encoding="utf-8")
    options = ["--claims", world.root, "--store", world.store.root, "--out", tmp_path / "elsewhere"]
    done = repro("check", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert (
        f"repro report --scale smoke --claims {world.root} --store {world.store.root} --out DIR"
        in done.stderr
    )
    assert repro("report", *options, cwd=tmp_path).returncode == 0
    assert (tmp_path / "elsewhere/index.html").exists()


def test_a_run_whose_probe_failed_is_one_row(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    spec, other = spec_of(), spec_of(seed=1)
    store.put_run(run_record(spec, kept=()), {})
    reading = ReadingSpec("my_probes:broken", "v", {}, run=spec, moment="last")
    # As the worker and its parent write them.
    store.put_failure(reading.key, "my_probes:broken", "ZeroDivisionError: 1 / 0\nTraceback")
    store.put_failure(spec.key, spec.title, "ZeroDivisionError: 1 / 0\nTraceback")
    store.put_failure(other.key, other.title, "out of memory")
    rows = [(row["state"], row["key"], row["says"]) for row in rows_of(store)]
    assert sorted(rows) == sorted(
        [
            ("finished", spec.key, "10 steps in 2 s; a probe of it failed: ZeroDivisionError: 1 / 0"),
            ("failed", reading.key, "ZeroDivisionError: 1 / 0"),
            ("failed", other.key, "out of memory"),
        ]
    )
    store.clear_failure(reading.key)
    assert [row["says"] for row in rows_of(store) if row["key"] == spec.key] == ["10 steps in 2 s"]


def test_a_check_within_its_budget_and_how_to_mend_what_is_damaged_then(tmp_path: Path) -> None:
    check = ["check", "toy/wider-is-better", "--claims", OWN_CLAIMS, "--workers", 1]
    done = repro(*check, "--budget", "10m", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr.startswith("6 jobs: 6 runs to train and 0 measurements without training. Time: ")
    assert "Ran 6 jobs in " in done.stderr
    took = r"6 runs and 12 measurements took \S+ s of processor time, \S+ s on the clock\."
    spent = rf"{took} Predicted beforehand: \S+ s\."
    assert re.search(spent, " ".join(done.stderr.split()))
    planned = repro("plan", *check[1:4], "--json", cwd=tmp_path)
    noted = json.loads(planned.stdout)["spent"]
    assert (noted["runs"], noted["processor_runs"], noted["predicted_runs"]) == (6, 6, 6)
    assert re.search(f"So far: {spent}", " ".join(repro("plan", *check[1:4], cwd=tmp_path).stdout.split()))
    assert "budget" not in done.stderr  # it was enough
    whole = repro("runs", "verify", cwd=tmp_path)
    assert (whole.returncode, whole.stdout) == (0, "6 runs, 0 unfinished; no damaged entries.\n")
    key = Store(tmp_path / ".repro").run_keys()[0]
    (tmp_path / ".repro/runs" / key / "weights-last.pt").write_bytes(b"x")
    broken = repro("runs", "verify", cwd=tmp_path)
    assert broken.returncode == 3
    assert f"of a run its whole folder {Path('.repro/runs/KEY')}: the next check" in broken.stdout
    shutil.rmtree(tmp_path / ".repro/runs" / key)
    again = repro(*check, cwd=tmp_path)
    assert again.stderr.startswith("1 job: 1 run to train")
    assert repro("runs", "verify", cwd=tmp_path).stdout == whole.stdout


VERDICT = Verdict(status="complete", result="supported", word="holds", sentence="It does.")


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False)])
def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch, no_color: str | None, coloured: bool) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    assert ("\x1b" in styled(VERDICT)) == coloured


def test_lines_fit_a_narrow_terminal_and_lose_no_word(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    wide = repro("list", cwd=tmp_path).stdout
    assert wrapped(wide) == wide
    monkeypatch.setenv("COLUMNS", "40")
    for command in (["list"], ["show", "relu-speed"], ["plan", "relu-speed"]):
        narrow = repro(*command, cwd=tmp_path).stdout
        long = [line for line in narrow.splitlines() if len(line) > 40]
        assert not [line for line in long if len(line.split()) > 1], long
    assert repro("list", cwd=tmp_path).stdout.split() == wide.split()


def test_a_pipe_is_as_wide_as_its_lines(tmp_path: Path) -> None:
    assert "COLUMNS" not in os.environ or int(os.environ["COLUMNS"]) >= 80
    statements = [
        line for line in repro("list", cwd=tmp_path).stdout.splitlines() if line.startswith("      A four")
    ]
    assert len(statements[0]) > 80
