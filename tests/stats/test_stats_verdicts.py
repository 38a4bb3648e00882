"""Regions, the rule, joint statements and levels."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from repro.stats import (
    Interval,
    Piece,
    Region,
    Sample,
    clear_of,
    contrast,
    joint,
    judge,
    look_shares,
    opposed,
    refutation_shares,
)
from repro.stats.rule import banerjee_level

INF = math.inf
ends = st.floats(-10, 10).map(lambda x: round(x, 1))
open_ends = st.one_of(ends, st.sampled_from((-INF, INF)))


def between(low, high):
    return Interval((low + high) / 2, low, high, 0.95, 4.0)


@st.composite
def regions(draw):
    kind = draw(st.sampled_from(("at_least", "at_most", "within", "outside")))
    if kind in ("at_least", "at_most"):
        region = getattr(Region, kind)(draw(ends))
    else:
        low, high = sorted((draw(ends), draw(ends)))
        region = getattr(Region, kind)(low, high if kind == "within" else high + 1)
    return region.complement() if draw(st.booleans()) else region


@st.composite
def intervals(draw):
    low, high = sorted((draw(open_ends), draw(open_ends)))
    return between(low, high)


@pytest.mark.parametrize(
    ("region", "inside", "not_inside"),
    [
        (Region.at_least(2), [(2, 3), (2, INF), (5, 5)], [(1.9, 3), (-INF, 1), (-INF, INF)]),
        (Region.at_most(2), [(1, 2), (-INF, 2)], [(1, 2.1), (2.5, INF)]),
        (Region.within(-1, 1), [(-1, 1), (0, 0)], [(-1.1, 0), (0, INF), (-INF, 0)]),
        (Region.outside(-1, 1), [(1, 2), (-3, -1), (1, INF)], [(-2, 2), (-0.9, 3), (0, 0)]),
        (Region.at_least(2).complement(), [(1, 1.9), (-INF, 0)], [(1, 2), (2, 2)]),
        (Region.within(-1, 1).complement(), [(1.1, 2), (-INF, -1.5)], [(1, 2), (-2, 2)]),
        (Region.outside(-1, 1).complement(), [(-0.9, 0.9)], [(-1, 0), (0.5, 1)]),
    ],
)
def test_regions_contain_whole_intervals(region, inside, not_inside):
    assert all(region.contains(between(*pair)) for pair in inside)
    assert not any(region.contains(between(*pair)) for pair in not_inside)


def test_pieces_of_a_complement():
    assert Region.at_least(2).complement().pieces == (Piece(-INF, 2, True, False),)
    assert Region.within(0, 1).complement().pieces == (
        Piece(-INF, 0, True, False),
        Piece(1, INF, False, True),
    )
    assert Region.outside(0, 1).complement().pieces == (Piece(0, 1, False, False),)


def test_exact_numbers():
    region = Region.within(1.65, 1.75)
    assert region.admits(1.65)
    assert region.admits(1.7)
    assert not region.admits(1.76)
    assert not region.admits(math.nan)


@pytest.mark.parametrize("bad", [math.nan, INF, -INF])
def test_bars_are_finite(bad):
    for build in (
        Region.at_least,
        Region.at_most,
        lambda x: Region.within(x, 1),
        lambda x: Region.outside(0, x),
    ):
        with pytest.raises(ValueError, match="finite and in order"):
            build(bad)
    with pytest.raises(ValueError, match="in order"):
        Region.within(1, 0)
    with pytest.raises(ValueError, match="leaves nothing out"):
        Region.outside(1, 1)


@given(regions(), st.one_of(ends, open_ends))
def test_a_number_lies_in_a_region_or_in_its_complement(region, number):
    if math.isfinite(number):
        assert region.admits(number) != region.complement().admits(number)
    assert region.complement().complement() == region


@given(regions(), intervals())
def test_an_interval_is_never_in_a_region_and_in_its_complement(region, interval):
    assert not (region.contains(interval) and region.complement().contains(interval))


@given(intervals(), intervals(), regions(), regions())
def test_swapping_the_regions_swaps_the_verdict(one, other, supports, refutes):
    swapped = {"supported": "refuted", "refuted": "supported", "inconclusive": "inconclusive"}
    assert judge(other, one, refutes, supports) == swapped[judge(one, other, supports, refutes)]


@given(intervals(), regions())
def test_nothing_is_decided_by_what_is_not_known(interval, region):
    unknown = Interval(interval.estimate, -INF, INF, 0.95, math.nan)
    nan = Interval(math.nan, math.nan, math.nan, 0.95, math.nan)
    for interval in (unknown, nan):
        assert judge(interval, interval, region, region.complement()) == "inconclusive"


def test_regions_that_overlap_decide_nothing_between_them():
    assert judge(between(1, 2), between(1, 2), Region.at_least(0), Region.at_most(3)) == "inconclusive"


def test_a_bound_decides_on_its_own_side_only():
    slow = Sample((60.0, 60.0, 60.0), (True, True, True))
    fast = Sample((10.0, 11.0, 12.0))
    ratio = contrast([slow, fast], (1, -1), level=0.95, log=True)
    twice = Region.at_least(2)
    assert judge(ratio, ratio, twice, twice.complement()) == "supported"
    assert judge(ratio, ratio, Region.at_least(20), Region.at_most(15)) == "inconclusive"
    assert judge(ratio, ratio, Region.within(2, 9), Region.outside(1, 10)) == "inconclusive"


def test_the_two_levels_may_part():
    wide, narrow = between(0.9, 5), between(1.1, 4)
    assert judge(narrow, wide, Region.at_least(1), Region.at_most(0)) == "supported"
    assert judge(wide, narrow, Region.at_most(0), Region.at_least(1)) == "refuted"
    assert judge(narrow, wide, Region.at_most(0), Region.at_least(1)) == "inconclusive"


def test_joint():
    assert joint(["supported", "supported"]) == "supported"
    assert joint(["supported", "inconclusive"]) == "inconclusive"
    assert joint(["supported", "inconclusive", "refuted"]) == "refuted"
    assert joint([]) == "inconclusive"


@given(st.permutations(["supported", "supported", "refuted", "inconclusive"]), st.integers(1, 4))
def test_the_order_of_parts_changes_nothing(parts, count):
    assert joint(parts[:count]) == joint(sorted(parts[:count]))


def test_looks_share_in_proportion_to_their_runs():
    assert look_shares(0.05, [5]) == (0.05,)
    assert look_shares(0.05, [3, 5, 10]) == pytest.approx((0.05 / 6, 0.05 * 5 / 18, 0.05 * 5 / 9))
    for bad in ([], [0, 3]):
        with pytest.raises(ValueError, match="at least 1 run"):
            look_shares(0.05, bad)
    with pytest.raises(ValueError, match="between 0 and 1"):
        look_shares(5, [3])


def test_clear_comparisons_drop_out_and_the_rest_share_nine_tenths():
    assert refutation_shares(0.05, [[False]]) == [[0.05]], "alone it needs no screen"
    assert refutation_shares(0.05, [[False], [False]]) == [[pytest.approx(0.0225)]] * 2
    assert refutation_shares(0.05, [[False], [True, True]]) == [[pytest.approx(0.045)], [None, None]]
    assert refutation_shares(0.05, [[False], [True, False, False]]) == [
        [pytest.approx(0.0225)],
        [None, pytest.approx(0.01125), pytest.approx(0.01125)],
    ]
    assert refutation_shares(0.05, [[True], [True]]) == [[None], [None]]


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=5), min_size=1, max_size=4))
def test_shares_add_up_to_no_more_than_there_is(statements):
    shares = refutation_shares(0.05, statements)
    total = math.fsum(own for parts in shares for own in parts if own is not None)
    assert total <= 0.05 + 1e-12
    # A comparison that is found clear later on takes nothing away from the others.
    fewer = [[True, *parts[1:]] for parts in statements]
    for ours, theirs in zip(shares, refutation_shares(0.05, fewer), strict=True):
        assert all(a is None or b is None or b >= a for a, b in zip(ours, theirs, strict=True))


def test_a_comparison_is_clear_where_its_screen_lies_outside_what_refutes():
    assert clear_of(Region.at_most(0), between(0.1, 2))
    assert not clear_of(Region.at_most(0), between(0, 2))
    assert clear_of(Region.outside(-2, 2), between(-1, 1.9))
    assert not clear_of(Region.outside(-2, 2), between(-1, 2))
    assert judge(between(0, 1), None, Region.at_least(2), Region.at_most(3)) == "inconclusive"


def wrong(shares, sizes, reach):
    """Return how often one side of an interval is wrong, over 10^5 draws of the cells' variances."""
    rng = np.random.default_rng(3)
    shares = np.array(shares) / np.sum(shares)
    df = np.array(sizes) - 1
    parts = shares[:, None] * rng.chisquare(df[:, None], (len(sizes), 100_000)) / df[:, None]
    return stats.norm.sf(reach(parts, df)).mean()


@pytest.mark.parametrize(
    ("sizes", "shares", "keeps"),
    [
        # Where Welch's interval alone is worst (by quadrature), just inside the levels that it is trusted at.
        ((3, 3), (1, 0.05), 0.007),
        ((5, 5), (1, 0.05), 0.002),
        ((3, 3, 3, 3), (1, 0.05, 0.05, 0.05), 0.035),
        ((5, 5, 5, 5), (1, 0.05, 0.05, 0.05), 0.010),
        ((3, 200), (1, 0.2), 0.035),
        ((4, 200), (1, 0.2), 0.017),
        ((10, 200), (1, 0.2), 0.001),
    ],
)
def test_welch_alone_is_trusted_only_where_it_keeps_its_promise(sizes, shares, keeps):
    def welch(parts, df):
        total = parts.sum(0)
        return stats.t.isf(keeps / 2, total**2 / (parts**2 / df[:, None]).sum(0)) * np.sqrt(total)

    assert banerjee_level(sizes, 1 - keeps, False) is None
    assert keeps / 2 < wrong(shares, sizes, welch) < keeps
    assert banerjee_level(sizes, 1 - 0.9 * keeps, False) == pytest.approx(1 - 1.8 * keeps)


def test_comparisons_that_take_the_same_runs_with_opposite_signs_are_opposed():
    low, middle, high = (("low", "e"), ("middle", "e"), ("high", "e"))
    assert opposed([{middle: 1.0, low: -1.0}, {high: 1.0, middle: -1.0}]) == [True, True], "an ordering"
    assert opposed([{middle: 1.0, low: -1.0}, {high: 1.0, low: -1.0}]) == [False, False], "one reference arm"
    assert opposed([{low: 1.0}, {middle: 1.0}]) == [False, False], "nothing shared"
    assert opposed([{low: 1.0}, {("low", "other"): 1.0}, {high: 1.0}]) == [True, True, False], (
        "two measurements"
    )
    assert opposed([{low: math.nan}, {low: 1.0, high: -1.0}]) == [True, True], "refuted on either side"
    assert opposed([{low: 1.0}]) == [False]


def test_both_ends_of_a_two_ended_region_need_the_whole_bound():
    assert banerjee_level((3,), 0.95, True) is None, "Student's t is exact"
    assert banerjee_level((20, 20), 0.95, True) == 0.95
    cells = [Sample((1.0, 2.0, 3.0)), Sample((5.0, 5.5, 6.0))]
    either = contrast(cells, (1, -1), level=0.95, either_side=True)
    # t with 2 degrees of freedom on the standard error √(1/3 + 0.25/3).
    assert either.high - either.estimate == pytest.approx(4.30265 * math.sqrt(1.25 / 3), rel=1e-5)
