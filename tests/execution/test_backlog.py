"""What waits, and what has waited already."""

from __future__ import annotations

from repro.execution import Workload
from repro.execution.workload import Backlog
from repro.planning.jobs import Job
from repro.spec import ReadingSpec
from repro.store import Store


def job(probe: str) -> Job:
    return Job(None, False, (ReadingSpec(probe, 1),), (), "", 1.0)


def test_what_is_in_hand_follows_once_it_has_ended_and_only_once(store: Store) -> None:
    """A plan is made while results are there in part: what is in somebody's hands is to be had there."""
    first, later = job("first"), job("later")
    backlog = Backlog(Workload([], store, lambda progress: None, lambda: [first, later]))
    backlog.refill({first.key})
    assert list(backlog.waiting) == [later]
    backlog.refill(set())
    assert list(backlog.waiting) == [later, first]
    backlog.refill(set())
    assert list(backlog.waiting) == [later, first]
