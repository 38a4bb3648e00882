"""Is a paper's number compatible with our runs? Prediction intervals; they are shown and never decide.

Source: Hahn & Meeker, "Statistical Intervals" (1991), ch. 4 (prediction intervals for normal samples). The
interval for the best of k rests on the same pivot, (best − mean)/sd, whose distribution has no unknown
parameter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from repro.stats.censoring import bound_of
from repro.stats.moments import Moments, check_level, ends, moments, t_quantile, used_cells
from repro.stats.samples import Interval, Sample


def prediction_interval(sample: Sample, *, level: float, m: int = 1) -> Interval:
    """Return where one new run (m = 1) or the mean of m new runs falls, given ours.

    Assumptions: our runs and the new ones are independent draws of one normal distribution. For a paper's
    "mean ± sd of m" this uses our spread only. Smallest n: 2; below, the interval is infinite. Resolution
    widens as in `contrast`; censored runs leave the upper end open. In the unit of the sample.

    Raises:
        ValueError: m below 1, or level not between 0 and 1.
    """
    check_level(level)
    if m < 1:
        raise ValueError(f"a mean is of at least 1 run, not {m!r}")
    cell = moments(sample, log=False)
    if cell is None or cell.n < 2:
        return _unknown(cell, sample, level)
    reach = t_quantile(level, cell.n - 1) * _sd(cell) * math.sqrt(1 / cell.n + 1 / m)
    return _around(cell, 0.0, -reach, reach, level)


def contrast_prediction(
    samples: Sequence[Sample],
    weights: Sequence[float],
    *,
    level: float,
    m: int = 1,
    log: bool = False,
) -> Interval:
    """Return where the contrast of new cells falls, each one run (m = 1) or the mean of m runs, given ours.

    The new contrast minus ours has variance Σ weight² · variance · (1/n + 1/m), estimated with
    Welch–Satterthwaite degrees of freedom; with one cell this is `prediction_interval`. With `log`, of natural
    logs, and the ends come back as ratios. Assumptions: all runs, ours and the new ones, are independent and
    normal on the working scale, with a variance of their own in each cell. Smallest n: 2 in every cell; below,
    the interval is infinite. Resolution widens as in `contrast`, and a censored cell opens the end that it
    bounds.

    Raises:
        ValueError: lengths differ, a weight is not finite or all are 0, m below 1, or level not between 0 and 1.
    """
    check_level(level)
    if m < 1:
        raise ValueError(f"a mean is of at least 1 run, not {m!r}")
    used = used_cells(samples, weights)
    bound = bound_of(used)
    found = [(moments(sample, log), weight) for sample, weight in used]
    cells = [(cell, weight) for cell, weight in found if cell is not None]
    if len(cells) < len(used) or any(cell.n < 2 for cell, _ in cells):
        lowest = 0.0 if log else -math.inf
        return Interval(math.nan, lowest, math.inf, level, math.nan, bound)
    parts = [((weight * _sd(cell)) ** 2 * (1 / cell.n + 1 / m), cell.n - 1) for cell, weight in cells]
    total = math.fsum(part for part, _ in parts)
    squares = math.fsum((part / total) ** 2 / df for part, df in parts) if total else 0.0
    df = 1 / squares if squares else float(min(df for _, df in parts))
    reach = t_quantile(level, df) * math.sqrt(total)
    middle = math.fsum(weight * cell.mean for cell, weight in cells)
    low, high = ends(cells, middle, reach, bound)
    if log:
        middle, low, high = (
            math.exp(min(end, 700.0)) if end < math.inf else end for end in (middle, low, high)
        )
    return Interval(middle, low, high, level, df, bound)


def best_of_interval(
    sample: Sample, k: int, level: float, best: Literal["lowest", "highest"] = "lowest"
) -> Interval:
    """Return where the best of k new runs falls, given ours: for a paper that reports its best of k.

    The estimate is the median of that distribution. Assumptions, smallest n, resolution and censoring as in
    `prediction_interval`, which this equals for k = 1. Computed by quadrature, so deterministic.

    Args:
        sample: our runs.
        k: how many runs the paper took the best of.
        level: two-sided level.
        best: "lowest" for errors and times, "highest" for accuracies.

    Raises:
        ValueError: k below 1, or level not between 0 and 1.
    """
    check_level(level)
    if k < 1:
        raise ValueError(f"the best is of at least 1 run, not {k!r}")
    cell = moments(sample, log=False)
    if cell is None or cell.n < 2:
        return _unknown(cell, sample, level)
    tail = (1 - level) / 2
    low, middle, high = (_best_quantile(share, cell.n, k) * _sd(cell) for share in (tail, 0.5, 1 - tail))
    if best == "highest":
        low, middle, high = -high, -middle, -low
    return _around(cell, middle, low, high, level)


def binomial_se(error: float, n_images: int) -> float:
    """Return the standard error that a finite test set gives to an error rate: √(error (1 − error) /
    n_images).

    It says how far the rate on other images would differ; seeds on one test set do not show it, so it is
    stated apart. Assumption: images drawn independently. `error` is a fraction, and so is the answer.

    Raises:
        ValueError: `error` outside 0..1, or no images.
    """
    if not 0 <= error <= 1 or n_images < 1:
        raise ValueError(f"a fraction of at least one image is needed, not {error!r} of {n_images!r}")
    return math.sqrt(error * (1 - error) / n_images)


def shared_images_se(first: float, second: float, n_images: int) -> tuple[float, float]:
    """Return between which standard errors a difference of two nets' error rates lies, on one and the same test set.

    McNemar's √((b + c)/N − (p₁ − p₂)²)/√N goes by the images that only one of the nets gets wrong, b and c of them
    (McNemar, Psychometrika 12, 1947). Of rates alone it is known that b + c is at least N |p₁ − p₂|, where the better
    net fails only where the worse one does, and at most N min(p₁ + p₂, 2 − p₁ − p₂), where they fail apart. Rates are
    fractions, and so are the answers.

    Raises:
        ValueError: a rate outside 0..1, or no images.
    """
    if not (0 <= first <= 1 and 0 <= second <= 1) or n_images < 1:
        raise ValueError(
            f"fractions of at least one image are needed, not {first!r}, {second!r} of {n_images!r}"
        )
    gap = abs(first - second)
    least, most = gap, min(first + second, 2 - first - second)
    return math.sqrt((least - gap**2) / n_images), math.sqrt(max(most - gap**2, 0.0) / n_images)


def _sd(cell: Moments) -> float:
    return math.sqrt(max(cell.variance, cell.step_variance))


def _around(cell: Moments, middle: float, low: float, high: float, level: float) -> Interval:
    return Interval(
        estimate=cell.mean + middle,
        low=cell.mean + low - cell.down,
        high=math.inf if cell.censored else cell.mean + high + cell.up,
        level=level,
        df=float(cell.n - 1),
        bound="from_below" if cell.censored else "none",
    )


def _unknown(cell: Moments | None, sample: Sample, level: float) -> Interval:
    bound: Literal["from_below", "none"] = "from_below" if any(sample.censored) else "none"
    mean = cell.mean if cell else math.nan
    return Interval(mean, -math.inf, math.inf, level, math.nan, bound)


@lru_cache(maxsize=256)
def _best_quantile(share: float, n: int, k: int) -> float:
    """Return the quantile of (lowest of k new − mean of n)/(sd of n) for standard normal runs.

    Given the mean z/√n and the sd s, the lowest exceeds mean + q·s with probability (1 − Φ(z/√n + q·s))^k.
    The average over z and log s is a trapezoid sum: both integrands are smooth and die out at both ends,
    where that rule converges faster than any power of the step.
    """
    import numpy as np
    from scipy.special import log_ndtr

    df = n - 1
    z = np.linspace(-9, 9, 73)
    mass_z = np.exp(-(z**2) / 2)
    spread = 1 / math.sqrt(2 * df)  # of log s, for many degrees of freedom
    # For few, s falls below e^(−t) with probability of order e^(−df·t), so 30/df more leaves out e^(−30).
    log_s = np.arange(-9 * spread - 30 / df, 9 * spread, spread / 4)
    chi = np.exp(df * (log_s - np.expm1(2 * log_s) / 2))
    mass = (mass_z / mass_z.sum())[:, None] * (chi / chi.sum())[None, :]
    s = np.exp(log_s)[None, :]
    shift = (z / math.sqrt(n))[:, None]

    def below(q: float) -> float:
        return 1 - float((mass * np.exp(k * log_ndtr(-(shift + q * s)))).sum())

    low, high = -1.0, 1.0
    while below(low) > share:
        low *= 2
    while below(high) < share:
        high *= 2
    while high - low > 1e-9 * max(1.0, abs(low), abs(high)):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) < share else (low, middle)
    return (low + high) / 2
