"""Runs that are interrupted in a worker: resumed, out of memory, on a full disk."""

from __future__ import annotations

import errno
import io
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pytest
import torch

from repro.datasets import load_dataset
from repro.spec import ReadingSpec, Until
from repro.store import RunRecord, Spent, Store, processor_seconds, spent_on
from repro.training import TrainedRun, train
from repro.worker.checkpoints import RunCheckpoints
from repro.worker.jobs import Worker
from tests.support.unfinished import CPU, KEY, SPEC, files, filled, history_of

pytestmark = pytest.mark.usefixtures("one_thread")


class At:
    """A worker in this process, and what it has told."""

    def __init__(self, store: Store, checkpoint_seconds: float | None = 0.0) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.stop = threading.Event()
        self.worker = Worker(store, store.root, CPU, self.events.append, self.stop, checkpoint_seconds)

    def work(self, until: Until | None = None) -> Mapping[str, Any]:
        job = {"run": SPEC.as_json(), "readings": [], "wait": False, "predicted_seconds": 7.5}
        self.worker.work(job | {"until": asdict(until) if until else None})
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

    def save(self: RunCheckpoints, state: Mapping[str, Any], **how: Any) -> None:
        put(self, state, **how)
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
    at = At(store, None)
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
    assert first["processor_seconds"] == unfinished.sessions[0]["processor_seconds"] > 0
    both = first["processor_seconds"] + second["processor_seconds"]
    assert spent_on(record) == Spent(record.wall_seconds, both, 7.5)
    assert list(store.unfinished()) == []
    assert not store.checkpoints(KEY).folder.exists()


def test_a_run_that_is_needed_no_further_is_kept_with_its_history_and_goes_on_when_it_is(
    store: Store, undisturbed: TrainedRun
) -> None:
    # Evaluated after 0, 44 and 60 steps.
    _, first, _ = undisturbed.history
    event = At(store).work(Until("train_error", 0.0, 0.5))
    assert (event["event"], event["what"]) == (
        "done",
        f"as far as tuning needs it: stopped after {first['epoch']:g} epochs",
    )
    assert store.run(KEY) is None, "it is no result"
    (kept,) = store.unfinished()
    assert kept.wall_seconds > 0
    assert spent_on(kept) == Spent(kept.wall_seconds, kept.sessions[0]["processor_seconds"], 7.5)
    history = store.stopped(KEY)
    assert history is not None
    assert history["train_error"] == [row["train_error"] for row in undisturbed.history[:2]]
    # Damage to the state is damage to the history.
    newest = files(store)[0]
    whole = newest.read_bytes()
    newest.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert Store(store.root).stopped(KEY) is None
    newest.write_bytes(whole)
    assert At(store, None).work()["event"] == "done"
    record = store.run(KEY)
    assert same(record, undisturbed)
    assert record is not None
    assert record.provenance["predicted_seconds"] == 15.0, "of either part"
    assert store.stopped(KEY) is None


def test_what_a_processor_is_busy_with_is_counted_and_not_what_it_waits_for(store: Store) -> None:
    at = At(store)
    tell, waited = at.worker.emit, 0.0

    def slow(event: Mapping[str, Any]) -> None:
        nonlocal waited
        tell(event)
        if event["event"] == "progress" and waited < 0.8:
            time.sleep(0.3)
            waited += 0.3

    at.worker.emit = slow
    before = time.process_time()
    assert at.work()["event"] == "done"
    busy = time.process_time() - before
    record = store.run(KEY)
    assert record is not None
    took = spent_on(record).processor_seconds
    assert took is not None
    assert waited == pytest.approx(0.9)
    # Of what the process was busy with, which no clock on the wall decides, nothing but start and end is left out.
    assert 0 < took < min(busy + 0.05, record.wall_seconds - waited + 0.05)


def test_nothing_is_summed_where_a_session_does_not_tell_what_it_took() -> None:
    assert processor_seconds([{"processor_seconds": 2.0}, {"processor_seconds": 3.0}]) == 5.0
    assert processor_seconds([{}, {"processor_seconds": 3.0}]) is None
    assert processor_seconds([]) is None


def test_a_reading_tells_what_it_took_and_what_was_predicted_of_it(store: Store) -> None:
    at = At(store, None)
    reading = ReadingSpec("response_std", 1, run=SPEC, moment="init")
    told = {"probe": "response_std", "version": 1, "options": {}, "moment": "init", "subject": None}
    job = {"run": SPEC.as_json(), "readings": [told | {"predicted_seconds": 0.25}], "wait": False}
    at.worker.work(job)
    assert at.events[-1]["event"] == "done"
    spent = store.spent_reading(reading.key)
    assert spent.predicted_seconds == 0.25
    assert spent.processor_seconds is not None
    assert spent.wall_seconds is not None
    assert 0 < spent.processor_seconds < spent.wall_seconds + 0.01
    assert store.spent_reading("0" * 24) == Spent()


def test_a_state_that_does_not_fit_the_run_is_set_aside_not_tripped_over_for_ever(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed: TrainedRun
) -> None:
    stopped_at(store, 25, monkeypatch)
    for path in files(store)[1:]:
        path.unlink()
    (path, checkpoint, content) = next(store.checkpoints(KEY).complete())
    state = torch.load(io.BytesIO(content), weights_only=True)
    state["learner"]["model"].popitem()
    changed = io.BytesIO()
    torch.save(state, changed)
    store.checkpoints(KEY).put(checkpoint, changed.getvalue())
    at = At(store, None)
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
    at = At(store, None)
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
