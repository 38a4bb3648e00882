"""Events: what a worker says to its parent of its jobs, as plain data (execution/pool.py acts on them)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Emit = Callable[[Mapping[str, Any]], None]


def warning(title: str, text: str) -> dict[str, Any]:
    """Return the event that tells people something of a run that goes on."""
    return {"event": "warning", "message": f"{title}: {text}"}


def progress(key: str, fraction: float) -> dict[str, Any]:
    """Return the event that tells how much of a job is done."""
    return {"event": "progress", "fraction": fraction, "key": key}
