"""Commands timed side by side: in turns, so that whatever else the machine does strikes all alike.

Each is started by this file as a small process of its own: Linux counts to a process's peak of memory what its parent
held when it was started.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Spent:
    """What one execution of a command took; processor time and peak memory are None on Windows."""

    wall_seconds: float
    processor_seconds: float | None
    peak_bytes: int | None


@contextmanager
def usual_environment() -> Iterator[dict[str, str]]:
    """Give the environment in which commands are timed: compiled modules are kept, as Python does by itself.

    They are kept in a folder of their own, whatever PYTHONDONTWRITEBYTECODE says here.
    """
    with tempfile.TemporaryDirectory() as folder:
        yield {
            **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": folder,
        }


def spent(command: Sequence[str], environment: Mapping[str, str], folder: Path | None = None) -> Spent:
    """Carry out a command to its end; raises CalledProcessError where it fails."""
    told = subprocess.run(
        [sys.executable, "-I", "-S", __file__, *command],
        env=dict(environment),
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
    )
    return Spent(**json.loads(told.stdout))


def _told(command: Sequence[str]) -> int:
    """Carry out a command and print what it took; return its exit code."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    if not hasattr(os, "wait4"):
        code = process.wait()
        took = Spent(time.perf_counter() - began, None, None)
    else:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        code = process.returncode = os.waitstatus_to_exitcode(status)
        # macOS counts bytes, Linux kibibytes.
        unit = 1 if os.uname().sysname == "Darwin" else 1024
        took = Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)
    print(json.dumps(asdict(took)))
    return code


def in_turns(
    commands: Mapping[str, Sequence[str]], rounds: int, folder: Path | None = None
) -> dict[str, list[Spent]]:
    """Return what each command took in each round, after a first one that is not counted."""
    with usual_environment() as environment:
        for command in commands.values():
            spent(command, environment, folder)
        taken: dict[str, list[Spent]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                taken[name].append(spent(command, environment, folder))
    return taken


def compared(taken: Mapping[str, Sequence[Spent]], reference: str) -> list[dict[str, object]]:
    """Return a row for each command: medians, spread, and times against the reference's of the same round.

    Processor time says what a command does, whatever else the machine does beside it.
    """
    rows: list[dict[str, object]] = []
    for name, all_of_it in taken.items():
        walls = [one.wall_seconds for one in all_of_it]
        processor = [one.processor_seconds for one in all_of_it if one.processor_seconds is not None]
        peaks = [one.peak_bytes for one in all_of_it if one.peak_bytes is not None]
        pairs = list(zip(all_of_it, taken[reference], strict=True))
        ratios = [one.wall_seconds / base.wall_seconds for one, base in pairs]
        of_processor = [
            one.processor_seconds / base.processor_seconds
            for one, base in pairs
            if one.processor_seconds is not None and base.processor_seconds is not None
        ]
        rows.append(
            {
                "row": name,
                "wall_seconds": median(walls),
                "wall_seconds_range": [min(walls), max(walls)],
                "processor_seconds": median(processor) if processor else None,
                "peak_bytes": max(peaks) if peaks else None,
                "ratio": median(ratios),
                "ratio_range": [min(ratios), max(ratios)],
                "processor_ratio": median(of_processor) if of_processor else None,
                "processor_ratio_range": [min(of_processor), max(of_processor)] if of_processor else None,
                "rounds": len(walls),
            }
        )
    return rows


if __name__ == "__main__":
    raise SystemExit(_told(sys.argv[1:]))
