"""What comes of a job while it is in hand is not taken for another check's work, on a cluster and on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from repro.execution import Progress, Workload, driver
from repro.execution.driver import Driver, Message
from repro.execution.outcome import Outcome
from repro.execution.pool import Pool
from repro.planning.jobs import Job
from repro.spec import ReadingSpec, RunSpec
from repro.store import Store
from tests.support.helpers import blob, run_record, spec_of
from tests.support.made_up_engine import MadeUpEngine

SPECS = [spec_of(seed=seed) for seed in range(3)]


def missing(store: Store, specs: Sequence[RunSpec] = SPECS) -> list[Job]:
    """Return what a plan says: a run that is not there, with its reading, or a reading alone."""
    jobs = []
    for spec in specs:
        reading = ReadingSpec("weight_norm", 1, run=spec, moment="last")
        if store.reading(reading.key) is None:
            train = store.run(spec.key) is None
            jobs.append(Job(spec, train, (reading,), ("p/c",), "not run yet", 1.0, reading_seconds=(0.5,)))
    return jobs


def carried_out(engine: MadeUpEngine, store: Store) -> tuple[Outcome, list[str]]:
    """Carry out what is missing; return what became of it, and what was told."""
    told: list[str] = []

    def show(progress: Progress) -> None:
        assert progress.done + progress.failed <= progress.total
        told.extend([progress.message] if progress.message else [])

    return Driver(engine, Workload(missing(store), store, show, lambda: missing(store))).run(), told


@pytest.mark.parametrize("slots", [1, 2])
def test_a_run_that_came_home_before_its_readings_is_nobody_elses(
    store: Store, tmp_path: Path, slots: int
) -> None:
    engine = MadeUpEngine(slots, tmp_path)
    outcome, _ = carried_out(engine, store)
    assert (outcome.done, outcome.found, outcome.failures) == (3, 0, {})
    assert not missing(store)
    assert sorted(engine.made) == sorted(spec.key for spec in SPECS)


@pytest.mark.parametrize("beat", [1, 2, 3, 5])
def test_what_is_lost_with_a_node_at_any_moment_goes_on_elsewhere(
    store: Store, tmp_path: Path, beat: int
) -> None:
    def each_beat(engine: MadeUpEngine) -> None:
        if engine.beats == beat and engine.nodes:
            engine.lose(next(iter(engine.nodes)))

    engine = MadeUpEngine(2, tmp_path, each_beat)
    outcome, told = carried_out(engine, store)
    assert (outcome.done, outcome.found, outcome.failures) == (3, 0, {})
    assert not missing(store)
    assert set(engine.made) == {spec.key for spec in SPECS}
    assert len(engine.made) == 3, "what came home is not made again"
    assert all("was lost" in text for text in told)


def test_what_another_check_did_is_told_apart(store: Store, tmp_path: Path) -> None:
    """It has a run's lock until a beat in which it puts all of it into the store."""
    theirs = SPECS[2]
    lock = store.lock(theirs.key)
    lock.__enter__()

    def each_beat(engine: MadeUpEngine) -> None:
        if engine.beats == 4:
            put(store, theirs)
            (job,) = missing(store, [theirs])
            store.put_reading(job.readings[0], [{"value": 1.0}], {})
            lock.__exit__(None, None, None)

    outcome, _ = carried_out(MadeUpEngine(2, tmp_path, each_beat), store)
    assert (outcome.done, outcome.found) == (2, 1)


def test_what_follows_from_what_is_in_hand_is_asked_for_once_that_has_ended(
    store: Store, tmp_path: Path
) -> None:
    """A reading that nobody wanted of a run before it was there."""
    told: list[Job] = []
    (job,) = missing(store, SPECS[:1])

    def refill() -> list[Job]:
        more = [] if store.run(job.key) is None else [further(job)]
        told.extend(more)
        return more

    def further(job: Job) -> Job:
        reading = ReadingSpec("response_std", 1, run=SPECS[0], moment="init")
        return Job(job.run, False, (reading,), ("p/c",), "new", 1.0, reading_seconds=(0.5,))

    workload = Workload([job], store, lambda progress: None, refill)
    outcome = Driver(MadeUpEngine(2, tmp_path), workload).run()
    assert (outcome.done, outcome.found) == (2, 0)
    assert store.reading(told[0].readings[0].key) is not None


def put(store: Store, spec: RunSpec) -> None:
    record = run_record(spec)
    store.put_run(record, {moment: blob(spec, moment) for moment in record.weights})


WORKER = """
import json, pathlib, sys, time
key, folder = sys.argv[1], pathlib.Path(sys.argv[2])
def tell(**event):
    print(json.dumps(event), flush=True)
tell(event="ready", gpus=0, room=1)
for line in sys.stdin:
    job = json.loads(line)
    if "end" in job:
        break
    found = False
    if job["key"] == key:
        try:
            (folder / "begun").touch(exist_ok=False)
            while not (folder / "asked-for-more").exists():
                time.sleep(0.01)
        except FileExistsError:
            found = True
    tell(event="done", what="", key=job["key"], found=found)
"""
"""A worker that ends a job once its parent has asked for more; of another one of the same run it says it was found."""


def test_a_run_whose_readings_are_being_taken_is_nobody_elses_on_this_machine_either(
    store: Store, tmp_path: Path
) -> None:
    long, short = SPECS[:2]
    jobs = missing(store, [long, short])

    def refill() -> list[Job]:
        """Plan when the short run has ended: by then the long one is there, and its reading is not yet."""
        put(store, long)
        (tmp_path / "asked-for-more").touch()
        return missing(store, [long]) if outcome_so_far.done < 2 else []

    pool = Pool(Workload(jobs, store, lambda progress: None, refill), tmp_path, "cpu")
    outcome_so_far = pool.outcome
    pool.command = [sys.executable, "-c", WORKER, long.key, str(tmp_path)]
    outcome = pool.run(2)
    assert (outcome.done, outcome.found) == (2, 0)


class _SlowToBegin(MadeUpEngine):
    def mail(self, seconds: float) -> Sequence[Message]:
        return super().mail(seconds) if self.beats > 3 else self._nothing()

    def _nothing(self) -> Sequence[Message]:
        self.beats += 1
        return []


@pytest.mark.parametrize(("silence_seconds", "times"), [(-1.0, 1), (60.0, 0)])
def test_a_cluster_that_begins_nothing_is_told_of_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silence_seconds: float, times: int
) -> None:
    monkeypatch.setattr(driver, "SILENCE_SECONDS", silence_seconds)
    outcome, told = carried_out(_SlowToBegin(2, tmp_path), store)
    assert outcome.done == 3
    assert sum("No task has begun" in text for text in told) == times
