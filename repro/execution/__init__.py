"""Execution: the jobs of a plan, carried out by worker processes of this machine."""

from repro.execution.outcome import Outcome, Progress
from repro.execution.pool import execute

__all__ = ["Outcome", "Progress", "execute"]
