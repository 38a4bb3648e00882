"""Intervals stay within what their metric can be: an error is a fraction, a norm is not negative."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from repro.claims import Metric
from repro.stats import Interval

Limits = tuple[float, float]
"""The least and the most that a metric can be."""

FRACTION: Limits = (0.0, 1.0)
NOT_NEGATIVE: Limits = (0.0, math.inf)
ANY: Limits = (-math.inf, math.inf)

_SIZES = frozenset({"weight_gradient_norm", "output_gradient_norm", "response_std", "insertion_difference"})
"""Probes that read norms, standard deviations and magnitudes."""


def limits(metric: Metric) -> Limits:
    """Return what a metric can be at least and at most."""
    if metric.minus is not None or metric.since is not None or metric.transform != "none":
        return ANY
    if metric.kind == "probe" and metric.probe in _SIZES:
        return NOT_NEGATIVE
    if metric.kind in ("final", "at_step") and (
        metric.unit in ("error", "share") or (metric.kind == "final" and (metric.of or "").endswith("_error"))
    ):
        return FRACTION
    return ANY


def of_sum(of_metric: Limits, weights: Sequence[float]) -> Limits:
    """Return what a sum of numbers within limits, so weighted, can be at least and at most."""
    least, most = of_metric
    lows = [weight * (least if weight > 0 else most) for weight in weights if weight]
    highs = [weight * (most if weight > 0 else least) for weight in weights if weight]
    return sum(lows), sum(highs)


def possible(interval: Interval, weights: Sequence[float], of_metric: Limits = FRACTION) -> Interval:
    """Return the part of an interval that a sum of numbers within limits can lie in; an end that is open stays so."""
    least, most = of_sum(of_metric, weights)
    low = interval.low if math.isinf(interval.low) else min(max(interval.low, least), most)
    high = interval.high if math.isinf(interval.high) else max(min(interval.high, most), least)
    return replace(interval, low=low, high=high)
