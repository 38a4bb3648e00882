"""What an executor is given, and the part of it that is still to do."""

from __future__ import annotations

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from repro.command_spec import CommandSpec
from repro.execution.outcome import Outcome, Progress
from repro.planning.jobs import Job
from repro.spec import Until
from repro.store import Store


@dataclass(frozen=True)
class Workload:
    """What an executor is given.

    Attributes:
        jobs: what to do first; how far each run goes is in its `until`.
        store: where results and checkpoints go.
        show: called with every step.
        refill: asked for further jobs whenever none waits and one has ended; known ones are ignored.
        deadline: `time.monotonic()` after which no further job is started.
    """

    jobs: Sequence[Job]
    store: Store
    show: Callable[[Progress], None]
    refill: Callable[[], Sequence[Job]] = lambda: ()
    deadline: float = math.inf


class Backlog:
    """The jobs of a workload that wait, how much is done of all, and what became of those that have ended.

    Attributes:
        waiting: the longest first.
        outcome: of the jobs that have ended.
        work_done: predicted seconds of these.
    """

    def __init__(self, workload: Workload) -> None:
        self.store = workload.store
        self.waiting: deque[Job] = deque()
        self.outcome = Outcome()
        self.work_done = 0.0
        self._show = workload.show
        self._refill = workload.refill
        self._deadline = workload.deadline
        self._known: set[tuple[str, bool, Until | None]] = set()
        self._work_total = 0.0
        self.add(workload.jobs)

    @property
    def over(self) -> bool:
        """Whether no further job is to be started."""
        return time.monotonic() > self._deadline

    def end(self) -> None:
        """Have no further job started."""
        self._deadline = -math.inf

    def add(self, jobs: Sequence[Job]) -> None:
        """Have those wait that are new; a run that is trained now may need another reading later."""
        for job in jobs:
            identity = (job.key, job.train, job.until)
            if identity not in self._known and not self.is_stale(job):
                self._known.add(identity)
                self.waiting.append(job)
                self._work_total += job.wall_seconds

    def refill(self, in_hand: Container[str]) -> None:
        """Have those wait that follow from what has ended.

        Of what is in hand, by its keys, a part may be there already: what a plan says of the rest of it is not new, and
        is asked for again once it has ended.
        """
        self.add([job for job in self._refill() if job.key not in in_hand])

    def is_stale(self, job: Job) -> bool:
        """Tell whether a job is not to be carried out any more: it has failed, or its data has changed."""
        return job.key in self.outcome.failures or job.source in self.outcome.changed

    def fail(self, job: Job, reason: str) -> None:
        """Keep why a job failed."""
        with contextlib.suppress(OSError):  # a full disk; this check tells of it all the same
            output = job.run.output_key if isinstance(job.run, CommandSpec) else None
            self.store.put_failure(job.key, job.title, reason, output)
        self.outcome.failures[job.key] = reason

    def interrupt(self, job: Job, unkept: str) -> None:
        """Keep where a job that was in hand goes on; `unkept` is said where it has no checkpoint."""
        newest = self.store.checkpoints(job.key).newest() if job.train else None
        where = unkept
        if newest is not None:
            of = f" of {newest.steps:,}" if newest.steps > newest.step else ""
            where = f"interrupted at step {newest.step:,}{of}"
        self.outcome.interrupted[job.title] = where

    def show(self, message: str | None, in_hand_seconds: float, *, urgent: bool = False) -> None:
        """Show how far all has come, with so many predicted seconds done of the jobs in hand."""
        done = self.outcome.done + self.outcome.found
        work_done = min(self._work_total, self.work_done + in_hand_seconds)
        failed = len(self.outcome.failures)
        self._show(Progress(done, failed, len(self._known), work_done, self._work_total, message, urgent))
