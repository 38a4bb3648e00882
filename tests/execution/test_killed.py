"""Processes that are killed or asked to end."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from repro.datasets import load_dataset
from repro.exchange import export, merge, opened
from repro.execution import Progress, Workload
from repro.execution.pool import Pool
from repro.execution.workers import requests_to_end
from repro.planning.jobs import Job
from repro.spec import RunSpec
from repro.store import Checkpoint, Store
from repro.training import train
from repro.worker.jobs import Worker
from tests.support import killing
from tests.support.command import OWN_CLAIMS, repro, slowed, start
from tests.support.forks import python
from tests.support.unfinished import CPU, KEY, SPEC, history_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, so that torch is imported once")
def test_runs_killed_twenty_times_at_random_moments_end_with_the_same_bytes(tmp_path: Path) -> None:
    done = subprocess.run(
        [python(), "-W", "error", "-m", killing.__name__, tmp_path, "20"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == 20
    alone, killed = Store(tmp_path / "left-alone"), Store(tmp_path / "killed")
    records = list(killed.runs())
    assert records
    for record in records:
        other = alone.run(record.key)
        assert other is not None
        assert record.history.keys() == other.history.keys()
        assert str(record.history) == str(other.history)
        assert record.weights == other.weights, "SHA-256 of the files"
        assert killed.intact(record.key)
        sessions = record.provenance["sessions"]
        assert [session["from_step"] for session in sessions] == [
            0,
            *(session["to_step"] for session in sessions[:-1]),
        ]
        assert sessions[-1]["to_step"] == record.steps_done == 60
    assert sum(len(record.provenance["sessions"]) - 1 for record in records) >= 5, "runs went on"
    assert killed.damaged == []
    # Nothing is left of what was killed in the midst of writing.
    assert list(killed.unfinished()) == []
    assert not list(killed.root.rglob("*.part-*"))


def test_a_check_whose_parent_is_killed_goes_on_elsewhere_and_ends_the_same(tmp_path: Path) -> None:
    shutil.copytree(OWN_CLAIMS, tmp_path / "own")
    nets = tmp_path / "own/my_nets.py"
    # Six seconds a run, until the file `quick` lies beside the net's.
    slowed(nets, 0.1, as_long_as="not Path(__file__).with_name('quick').exists()")
    check = ["check", "toy/wider-is-better", "--claims", "own", "--workers", 1]
    process = start(*check, "--checkpoint-every", "0.2s", cwd=tmp_path)
    here = Store(tmp_path / ".repro")
    wait_for(lambda: list(here.unfinished()), process)
    process.kill()
    process.communicate()
    (at_kill,) = here.unfinished()
    # The worker notices, saves, and lets go.
    deadline = time.monotonic() + 60
    while not free(here, at_kill.key):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    (checkpoint,) = here.unfinished()
    assert 0 < checkpoint.step < checkpoint.steps == 60
    nets.with_name("quick").touch()

    plan = repro("plan", "--claims", "own", cwd=tmp_path)
    assert f"1 × resumes at step {checkpoint.step} of 60" in plan.stdout
    export(here, tmp_path / "runs.tar.gz", None)
    there = Store(tmp_path / "elsewhere")
    there.prepare()
    with opened(tmp_path / "runs.tar.gz") as folder:
        merge(folder, there)
    # The run that was in hand is what is looked at; the other five would only take time.
    worker = Worker(there, tmp_path / "own", CPU, lambda event: None, threading.Event())
    worker.work({"run": checkpoint.spec, "readings": [], "wait": False})
    record = there.run(checkpoint.key)
    assert record is not None
    sessions = record.provenance["sessions"]
    assert len(sessions) > 1
    assert sessions[-1]["from_step"] == checkpoint.step
    spec = RunSpec.from_json(checkpoint.spec)
    alone = train(spec, load_dataset(spec.dataset), CPU, claims_folder=tmp_path / "own")
    assert {name: str(column) for name, column in record.history.items()} == history_of(alone)
    for moment, weights in alone.weights.items():
        blob = there.weights(record.key, moment)
        assert blob is not None
        loaded = torch.load(io.BytesIO(blob), weights_only=True)
        assert all(torch.equal(weights[name], loaded[name]) for name in weights)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_requests_to_end_are_told_not_raised_and_only_meanwhile(name: str) -> None:
    told: list[str] = []
    number = getattr(signal, name)
    # Whoever runs the tests in the background has them ignore some.
    outside = signal.signal(number, signal.SIG_DFL)
    with requests_to_end(lambda: told.append("asked")):
        os.kill(os.getpid(), number)
        time.sleep(0)
        assert told == ["asked"]
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)
        assert told == ["asked"], "batch systems ask more than once"
        signal.signal(number, signal.SIG_IGN)
        with requests_to_end(lambda: told.append("ignored")):
            os.kill(os.getpid(), number)
    signal.signal(number, outside)
    assert told == ["asked"], "what is ignored, as under nohup, stays ignored"


@pytest.fixture
def heard() -> Iterator[None]:
    """Have SIGINT heard, as whoever runs the tests in the background has them ignore it."""
    outside = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, outside)


STUBBORN = (
    'import sys, time\nprint(\'{"event": "ready", "gpus": 0, "room": 1}\', flush=True)\nsys.stdin.readline()\n'
    'print(\'{"event": "progress", "fraction": 0.5, "key": "KEY"}\', flush=True)\ntime.sleep(600)'
)
"""A worker that takes a job and hears nothing more."""


def test_workers_that_do_not_end_are_killed_at_the_second_request(store: Store, heard: None) -> None:
    told: list[str] = []

    def show(progress: Progress) -> None:
        if progress.message:
            told.append(progress.message)
        if progress.work_done or progress.message:
            signal.raise_signal(signal.SIGINT)

    job = Job(SPEC, True, (), ("p/c",), "not run yet", 1.0)
    pool = Pool(Workload([job], store, show), store.root, "cpu")
    pool.command = [sys.executable, "-c", STUBBORN.replace("KEY", KEY)]
    outcome = pool.run(1)
    assert told == ["Stopping: runs save where they are. Once more to stop at once."]
    assert outcome.stopped
    assert outcome.interrupted == {SPEC.title: "interrupted before its first checkpoint"}
    assert outcome.failures == {}
    # Where it has one, that is where it is.
    store.checkpoints(KEY).put(Checkpoint(KEY, SPEC.as_json(), 1_200, 3_000, 1, []), b"")
    pool.backlog.interrupt(job, "")
    assert outcome.interrupted == {SPEC.title: "interrupted at step 1,200 of 3,000"}


def free(store: Store, key: str) -> bool:
    with store.lock(key) as mine:
        return mine


def wait_for(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX")
def test_the_lock_of_a_process_that_was_killed_is_free(store: Store) -> None:
    code = (
        "import sys, time; from pathlib import Path; from repro.store import Store\n"
        f"with Store(Path({str(store.root)!r})).lock({KEY!r}) as mine:\n"
        "    print(mine, flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    assert not free(store, KEY)
    holder.kill()
    holder.communicate()
    assert free(store, KEY)
