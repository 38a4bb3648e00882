"""How many epochs runs will take that may end before their last: at a target, or where racing stops them.

Beforehand that can only be guessed, with a range: from where runs ended that differ in their seed alone, from the
cell's own tuning, from that of other cells of the same arm, from the paper's own number, and where there is none of
these, from the budget alone.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

from repro.claims import Cell, ClaimFile
from repro.experiment.requirements import Purpose, Requirements
from repro.planning.span import Span, exactly
from repro.recipes import Recipe

SEEDS_DIFFER = Span(0.8, 1.0, 1.25)
"""By how much runs end earlier or later than others of the same kind."""


def epochs(
    required: Requirements,
    cell: Cell,
    purpose: Purpose,
    recipe: Recipe,
    budget: float,
    *,
    ended: float | None = None,
) -> Span:
    """Return how many epochs a run of a cell takes, a tuning run at any rate or a measured one.

    Args:
        required: the claim, with where its tuning stands.
        cell: of the claim.
        purpose: what the run is for.
        recipe: of the run.
        budget: its epochs if nothing ends it.
        ended: after how many epochs runs of the same kind have ended.
    """
    name = _target(required.file, purpose, recipe)
    if name is None:
        return exactly(budget)
    if ended is not None:
        return (SEEDS_DIFFER * ended).up_to(budget)
    return _guess(required, cell, name, recipe, budget).up_to(budget)


def _guess(required: Requirements, cell: Cell, name: str, recipe: Recipe, budget: float) -> Span:
    if required.file.tune is not None and required.file.tune.by == name:
        own = required.tuning.get(cell.address)
        if own is not None and own.best is not None:
            # Rates that are still to be tried cost no more than the best so far, and little less.
            return Span(0.5, 0.9, 1.0) * own.best if own.chosen is None else SEEDS_DIFFER * own.best
        others = [
            s.best for a, s in required.tuning.items() if a.split("/")[0] == cell.arm and s.best is not None
        ]
        if others:
            return Span(0.5, 1.0, 2.0) * statistics.median(others)
    paper = [*_printed(required.file, cell, name)]
    if paper:
        return Span(0.5, 1.0, 2.0) * statistics.median(paper)
    return Span(recipe.evaluate_every, math.sqrt(recipe.evaluate_every * budget), budget)


def _target(file: ClaimFile, purpose: Purpose, recipe: Recipe) -> str | None:
    """Return the metric that is the time to the target at which a run ends; None where it goes on to its last epoch."""
    if purpose == "tune":
        by = file.tune.by if file.tune is not None else ""
        return by if by in file.metrics and file.metrics[by].kind == "first_reach" else None
    if recipe.stop_at_train_error is None:
        return None
    ends = (
        name
        for name, metric in file.metrics.items()
        if metric.kind == "first_reach"
        and (metric.of, metric.at_most) == ("train_error", recipe.stop_at_train_error)
    )
    return next(ends, "its stop rule")


def _printed(file: ClaimFile, cell: Cell, name: str) -> Iterator[float]:
    """Yield the paper's numbers for a cell or, where it has none, for other cells of the arm."""
    rows = [row for table in file.table.values() for row in table.rows if row.cell and name in row.reported]
    own = [row for row in rows if row.cell == cell.address]
    for row in own or [row for row in rows if row.cell and row.cell.split("/")[0] == cell.arm]:
        try:
            yield float(row.reported[name])
        except ValueError:
            continue
