"""What right-censored runs ("at least this, when the budget ended") allow to say about a contrast."""

from __future__ import annotations

import math
from collections.abc import Sequence

from repro.stats.samples import Bound, Sample


def bound_of(used: Sequence[tuple[Sample, float]]) -> Bound:
    """Return on which side the contrast of the cells and weights is only bounded."""
    below = any(weight > 0 and any(sample.censored) for sample, weight in used)
    above = any(weight < 0 and any(sample.censored) for sample, weight in used)
    if below and above:
        return "both"
    return "from_below" if below else "from_above" if above else "none"


def unseen(sample: Sample, level: float, log: bool) -> float:
    """Return how far below a cell's shown mean the restricted mean may lie when no run shows any spread.

    If all n runs reached a budget b, then with confidence 1 − a at least the share a^(1/n) of runs does, a
    being one tail of `level` (the lower limit of Clopper & Pearson, Biometrika 26, 1934, for n successes in
    n). Times are not negative, so the restricted mean is at least b · a^(1/n); on logs that says nothing,
    and the answer is infinite. It is 0 for a cell in which some run is not censored.
    """
    if not (sample.censored and all(sample.censored)):
        return 0.0
    shortest = min(sample.values)
    if log or shortest < 0:
        return math.inf
    share = math.pow((1 - level) / 2, 1 / len(sample.values))
    return math.fsum(sample.values) / len(sample.values) - shortest * share
