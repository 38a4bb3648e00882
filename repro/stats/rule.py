"""The verdict rule on numbers alone: interval and regions → verdict, and the shares of many looks and comparisons.

The rule, its guarantee and the proof are in ``docs/rule.md``; its rates are in ``bench/results/coverage.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from repro.stats.moments import check_level
from repro.stats.regions import Region
from repro.stats.samples import Interval

Verdict3 = Literal["supported", "refuted", "inconclusive"]

SCREEN = 0.2
"""Comparisons whose interval at 1 − SCREEN lies outside the refuting region take no share of the level."""


def judge(
    interval_for_support: Interval,
    interval_for_refutation: Interval | None,
    supports: Region,
    refutes: Region,
) -> Verdict3:
    """Return "supported" or "refuted" where the interval taken for it lies wholly inside that region.

    Data inside both regions (which then overlap) decide nothing, and without an interval for refutation nothing
    is refuted: such a comparison was shown to be clear of that region.
    """
    supported = supports.contains(interval_for_support)
    refuted = interval_for_refutation is not None and refutes.contains(interval_for_refutation)
    if supported == refuted:
        return "inconclusive"
    return "supported" if supported else "refuted"


def joint(parts: Sequence[Verdict3]) -> Verdict3:
    """Return the verdict on the statement that every part holds; no parts decide nothing.

    Supporting needs no correction: all parts must hold at their full level (intersection–union test,
    Berger, Technometrics 24, 1982). Refuting needs one, so the caller judges parts for refutation at the
    levels of `refutation_shares`.
    """
    if "refuted" in parts:
        return "refuted"
    return "supported" if parts and all(part == "supported" for part in parts) else "inconclusive"


def look_shares(alpha: float, looks: Sequence[int]) -> tuple[float, ...]:
    """Return the share of `alpha` that each look may spend: in proportion to its number of runs.

    The shares add up to `alpha`, so that errors at any look add up to no more (Bonferroni's inequality; the shares
    of Lan & DeMets, Biometrika 70, 1983, would rest on the looks' correlation, which few runs do not keep).

    Args:
        alpha: the error of all looks together, 0.05.
        looks: runs a cell at each look, ascending.

    Raises:
        ValueError: no looks, a look below 1 run, or `alpha` not between 0 and 1.
    """
    check_level(alpha)
    if not looks or min(looks) < 1:
        raise ValueError(f"looks are at least one, of at least 1 run each, not {tuple(looks)!r}")
    return tuple(alpha * n / sum(looks) for n in looks)


def clear_of(refutes: Region, screened: Interval) -> bool:
    """Return whether a comparison is clear of the refuting region: its interval at 1 − SCREEN lies outside."""
    return refutes.complement().contains(screened)


def refutation_shares(alpha: float, statements: Sequence[Sequence[bool]]) -> list[list[float | None]]:
    """Return the share of `alpha` at which each comparison may refute; None for one that is clear.

    Any one comparison of any statement refutes, so they share `alpha`. Comparisons that are clear of the refuting
    region (`clear_of`) drop out; statements with others left share 1 − SCREEN/2 of `alpha` equally, and so do the
    comparisons left within each. A comparison that is alone from the start needs no screen and has all of
    `alpha`.

    Source: conditional Bonferroni tests (Zhao, Small & Su, J. Amer. Statist. Assoc. 114, 2019; Ellis, Pecanka &
    Goeman, Biostatistics 21, 2020). A comparison that may not be refuted is clear with probability at most SCREEN/2
    where it lies at the bar, and given that it is not clear it is the less likely to refute the farther from the bar
    it lies, because noncentral t has a monotone likelihood ratio. For independent comparisons the error is
    therefore at most `alpha`, whatever the truths; for dependent ones that is simulated.

    Args:
        alpha: the error of all comparisons together.
        statements: for each statement, which of its comparisons are clear.

    Raises:
        ValueError: `alpha` not between 0 and 1.
    """
    check_level(alpha)
    left = [sum(not clear for clear in parts) for parts in statements]
    screened = sum(map(len, statements)) > 1
    each = (alpha * (1 - SCREEN / 2) if screened else alpha) / max(sum(count > 0 for count in left), 1)
    return [
        [None if clear else each / count for clear in parts]
        for parts, count in zip(statements, left, strict=True)
    ]


def opposed(comparisons: Sequence[Mapping[tuple[str, str], float]]) -> list[bool]:
    """Return which comparisons may be pushed the other way by the same runs that push another one.

    Where two comparisons take the same runs with opposite signs (neighbours in an ordering), or take different
    measurements from them, what makes one look refuted may make the other look clear: nearly, the two are the two sides
    of one estimate, whose errors add up. Their intervals are those of `either_side`.

    Args:
        comparisons: for each, (cell, what is measured there) → weight, its sign such that small values refute; nan
            where refutation has no one direction.
    """

    def against(one: Mapping[tuple[str, str], float], other: Mapping[tuple[str, str], float]) -> bool:
        shared = {cell for cell, _ in one} & {cell for cell, _ in other}
        ours, theirs = ({key: w for key, w in each.items() if key[0] in shared} for each in (one, other))
        return bool(shared) and (
            ours.keys() != theirs.keys() or not all(weight * theirs[key] > 0 for key, weight in ours.items())
        )

    return [any(against(one, other) for other in comparisons if other is not one) for one in comparisons]


WELCH_KEEPS = (
    # runs, two cells of equal size, other designs
    (2, math.inf, math.inf),
    (3, 0.007, 0.035),
    (4, 0.004, 0.017),
    (5, 0.002, 0.010),
    (6, 0.001, 0.005),
    (8, 0.0005, 0.002),
    (10, 0.0002, 0.001),
    (20, 0.0001, 0.0001),
)
"""From how many runs in the smallest cell, down to which 1 − level, Welch's interval alone keeps its promise.

The promise is that either side is wrong in at most 1 − level of cases, which is twice what it aims at. The worst ratio
of variances was found by quadrature: for two cells of equal size over their ratio, for other designs over the share of
one cell beside others of known variance, which is the limit of many cells and of very unequal sizes.
"""


def banerjee_level(sizes: Sequence[int], level: float, either_side: bool) -> float | None:
    """Return the level of the Banerjee interval that Welch's must not be narrower than; None where there is none.

    Args:
        sizes: runs in each cell used.
        level: two-sided level of Welch's interval.
        either_side: both ends may decide, each in a region of its own: then the errors of both sides add up, and
            the interval is Banerjee's at the same level, which is proven to be wrong in at most 1 − level of cases on
            both sides together. Else one side can be wrong, and the level is that of an interval wrong in 1 − level
            of cases on one side.
    """
    if len(sizes) < 2:
        return None
    if either_side:
        return level
    equal = len(sizes) == 2 and sizes[0] == sizes[1]
    keeps = [two if equal else other for runs, two, other in WELCH_KEEPS if runs <= min(sizes)][-1]
    return None if 1 - level >= keeps else max(2 * level - 1, 0.0)
