"""From intervals and regions to verdicts, and the levels that keep many looks and parts honest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from repro.stats.moments import check_level
from repro.stats.regions import Region
from repro.stats.samples import Interval

Verdict3 = Literal["supported", "refuted", "inconclusive"]


def judge(
    interval_for_support: Interval, interval_for_refutation: Interval, supports: Region, refutes: Region
) -> Verdict3:
    """Return "supported" or "refuted" where the interval taken for it lies wholly inside that region.

    With two-sided 95% intervals a bar is wrongly passed in at most 2.5% of cases on either side, under the
    interval's assumptions. Data inside both regions (which then overlap) decide nothing.
    """
    supported = supports.contains(interval_for_support)
    refuted = refutes.contains(interval_for_refutation)
    if supported == refuted:
        return "inconclusive"
    return "supported" if supported else "refuted"


def joint(parts: Sequence[Verdict3]) -> Verdict3:
    """Return the verdict on the statement that every part holds; no parts decide nothing.

    Supporting needs no correction: all parts must hold at their full level (intersection–union test,
    Berger, Technometrics 24, 1982). Refuting needs one, so the caller judges parts for refutation at the
    level of `levels`.
    """
    if "refuted" in parts:
        return "refuted"
    return "supported" if parts and all(part == "supported" for part in parts) else "inconclusive"


def levels(alpha: float, looks: int, parts: int, expectations: int) -> tuple[float, float]:
    """Return the two-sided levels of the intervals for support and for refutation, by Bonferroni.

    Args:
        alpha: the two-sided error of the whole claim, 0.05.
        looks: how many numbers of seeds are looked at; both errors are divided by it.
        parts: of the joint statement; any one of them refutes it.
        expectations: that decide the claim; any one of them refutes it.

    Raises:
        ValueError: a count below 1, or `alpha` not between 0 and 1.
    """
    check_level(alpha)
    if min(looks, parts, expectations) < 1:
        raise ValueError(f"counts are at least 1, not {looks!r}, {parts!r} and {expectations!r}")
    return 1 - alpha / looks, 1 - alpha / (looks * parts * expectations)
