"""A task of a cluster as the driver sees it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field

from repro.planning.jobs import Job


@dataclass
class Task:
    """A shard in the hands of the cluster.

    Attributes:
        jobs, locks: key → what is not known to be done of it.
        seconds_told: predicted seconds of all that it has done so far, by its own word.
        seconds_settled: of what is known to be done.
        begun: whether it has found room on a node, and told of itself.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    locks: dict[str, ExitStack] = field(default_factory=dict)
    seconds_told: float = 0.0
    seconds_settled: float = 0.0
    begun: bool = False

    def drop(self, key: str) -> None:
        """Take a job out of its hands."""
        del self.jobs[key]
        self.locks.pop(key).close()
