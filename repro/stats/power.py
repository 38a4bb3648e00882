"""What n seeds can resolve, and how many are needed: the power of the intervals of `contrast`, beforehand.

Whatever the cells' sample variances are, the estimate is normal, so the power is the mean of a normal
probability over their chi-squared distributions. For one cell this is the power of the noncentral t
distribution (Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, ch. 2). For several, a
noncentral t with Welch–Satterthwaite degrees of freedom would promise 80% where three seeds deliver 70%.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from repro.stats.moments import average, check_level, moments, on_scale, variance
from repro.stats.rule import banerjee_level
from repro.stats.samples import Sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 1024  # of the sum over variances; the power is then right to about a point


@dataclass(frozen=True, slots=True)
class Spread:
    """What `detectable_difference` needs to know of the cells: single runs' sds, weights, and the slack."""

    sds: tuple[float, ...]
    weights: tuple[float, ...]
    slack: float


def observed_spread(
    samples: Sequence[Sample], weights: Sequence[float], *, log: bool = False, paired: bool = False
) -> Spread | None:
    """Return the spread of runs that are there already, as `contrast` takes it; None where it is not known.

    That is where a cell has fewer than two runs, a censored one (the budget hides its spread) or a value that
    the scale cannot hold. No sd is below step/√12. With `log` the sds are of natural logs; with `paired` it
    is the sd of the contrasts per seed, with weight 1, for cells with the same number of runs.
    """
    used = [(sample, weight) for sample, weight in zip(samples, weights, strict=True) if weight]
    found = [(moments(sample, log), weight) for sample, weight in used]
    cells = [
        (cell, weight) for cell, weight in found if cell is not None and cell.n >= 2 and not cell.censored
    ]
    if not used or len(cells) < len(used):
        return None
    slack = math.fsum(abs(weight) * (cell.down + cell.up) / 2 for cell, weight in cells)
    if paired and len(used) > 1 and len({cell.n for cell, _ in cells}) == 1:
        rows = [[weight * value for value in on_scale(sample, log) or ()] for sample, weight in used]
        per_seed = [math.fsum(terms) for terms in zip(*rows, strict=True)]
        steps = math.fsum(weight**2 * cell.step_variance for cell, weight in cells)
        return Spread((math.sqrt(max(variance(per_seed, average(per_seed)), steps)),), (1.0,), slack)
    sds = tuple(math.sqrt(max(cell.variance, cell.step_variance)) for cell, _ in cells)
    return Spread(sds, tuple(weight for _, weight in cells), slack)


def detectable_difference(
    sds: Sequence[float],
    weights: Sequence[float],
    n: int,
    *,
    level: float,
    power: float = 0.8,
    slack: float = 0.0,
) -> float:
    """Return the smallest distance from the bar that n seeds a cell decide with the given power.

    Assumptions: those of `contrast`, and that the runs to come spread like `sds`. A region with two ends
    needs the truth this far from both. For paired seeds give the sd of the contrast per seed with weight 1;
    for ratios the sds of natural logs, the answer then being a difference of logs.

    Args:
        sds: spread of single runs, one per cell, in the unit of the answer.
        weights: of the contrast, one per cell.
        n: runs in each cell; below 2 the answer is nan, because no distance suffices.
        level: two-sided level of the interval that decides.
        power: probability of a decision.
        slack: what resolution adds to each side of the interval, Σ |weight| · half a step.

    Raises:
        ValueError: lengths differ, an sd is negative or not finite, or level or power do not lie between 0
            and 1.
    """
    shares, largest = _shares(sds, weights, level, power)
    if n < 2:
        return math.nan
    return _distance(shares, n, level, power) * largest + slack if shares else slack


def seeds_needed(
    sds: Sequence[float],
    weights: Sequence[float],
    distance: float,
    *,
    level: float,
    power: float = 0.8,
    most: int = 1000,
    slack: float = 0.0,
) -> int | None:
    """Return the smallest n that detects `distance`; None where `most` seeds do not suffice.

    Assumptions, arguments and errors are those of `detectable_difference`; `distance` is that of the truth
    (or of the paper's number) from the nearest bar, its sign ignored. The smallest answer is 2.
    """
    shares, largest = _shares(sds, weights, level, power)
    beyond = abs(distance) - slack
    if not distance or most < 2 or beyond < 0 or (shares and not beyond):
        return None
    if not shares:
        return 2

    def suffices(n: int) -> bool:
        return _power(beyond / largest, shares, n, level) >= power

    # From what known variances would need, which is near, outwards.
    bars = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    known = math.fsum(shares) * min(bars * largest / beyond, most) ** 2
    at = min(max(math.ceil(known), 2), most)
    low, high, step = 1, most + 1, 1
    while high - low > 1:
        if not low < at < high:
            at = (low + high) // 2
        if suffices(at):
            high, at = at, at - step
        else:
            low, at = at, at + step
        step *= 2
    return high if high <= most else None


def _shares(
    sds: Sequence[float], weights: Sequence[float], level: float, power: float
) -> tuple[tuple[float, ...], float]:
    """Return the cells' weighted variances as shares of the largest, and the square root of that.

    On the scale of the largest spread nothing under- or overflows. Cells without any spread have no share.
    """
    check_level(level)
    check_level(power)
    if len(sds) != len(weights):
        raise ValueError(f"{len(sds)} sds with {len(weights)} weights")
    if not all(math.isfinite(sd) and sd >= 0 for sd in sds):
        raise ValueError(f"sds are finite and at least 0, not {tuple(sds)!r}")
    spreads = sorted(abs(weight * sd) for sd, weight in zip(sds, weights, strict=True) if weight * sd)
    largest = spreads[-1] if spreads else 0.0
    return tuple((spread / largest) ** 2 for spread in spreads), largest


@lru_cache(maxsize=10_000)  # a report asks for the same distances again and again
def _distance(shares: tuple[float, ...], n: int, level: float, power: float) -> float:
    """Return the distance that is decided with `power`, for cells whose weighted variances are `shares`."""
    low, high = 0.0, math.sqrt(math.fsum(shares) / n)
    while _power(high, shares, n, level) < power:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _power(middle, shares, n, level) < power else (low, middle)
    return high


def _power(distance: float, shares: tuple[float, ...], n: int, level: float) -> float:
    """Return the probability that n seeds decide a distance."""
    from scipy.special import ndtr  # half a second that listing and linting need not wait for

    return float(ndtr((distance - _reaches(shares, n, level)) / math.sqrt(math.fsum(shares) / n)).mean())


@lru_cache(maxsize=256)
def _reaches(shares: tuple[float, ...], n: int, level: float) -> NDArray[np.float64]:
    """Return half the interval's width for each of the sample variances that stand for all."""
    import numpy as np
    from scipy.special import stdtrit

    variances = np.array(shares)[:, None] * _variances(n, len(shares))
    total = variances.sum(0)
    df = (n - 1) * total**2 / (variances**2).sum(0)
    welch = -stdtrit(df, (1 - level) / 2) * np.sqrt(total / n)
    bound = banerjee_level([n] * len(shares), level, either_side=False)
    if bound is None:
        reaches: NDArray[np.float64] = welch
        return reaches
    guarded: NDArray[np.float64] = np.maximum(welch, -stdtrit(n - 1, (1 - bound) / 2) * np.sqrt(total / n))
    return guarded


@lru_cache(maxsize=256)
def _variances(n: int, cells: int) -> NDArray[np.float64]:
    """Return what n seeds may measure of a variance of 1, a row a cell: the distribution of χ² over its df."""
    from scipy.special import chdtri

    return chdtri(n - 1, _even_points(cells)) / (n - 1)


def _even_points(dimensions: int) -> NDArray[np.float64]:
    """Return points that fill the unit cube evenly, one row a dimension, the same on every call.

    In one dimension the midpoints of equal stretches, in several the additive recurrence with powers of the
    generalised golden ratio (Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018).
    """
    import numpy as np

    steps = np.arange(POINTS)
    if dimensions == 1:
        return ((steps + 0.5) / POINTS)[None, :]
    ratio = 2.0
    for _ in range(60):  # the positive root of x^(d+1) = x + 1, by its own fixed point
        ratio = (1 + ratio) ** (1 / (dimensions + 1))
    return (0.5 + np.outer(ratio ** -np.arange(1.0, dimensions + 1), steps)) % 1
