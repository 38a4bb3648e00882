"""What a worker tells of its jobs, and what it finds done already."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from repro.spec import Until
from repro.store import Store

Emit = Callable[[Mapping[str, Any]], None]

FOUND = "already there"
"""What is told of a run that another check has carried out since it was planned."""


def far_enough(store: Store, key: str, until: Until | None) -> bool:
    """Tell whether a run was stopped where it is needed no further, by another check since its job was planned."""
    stopped = store.stopped(key) if until else None
    if until is None or stopped is None:
        return False
    return until.passed({until.column: math.nan} | {name: column[-1] for name, column in stopped.items()})
