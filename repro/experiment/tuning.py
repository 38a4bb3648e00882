"""Tuning: each cell's learning rate, and weight decay where asked, chosen on a grid and on seeds of its own.

A grid whose best rate lies on its edge is extended by its own ratio, at most twice a side; a best rate that
is still on the edge leaves the tuning "open", and what rests on it inconclusive (docs/rule.md).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from repro.claims import Cell, Metric
from repro.claims.schema import Tune
from repro.experiment.measures import from_history
from repro.spec import RunSpec
from repro.store import RunRecord

EXTENSIONS = 2
"""How often a grid is extended on each side."""


@dataclass(frozen=True)
class TuningState:
    """Where the tuning of a cell stands.

    Attributes:
        rates: the grid so far, ascending, for each weight decay.
        decays: the weight decay of each of them; None where decay is not tuned.
        values: mean of the criterion at each rate; None while runs are missing.
        censored: whether any run at that rate never reached the target.
        chosen: the best rate, once every rate of the grid has been tried.
        chosen_decay: the weight decay that goes with it; None where decay is not tuned.
        best: mean of the criterion there, and what breaks ties.
        state: "pending" (runs are missing), "settled", or "open" (the best rate stays on the edge).
        missing: the runs needed next.
        at_most: how many further tuning runs may still follow those.
    """

    rates: tuple[float, ...]
    decays: tuple[float | None, ...]
    values: tuple[float | None, ...]
    censored: tuple[bool, ...]
    chosen: float | None
    state: Literal["pending", "settled", "open"]
    missing: tuple[RunSpec, ...] = ()
    at_most: int = 0
    chosen_decay: float | None = None
    best: tuple[float, float] = (math.inf, math.inf)


SpecAt = Callable[[float, float | None, int], RunSpec]
"""Learning rate, weight decay (None: the recipe's) and seed → the run."""


def tune(
    base: Sequence[float],
    seeds: Sequence[int],
    metric: Metric,
    spec_at: SpecAt,
    find: Callable[[str], RunRecord | None],
    decays: Sequence[float] | None = None,
) -> TuningState:
    """Return where the tuning of one cell stands, given the runs that are there.

    Args:
        base: the grid to begin with.
        seeds: the tuning seeds.
        metric: the criterion; smaller is better. Means are taken of logarithms for a "first_reach" metric.
        spec_at: (learning rate, weight decay, seed) → the run.
        find: run key → the run, or None.
        decays: weight decays, each of which gets a grid of rates; None leaves the recipe's.
    """
    if decays is None:
        return _of_decay(base, seeds, metric, spec_at, find, None)
    states = [_of_decay(base, seeds, metric, spec_at, find, decay) for decay in sorted(decays)]
    best = min(states, key=lambda state: state.best)
    pending = any(state.state == "pending" for state in states)
    # What lies beyond the edge of any decay's grid might be better than the best of the others.
    settled = all(state.state == "settled" for state in states)
    return TuningState(
        rates=tuple(rate for state in states for rate in state.rates),
        decays=tuple(decay for state in states for decay in state.decays),
        values=tuple(value for state in states for value in state.values),
        censored=tuple(flag for state in states for flag in state.censored),
        chosen=None if pending else best.chosen,
        state="pending" if pending else "settled" if settled else "open",
        missing=tuple(spec for state in states for spec in state.missing),
        at_most=sum(state.at_most for state in states),
        chosen_decay=None if pending else best.chosen_decay,
        best=best.best,
    )


def _of_decay(
    base: Sequence[float],
    seeds: Sequence[int],
    metric: Metric,
    spec_at: SpecAt,
    find: Callable[[str], RunRecord | None],
    decay: float | None,
) -> TuningState:
    grid = sorted(base)
    low = high = 0
    while True:
        scores, missing = [], []
        for rate in grid:
            specs = [spec_at(rate, decay, seed) for seed in seeds]
            runs = [find(spec.key) for spec in specs]
            missing += [spec for spec, run in zip(specs, runs, strict=True) if run is None]
            scores.append(
                _score(metric, [run for run in runs if run is not None]) if None not in runs else None
            )
        left = (2 * EXTENSIONS - low - high) * len(seeds)
        values = tuple(score.value if score else None for score in scores)
        censored = tuple(bool(score and score.censored) for score in scores)
        own = (decay,) * len(grid)
        if missing:
            return TuningState(tuple(grid), own, values, censored, None, "pending", tuple(missing), left)
        ranks = [(score.value, score.tie_break) for score in scores if score]
        best = ranks.index(min(ranks))
        if best == 0 and low < EXTENSIONS:
            grid.insert(0, _rounded(grid[0] * grid[0] / grid[1]))
            low += 1
        elif best == len(grid) - 1 and high < EXTENSIONS:
            grid.append(_rounded(grid[-1] * grid[-1] / grid[-2]))
            high += 1
        else:
            return TuningState(
                tuple(grid),
                own,
                values,
                censored,
                grid[best],
                "open" if best in (0, len(grid) - 1) else "settled",
                chosen_decay=decay,
                best=ranks[best],
            )


def grid_of(tune: Tune, cell: Cell) -> list[float]:
    """Return the grid of a cell: the common one, or that of the cell's level in a table of grids."""
    if isinstance(tune.lr, list):
        return tune.lr
    return next(tune.lr[level] for level in cell.levels.values() if level in tune.lr)


@dataclass(frozen=True)
class _Score:
    value: float
    tie_break: float
    censored: bool


def _score(metric: Metric, runs: list[RunRecord]) -> _Score:
    measured = [from_history(metric, run) for run in runs]
    values = [m.value for m in measured]
    # Where no rate reaches the target, the one that came nearest is the best.
    assert metric.of is not None
    nearest = [run.history[metric.of][-1] for run in runs]
    tie_break = statistics.fmean(math.inf if math.isnan(value) else value for value in nearest)
    # A time of zero (the target is reached before the first step) has no logarithm, and no better one.
    logs = metric.kind == "first_reach" and min(values) > 0
    mean = statistics.geometric_mean(values) if logs else statistics.fmean(values)
    return _Score(mean, tie_break, any(m.censored for m in measured))


def _rounded(rate: float) -> float:
    """Return the rate with 6 significant digits, so that it is the same number on every machine."""
    return float(f"{rate:.6g}")
