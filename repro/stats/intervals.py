"""Linear contrasts of cell means with Student's t: values, differences, ratios, slopes, gaps of gaps.

Sources: Student, "The probable error of a mean", Biometrika 6 (1908); Welch, "The generalization of 'Student's'
problem when several different population variances are involved", Biometrika 34 (1947); Satterthwaite, "An
approximate distribution of estimates of variance components", Biometrics Bulletin 2 (1946); Banerjee,
"Approximate confidence interval for linear functions of means of k populations when the population
variances are not equal", Sankhyā 22 (1960).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from repro.stats.censoring import bound_of, unseen
from repro.stats.moments import (
    Moments,
    average,
    check_level,
    ends,
    moments,
    on_scale,
    t_quantile,
    used_cells,
    variance,
)
from repro.stats.rule import banerjee_level
from repro.stats.samples import Interval, Sample


def contrast(
    samples: Sequence[Sample],
    weights: Sequence[float],
    *,
    level: float,
    log: bool = False,
    paired: bool = False,
    either_side: bool = False,
) -> Interval:
    """Return the interval of Σ weight · (mean of cell), or of the ratio that it is on natural logs.

    One cell of weight 1 is a value, weights (1, −1) a difference, (1, −1, −1, 1) a gap of gaps,
    `slope_weights` a slope; with `log`, (1, −1) is the ratio of geometric means, and estimate and ends come
    back as ratios. Cells of weight 0 are ignored.

    Assumptions: runs are independent, normal on the working scale, with a variance of their own in each cell.
    With `paired`, the runs of the cells share seeds in the same order, and the contrasts per seed are normal.

    Guarantee: under these assumptions either side is wrong in at most 1 − level of cases, whatever the
    variances and the numbers of runs; with `either_side`, both sides together are. Student's t, for a single or
    a paired cell, is wrong in 1 − level of cases on both sides together. Welch's interval nearly is, and keeps the
    promise of one side down to the levels of `rule.WELCH_KEEPS`. Beyond them, and for the promise of both
    sides, the interval is never narrower than Banerjee's, √Σ (t · weight · sd)²/n with each cell's own t, at the
    level of `rule.banerjee_level`: that one is proven.

    Smallest n: two runs in every cell used (three for intervals of use). Below that the interval is infinite.

    Resolution: each end moves outwards by Σ |weight| · half a step, because an offset within the step is the
    same in every run and does not average out. Moreover no cell's sd is taken below step/√12, that of a value
    spread evenly over one step: ties show that the spread is smaller than the step, not that there is none.

    Censoring: the estimate is the restricted mean at the budget. It bounds the truth from below where a
    censored cell has positive weight, from above where negative; the other end is open, and both are open
    where both occur. The budget hides spread, so a censored cell's sd is taken no smaller than the largest of
    the cells without censoring, and the degrees of freedom no larger than the smallest cell's own. Where no
    cell is without censoring, a cell with all runs censored counts for what `censoring.unseen` allows. Paired
    contrasts need no stand-in: the other cells' spread is in them.

    Args:
        samples: the cells, in one unit.
        weights: one number per cell; the interval has their unit times the cells'.
        level: two-sided level of the interval.
        log: work on natural logs; a value at or below half a step (hence zero or negative) leaves (0, inf).
        paired: use the contrasts per seed.
        either_side: the interval is held against a region of two pieces, which either end may pass wrongly.

    Raises:
        ValueError: as many weights as samples are needed, finite and not all 0; paired cells need equal n;
            0 < level < 1.
    """
    check_level(level)
    used = used_cells(samples, weights)
    if paired and len({len(sample.values) for sample, _ in used}) > 1:
        raise ValueError("paired cells have the same seeds, hence the same number of runs")

    paired = paired and len(used) > 1
    bound = bound_of(used)
    cells = [(moments(sample, log), weight) for sample, weight in used]
    known = [(cell, weight) for cell, weight in cells if cell is not None]
    if len(known) < len(used):
        return _back(Interval(math.nan, -math.inf, math.inf, level, math.nan, bound), log)
    estimate = math.fsum(weight * cell.mean for cell, weight in known)
    if any(cell.n < 2 for cell, _ in known):
        return _back(Interval(estimate, -math.inf, math.inf, level, math.nan, bound), log)

    if all(cell.censored for cell, _ in known):
        hidden = [unseen(sample, level, log) for sample, _ in used]
        known = [(replace(cell, down=cell.down + h), w) for (cell, w), h in zip(known, hidden, strict=True)]
    reach, df = _paired_reach(used, known, level, log) if paired else _welch_reach(known, level, either_side)
    low, high = ends(known, estimate, reach, bound)
    return _back(Interval(estimate, low, high, level, df, bound), log)


def slope_weights(levels: Sequence[float]) -> tuple[float, ...]:
    """Return the weights that make a contrast of cell means their least-squares slope over `levels`.

    The slope is that of equally weighted cells, in the cells' unit per unit of `levels`; it says nothing
    about how well a line fits. Smallest use: two different levels.

    Raises:
        ValueError: fewer than two different levels, or one that is not finite.
    """
    if len(set(levels)) < 2 or not all(math.isfinite(level) for level in levels):
        raise ValueError(f"a slope needs two different finite levels, not {tuple(levels)!r}")
    centre = average(levels)
    square = math.fsum((level - centre) ** 2 for level in levels)
    return tuple((level - centre) / square for level in levels)


def _welch_reach(
    cells: Sequence[tuple[Moments, float]], level: float, either_side: bool
) -> tuple[float, float]:
    """Return how far the interval reaches to either side, and the Welch–Satterthwaite degrees of freedom."""
    lent = max(
        (max(cell.variance, cell.step_variance) for cell, _ in cells if not cell.censored), default=0.0
    )
    parts = []
    for cell, weight in cells:
        spread = max(cell.variance, cell.step_variance, lent if cell.censored else 0.0)
        parts.append((weight**2 * spread / cell.n, cell.n - 1))
    df = _satterthwaite(cells)
    welch = t_quantile(level, df) * math.sqrt(math.fsum(part for part, _ in parts))
    bound = banerjee_level([cell.n for cell, _ in cells], level, either_side)
    if bound is None:
        return welch, df
    return max(welch, math.sqrt(math.fsum(t_quantile(bound, df) ** 2 * part for part, df in parts))), df


def _satterthwaite(cells: Sequence[tuple[Moments, float]]) -> float:
    """Return Welch–Satterthwaite degrees of freedom, or those of the smallest cell where spread is hidden.

    They come from the spreads as measured: one that resolution makes larger tells no more about itself, and
    with more degrees of freedom it could narrow the interval that it is there to widen.
    """
    parts = [(weight**2 * cell.variance / cell.n, cell.n - 1) for cell, weight in cells]
    total = math.fsum(part for part, _ in parts)
    if not total or any(cell.censored for cell, _ in cells):
        return float(min(df for _, df in parts))
    # Shares of the sum, because squares of small parts would underflow.
    return 1 / math.fsum((part / total) ** 2 / df for part, df in parts)


def _paired_reach(
    used: Sequence[tuple[Sample, float]],
    cells: Sequence[tuple[Moments, float]],
    level: float,
    log: bool,
) -> tuple[float, float]:
    """Return the reach of Student's t on the contrasts per seed, and its degrees of freedom."""
    rows = [[weight * value for value in on_scale(sample, log) or ()] for sample, weight in used]
    per_seed = [math.fsum(terms) for terms in zip(*rows, strict=True)]
    step_variance = math.fsum(weight**2 * cell.step_variance for cell, weight in cells)
    spread = max(variance(per_seed, average(per_seed)), step_variance)
    df = float(len(per_seed) - 1)
    return t_quantile(level, df) * math.sqrt(spread / len(per_seed)), df


def _back(interval: Interval, log: bool) -> Interval:
    """Return the interval on the scale it is reported on: ratios for logs."""
    if not log:
        return interval
    estimate, low, high = (_exp(end) for end in (interval.estimate, interval.low, interval.high))
    return Interval(estimate, low, high, interval.level, interval.df, interval.bound)


def _exp(number: float) -> float:
    try:
        return math.exp(number)
    except OverflowError:
        return math.inf
