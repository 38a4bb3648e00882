"""Tuning: each cell's learning rate, and weight decay where asked, chosen on a grid and on seeds of its own.

A grid whose best rate lies on its edge is extended by its own ratio, at most twice a side; a best rate that
is still on the edge leaves the tuning "open", and what rests on it inconclusive (docs/rule.md). Times to a target are
raced (see racing.py); the runs of any other criterion go on to their ends, all rates at once.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from repro.claims import Cell, Metric
from repro.claims.schema import Tune
from repro.command_spec import AnyRun
from repro.experiment.measures import from_history
from repro.experiment.racing import History, Leg, legs, mean_time, next_rate, time_of
from repro.store import RunRecord

EXTENSIONS = 2
"""How often a grid is extended on each side."""


@dataclass(frozen=True)
class TuningState:
    """Where the tuning of a cell stands.

    Attributes:
        rates: the grid so far, ascending, for each weight decay.
        decays: the weight decay of each of them; None where decay is not tuned.
        values: mean of the criterion at each rate; a bound that it exceeds where the rate lost before its runs had
            ended; None while it is not known.
        censored: whether any run at that rate never reached the target.
        stopped: whether the rate lost before its runs had ended.
        chosen: the best rate, once every rate of the grid has been tried.
        chosen_decay: the weight decay that goes with it; None where decay is not tuned.
        state: "pending" (runs are missing), "settled", or "open" (the best rate stays on the edge).
        missing: what is needed next.
        at_most: how many further tuning runs may still follow those.
    """

    rates: tuple[float, ...]
    decays: tuple[float | None, ...]
    values: tuple[float | None, ...]
    censored: tuple[bool, ...]
    stopped: tuple[bool, ...]
    chosen: float | None
    state: Literal["pending", "settled", "open"]
    missing: tuple[Leg, ...] = ()
    at_most: int = 0
    chosen_decay: float | None = None

    @property
    def best(self) -> float | None:
        """The smallest mean so far of the rates whose runs are all known."""
        known = [
            v for v, stopped in zip(self.values, self.stopped, strict=True) if v is not None and not stopped
        ]
        return min(known, default=None)


SpecAt = Callable[[float, float | None, int], AnyRun]
"""Learning rate, weight decay (None: the recipe's) and seed → the run."""


def tune(
    base: Sequence[float],
    seeds: Sequence[int],
    metric: Metric,
    spec_at: SpecAt,
    find: Callable[[str], RunRecord | None],
    stopped: Callable[[str], History | None] = lambda key: None,
    decays: Sequence[float | None] = (None,),
    *,
    smaller: bool = True,
) -> TuningState:
    """Return where the tuning of one cell stands, given the runs that are there.

    Args:
        base: the grid to begin with.
        seeds: the tuning seeds.
        metric: the criterion. Means are taken of logarithms for a "first_reach" metric.
        spec_at: (learning rate, weight decay, seed) → the run.
        find: run key → the run, or None.
        stopped: run key → its history where it was stopped and can go on, or None.
        decays: weight decays, each of which gets a grid of rates of its own.
        smaller: whether the smallest mean is the best, or the largest.
    """

    def at(decay: float | None) -> Callable[[float, int], AnyRun]:
        return lambda lr, seed: spec_at(lr, decay, seed)

    found = [
        (decay, *_of_decay(base, seeds, metric, at(decay), find, stopped, smaller=smaller))
        for decay in sorted(decays, key=lambda decay: decay or 0.0)
    ]
    pending = any(state.state == "pending" for _, state, _ in found)
    # What lies beyond the edge of any decay's grid might be better than the best of the others.
    settled = all(state.state == "settled" for _, state, _ in found)
    chosen_decay, best, _ = min(found, key=lambda one: one[2])
    states = [state for _, state, _ in found]
    return TuningState(
        rates=tuple(rate for state in states for rate in state.rates),
        decays=tuple(decay for decay, state, _ in found for _ in state.rates),
        values=tuple(value for state in states for value in state.values),
        censored=tuple(flag for state in states for flag in state.censored),
        stopped=tuple(flag for state in states for flag in state.stopped),
        chosen=None if pending else best.chosen,
        state="pending" if pending else "settled" if settled else "open",
        missing=tuple(leg for state in states for leg in state.missing),
        at_most=sum(state.at_most for state in states),
        chosen_decay=None if pending else chosen_decay,
    )


def _of_decay(
    base: Sequence[float],
    seeds: Sequence[int],
    metric: Metric,
    spec_at: Callable[[float, int], AnyRun],
    find: Callable[[str], RunRecord | None],
    stopped: Callable[[str], History | None],
    *,
    smaller: bool,
) -> tuple[TuningState, tuple[float, float]]:
    """Return where the tuning of the rate stands at one weight decay, and how good its best is: smaller is better."""
    grid = sorted(base)
    scores: dict[float, _Score] = {}
    left_rates: set[float] = set()
    low = high = 0

    def state(
        chosen: float | None, how: Literal["pending", "settled", "open"], *left: Leg
    ) -> tuple[TuningState, tuple[float, float]]:
        order = (math.inf, math.inf) if chosen is None else scores[chosen].order
        found = [scores.get(rate) for rate in grid]
        tried = len(scores) + len(left_rates)
        follow = len(grid) - tried + 2 * EXTENSIONS - low - high
        made = TuningState(
            tuple(grid),
            (None,) * len(grid),
            tuple(score.value if score else None for score in found),
            tuple(bool(score and score.censored) for score in found),
            tuple(bool(score and score.stopped) for score in found),
            chosen,
            how,
            left,
            follow * len(seeds) if how == "pending" else 0,
        )
        return made, order

    while True:
        missing: list[Leg] = []
        while len(scores) < len(grid) and not missing:
            if metric.kind == "first_reach":
                rate = next_rate(grid, {rate: score.order for rate, score in scores.items()})
                best = min((s.value for s in scores.values() if not s.stopped), default=math.inf)
                score, missing = _raced(metric, [spec_at(rate, seed) for seed in seeds], best, find, stopped)
                scores |= {rate: score} if score else {}
                left_rates |= {rate} if missing else set()
            else:
                for rate in [rate for rate in grid if rate not in scores]:
                    specs = [spec_at(rate, seed) for seed in seeds]
                    score, more = _complete(metric, specs, find, smaller=smaller)
                    scores |= {rate: score} if score else {}
                    left_rates |= {rate} if more else set()
                    missing += more
        if missing:
            return state(None, "pending", *missing)
        chosen = min(grid, key=lambda rate: scores[rate].order)
        if chosen == grid[0] and low < EXTENSIONS:
            grid.insert(0, _rounded(grid[0] * grid[0] / grid[1]))
            low += 1
        elif chosen == grid[-1] and high < EXTENSIONS:
            grid.append(_rounded(grid[-1] * grid[-1] / grid[-2]))
            high += 1
        else:
            return state(chosen, "open" if chosen in (grid[0], grid[-1]) else "settled")


def grid_of(tune: Tune, cell: Cell) -> list[float]:
    """Return the grid of a cell: the common one, or that of the cell's level in a table of grids."""
    if isinstance(tune.grid, list):
        return tune.grid
    return next(tune.grid[level] for level in cell.levels.values() if level in tune.grid)


@dataclass(frozen=True)
class _Score:
    value: float
    tie_break: float
    censored: bool
    stopped: bool = False
    largest: bool = False

    @property
    def order(self) -> tuple[float, float]:
        """The smaller, the better; a rate that was stopped has lost against another whose value its bound exceeds."""
        return (-self.value, -self.tie_break) if self.largest else (self.value, self.tie_break)


def _raced(
    metric: Metric,
    specs: list[AnyRun],
    best: float,
    find: Callable[[str], RunRecord | None],
    stopped: Callable[[str], History | None],
) -> tuple[_Score | None, list[Leg]]:
    """Return what a rate's times are, or exceed once it has lost; before that, what is to be done to know."""
    runs = [find(spec.key) for spec in specs]
    times = [
        time_of(metric, run, None if run else stopped(spec.key))
        for spec, run in zip(specs, runs, strict=True)
    ]
    censored = any(time.censored for time in times)
    if all(time.known for time in times):
        # Where no rate reaches the target, the one that came nearest is the best.
        nearest = statistics.fmean(time.nearest for time in times)
        return _Score(mean_time(times), nearest, censored), []
    left = legs(metric, specs, times, best)
    return (None, left) if left else (_Score(mean_time(times), math.inf, censored, stopped=True), [])


def _complete(
    metric: Metric, specs: list[AnyRun], find: Callable[[str], RunRecord | None], *, smaller: bool
) -> tuple[_Score | None, list[Leg]]:
    """Return the mean of a rate's runs, or which of them are missing."""
    runs = [find(spec.key) for spec in specs]
    missing = [Leg(spec) for spec, run in zip(specs, runs, strict=True) if run is None]
    if missing:
        return None, missing
    values = [from_history(metric, run).value for run in runs if run]
    worst = math.inf if smaller else -math.inf
    mean = statistics.fmean(worst if math.isnan(value) else value for value in values)
    return _Score(mean, mean, False, largest=not smaller), []


def _rounded(rate: float) -> float:
    """Return the rate with 6 significant digits, so that it is the same number on every machine."""
    return float(f"{rate:.6g}")
