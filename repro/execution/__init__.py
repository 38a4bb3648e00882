"""Execution: the jobs of a plan, carried out by worker processes of this machine."""

from repro.execution.pool import Outcome, Progress, execute

__all__ = ["Outcome", "Progress", "execute"]
