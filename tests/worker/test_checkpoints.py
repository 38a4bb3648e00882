"""Checkpoints: when they are made, and which are gone on from."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from repro.store import Checkpoint, Store
from repro.training.loop import STATE_VERSION
from repro.worker import checkpoints as module
from repro.worker.checkpoints import RunCheckpoints
from tests.support import killing
from tests.support.helpers import BASE, World
from tests.support.unfinished import KEY, SPEC, files, filled, keeper, state_at

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
    old = next(content for file, _, content in folder.complete() if file == path)
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
    assert list(other.complete()) == []
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
    world.store.checkpoints(key).put(Checkpoint(key, job.run.as_json(), 7_500, 10_000, 1, []), b"")
    after = {job.key: job for job in world.plan().jobs}
    assert after.keys() == before.keys()
    assert after[key].wall_seconds == pytest.approx(before[key].wall_seconds / 4)
    assert after[key].reason == "resumes at step 7,500 of 10,000"
    world.store.put_failure(key, job.title, "out of memory: 3 GiB\nmore")
    (again,) = (job for job in world.plan().jobs if job.key == key)
    assert again.reason == "failed before: out of memory: 3 GiB; resumes at step 7,500 of 10,000"
    assert {job.reason for job in world.plan().jobs if job.key != key} == {"not run yet"}
