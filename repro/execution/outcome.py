"""What execution tells: how far it has come, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from repro.registry import DataRef


@dataclass
class Progress:
    """How far execution has come, for whoever shows it.

    Attributes:
        done, failed, total: jobs; done are those, too, that another check carried out.
        work_done, work_total: predicted seconds of one worker, partly done jobs included.
        message: the latest thing that happened, for people; None for a mere tick.
        urgent: whether people must see the message.
    """

    done: int
    failed: int
    total: int
    work_done: float
    work_total: float
    message: str | None = None
    urgent: bool = False


@dataclass
class Outcome:
    """What became of the jobs.

    Attributes:
        done: how many were carried out.
        found: how many of them another check had carried out by the time their turn came.
        failures: key → reason.
        stopped: whether people, or the machine, asked for an end before all was done.
        interrupted: title → where the run goes on, of those that were in hand then.
        changed: where data lies that is no longer what it was when the jobs were planned, which were not carried out.
    """

    done: int = 0
    found: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    interrupted: dict[str, str] = field(default_factory=dict)
    changed: set[DataRef] = field(default_factory=set)
