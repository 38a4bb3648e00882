"""Tuning: each cell's learning rate, and weight decay where asked, chosen on a grid and on seeds of its own.

A grid whose best rate lies on its edge is extended by its own ratio, at most twice a side; a best rate that
is still on the edge leaves the tuning "open", and what rests on it inconclusive (docs/rule.md). Times to a target are
raced (see racing.py); the runs of any other criterion go on to their ends, all rates at once.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from repro.claims import Cell, Metric
from repro.claims.schema import Tune
from repro.command_spec import AnyRun
from repro.experiment.measures import from_history
from repro.experiment.racing import History, Leg, legs, mean_time, next_rate, time_of
from repro.store import RunRecord

EXTENSIONS = 2
"""How often a grid is extended on each side."""

State = Literal["pending", "settled", "open"]


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
    state: State
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
    searches = [
        _Search(
            decay, metric, partial(_at_decay, spec_at, decay), seeds, find, stopped, smaller, sorted(base)
        )
        for decay in sorted(decays, key=lambda decay: decay or 0.0)
    ]
    for search in searches:
        search.run()
    return _joined(searches)


def _joined(searches: Sequence[_Search]) -> TuningState:
    """Return where the tuning of a cell stands, of the searches at all its weight decays."""
    states = {search.state for search in searches}
    best = min(searches, key=lambda search: search.order)
    scores = [search.scores.get(rate) for search in searches for rate in search.grid]
    chosen, decay = (None, None) if "pending" in states else (best.chosen, best.decay)
    return TuningState(
        rates=tuple(rate for search in searches for rate in search.grid),
        decays=tuple(search.decay for search in searches for _ in search.grid),
        values=tuple(score.value if score else None for score in scores),
        censored=tuple(bool(score and score.censored) for score in scores),
        stopped=tuple(bool(score and score.stopped) for score in scores),
        chosen=chosen,
        # What lies beyond the edge of any decay's grid might be better than the best of the others.
        state=next(state for state in _WORST_FIRST if state in states),
        missing=tuple(leg for search in searches for leg in search.missing),
        at_most=sum(search.at_most for search in searches),
        chosen_decay=decay,
    )


_WORST_FIRST: tuple[State, ...] = ("pending", "open", "settled")


def _at_decay(spec_at: SpecAt, decay: float | None, rate: float, seed: int) -> AnyRun:
    return spec_at(rate, decay, seed)


@dataclass
class _Search:
    """The search for the best rate at one weight decay.

    Attributes:
        decay: the weight decay; None: the recipe's.
        metric, seeds, find, stopped, smaller: as of `tune`.
        spec_at: (learning rate, seed) → the run.
        grid: rates so far, ascending.
        scores: rate → how good it is, of those that are known.
        begun: rates with runs that are missing.
        missing: what is needed next.
        low, high: how often the grid was extended on each side.
    """

    decay: float | None
    metric: Metric
    spec_at: Callable[[float, int], AnyRun]
    seeds: Sequence[int]
    find: Callable[[str], RunRecord | None]
    stopped: Callable[[str], History | None]
    smaller: bool
    grid: list[float]
    scores: dict[float, _Score] = field(default_factory=dict)
    begun: set[float] = field(default_factory=set)
    missing: list[Leg] = field(default_factory=list)
    low: int = 0
    high: int = 0

    def run(self) -> None:
        """Score the rates of the grid, and extend it while its best lies on an edge, as far as runs are there."""
        self._score_grid()
        while not self.missing and self._extended():
            self._score_grid()

    @property
    def chosen(self) -> float | None:
        """The best rate; None while runs are missing."""
        return None if self.missing else min(self.grid, key=lambda rate: self.scores[rate].order)

    @property
    def order(self) -> tuple[float, float]:
        """How good the best rate is: the smaller, the better."""
        return (math.inf, math.inf) if self.chosen is None else self.scores[self.chosen].order

    @property
    def state(self) -> State:
        """As of `TuningState`."""
        if self.missing:
            return "pending"
        return "open" if self.chosen in (self.grid[0], self.grid[-1]) else "settled"

    @property
    def at_most(self) -> int:
        """How many further runs may still follow those that are missing."""
        if not self.missing:
            return 0
        untried = len(self.grid) - len(self.scores) - len(self.begun)
        return (untried + 2 * EXTENSIONS - self.low - self.high) * len(self.seeds)

    def _score_grid(self) -> None:
        """Score what is not scored yet: all rates at once or, where they are raced, one after the other."""
        while len(self.scores) < len(self.grid) and not self.missing:
            open_ = [rate for rate in self.grid if rate not in self.scores]
            if self.metric.kind == "first_reach":
                open_ = [next_rate(self.grid, {rate: score.order for rate, score in self.scores.items()})]
            for rate in open_:
                score, missing = self._score(rate)
                self.missing += missing
                if score is not None:
                    self.scores[rate] = score
                if missing:
                    self.begun.add(rate)

    def _score(self, rate: float) -> tuple[_Score | None, list[Leg]]:
        """Return how good a rate is, or what is missing to know."""
        specs = [self.spec_at(rate, seed) for seed in self.seeds]
        if self.metric.kind != "first_reach":
            return _complete(self.metric, specs, self.find, smaller=self.smaller)
        best = min((score.value for score in self.scores.values() if not score.stopped), default=math.inf)
        return _raced(self.metric, specs, best, self.find, self.stopped)

    def _extended(self) -> bool:
        """Extend the grid by its own ratio beyond the edge on which its best rate lies; tell whether that was done."""
        grid = self.grid
        if self.chosen == grid[0] and self.low < EXTENSIONS:
            grid.insert(0, _rounded(grid[0] * grid[0] / grid[1]))
            self.low += 1
        elif self.chosen == grid[-1] and self.high < EXTENSIONS:
            grid.append(_rounded(grid[-1] * grid[-1] / grid[-2]))
            self.high += 1
        else:
            return False
        return True


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
