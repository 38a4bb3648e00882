"""Execution: the jobs of a plan, carried out. The parent's side, without torch; a module an executor."""

from repro.execution.executor import Executor
from repro.execution.outcome import Outcome, Progress
from repro.execution.this_machine import ThisMachine
from repro.execution.workload import Workload

__all__ = ["Executor", "Outcome", "Progress", "ThisMachine", "Workload"]
