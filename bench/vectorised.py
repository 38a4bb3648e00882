"""`repro.stats.contrast` and `judge` for thousands of simulated experiments at once.

A second implementation on purpose: `agreement` compares it with the package's on random cells, so that the
rates measured with it are those of the package, and a slip in either shows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from repro.stats import Region, Sample, contrast
from repro.stats.rule import banerjee_level

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Guard = Callable[[Sequence[int], float, bool], float | None]


@dataclass(frozen=True)
class Observed:
    """Simulated cells, each experiments × runs, as a Sample holds them for one experiment."""

    values: Sequence[Array]
    censored: Sequence[Mask] | None = None
    resolution: float = 0.0

    def sample(self, cell: int, experiment: int) -> Sample:
        """Return one cell of one experiment as the package takes it."""
        marks = tuple(self.censored[cell][experiment].tolist()) if self.censored else ()
        return Sample(tuple(self.values[cell][experiment].tolist()), marks, self.resolution)


@dataclass(frozen=True)
class Contrasts:
    """One contrast in all experiments, before a level is chosen: rows are the cells with a weight.

    Attributes:
        weights: of the cells, a column.
        raw: their values, each experiments × runs.
        marks: which of these are censored; None where no value can be.
        cut: cells × experiments that have one.
        n: runs of the cells, a column.
        estimate: of the contrast.
        share: what each cell adds to the squared standard error.
        error2: that.
        df: Welch's degrees of freedom.
        down, up: how far rounding reaches, by cell.
        log: whether logs are contrasted.
        paired: whether runs of one seed are.
    """

    weights: Array
    raw: Sequence[Array]
    marks: Sequence[Mask] | None
    cut: Mask
    n: NDArray[np.int64]
    estimate: Array
    share: Array
    error2: Array
    df: Array
    down: Array
    up: Array
    log: bool
    paired: bool

    @classmethod
    def of(
        cls, cells: Observed, weights: Sequence[float], *, log: bool = False, paired: bool = False
    ) -> Contrasts:
        """Contrast cells; columns are runs, as many as a cell has."""
        used = [index for index, weight in enumerate(weights) if weight]
        w = np.array([weights[index] for index in used])[:, None]
        raw = [cells.values[index] for index in used]
        n = np.array([values.shape[1] for values in raw])[:, None]
        scaled = [np.log(values) for values in raw] if log else raw
        half = cells.resolution / 2
        if log:
            down = np.array([-np.log1p(-half / values).mean(1) for values in raw])
            up = np.array([np.log1p(half / values).mean(1) for values in raw])
        else:
            down = up = np.full((len(raw), len(raw[0])), half)
        step = ((down + up) / 2) ** 2 / 3
        marks = [cells.censored[index] for index in used] if cells.censored else None
        cut = np.zeros(down.shape, np.bool_) if marks is None else np.array([m.any(1) for m in marks])
        estimate = (w * np.array([values.mean(1) for values in scaled])).sum(0)
        if paired and len(used) > 1:
            per_seed = np.tensordot(w[:, 0], np.array(scaled), 1)
            share = np.zeros(down.shape)
            error2 = np.maximum(np.var(per_seed, axis=1, ddof=1), (w**2 * step).sum(0)) / n[0]
            df = np.full(error2.shape, n[0, 0] - 1.0)
        else:
            measured = np.array([values.var(1, ddof=1) for values in scaled])
            spread = np.maximum(measured, step)
            lent = np.where(cut, 0.0, spread).max(0)
            share = w**2 * np.where(cut, np.maximum(spread, lent), spread) / n
            error2 = share.sum(0)
            with np.errstate(invalid="ignore"):
                parts = w**2 * measured / n
                welch = 1 / ((parts / parts.sum(0)) ** 2 / (n - 1)).sum(0)
            df = np.where((parts.sum(0) == 0) | cut.any(0), n.min() - 1.0, welch)
        paired = paired and len(used) > 1
        return cls(w, raw, marks, cut, n, estimate, share, error2, df, down, up, log, paired)

    def ends(
        self, level: float | Array, *, either_side: bool = False, guard: Guard = banerjee_level
    ) -> tuple[Array, Array]:
        """Return the ends of the intervals of all experiments.

        `level` is one for all or one for each experiment. `guard` says which of Banerjee's intervals Welch's must not
        be narrower than; another than the package's shows what that would do.
        """
        w, down, up = self.weights, self.down, self.up
        level = np.broadcast_to(np.asarray(level, np.float64), len(self.estimate))
        if self.marks is not None:
            pairs = zip(self.raw, self.marks, strict=True)
            hidden = np.array([_hidden(values, marks, level, self.log) for values, marks in pairs])
            down = down + np.where(self.cut.all(0), hidden, 0.0)
        reach = -stdtrit(self.df, (1 - level) / 2) * np.sqrt(self.error2)
        if not self.paired:
            for each in np.unique(level):
                bound = guard([int(count) for count in self.n[:, 0]], float(each), either_side)
                if bound is not None:
                    floor = np.sqrt((stdtrit(self.n - 1, (1 - bound) / 2) ** 2 * self.share).sum(0))
                    reach = np.where(level == each, np.maximum(reach, floor), reach)
        low = self.estimate - reach - (np.abs(w) * np.where(w > 0, down, up)).sum(0)
        high = self.estimate + reach + (np.abs(w) * np.where(w > 0, up, down)).sum(0)
        low = np.where((self.cut & (w < 0)).any(0), -np.inf, low)
        high = np.where((self.cut & (w > 0)).any(0), np.inf, high)
        if self.log:
            with np.errstate(over="ignore"):
                return np.exp(low), np.exp(high)
        return low, high


def _hidden(values: Array, marks: Mask, level: Array, log: bool) -> Array:
    share = ((1 - level) / 2) ** (1 / values.shape[1])
    fall = np.full(len(values), np.inf) if log else values.mean(1) - values.min(1) * share
    return np.where(marks.all(1), fall, 0.0)


def inside(region: Region, low: Array, high: Array) -> Mask:
    """Return which intervals lie wholly in the region."""
    result = np.zeros(low.shape, dtype=np.bool_)
    for piece in region.pieces:
        above = low >= piece.low if piece.includes_low else low > piece.low
        result |= above & (high <= piece.high if piece.includes_high else high < piece.high)
    return result


def agreement(rng: np.random.Generator, times: int) -> float:
    """Return the largest difference between `Contrasts` and `contrast` on random cells, relative to 1 or more."""
    worst = 0.0
    for _ in range(times):
        log, paired, either = (bool(rng.integers(2)) for _ in range(3))
        cells, weights = _random_cells(rng, paired)
        level = 1 - 0.05 / float(rng.choice([0.25, 1, 3, 24, 500]))
        low, high = Contrasts.of(cells, weights, log=log, paired=paired).ends(level, either_side=either)
        for experiment in range(len(low)):
            samples = [cells.sample(cell, experiment) for cell in range(len(weights))]
            ours = contrast(samples, weights, level=level, log=log, paired=paired, either_side=either)
            for one, other in ((ours.low, low[experiment]), (ours.high, high[experiment])):
                if one != other:
                    worst = max(worst, abs(one - float(other)) / max(1.0, abs(one)))
                    assert not math.isnan(float(other))
    return worst


def _random_cells(rng: np.random.Generator, paired: bool) -> tuple[Observed, list[float]]:
    count = int(rng.integers(1, 5))
    weights = [float(x) for x in rng.choice([-1.0, -0.5, 0.0, 0.25, 1.0], count)]
    if not any(weights):
        weights[0] = 1.0
    sizes = [int(rng.integers(2, 8))] * count if paired else [int(x) for x in rng.integers(2, 8, count)]
    values = [2.0 + rng.gamma(4.0, rng.choice([0.01, 0.3, 3.0]), (4, n)) for n in sizes]
    resolution = float(rng.choice([0.0, 0.25, 1.0]))
    if resolution:
        values = [np.round(v / resolution) * resolution for v in values]
    if rng.integers(2):
        return Observed(values, None, resolution), weights
    return censor(values, float(rng.choice([4.0, 6.0])), resolution), weights


def censor(values: Sequence[Array], budget: float, resolution: float = 0.0) -> Observed:
    """Return what is seen of times that are not followed beyond the budget."""
    return Observed([np.minimum(v, budget) for v in values], [v >= budget for v in values], resolution)
