"""Means and spreads of cells on the scale they are computed on, with what resolution adds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from repro.stats.samples import Bound, Sample


@dataclass(frozen=True, slots=True)
class Moments:
    """One cell on the scale it is computed on: mean, spread, and how far a value may be from the truth.

    `variance` is the sample variance, nan below two runs. `down` and `up` are the mean half-steps of the
    resolution; `step_variance` is the variance that the step alone gives to values spread evenly over it.
    """

    n: int
    mean: float
    variance: float
    down: float
    up: float
    step_variance: float
    censored: bool


def on_scale(sample: Sample, log: bool) -> tuple[float, ...] | None:
    """Return the values on the working scale, or None where that scale cannot hold them.

    Natural logs hold only values that the measurement can tell from zero, hence above half a step.
    """
    smallest = sample.resolution / 2 if log else -math.inf
    if not all(map(math.isfinite, sample.values)) or min(sample.values, default=math.inf) <= smallest:
        return None
    return tuple(map(math.log, sample.values)) if log else sample.values


def half_steps(sample: Sample, log: bool) -> tuple[float, float]:
    """Return how far below and above its values a cell's mean may lie for want of resolution."""
    half = sample.resolution / 2
    if not log or not half:
        return half, half
    count = len(sample.values)
    down = math.fsum(-math.log1p(-half / value) for value in sample.values) / count
    up = math.fsum(math.log1p(half / value) for value in sample.values) / count
    return down, up


@lru_cache(maxsize=256)  # of one comparison, intervals at several levels are asked for
def moments(sample: Sample, log: bool) -> Moments | None:
    """Return mean and spread on the working scale; None for no run, or a value the scale cannot hold."""
    values = on_scale(sample, log)
    if not values:
        return None
    mean = average(values)
    down, up = half_steps(sample, log)
    return Moments(
        n=len(values),
        mean=mean,
        variance=variance(values, mean),
        down=down,
        up=up,
        step_variance=((down + up) / 2) ** 2 / 3,
        censored=any(sample.censored),
    )


def used_cells(samples: Sequence[Sample], weights: Sequence[float]) -> list[tuple[Sample, float]]:
    """Return the cells of a contrast with their weights, those of weight 0 left out.

    Raises:
        ValueError: lengths differ, a weight is not finite, or all are 0.
    """
    if len(samples) != len(weights):
        raise ValueError(f"{len(samples)} samples with {len(weights)} weights")
    if not all(math.isfinite(weight) for weight in weights) or not any(weights):
        raise ValueError(f"weights are finite and not all 0, not {tuple(weights)!r}")
    return [(sample, weight) for sample, weight in zip(samples, weights, strict=True) if weight]


def ends(
    cells: Sequence[tuple[Moments, float]], middle: float, reach: float, bound: Bound
) -> tuple[float, float]:
    """Return the ends of an interval: `reach` and the resolution to either side, open where censoring bounds it."""
    down = math.fsum(abs(weight) * (cell.down if weight > 0 else cell.up) for cell, weight in cells)
    up = math.fsum(abs(weight) * (cell.up if weight > 0 else cell.down) for cell, weight in cells)
    low = -math.inf if bound in ("from_above", "both") else middle - reach - down
    high = math.inf if bound in ("from_below", "both") else middle + reach + up
    return low, high


def average(values: Sequence[float]) -> float:
    """Return the mean; exactly rounded sums make it the same in whatever order the seeds come."""
    return math.fsum(values) / len(values)


def variance(values: Sequence[float], mean: float) -> float:
    """Return the unbiased sample variance, nan for fewer than two values."""
    if len(values) < 2:
        return math.nan
    return math.fsum([(value - mean) ** 2 for value in values]) / (len(values) - 1)


def check_level(level: float) -> None:
    """Raise ValueError unless `level` lies strictly between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, not {level!r}")


def t_quantile(level: float, df: float) -> float:
    """Return the quantile of Student's t that a two-sided interval of `level` reaches to."""
    from scipy.special import stdtrit  # half a second that listing and linting need not wait for

    return float(-stdtrit(df, (1 - level) / 2))  # the lower tail keeps its digits at extreme levels
