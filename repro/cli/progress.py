"""Progress on standard error: a bar with time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

import click

from repro.execution import Progress
from repro.planning.jobs import Plan
from repro.report.wording.text import duration, plural

PLAIN_EVERY_SECONDS = 10.0

TRUSTED_SHARE = 0.1
"""When so much of the work is done, the speed seen counts as much as the speed predicted, and ever more after."""


class ProgressView:
    """Shows `Progress`; a context manager, so that the terminal is left as it was found.

    Args:
        quiet: show nothing.
        workers: runs at a time, for the time left until a speed was seen.
        clock: seconds that only grow.
    """

    def __init__(self, quiet: bool, workers: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.quiet = quiet
        self.workers = workers
        self.clock = clock
        self.said = clock()
        self.working_since: float | None = None
        self.known: set[str] = set()
        self.held_keys: set[str] = set()
        self.held = self.follow = 0
        self.work_to_come = 0.0
        self.unknown = False
        self.bar = None
        if not quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, TaskProgressColumn, TextColumn
            from rich.progress import Progress as Bar

            self.bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[left]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self.task = self.bar.add_task("starting workers", total=1.0, left="")

    def __enter__(self) -> ProgressView:
        if self.bar is not None:
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    def expect(self, plan: Plan) -> None:
        """Take note of a plan, the first or a later one: what it holds back, and what may follow it, is to come."""
        new = [job for job in plan.jobs if job.key not in self.known]
        if self.known and not self.follow and not {job.key for job in new} <= self.held_keys:
            claims = ", ".join(sorted({claim for job in new for claim in job.claims}))
            self._say(f"{plural(len(new), 'more job')}, for a further look at {claims}")
        self.known |= {job.key for job in new}
        self.held_keys = {job.key for job in plan.held}
        self.held, self.follow = len(plan.held), plan.follow
        self.unknown = self.unknown or plan.unknown > 0
        self.work_to_come = sum(job.wall_seconds for job in plan.held) + plan.follow_seconds

    def show(self, progress: Progress) -> None:
        """Take note of a step, and show it where it matters."""
        if self.quiet:
            return
        total = progress.work_total + self.work_to_come
        share = min(1.0, progress.work_done / total) if total else 1.0
        seconds = self.seconds_left(progress)
        most = "at most " if self.follow else ""
        left = f"{most}about {duration(seconds, roughly=True)} left" if seconds is not None else ""
        failed = f", {progress.failed} failed" if progress.failed else ""
        follow = f", at most {self.follow} more after tuning" if self.follow else ""
        jobs = f"{progress.done} of {progress.total + self.held} jobs{failed}{follow}"
        if self.bar is not None:
            self.bar.update(self.task, description=jobs, completed=share, left=left)
        if progress.message and progress.urgent:
            self._say(progress.message)
        elif self.bar is None and self.clock() - self.said > PLAIN_EVERY_SECONDS:
            self.said = self.clock()
            click.echo(f"{jobs}, {share:.0%}{', ' + left if left else ''}", err=True)

    def seconds_left(self, progress: Progress) -> float | None:
        """Return the time left by the speed seen so far, leaning on the predicted one at first; None at the ends.

        Of runs of which nobody knows how long they take, the first has to end before anything is told.
        """
        if progress.work_done > 0 and self.working_since is None:
            self.working_since = self.clock()
        total = progress.work_total + self.work_to_come
        rest = total - progress.work_done
        if self.working_since is None or rest <= 0 or (self.unknown and not progress.done):
            return None
        trusted = 0.0 if self.unknown else TRUSTED_SHARE * total
        took = self.clock() - self.working_since
        return rest * (took + trusted / self.workers) / (progress.work_done + trusted)

    def _say(self, text: str) -> None:
        if self.quiet:
            return
        if self.bar is not None:
            self.bar.console.print(text, markup=False)
        else:
            click.echo(text, err=True)
