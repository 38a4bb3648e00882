"""Claims by a command from check to verdict, killed on the way."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from repro.store import Store
from tests.support.command import repro, start
from tests.support.helpers import PAPER, toml

SCRIPT = """\
import argparse, json, os, pathlib, random, time
parser = argparse.ArgumentParser()
for name, kind in {"lr": float, "seed": int, "out": pathlib.Path, "wait": pathlib.Path}.items():
    parser.add_argument(f"--{name}", type=kind, required=True)
parser.add_argument("--resume", action="store_true")
a = parser.parse_args()
state = a.out / "state.json"
step = json.loads(state.read_text())["step"] if a.resume else 0
noise = random.Random(1000 * a.lr + a.seed).uniform(-0.5, 0.5)
while step < 8:
    step += 1
    with open(a.out / "metrics.csv", "a") as log:
        if log.tell() == 0:
            log.write("epoch,acc,pid\\n")
        log.write(f"{step},{60 + 3 * step - 20 * abs(a.lr - 0.1) + noise},{os.getpid()}\\n")
    state.write_text(json.dumps({"step": step}))
    while step == 4 and a.wait.exists():
        time.sleep(0.05)
"""

CLAIM = """\
title = "A rate of 0.1 is better than one of 0.5"
statement = "Our net is more accurate with a learning rate of 0.1 than with one of 0.5."
source = { where = "Table 1" }

[experiment]
command = ["{python}", "train.py", "--lr", "{lr}", "--seed", "{seed}", "--out", "{out}", "--wait=wait"]
seeds = { looks = [3] }

[experiment.process]
metrics = "metrics.csv"
step = "epoch"
epoch = "epoch"
columns = { accuracy = { column = "acc", unit = "percent", better = "higher" } }
resume = ["--resume"]
resume_needs = "state.json"
steps = 8

[arms]
small = { lr = 0.1 }
large = { lr = 0.5 }

[metrics.accuracy]
kind = "final"
of = "accuracy"

[expect.better]
title = "The small rate is better by two points or more"
kind = "difference"
metric = "accuracy"
arms = ["small", "large"]
at_least = 0.02
refuted = { at_most = 0.0 }
role = "decides"
why = "The table has eight points."

[figure.curves]
kind = "curves"
title = "Accuracy by epoch"
of = ["accuracy"]
panel = "arm"

[control.same]
title = "Two arms of one rate"
why = "They do not differ."
arms = { small = { lr = 0.5 } }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    paper = tmp_path / "claims/mine/paper.toml"
    paper.parent.mkdir(parents=True)
    paper.write_text("".join(f"{key} = {toml(value)}\n" for key, value in PAPER.items()), encoding="utf-8")
    (paper.parent / "rate.toml").write_text(CLAIM, encoding="utf-8")
    (tmp_path / "claims/train.py").write_text(SCRIPT, encoding="utf-8")
    return tmp_path


CHECK = ("check", "--claims", "claims", "--scale", "paper", "--workers", 2, "--controls")


def pids_of(folder: Path) -> list[int]:
    """Return the processes of the runs that wait in their midst."""
    found = []
    for path in (folder / ".repro/commands").glob("*/out/metrics.csv"):
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) >= 5:
            found.append(int(lines[4].split(",")[2]))
    return found


def wait_for(condition: Callable[[], object], process: Popen[str]) -> None:
    while not condition():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def gone(pid: int) -> bool:
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_check_by_command_that_is_killed_goes_on_to_its_verdict(folder: Path) -> None:
    (folder / "claims/wait").touch()
    first = start(*CHECK, cwd=folder)
    wait_for(lambda: len(pids_of(folder)) == 2, first)
    stopped = pids_of(folder)
    first.kill()  # repro itself; its workers, and their commands, have nobody left
    first.communicate()
    assert all(map(gone, stopped))
    second = start(*CHECK, cwd=folder)
    wait_for(lambda: len(set(pids_of(folder)) - set(stopped)) == 2, second)
    # One script is killed: its run has failed, and the others go on.
    victim = next(pid for pid in pids_of(folder) if pid not in stopped)
    (folder / "claims/wait").unlink()
    os.kill(victim, signal.SIGKILL)
    _, errors = second.communicate(timeout=240)
    assert second.returncode == 3, errors
    assert "was killed by signal 9" in errors
    done = repro(*CHECK, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (claim,) = report["papers"][0]["claims"]
    assert claim["verdict"]["result"] == "supported"
    assert claim["verdict"]["word"].startswith("holds by the file")
    assert [control["passed"] for control in claim["controls"]] == [True]
    (row,) = claim["expectations"][0]["parts"]
    # 8 points between the rates at every seed, up to the noise of half a point.
    assert row["estimate"] == pytest.approx(0.08, abs=0.005)
    runs = list(Store(folder / ".repro").runs())
    assert len(runs) == 9
    for run in runs:
        assert run.history["step"] == list(range(1, 9))
        sessions = run.provenance["sessions"]
        assert [part["to_step"] for part in sessions[:-1]] == [part["from_step"] for part in sessions[1:]]
        assert len({*run.history["pid"]}) == len(sessions)
    assert sorted(len(run.provenance["sessions"]) for run in runs) == [1] * 6 + [2] * 3
    assert repro("runs", "verify", cwd=folder).returncode == 0
    again = repro(*CHECK, cwd=folder)
    assert "Ran" not in again.stderr
    script = folder / "claims/train.py"
    script.write_text(script.read_text(encoding="utf-8").replace("3 * step", "2 * step"), encoding="utf-8")
    planned = repro("plan", "--claims", "claims", "--scale", "paper", cwd=folder).stdout
    assert "6 × files that the command rests on have changed" in planned
    why = repro("show", "mine/rate", "--why", "--claims", "claims", "--scale", "paper", cwd=folder).stdout
    assert "other files of train.py: train.py" in " ".join(why.split())
