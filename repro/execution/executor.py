"""What all executors have in common: jobs go in, results lie in the store, an outcome comes back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from repro.execution.outcome import Outcome, Progress
from repro.planning.jobs import Job
from repro.store import Store


class Executor(Protocol):
    """Whoever carries out jobs: this machine, or a cluster."""

    def execute(
        self,
        jobs: Sequence[Job],
        store: Store,
        *,
        show: Callable[[Progress], None],
        refill: Callable[[], Sequence[Job]] = lambda: (),
        deadline: float = math.inf,
    ) -> Outcome:
        """Carry out `jobs`, the longest of those that wait for nothing first; finished ones stay whatever happens.

        Args:
            jobs: what to do first; how far each run goes is told by its `until`.
            store: where results and checkpoints go.
            show: told about every step.
            refill: asked for further jobs whenever the queue is empty and a job has ended; known ones are ignored.
            deadline: `time.monotonic()` after which no further job is started.

        Raises:
            ReproError: what was named to compute on cannot be used.
        """
        ...
