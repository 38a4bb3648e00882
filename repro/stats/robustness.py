"""Where a sample does not look normal, which the rule's guarantee rests on, and an estimate that minds it less.

They stand beside a verdict and decide nothing. With few runs they see gross departures only: what they do not see is
not shown to be normal.

Sources: Grubbs, "Sample criteria for testing outlying observations", Ann. Math. Stat. 21 (1950); D'Agostino,
"Transformation to normality of the null distribution of g1", Biometrika 57 (1970); Hodges & Lehmann, "Estimates of
location based on rank tests", Ann. Math. Stat. 34 (1963).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import Literal

from repro.stats.moments import average, on_scale, t_quantile, variance
from repro.stats.samples import Sample

Oddity = Literal["outlier", "skew", "ties"]

RARELY = 0.01
"""How often a normal sample is called odd by each test."""


def oddities(sample: Sample, *, log: bool = False) -> list[Oddity]:
    """Return how a cell's runs depart from normal draws that are measured finely.

    "outlier": one run lies far from the others (Grubbs' test, from 3 runs on). "skew": D'Agostino's test of skewness,
    from 8 runs on, where no outlier explains it. "ties": all values lie within two steps of the resolution, so that the
    interval rests on the resolution more than on the spread. Censored values are left out.

    Args:
        sample: the runs.
        log: test natural logs, as a ratio is estimated.
    """
    found: list[Oddity] = []
    cut = sample.censored or (False,) * len(sample.values)
    scaled = on_scale(sample, log)
    if scaled is None:
        return found
    values = [value for value, censored in zip(scaled, cut, strict=True) if not censored]
    if len(values) < 2:
        return found
    seen = [value for value, censored in zip(sample.values, cut, strict=True) if not censored]
    if max(seen) - min(seen) <= 2 * sample.resolution:
        return ["ties"]
    if _has_outlier(values):
        found.append("outlier")
    elif _is_skewed(values):
        found.append("skew")
    return found


def rank_estimate(samples: Sequence[Sample], weights: Sequence[float], *, log: bool = False) -> float:
    """Return the contrast of the cells' Hodges–Lehmann estimates, the medians of all averages of two runs.

    It has the unit of `contrast`'s estimate, a ratio with `log`; nan where a cell has no run or a value that the scale
    cannot hold.
    """
    used = [
        (on_scale(sample, log), weight) for sample, weight in zip(samples, weights, strict=True) if weight
    ]
    if not all(values for values, _ in used):
        return math.nan
    total = math.fsum(weight * _centre(values) for values, weight in used if values)
    return math.exp(min(total, 700.0)) if log else total


def _centre(values: Sequence[float]) -> float:
    import numpy as np  # 600 runs have 180,000 pairs

    numbers = np.asarray(values)
    one, other = np.triu_indices(len(numbers))
    return float(np.median((numbers[one] + numbers[other]) / 2))


def _has_outlier(values: Sequence[float]) -> bool:
    n, mean = len(values), average(values)
    sd = math.sqrt(variance(values, mean))
    if n < 3 or not sd:
        return False
    t = t_quantile(1 - RARELY / n, n - 2)
    critical = (n - 1) / math.sqrt(n) * math.sqrt(t * t / (n - 2 + t * t))
    return max(abs(value - mean) for value in values) / sd > critical


def _is_skewed(values: Sequence[float]) -> bool:
    n, mean = len(values), average(values)
    second = math.fsum((value - mean) ** 2 for value in values) / n
    if n < 8 or not second:
        return False
    skewness = math.fsum((value - mean) ** 3 for value in values) / n / second**1.5
    y = skewness * math.sqrt((n + 1) * (n + 3) / (6 * (n - 2)))
    kurtosis = 3 * (n * n + 27 * n - 70) * (n + 1) * (n + 3) / ((n - 2) * (n + 5) * (n + 7) * (n + 9))
    w2 = math.sqrt(2 * (kurtosis - 1)) - 1
    scale = y / math.sqrt(2 / (w2 - 1))
    z = math.asinh(scale) / math.sqrt(math.log(math.sqrt(w2)))
    return abs(z) > statistics.NormalDist().inv_cdf(1 - RARELY / 2)
