"""What all executors have in common: jobs go in, results lie in the store, an outcome comes back."""

from __future__ import annotations

from typing import Protocol

from repro.execution.outcome import Outcome
from repro.execution.workload import Workload


class Executor(Protocol):
    """Whoever carries out jobs: this machine, or a cluster."""

    def execute(self, workload: Workload) -> Outcome:
        """Carry out its jobs, the longest of those that wait for nothing first; finished ones stay whatever happens.

        Raises:
            ReproError: what was named to compute on cannot be used.
        """
        ...
