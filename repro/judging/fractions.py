"""Errors are fractions: what an interval says of them stays within what a fraction of a whole can be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from repro.claims import Metric
from repro.stats import Interval


def is_fraction(metric: Metric) -> bool:
    """Tell whether a metric lies in 0 to 1, as errors do."""
    if metric.kind not in ("final", "at_step") or metric.minus is not None or metric.transform != "none":
        return False
    return metric.unit in ("error", "share") or (
        metric.kind == "final" and (metric.of or "").endswith("_error")
    )


def possible(interval: Interval, weights: Sequence[float]) -> Interval:
    """Return the part of an interval that a sum of fractions, so weighted, can lie in; an end that is open stays so."""
    least, most = sum(min(weight, 0.0) for weight in weights), sum(max(weight, 0.0) for weight in weights)
    low = interval.low if math.isinf(interval.low) else min(max(interval.low, least), most)
    high = interval.high if math.isinf(interval.high) else max(min(interval.high, most), least)
    return replace(interval, low=low, high=high)
