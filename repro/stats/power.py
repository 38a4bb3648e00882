"""Power of the intervals of `contrast`, from numbers alone: what n seeds can resolve, and how many are needed.

Whatever the cells' sample variances are, the estimate is normal, so the power is the mean of a normal
probability over their chi-squared distributions. For one cell this is the power of the noncentral t
distribution (Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988, ch. 2). For several, a
noncentral t with Welch–Satterthwaite degrees of freedom would promise 80% where three seeds deliver 70%.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

from repro.stats.moments import check_level
from repro.stats.rule import banerjee_level

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POINTS = 1024  # of the sum over variances; the power is then right to about a point


def decision_power(
    sds: Sequence[float],
    weights: Sequence[float],
    distance: float,
    n: int,
    *,
    level: float,
    slack: float = 0.0,
    width: float = math.inf,
    either_side: bool = False,
) -> float:
    """Return the probability that n seeds a cell put the whole interval inside a piece of a region.

    Assumptions: those of `contrast`, and that the runs to come spread like `sds`. For paired seeds give the sd of the
    contrast per seed with weight 1; for ratios the sds and distances of natural logs.

    Args:
        sds: spread of single runs, one per cell, in the unit of `distance`.
        weights: of the contrast, one per cell.
        distance: of the truth from the nearer end of the piece, inside it.
        n: runs in each cell; below 2 nothing is ever decided.
        level: two-sided level of the interval that decides.
        slack: what resolution adds to each side of the interval, Σ |weight| · half a step.
        width: of the piece, where it has two ends: both must be cleared.
        either_side: the region has two pieces, as in `contrast`.

    Raises:
        ValueError: lengths differ, an sd is negative or not finite, or the level does not lie between 0 and 1.
    """
    shares, largest = _shares(sds, weights, level)
    near, far = distance - slack, width - distance - slack
    if n < 2 or not shares:
        return float(n >= 2 and min(near, far) >= 0)
    return _power(near / largest, far / largest, shares, n, level, either_side)


def detectable_difference(
    sds: Sequence[float],
    weights: Sequence[float],
    n: int,
    *,
    level: float,
    power: float = 0.8,
    slack: float = 0.0,
    width: float = math.inf,
    either_side: bool = False,
) -> float:
    """Return the smallest distance from the bar, inside a region, that n seeds a cell decide with the given power.

    Assumptions, arguments and errors are those of `decision_power`. Where the region has two ends the distance is
    that from the nearer one; the answer is infinite where not even its middle is decided. Below 2 runs the answer
    is nan, because no distance suffices.

    Raises:
        ValueError: as `decision_power`, and where the power does not lie between 0 and 1.
    """
    check_level(power)
    shares, largest = _shares(sds, weights, level)
    if n < 2:
        return math.nan
    if not shares:
        return slack if 2 * slack <= width else math.inf
    if math.isinf(width):
        return _distance(shares, n, level, power, either_side) * largest + slack

    def decided(distance: float) -> float:
        return _power(
            (distance - slack) / largest, (width - distance - slack) / largest, shares, n, level, either_side
        )

    low, high = 0.0, width / 2
    if decided(high) < power:
        return math.inf
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if decided(middle) < power else (low, middle)
    return high


def seeds_needed(
    sds: Sequence[float],
    weights: Sequence[float],
    distance: float,
    *,
    level: float,
    power: float = 0.8,
    most: int = 1000,
    slack: float = 0.0,
    width: float = math.inf,
    either_side: bool = False,
) -> int | None:
    """Return the smallest n that decides `distance`; None where `most` seeds do not suffice.

    Assumptions, arguments and errors are those of `detectable_difference`; the sign of `distance`, of the truth (or of
    the paper's number) from the nearest bar, is ignored. The smallest answer is 2.
    """
    check_level(power)
    shares, _ = _shares(sds, weights, level)
    beyond = abs(distance) - slack
    if not distance or most < 2 or beyond < 0 or (shares and not beyond):
        return None

    def suffices(n: int) -> bool:
        reached = decision_power(
            sds, weights, abs(distance), n, level=level, slack=slack, width=width, either_side=either_side
        )
        return reached >= power

    return fewest(suffices, most, near=if_known(sds, weights, beyond, level=level, power=power, most=most))


def if_known(
    sds: Sequence[float], weights: Sequence[float], distance: float, *, level: float, power: float, most: int
) -> int:
    """Return how many seeds would decide a distance above 0 if the variances were known: near what is needed.

    Arguments are those of `seeds_needed`; the distance is less the slack.
    """
    shares, largest = _shares(sds, weights, level)
    bars = NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)
    return math.ceil(math.fsum(shares) * min(bars * largest / distance, most) ** 2) if shares else 2


def fewest(suffices: Callable[[int], bool], most: int, near: int = 2) -> int | None:
    """Return the smallest number from 2 to `most` that suffices, all above it doing so, too; None where none does.

    Args:
        suffices: what is asked of a number.
        most: the largest to be tried.
        near: where to begin.
    """
    at = min(max(near, 2), most)
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


def _shares(sds: Sequence[float], weights: Sequence[float], level: float) -> tuple[tuple[float, ...], float]:
    """Return the cells' weighted variances as shares of the largest, and the square root of that.

    On the scale of the largest spread nothing under- or overflows. Cells without any spread have no share.
    """
    check_level(level)
    if len(sds) != len(weights):
        raise ValueError(f"{len(sds)} sds with {len(weights)} weights")
    if not all(math.isfinite(sd) and sd >= 0 for sd in sds):
        raise ValueError(f"sds are finite and at least 0, not {tuple(sds)!r}")
    spreads = sorted(abs(weight * sd) for sd, weight in zip(sds, weights, strict=True) if weight * sd)
    largest = spreads[-1] if spreads else 0.0
    return tuple((spread / largest) ** 2 for spread in spreads), largest


@lru_cache(maxsize=10_000)  # a report asks for the same distances again and again
def _distance(shares: tuple[float, ...], n: int, level: float, power: float, either_side: bool) -> float:
    """Return the distance that is decided with `power`, for cells whose weighted variances are `shares`."""
    low, high = 0.0, math.sqrt(math.fsum(shares) / n)
    while _power(high, math.inf, shares, n, level, either_side) < power:
        low, high = high, 2 * high
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        enough = _power(middle, math.inf, shares, n, level, either_side) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _power(
    near: float, far: float, shares: tuple[float, ...], n: int, level: float, either_side: bool
) -> float:
    """Return the probability that the interval clears both ends of a piece, so far below and above the truth."""
    from scipy.special import ndtr  # half a second that listing and linting need not wait for

    error = math.sqrt(math.fsum(shares) / n)
    reaches = _reaches(shares, n, level, either_side)
    inside = ndtr((near - reaches) / error)
    if math.isfinite(far):
        inside = (inside - ndtr((reaches - far) / error)).clip(min=0)
    return float(inside.mean())


@lru_cache(maxsize=256)
def _reaches(shares: tuple[float, ...], n: int, level: float, either_side: bool) -> NDArray[np.float64]:
    """Return half the interval's width for each of the sample variances that stand for all."""
    import numpy as np
    from scipy.special import stdtrit

    variances = np.array(shares)[:, None] * _variances(n, len(shares))
    total = variances.sum(0)
    df = (n - 1) * total**2 / (variances**2).sum(0)
    welch = -stdtrit(df, (1 - level) / 2) * np.sqrt(total / n)
    bound = banerjee_level([n] * len(shares), level, either_side)
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
