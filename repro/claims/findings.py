"""What a check of a claim file finds, and the two findings that every check makes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from repro.claims.cells import Cell
from repro.claims.run_specs import run_spec
from repro.claims.schema import ClaimFile
from repro.errors import ReproError, suggestion
from repro.registry import Names

Finding = tuple[str, str, str | None, str | None]
"""Key path, what is wrong, value received, what to do."""


def known(place: str, kind: str, name: str, names: Collection[str]) -> Iterator[Finding]:
    """Find a `name` that refers to nothing."""
    if name not in names:
        yield place, f"unknown {kind}", repr(name), suggestion(name, names)


def cannot_run(file: ClaimFile, cell: Cell, names: Names) -> list[Finding]:
    """Return why no run can be made of a cell: unknown names, or values that are no plain data."""
    try:
        _ = run_spec(file, cell, 0, names).key
    except ReproError as error:
        return [(p.where, p.what, p.received, p.hint) for p in error.problems]
    except (TypeError, ValueError):
        hint = "use texts, finite numbers, true, false, and lists of them"
        return [(f"arms.{cell.arm}", "sets an option to something that is no plain value", None, hint)]
    return []


def arm_of(address: str) -> str:
    """Return the arm of a cell's address."""
    return address.partition("/")[0]
