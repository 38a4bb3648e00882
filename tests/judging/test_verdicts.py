"""From synthetic runs to verdicts: regions, joint statements, looks, and independence of what does not matter."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.support.helpers import BASE, TRAIN_IMAGES, World, changed, spec_of
from tests.support.losses import (
    DEEP_MINUS_SHALLOW,
    GRADIENT,
    NUMBER,
    SPREAD,
    around,
    compute,
    ends,
    expect,
    gradients,
    losses,
    number,
    part,
)

# --- regions


@pytest.mark.parametrize(
    ("gap", "scale", "result"),
    [
        # The interval is gap ± 2.306 · √(2 · 0.5) · scale (df 8, both cells alike), against ≥ 1 and ≤ 0.
        (1.24, 0.1, "supported"),
        (1.22, 0.1, "inconclusive"),
        (0.5, 0.1, "inconclusive"),
        (-0.22, 0.1, "inconclusive"),
        (-0.24, 0.1, "refuted"),
        (9.0, 9.0, "inconclusive"),
    ],
)
def test_the_whole_interval_decides(world: World, gap: float, scale: float, result: str) -> None:
    assert stats.t.ppf(0.975, 8) == pytest.approx(2.306, abs=0.001)
    world.write(BASE)
    losses(world, {"plain/deep": around(5 + gap, scale), "plain/shallow": around(5, scale)})
    verdict = world.judge()
    assert verdict.result == result
    assert verdict.status == "complete"
    assert verdict.capped


def test_without_a_refuting_region_the_complement_refutes(world: World) -> None:
    world.write(changed(BASE, expect__gap__refuted=None))
    losses(world, {"plain/deep": around(5.5), "plain/shallow": around(5.0)})
    assert world.judge().result == "refuted"


@pytest.mark.parametrize(
    ("mean", "result"),
    [(0.0, "supported"), (0.95, "inconclusive"), (1.5, "inconclusive"), (2.2, "refuted"), (-2.2, "refuted")],
)
def test_no_difference_needs_a_margin(world: World, mean: float, result: str) -> None:
    item = expect(at_least=None, within=[-1.0, 1.0], refuted={"outside": [-2.0, 2.0]})
    world.write(changed(BASE, expect__gap=item))
    losses(world, {"plain/deep": around(5 + mean, 0.05), "plain/shallow": around(5, 0.05)})
    assert world.judge().result == result


def test_ties_are_as_wide_as_the_resolution(world: World) -> None:
    item = expect(metric="err", at_least=0.01, refuted=None)
    world.write(changed(BASE, metrics__err={"kind": "final", "of": "train_error"}, expect__gap=item))
    world.fill(lambda cell, seed: {"train_error": 0.112 if cell.address == "plain/deep" else 0.1})
    step = 1 / TRAIN_IMAGES
    # Half a step at each of the two cells, and the spread of values that are even over a step, with the degrees
    # of freedom of one cell: ties tell nothing about their own spread.
    reach = step + stats.t.ppf(0.975, 4) * math.sqrt(2 * step**2 / 12 / 5)
    verdict = world.expectation("gap")
    assert ends(part(verdict).interval) == pytest.approx((0.012 - reach, 0.012 + reach))
    assert verdict.result == "supported"
    assert 0.012 - reach < 0.0107


def test_a_ratio_with_a_zero_is_inconclusive(world: World) -> None:
    item = expect(
        kind="ratio",
        weights=None,
        arms=["residual", "plain"],
        levels={"depth": "deep"},
        at_least=2.0,
        refuted=None,
    )
    world.write(changed(BASE, expect__gap=item))
    losses(world, {"residual/deep": [9.0] * 5, "plain/deep": [1.0, 1.0, 1.0, 1.0, 0.0]})
    verdict = world.expectation("gap")
    assert (verdict.result, verdict.status) == ("inconclusive", "complete")


# --- joint statements


EACH = expect(kind="value", weights=None, arm="plain", each=["depth"], at_least=1.0, refuted={"at_most": 0.0})


def interval_at(values: Sequence[float], level: float) -> tuple[float, float]:
    found = stats.ttest_1samp(values, 0).confidence_interval(level)
    return found.low, found.high


def test_a_joint_statement_holds_when_every_part_holds_at_its_full_level(world: World) -> None:
    world.write(changed(BASE, expect__gap=EACH))
    values = around(1.21)
    low, _ = interval_at(values, 0.95)
    assert low > 1 > interval_at(values, 0.975)[0], "a stricter level would not hold"
    losses(world, {"plain/deep": values, "plain/shallow": values})
    verdict = world.expectation("gap")
    assert verdict.result == "supported"
    assert [p.estimand.label for p in verdict.parts] == ["shallow", "deep"]
    losses_again = around(1.18)
    world.write(changed(BASE, expect__gap=EACH, experiment__recipe__lr=0.01))
    losses(world, {"plain/deep": values, "plain/shallow": losses_again})
    assert world.expectation("gap").result == "inconclusive"


@pytest.mark.parametrize(("other", "mean", "result"), [
    # Clear of the bar by its 80% interval: the part left is judged at nine tenths of 5%.
    (9.0, -0.20, "inconclusive"),
    (9.0, -0.21, "refuted"),
    # At the bar: both share nine tenths.
    (0.02, -0.21, "inconclusive"),
    (0.02, -0.25, "inconclusive"),
    (0.02, -0.26, "refuted"),
])  # fmt: skip
def test_parts_that_are_clear_take_no_share_of_the_level(
    world: World, other: float, mean: float, result: str
) -> None:
    values, beside = around(mean), around(other)
    assert interval_at(values, 0.95)[1] < 0, "by itself it would be refuted either way"
    clear = interval_at(beside, 0.8)[0] > 0
    level = 1 - 0.9 * 0.05 / (1 if clear else 2)
    assert (interval_at(values, level)[1] < 0) == (result == "refuted")
    world.write(changed(BASE, expect__gap=EACH))
    losses(world, {"plain/deep": values, "plain/shallow": beside})
    verdict = world.expectation("gap")
    assert verdict.result == result
    assert verdict.parts[1].result == result
    assert [p.clear for p in verdict.parts] == [clear, False]
    assert (verdict.parts[0].refutation is None) == clear
    assert ends(part(verdict, 1).refutation) == pytest.approx(interval_at(values, level))
    assert ends(part(verdict, 1).interval) == pytest.approx(interval_at(values, 0.95)), "what is shown is 95%"


@pytest.mark.parametrize(("mean", "result"), [(-0.25, "inconclusive"), (-0.26, "refuted")])
def test_deciding_expectations_share_the_level_as_parts_do(world: World, mean: float, result: str) -> None:
    one = changed(EACH, each=None, levels={"depth": "deep"})
    two = changed(EACH, each=None, levels={"depth": "shallow"})
    assert (interval_at(around(mean), 1 - 0.9 * 0.05 / 2)[1] < 0) == (result == "refuted")
    for role, expected in (("decides", result), ("context", "refuted")):
        world.write(changed(BASE, expect={"one": one, "two": changed(two, role=role)}))
        losses(world, {"plain/deep": around(mean), "plain/shallow": around(0.02)})
        verdict = world.judge()
        assert verdict.result == expected
        assert {e.id: e.result for e in verdict.expectations} == {"one": expected, "two": "inconclusive"}


def test_neighbours_in_an_ordering_refute_at_the_whole_of_banerjees_bound(world: World) -> None:
    world.write(changed(BASE, arms__bare=BARE, expect__gap=ORDER))
    losses(world, {"residual/deep": around(1.0), "plain/deep": around(2.0), "bare/deep": around(2.02)})
    step = world.expectation("gap").parts[1]
    assert step.how is not None
    assert step.how.opposed
    # The other step is clear, so that this one has nine tenths of 5%; t of one cell's 4 degrees of freedom.
    reach = stats.t.ppf(1 - 0.9 * 0.05 / 2, 4) * math.sqrt(2 * 0.1**2 * 2.5 / 5)
    assert ends(step.refutation) == pytest.approx((0.02 - reach, 0.02 + reach))


def test_exact_expectations_take_no_share_of_the_level(world: World) -> None:
    one = changed(EACH, each=None, levels={"depth": "deep"})
    size = {"kind": "exact", "title": "t", "metric": "p", "arm": "plain", "levels": {"depth": "deep"}}
    exact = {**size, "at_least": 1, "role": "decides", "why": "w"}
    metrics = {**BASE["metrics"], "p": {"kind": "static", "probe": "parameters", "unit": "count"}}
    world.write(changed(BASE, metrics=metrics, expect={"one": one, "size": exact}))
    losses(world, {"plain/deep": around(-0.21)})
    found = part(world.expectation("one")).refutation
    assert found is not None
    assert found.level == pytest.approx(0.95)
    assert world.expectation("one").result == "refuted"


def test_parts_that_are_awaited_keep_their_share(world: World) -> None:
    world.write(changed(BASE, expect__gap=EACH))
    for need in world.requirements().needs:
        if need.cell.address == "plain/deep":
            world.put(need.spec, train_loss=around(-0.25)[need.spec.seed])
    found = world.expectation("gap").parts[1]
    assert found.refutation is not None
    assert found.refutation.level == pytest.approx(1 - 0.9 * 0.05 / 2)
    assert found.result == "inconclusive"


def test_context_never_decides(world: World) -> None:
    context = changed(EACH, each=None, levels={"depth": "deep"}, role="context")
    world.write(changed(BASE, expect__c=context))
    losses(world, {"plain/deep": around(-9.0), "plain/shallow": around(-19.0)})
    verdict = world.judge()
    assert verdict.result == "supported"
    assert {e.id: e.result for e in verdict.expectations} == {"gap": "supported", "c": "refuted"}


ORDER = expect(
    kind="ordering",
    weights=None,
    arms=["residual", "plain", "bare"],
    levels={"depth": "deep"},
    at_least=0.0,
    refuted=None,
)
BARE = {"model": "cifar-plain", "norm": "none"}


@pytest.mark.parametrize(
    ("means", "results", "joint"),
    [
        ((1.0, 2.0, 3.0), ("supported", "supported"), "supported"),
        ((1.0, 2.0, 2.0), ("supported", "inconclusive"), "inconclusive"),
        ((2.0, 1.0, 3.0), ("refuted", "supported"), "refuted"),
        ((1.0, 1.0, 0.0), ("inconclusive", "refuted"), "refuted"),
    ],
)
def test_an_ordering_is_every_step_of_it(
    world: World, means: tuple[float, ...], results: tuple[str, ...], joint: str
) -> None:
    world.write(changed(BASE, arms__bare=BARE, expect__gap=ORDER))
    losses(
        world, {f"{arm}/deep": around(m) for arm, m in zip(("residual", "plain", "bare"), means, strict=True)}
    )
    verdict = world.expectation("gap")
    assert tuple(p.result for p in verdict.parts) == results
    assert [p.estimand.label for p in verdict.parts] == ["plain − residual", "bare − plain"]
    assert verdict.result == joint


def test_one_refuted_part_is_enough_while_others_are_to_come(world: World) -> None:
    world.write(changed(BASE, expect__gap=EACH))
    for need in world.requirements().needs:
        if need.cell.address == "plain/deep":
            world.put(need.spec, train_loss=around(-9.0)[need.spec.seed])
    verdict = world.expectation("gap")
    assert [p.result for p in verdict.parts] == [None, "refuted"]
    assert (verdict.result, verdict.status) == ("refuted", "pending")


def test_parts_with_a_skipped_cell_are_left_out(world: World) -> None:
    item = expect(kind="difference", weights=None, arms=["plain", "residual"], each=["depth"], at_least=0.5)
    data = changed(BASE, expect__gap=item, experiment__skip=["plain/shallow"])
    world.write(data)
    losses(world, {"plain/deep": around(3.0), "residual/deep": around(1.0)})
    verdict = world.expectation("gap")
    assert [p.estimand.label for p in verdict.parts] == ["deep"]
    assert verdict.result == "supported"
    world.write(changed(data, experiment__skip=["plain/shallow", "residual/deep"]))
    nothing = world.judge()
    assert (nothing.result, nothing.expectations[0].note) == (
        None,
        "this scale skips a cell of every comparison",
    )


# --- looks


@pytest.mark.parametrize(("mean", "result"), [(1.27, "inconclusive"), (1.31, "supported")])
def test_looks_share_the_level_in_proportion_to_their_seeds(world: World, mean: float, result: str) -> None:
    level = 1 - 0.05 * 5 / 15
    values = around(mean)
    assert interval_at(values, 1 - 0.05 / 2)[0] > 1
    assert (interval_at(values, level)[0] > 1) == (result == "supported")
    item = changed(EACH, each=None, levels={"depth": "deep"})
    world.write(changed(BASE, expect__gap=item, experiment__seeds={"looks": [5, 10]}))
    losses(world, {"plain/deep": values})
    verdict = world.expectation("gap")
    assert verdict.result == result
    found = part(verdict).interval
    assert ends(found) == pytest.approx(interval_at(values, level))
    assert found is not None
    assert found.level == pytest.approx(level)


def test_nothing_is_judged_below_the_first_look(world: World) -> None:
    world.write(changed(BASE, expect__gap__refuted=None))
    for deep in (99.0, -99.0):
        world.write(changed(BASE, expect__gap__refuted=None, experiment__recipe__lr=0.1 + deep / 1000))
        losses(world, {"plain/deep": around(deep), "plain/shallow": around(5.0)}, seeds=4)
        verdict = world.expectation("gap", seeds=4)
        assert verdict.result == "inconclusive"
        assert "nothing is judged on fewer than 5 seeds" in (part(verdict).note or "")


# --- independence of what does not matter


def filled(folder: Path, order: list[int]) -> World:
    """Return a world with a claim's twenty runs and their readings, put in this order."""
    world = World(folder)
    world.write(changed(BASE, metrics__g=GRADIENT, expect__g=expect(metric="g", each=["at"], role="context")))
    needs = list(world.requirements().needs)
    for index in order:
        need = needs[index]
        world.put(need.spec, train_loss=DEEP_MINUS_SHALLOW.get(need.cell.address, SPREAD)[need.spec.seed])
        world.read_all(need, gradients)
    return world


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> World:
    return filled(tmp_path_factory.mktemp("world"), list(range(20)))


@settings(max_examples=10)
@given(st.randoms(), st.integers(0, 3))
def test_neither_the_order_of_runs_nor_unrelated_ones_change_anything(
    tmp_path_factory: pytest.TempPathFactory, in_order: World, shuffle: random.Random, strangers: int
) -> None:
    order = list(range(20))
    shuffle.shuffle(order)
    other = filled(tmp_path_factory.mktemp("world"), order)
    for seed in range(strangers):
        other.put(spec_of(seed=seed), train_loss=1e9)
        other.store.put_failure(spec_of(seed=seed + 100).key, "t", "r")
    assert in_order.judge().expectations == other.judge().expectations
    assert in_order.frame().equals(other.frame())


def test_the_table_of_metrics_is_tidy(world: World) -> None:
    data = changed(BASE, metrics__g=GRADIENT, metrics__n=NUMBER, expect__n=number(each=["depth"], levels={}))
    world.write(data)
    empty = world.frame()
    assert len(empty) == 0
    losses(world, DEEP_MINUS_SHALLOW)
    for need in world.requirements().needs:
        world.read_all(need, gradients)
    compute(world, 269_722)
    frame = world.frame()
    assert list(frame.columns) == list(empty.columns)
    # 4 cells × 5 seeds × (one loss, two moments), and the two numbers that are asked for.
    assert len(frame) == 4 * 5 * 3 + 2
    row = frame[(frame["cell"] == "plain/deep") & (frame["seed"] == 4) & (frame["metric"] == "loss")].iloc[0]
    assert row.to_dict() == {
        "claim": "p/c",
        "scale": "smoke",
        "cell": "plain/deep",
        "arm": "plain",
        "factors": "depth=deep",
        "seed": 4,
        "run": next(
            n.spec.key
            for n in world.requirements().needs
            if n.cell.address == "plain/deep" and n.spec.seed == 4
        ),
        "metric": "loss",
        "moment": "last",
        "value": DEEP_MINUS_SHALLOW["plain/deep"][4],
        "resolution": 0.0,
        "censored": False,
        "diverged": False,
    }
    assert (frame["censored"].dtype, frame["diverged"].dtype) == (bool, bool)
    exact = frame[frame["metric"] == "n"]
    assert set(exact["scale"]) == {"exact"}
    assert set(exact["seed"]) == {-1}
