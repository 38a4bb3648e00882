"""What two regions share, and where a region ends; whether a number lies in one is in test_stats_verdicts.py."""

from __future__ import annotations

import pytest

from repro.stats import Region


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        (Region.at_least(1), Region.at_most(2), True),
        (Region.at_least(1), Region.at_most(1), False),  # a point
        (Region.within(0, 1), Region.outside(-1, 0.5), True),
        (Region.within(0, 1), Region.outside(-1, 2), False),
        (Region.within(0, 1), Region.within(0, 1).complement(), False),
    ],
)
def test_two_regions_overlap_where_they_share_more_than_a_point(
    one: Region, other: Region, share: bool
) -> None:
    assert one.overlaps(other) is share
    assert other.overlaps(one) is share


def test_the_ends_of_a_region_are_the_finite_ones() -> None:
    assert Region.at_least(1).ends == Region.at_most(1).complement().ends == (1,)
    assert Region.within(-1, 2).ends == Region.outside(-1, 2).ends == (-1, 2)
