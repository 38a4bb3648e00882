"""Runs that are interrupted: killed processes, full disks, checkpoints that are damaged, foreign or hostile."""

from __future__ import annotations

import errno
import io
import json
import math
import os
import pickle
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from repro.datasets import load_dataset
from repro.exchange import export, merge, opened
from repro.execution import Progress
from repro.execution.pool import _Pool
from repro.execution.workers import requests_to_end
from repro.planning.plan import Job
from repro.spec import RunSpec
from repro.store import Checkpoint, RunRecord, Store
from repro.training import TrainedRun, train
from repro.training.loop import STATE_VERSION
from repro.worker import checkpoints as module
from repro.worker.checkpoints import RunCheckpoints
from repro.worker.jobs import Worker
from tests.support import killing
from tests.support.command import OWN_CLAIMS, repro, start
from tests.support.helpers import BASE, PROVENANCE, World

SPEC = killing.spec_of(0)
KEY = SPEC.key
CPU = torch.device("cpu")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def keeper(store: Store, stop: threading.Event | None = None, **how: Any) -> tuple[RunCheckpoints, list[str]]:
    """Return the checkpoints of the run, and the list of what they warn of."""
    warnings: list[str] = []
    stop = stop or threading.Event()
    kept = RunCheckpoints(store.checkpoints(KEY), SPEC, PROVENANCE, stop, warnings.append, **how)
    kept.planned_steps = 60
    return kept, warnings


def state_at(step: int) -> dict[str, Any]:
    return {"version": STATE_VERSION, "step": step, "weights": torch.full((3,), float(step))}


def files(store: Store) -> list[Path]:
    return store.checkpoints(KEY).files()


# Killed -------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, so that torch is imported once")
def test_runs_killed_twenty_times_at_random_moments_end_with_the_same_bytes(tmp_path: Path) -> None:
    root = Path(killing.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-W", "error", killing.__file__, tmp_path, "20"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
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
    claim = tmp_path / "own/toy/wider-is-better.toml"
    text = claim.read_text(encoding="utf-8").replace("steps = 60", "steps = 1500")
    claim.write_text(text, encoding="utf-8")
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
    assert 0 < checkpoint.step < checkpoint.steps == 1500

    plan = repro("plan", "--claims", "own", cwd=tmp_path)
    assert f"1 × resumes at step {checkpoint.step:,} of 1,500" in plan.stdout
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


def history_of(run: TrainedRun) -> dict[str, str]:
    return {name: str([row[name] for row in run.history]) for name in run.history[0]}


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
    'import sys, time\nprint(\'{"event": "ready", "device": "cpu", "room": 1}\', flush=True)\nsys.stdin.readline()\n'
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

    pool = _Pool(store, store.root, "cpu", show, lambda: (), math.inf, None)
    pool.command = [sys.executable, "-c", STUBBORN.replace("KEY", KEY)]
    job = Job(SPEC, True, (), ("p/c",), "not run yet", 1.0)
    outcome = pool.run([job], 1)
    assert told == ["Stopping: runs save where they are. Once more to stop at once."]
    assert outcome.stopped
    assert outcome.interrupted == {SPEC.title: "interrupted before its first checkpoint"}
    assert outcome.failures == {}


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


# When to save -------------------------------------------------------------------------------------------------------


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def due_after(kept: RunCheckpoints, clock: Clock) -> int:
    """Return after how many whole seconds a checkpoint is due."""
    began = clock.now
    while not kept.due():
        clock.now += 1
    return round(clock.now - began)


def test_saving_begins_after_20_seconds_and_takes_at_most_1_percent_of_the_time(
    store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _ = keeper(store)
    assert due_after(kept, clock) == 20
    kept.save(state_at(1))
    assert due_after(kept, clock) == 20, "saving took no time"
    put = store.checkpoints(KEY).put

    def slow(*arguments: Any) -> None:
        clock.now += 3.0
        put(*arguments)

    monkeypatch.setattr(kept.folder, "put", slow)
    kept.save(state_at(2))
    assert due_after(kept, clock) == 300, "3 s of 300 s"


def test_who_says_how_often_is_obeyed_and_a_stop_is_due_at_once(store: Store, clock: Clock) -> None:
    stop = threading.Event()
    kept, _ = keeper(store, stop, every_seconds=5.0)
    assert due_after(kept, clock) == 5
    kept.save(state_at(1))
    assert due_after(kept, clock) == 5
    kept.save(state_at(2))
    assert not kept.due()
    assert not kept.stopping
    stop.set()
    assert kept.due()
    assert kept.stopping


# What is found ------------------------------------------------------------------------------------------------------


def filled(store: Store, *steps: int) -> None:
    kept, _ = keeper(store)
    for step in steps:
        kept.save(state_at(step))


def test_the_newest_state_comes_back_and_only_two_are_kept(store: Store) -> None:
    filled(store, 10, 20, 30)
    kept, warnings = keeper(store)
    state = kept.load()
    assert state is not None
    assert state["step"] == kept.going_on_from == 30
    assert torch.equal(state["weights"], torch.full((3,), 30.0))
    assert [path.name for path in files(store)] == [
        "step-0000000030.checkpoint",
        "step-0000000020.checkpoint",
    ]
    assert warnings == []


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def bit_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-100] ^= 1
    path.write_bytes(content)


def rewritten(
    path: Path, *, version: int = STATE_VERSION, state: bytes | None = None, step: int = 20
) -> None:
    """Put another checkpoint in the place of one, whole, as somebody with another version or a purpose might."""
    folder = Store(path.parents[2]).checkpoints(KEY)
    old = next(content for file, _, content in folder.whole() if file == path)
    folder.put(Checkpoint(KEY, SPEC.as_json(), step, 60, version, []), old if state is None else state)


def of_a_later_version(path: Path) -> None:
    rewritten(path, version=STATE_VERSION + 1)


class Evil:
    """Touches a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("evil",)


def evil(path: Path) -> None:
    content = io.BytesIO()
    torch.save({"step": 20, "weights": Evil()}, content)
    rewritten(path, state=content.getvalue())


def a_plain_pickle(path: Path) -> None:
    rewritten(path, state=pickle.dumps(Evil()))


def no_state(path: Path) -> None:
    content = io.BytesIO()
    torch.save([1, 2], content)
    rewritten(path, state=content.getvalue())


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (cut_short, "was cut short"),
        (emptied, "has a header that cannot be read"),
        (bit_flipped, "does not match its checksum"),
        (of_a_later_version, f"is of version {STATE_VERSION + 1}, not {STATE_VERSION}"),
        (evil, "does not load"),
        (a_plain_pickle, "does not load"),
        (no_state, "does not load"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_named_and_set_aside_for_the_one_before(
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[Path], None],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    filled(store, 10, 20)
    damage(files(store)[0])
    kept, warnings = keeper(store)
    state = kept.load()
    assert state is not None
    assert state["step"] == 10
    assert not (tmp_path / "evil").exists(), "nothing was executed"
    (warning,) = warnings
    assert warning.startswith(f"checkpoints/{KEY}/step-0000000020.checkpoint {says}")
    assert [path.name for path in store.checkpoints(KEY).folder.iterdir() if "aside" in path.name] == [
        "step-0000000020.checkpoint.aside-1"
    ]
    kept.save(state_at(15))
    again, warnings = keeper(store)
    resumed = again.load()
    assert resumed is not None
    assert resumed["step"] == 15
    assert warnings == []


def test_where_no_checkpoint_can_be_used_the_run_begins_anew(store: Store) -> None:
    filled(store, 10, 20)
    for path in files(store):
        cut_short(path)
    kept, warnings = keeper(store)
    assert kept.load() is None
    assert kept.going_on_from == 0
    assert len(warnings) == 2
    assert keeper(store)[0].load() is None


def test_a_checkpoint_of_another_run_is_not_gone_on_from(store: Store) -> None:
    filled(store, 10)
    other = store.checkpoints(killing.spec_of(1).key)
    shutil.copytree(store.checkpoints(KEY).folder, other.folder)
    assert other.newest() is None
    assert list(other.whole()) == []
    assert f"is of another run, {KEY}" in store.damaged[0]


def test_the_plans_look_at_a_checkpoint_reads_no_state(store: Store) -> None:
    filled(store, 10, 20)
    bit_flipped(files(store)[0])
    newest = store.checkpoints(KEY).newest()
    assert newest is not None
    assert (newest.step, newest.steps) == (20, 60)
    emptied(files(store)[0])
    newest = store.checkpoints(KEY).newest()
    assert newest is not None
    assert newest.step == 10


def test_a_plan_foresees_only_what_is_left_of_an_unfinished_run(world: World) -> None:
    world.write(BASE)
    before = {job.key: job for job in world.plan().jobs}
    key, job = next(iter(before.items()))
    assert job.run is not None
    world.store.checkpoints(key).put(Checkpoint(key, job.run.as_json(), 75, 100, 1, []), b"")
    after = {job.key: job for job in world.plan().jobs}
    assert after.keys() == before.keys()
    assert after[key].wall_seconds == pytest.approx(before[key].wall_seconds / 4)
    assert after[key].reason == "resumes at step 75 of 100"
    world.store.put_failure(key, job.title, "out of memory: 3 GiB\nmore")
    (again,) = (job for job in world.plan().jobs if job.key == key)
    assert again.reason == "failed before: out of memory: 3 GiB; resumes at step 75 of 100"
    assert {job.reason for job in world.plan().jobs if job.key != key} == {"not run yet"}


# In a worker --------------------------------------------------------------------------------------------------------


class At:
    """A worker in this process, and what it has told."""

    def __init__(self, store: Store) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.stop = threading.Event()
        self.worker = Worker(store, store.root, CPU, self.events.append, self.stop, 0.0)

    def work(self) -> Mapping[str, Any]:
        self.worker.work({"run": SPEC.as_json(), "readings": [], "wait": False, "predicted_seconds": 7.5})
        return self.events[-1]

    @property
    def warnings(self) -> list[str]:
        return [event["message"] for event in self.events if event["event"] == "warning"]


@pytest.fixture(scope="module")
def undisturbed() -> TrainedRun:
    torch.set_num_threads(1)
    return train(SPEC, load_dataset(SPEC.dataset), CPU)


def same(record: RunRecord | None, run: TrainedRun) -> bool:
    assert record is not None
    return {name: str(column) for name, column in record.history.items()} == history_of(run)


def stopped_at(store: Store, step: int, monkeypatch: pytest.MonkeyPatch) -> At:
    """Carry the run out to a step, where it is asked to stop."""
    at = At(store)
    put = RunCheckpoints.save

    def save(self: RunCheckpoints, state: Mapping[str, Any]) -> None:
        put(self, state)
        if state["step"] >= step - 1:
            at.stop.set()

    with monkeypatch.context() as patch:
        patch.setattr(RunCheckpoints, "save", save)
        assert at.work() == {"event": "interrupted", "key": KEY}
    return at


def test_a_resumed_run_tells_of_its_sessions_and_sums_its_time(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed: TrainedRun
) -> None:
    stopped_at(store, 25, monkeypatch)
    (unfinished,) = store.unfinished()
    at = At(store)
    monkeypatch.setitem(at.worker.provenance, "device", "cpu: another")
    assert at.work()["event"] == "done"
    record = store.run(KEY)
    assert same(record, undisturbed)
    assert record is not None
    first, second = record.provenance["sessions"]
    assert (first["from_step"], first["to_step"]) == (0, unfinished.step)
    assert (second["from_step"], second["to_step"]) == (unfinished.step, 60)
    assert first["device"] != second["device"] == "cpu: another" == record.provenance["device"]
    assert record.provenance["predicted_seconds"] == 7.5
    assert list(store.unfinished()) == []
    assert not store.checkpoints(KEY).folder.exists()


def test_a_state_that_does_not_fit_the_run_is_set_aside_not_tripped_over_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed: TrainedRun
) -> None:
    stopped_at(store, 25, monkeypatch)
    for path in files(store)[1:]:
        path.unlink()
    (path, checkpoint, content) = next(store.checkpoints(KEY).whole())
    state = torch.load(io.BytesIO(content), weights_only=True)
    state["learner"]["model"].popitem()
    changed = io.BytesIO()
    torch.save(state, changed)
    store.checkpoints(KEY).put(checkpoint, changed.getvalue())
    at = At(store)
    assert at.work()["event"] == "done"
    assert "does not fit the run" in at.warnings[0]
    assert same(store.run(KEY), undisturbed)


def full_disk(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_costs_checkpoints_not_the_run_and_is_told_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed: TrainedRun
) -> None:
    stopped_at(store, 25, monkeypatch)
    (before,) = store.unfinished()
    at = At(store)
    monkeypatch.setattr(os, "fsync", full_disk)
    event = at.work()
    assert event["event"] == "failed"
    assert "the run was trained but cannot be written: No space left on device" in event["reason"]
    assert "its last checkpoint is kept" in event["reason"]
    assert "make room" in event["reason"]
    assert event["in_vain"], "no further run is begun"
    (warning,) = at.warnings
    assert "No space left on device" in warning
    assert "the one before is kept" in warning
    assert list(store.runs()) == []
    assert not list(store.root.rglob("*.part-*"))
    assert list(store.unfinished()) == [before]
    # With room again, the next check goes on from there.
    monkeypatch.undo()
    at = At(store)
    assert at.work()["event"] == "done"
    record = store.run(KEY)
    assert same(record, undisturbed)
    assert record is not None
    assert record.provenance["sessions"][-1]["from_step"] == before.step


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("3 GiB"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_out_of_memory_is_a_failure_that_says_what_to_do_and_keeps_the_checkpoint(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    filled(store, 10)

    def too_large(*arguments: Any, checkpoints: RunCheckpoints, **how: Any) -> TrainedRun:
        checkpoints.load()
        raise error

    monkeypatch.setattr("repro.worker.jobs.train", too_large)
    event = At(store).work()
    assert event["event"] == "failed"
    assert event["reason"].startswith("out of memory: ")
    assert "--workers 1" in event["reason"]
    assert [path.name for path in files(store)] == ["step-0000000010.checkpoint"]


def test_a_run_that_another_process_carries_out_is_left_alone(store: Store) -> None:
    filled(store, 10)
    with store.lock(KEY) as mine:
        assert mine
        assert At(store).work() == {"event": "busy", "key": KEY}
    assert len(files(store)) == 1


def test_a_worker_that_was_asked_to_stop_begins_nothing(store: Store) -> None:
    at = At(store)
    at.stop.set()
    assert at.work() == {"event": "interrupted", "key": KEY}
    assert list(store.unfinished()) == []


# The store's format -------------------------------------------------------------------------------------------------


def test_a_store_of_a_later_format_is_refused_and_one_without_is_read(tmp_path: Path) -> None:
    from repro.store.files import sealed

    Store(tmp_path).prepare()
    assert json.loads((tmp_path / "store.json").read_text(encoding="utf-8"))["content"] == {"format": 2}
    (tmp_path / "store.json").unlink()
    Store(tmp_path)
    (tmp_path / "store.json").write_text(sealed({"format": 3}), encoding="utf-8")
    done = repro("plan", "--store", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "is a store of another format; this version of repro reads 2 (received: 3)" in done.stderr
