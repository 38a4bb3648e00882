"""A few words for numbers: durations, shares, counts, costs."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repro.report.model import Cost


def duration(seconds: float) -> str:
    """Return `seconds` as people say it: "48 s", "3 min 05 s", "2 h 10 min"."""
    if seconds < 1:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def percent(level: float) -> str:
    """Return a level of confidence in percent: "95%", "98.33%"."""
    return f"{100 * level:.4g}%"


def cost(found: Cost) -> str:
    """Say what runs took beside what was predicted for them beforehand."""
    took = f"{plural(found.runs, 'run')} took {duration(found.wall_seconds)}."
    if found.predicted_runs == 0:
        return f"{took} What was predicted beforehand is unknown." if found.runs else took
    predicted = duration(found.predicted_seconds)
    if found.predicted_runs == found.runs:
        return f"{took} Predicted beforehand: {predicted}."
    actual = duration(found.predicted_took_seconds)
    return (
        f"{took} Predicted beforehand for {found.predicted_runs:,} of them: {predicted}; these took {actual}."
    )


def plural(count: int, singular: str, more: str | None = None) -> str:
    """Return "1 claim", "2 claims"."""
    return f"{count:,} {singular if count == 1 else more or singular + 's'}"


def typed(word: str) -> str:
    """Return a word of a command as it is typed in this system's shell, so that what is printed can be pasted."""
    return subprocess.list2cmdline([word]) if os.name == "nt" else shlex.quote(word)
