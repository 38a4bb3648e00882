"""Intervals of one comparison, against scipy.stats or by hand."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from tests.support.helpers import BASE, World, changed
from tests.support.losses import DEEP_MINUS_SHALLOW, around, ends, expect, losses, part


def test_a_difference_of_cells_has_welchs_interval(world: World) -> None:
    world.write(BASE)
    losses(world, DEEP_MINUS_SHALLOW)
    oracle = stats.ttest_ind(
        DEEP_MINUS_SHALLOW["plain/deep"], DEEP_MINUS_SHALLOW["plain/shallow"], equal_var=False
    ).confidence_interval(0.95)
    found = part(world.expectation("gap"))
    assert ends(found.interval) == pytest.approx((oracle.low, oracle.high))
    assert found.interval is not None
    assert found.interval.estimate == pytest.approx(1.5)
    assert (found.n, found.result, found.note) == (5, "supported", None)


def test_a_value_has_students_interval(world: World) -> None:
    item = expect(
        kind="value",
        weights=None,
        refuted=None,
        arm="plain",
        levels={"depth": "deep"},
        within=[2, 4],
        at_least=None,
    )
    world.write(changed(BASE, expect__gap=item))
    values = around(3.0, 0.2)
    losses(world, {"plain/deep": values})
    oracle = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    verdict = world.expectation("gap")
    assert ends(part(verdict).interval) == pytest.approx((oracle.low, oracle.high))
    assert verdict.result == "supported"


def test_a_ratio_is_of_geometric_means(world: World) -> None:
    item = expect(
        kind="ratio",
        weights=None,
        arms=["residual", "plain"],
        each=["depth"],
        at_least=2.0,
        refuted={"at_most": 1.5},
    )
    world.write(changed(BASE, expect__gap=item))
    slow, fast = [2.0, 3.0, 4.0, 3.0, 2.5], [1.0, 1.1, 0.9, 1.2, 0.8]
    losses(
        world,
        {f"{arm}/{d}": v for arm, v in (("residual", slow), ("plain", fast)) for d in ("deep", "shallow")},
    )
    logs = [[math.log(v) for v in values] for values in (slow, fast)]
    oracle = stats.ttest_ind(*logs, equal_var=False).confidence_interval(0.95)
    found = part(world.expectation("gap"))
    assert ends(found.interval) == pytest.approx((math.exp(oracle.low), math.exp(oracle.high)))
    assert found.interval is not None
    assert found.interval.estimate == pytest.approx(stats.gmean(slow) / stats.gmean(fast))


def test_a_gap_of_gaps_has_a_satterthwaite_interval(world: World) -> None:
    cells = {
        "plain/deep": around(5.0, 0.3),
        "plain/shallow": around(2.0, 0.1),
        "residual/deep": around(1.0, 0.05),
        "residual/shallow": around(1.5, 0.2),
    }
    weights = {"plain/deep": 1, "plain/shallow": -1, "residual/deep": -1, "residual/shallow": 1}
    world.write(changed(BASE, expect__gap__weights=weights))
    losses(world, cells)
    # Each cell's variance is 2.5 scale², its mean's is half a scale².
    parts = [0.5 * scale**2 for scale in (0.3, 0.1, 0.05, 0.2)]
    df = sum(parts) ** 2 / sum(p**2 / 4 for p in parts)
    reach = stats.t.ppf(0.975, df) * math.sqrt(sum(parts))
    verdict = world.expectation("gap")
    assert ends(part(verdict).interval) == pytest.approx((3.5 - reach, 3.5 + reach))
    assert verdict.result == "supported"


def test_a_slope_is_the_least_squares_line_through_the_means(world: World) -> None:
    item = expect(kind="slope", weights=None, arm="plain", over="depth", at_least=0.1)
    world.write(changed(BASE, factors__depth={"a": 8, "b": 14, "c": 32}, expect__gap=item))
    means = {"a": 1.0, "b": 4.0, "c": 6.0}
    losses(world, {f"plain/{level}": around(mean, 0.01) for level, mean in means.items()})
    found = part(world.expectation("gap"))
    assert found.interval is not None
    assert found.interval.estimate == pytest.approx(stats.linregress([8, 14, 32], list(means.values())).slope)
    assert found.result == "supported"


def test_pairing_by_seed_is_used_where_it_is_declared(world: World) -> None:
    # Seeds differ a lot, the difference hardly: paired it is sharp, unpaired it is lost.
    deep, shallow = [3.0, 13.0, 23.0, 33.0, 43.1], [1.0, 11.0, 21.1, 31.0, 41.0]
    for paired, result in ((True, "supported"), (False, "inconclusive")):
        world.write(changed(BASE, expect__gap__paired=paired))
        losses(world, {"plain/deep": deep, "plain/shallow": shallow})
        verdict = world.expectation("gap")
        assert verdict.result == result
        test = stats.ttest_rel(deep, shallow) if paired else stats.ttest_ind(deep, shallow, equal_var=False)
        oracle = test.confidence_interval(0.95)
        assert ends(part(verdict).interval) == pytest.approx((oracle.low, oracle.high))
