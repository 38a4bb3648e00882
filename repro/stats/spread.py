"""The spread of runs that are there already, and what it leaves open of an effect's size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from repro.stats.moments import Moments, average, moments, on_scale, variance
from repro.stats.samples import Sample


@dataclass(frozen=True, slots=True)
class Spread:
    """What power needs to know of the cells: single runs' sds, weights, and the slack."""

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
    cells: list[tuple[Moments, float]] = []
    for sample, weight in used:
        cell = moments(sample, log)
        if cell is None or cell.n < 2 or cell.censored:
            return None
        cells.append((cell, weight))
    if not cells:
        return None
    slack = math.fsum(abs(weight) * (cell.down + cell.up) / 2 for cell, weight in cells)
    if paired and len(used) > 1 and len({cell.n for cell, _ in cells}) == 1:
        steps = math.fsum(weight**2 * cell.step_variance for cell, weight in cells)
        per_seed = _per_seed(used, log)
        return Spread((math.sqrt(max(variance(per_seed, average(per_seed)), steps)),), (1.0,), slack)
    sds = tuple(math.sqrt(max(cell.variance, cell.step_variance)) for cell, _ in cells)
    return Spread(sds, tuple(weight for _, weight in cells), slack)


def _per_seed(used: Sequence[tuple[Sample, float]], log: bool) -> list[float]:
    """Return the contrast of each seed."""
    rows = [[weight * value for value in on_scale(sample, log) or ()] for sample, weight in used]
    return [math.fsum(terms) for terms in zip(*rows, strict=True)]


FAR = 1_000.0
"""Standard errors from which on the error of a mean adds nothing to that of its spread: quantiles of the noncentral t
then agree with those of χ² to three digits, and finding them takes for ever where a spread is but rounding."""


def likely_effects(
    distance: float, spread: Spread, n: int, *, known: bool, share: float = 0.8
) -> tuple[float, float]:
    """Return how small and how large a distance may be, in units of the observed spread.

    n runs measure a spread, and a mean, with error, and the seeds that a distance needs go by their ratio. The range
    is a confidence interval of that ratio: for an estimate by the noncentral t distribution, for a number that is
    `known` (a paper's) by the χ² distribution of the variance. Cells count with their Welch–Satterthwaite degrees of
    freedom. Multiplied by the observed sds again, the ends can be given to `seeds_needed` as they are. The smaller
    one is 0 where the data do not tell the truth from the bar.

    Args:
        distance: from the bar, at least 0.
        spread: as observed, in n runs a cell.
        n: runs a cell that were observed.
        known: the distance has no error of its own.
        share: level of the interval; in four of five cases the truth lies in the range.
    """
    from scipy.special import chdtri, nctdtrinc

    parts = [(weight * sd) ** 2 / n for weight, sd in zip(spread.weights, spread.sds, strict=True)]
    total = math.fsum(parts)
    if n < 2 or not total:
        return distance, distance
    df = (n - 1) * total**2 / math.fsum(part**2 for part in parts)
    tail = (1 - share) / 2
    observed = distance / math.sqrt(total)
    if known or observed > FAR:
        # The variance may be larger or smaller than the sample's by df over a quantile of χ².
        low, high = (math.sqrt(float(chdtri(df, p)) / df) for p in (1 - tail, tail))
        return distance * low, distance * high
    ends = (float(nctdtrinc(df, p, observed)) for p in (1 - tail, tail))
    low, high = (max(end, 0.0) * math.sqrt(total) if math.isfinite(end) else 0.0 for end in ends)
    return low, high
