"""The cores of the processor that this process may use."""

from __future__ import annotations

import os


def available() -> int:
    """Return how many there are: those it is bound to, and within a job of Slurm no more than were given to it there.

    Slurm binds a job to its cores only where it is configured to.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    given = os.environ.get("SLURM_CPUS_ON_NODE", "")
    return min(bound, int(given)) if given.isdecimal() and int(given) else bound
