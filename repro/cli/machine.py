"""What this machine offers, and durations for people."""

from __future__ import annotations

import os
import re

from repro.errors import mistake

NETS_ON_A_GPU = 16
"""Trained side by side, unless told otherwise; fewer where memory is short."""


def default_workers(device: str = "cpu", wanted: int | None = None) -> int:
    """Return the worker processes: as many as wanted, or one a core; one in all where a GPU is named."""
    if device not in ("auto", "cpu"):
        return 1
    if wanted is not None:
        return wanted
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_device(name: str, scale: str) -> str:
    """Return a device name that torch may know. "auto" is the CPU at smoke scale, where a GPU would only wait.

    Raises:
        ReproError: anything else.
    """
    if not re.fullmatch(r"auto|cpu|mps|(cuda|xpu)(:\d+)?", name):
        raise mistake("--device", "unknown device", name, "choose auto, cpu, cuda, cuda:1 or mps")
    return "cpu" if name == "auto" and scale in ("exact", "smoke") else name


def duration(seconds: float) -> str:
    """Return a duration for people: "8 s", "3 min", "2.5 h", "4 days", "8 years"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 72 * 3600:
        return f"{seconds / 3600:.1f} h"
    if seconds < 3 * 365 * 86400:
        return f"{seconds / 86400:.0f} days"
    return f"{seconds / (365 * 86400):.0f} years"


def counted(number: int, what: str) -> str:
    """Return "1 run" or "2 runs"."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def parse_duration(text: str, option: str = "--budget") -> float:
    """Return seconds of "90s", "20m", "1.5h", "2d" or a bare number of seconds.

    Raises:
        ReproError: anything else.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if match is None:
        raise mistake(option, "is not a duration", text, "write 90s, 20m, 1.5h or 2d")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]


def foreseen(seconds: float, between: tuple[float, float] | None, workers: int) -> str:
    """Say how long what is left to do will take; with its range, where it is open how far runs go."""
    on = f"on {counted(workers, 'worker')}"
    if between is None:
        return f"at most about {duration(seconds)} {on}"
    low, high = map(duration, between)
    return f"about {duration(seconds)} {on}, between {low} and {high}: runs end at a target, or when they have lost"
