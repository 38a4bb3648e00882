"""Progress on standard error: a bar with time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click

from repro.cli.machine import duration
from repro.execution import Progress

PLAIN_EVERY_SECONDS = 10.0


class ProgressView:
    """Shows `Progress`; a context manager, so that the terminal is left as it was found."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.began = self.said = time.monotonic()
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

    def show(self, progress: Progress) -> None:
        """Take note of a step, and show it where it matters."""
        if self.quiet:
            return
        share = progress.work_done / progress.work_total if progress.work_total else 1.0
        elapsed = time.monotonic() - self.began
        left = f"about {duration(elapsed * (1 - share) / share)} left" if share > 0.02 else ""
        failed = f", {progress.failed} failed" if progress.failed else ""
        jobs = f"{progress.done} of {progress.total} jobs{failed}"
        if self.bar is not None:
            self.bar.update(self.task, description=jobs, completed=share, left=left)
            if progress.message and progress.urgent:
                self.bar.console.print(progress.message, markup=False)
            return
        if progress.message and progress.urgent:
            click.echo(progress.message, err=True)
        elif time.monotonic() - self.said > PLAIN_EVERY_SECONDS:
            self.said = time.monotonic()
            click.echo(f"{jobs}, {share:.0%}{', ' + left if left else ''}", err=True)
