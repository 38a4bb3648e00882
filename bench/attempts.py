"""Attempts to break a command: what became of each, by kind, and the commands in this process that are tried."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.errors import ReproError

MOST_SECONDS = 20.0
"""Of computing. Commands that take longer over a small file hang, as far as anybody who waits for them can tell."""

MOST_WAITING = 10
"""Times as long they may take on a clock: other processes want the machine, too."""

LONGEST_MESSAGE = 200_000
"""Signs."""


class SlowError(Exception):
    """A command was given up."""


@dataclass
class Tally:
    """How often what was tried, and what failed.

    Attributes:
        tried: kind → attempts.
        ended: how the attempts ended → how often, such as "refused" or "taken".
        failed: kind → failures.
        examples: the first failures, with all that it takes to have them again.
    """

    tried: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, kind: str, ended: str, failure: str | None, name: str) -> None:
        """Count one attempt."""
        self.tried[kind] += 1
        self.ended[ended] += 1
        if failure is not None:
            self.failed[kind] += 1
            if len(self.examples) < 50:
                self.examples.append(f"{name}: {failure}")

    def join(self, other: Tally) -> None:
        """Count the attempts of another tally, too."""
        self.tried += other.tried
        self.ended += other.ended
        self.failed += other.failed
        self.examples += other.examples

    def write(self, path: Path, command: str) -> int:
        """Write and print the figures; return the exit code: 1 where anything failed."""
        content = {
            "command": command,
            "tried": sum(self.tried.values()),
            "failed": sum(self.failed.values()),
            "by kind": {
                kind: {"tried": count, "failed": self.failed[kind]}
                for kind, count in sorted(self.tried.items())
            },
            "ended": dict(sorted(self.ended.items())),
            "failures": self.examples,
        }
        text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(text, end="")
        return 1 if self.failed else 0


@contextlib.contextmanager
def limited(seconds: float = MOST_SECONDS) -> Iterator[None]:
    """Give up what takes longer, where the system has a timer that says so."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise SlowError(f"took more than {seconds:g} s")

    timers = (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, MOST_WAITING * seconds),
    )
    before = [signal.signal(number, ring) for _, number, _ in timers]
    try:
        for timer, _, most in timers:
            signal.setitimer(timer, most)
        yield
    finally:
        for (timer, number, _), handler in zip(timers, before, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def outcome(work: Callable[[], Any]) -> tuple[str, str | None]:
    """Carry out `work`; return "taken" or "refused", and how it failed where it did what no command may do."""
    began = time.monotonic()
    try:
        with limited():
            work()
    except ReproError as error:
        longest = len(str(error))
        return "refused", None if longest <= LONGEST_MESSAGE else f"a message of {longest:,} signs"
    except SlowError as error:
        return "given up", str(error)
    except (Exception, SystemExit) as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        took = time.monotonic() - began
        what = f"{type(error).__name__}: {error}"[:300]
        return "broken", f"{what} ({Path(place.filename).name}:{place.lineno}, after {took:.1f} s)"
    return "taken", None


def repro(*arguments: object) -> int:
    """Run a command of `repro` in this process, in silence; a mistake is raised as it is."""
    from repro.cli import cli

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = cli.main([str(argument) for argument in arguments], standalone_mode=False)
    return code if isinstance(code, int) else 0
