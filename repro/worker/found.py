"""Runs that another check has carried out since their jobs were planned."""

from __future__ import annotations

import math

from repro.spec import Until
from repro.store import Store

FOUND = "already there"
"""How the job of such a run ended, in words."""


def is_there(store: Store, key: str, until: Until | None) -> bool:
    """Tell whether a store has a run by now, or as much of it as is needed."""
    if store.intact(key):
        return True
    stopped = store.stopped(key) if until else None
    if until is None or stopped is None:
        return False
    return until.passed({until.column: math.nan} | {name: column[-1] for name, column in stopped.items()})
