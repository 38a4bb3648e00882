"""From synthetic runs to verdicts, against intervals computed by scipy.stats or by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from repro.claims import Cell
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.stats import Interval
from tests.support.helpers import BASE, TRAIN_IMAGES, World, changed, layer_rows, spec_of

GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "at": ["init", "last"]}
SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)


def around(mean: float, scale: float = 0.1) -> list[float]:
    """Five values around a mean, with sd √2.5 · scale."""
    return [mean + scale * step for step in SPREAD]


def losses(world: World, cells: Mapping[str, Sequence[float]], **more: Any) -> None:
    """Put runs that end with these losses, one a seed; a cell that is not named gets ones."""
    world.fill(lambda cell, seed: {"train_loss": [9.0, [*cells.get(cell.address, [1.0] * 99)][seed]]}, **more)


def expect(**changes: Any) -> dict[str, Any]:
    """Return the base claim's one expectation, changed."""
    return changed(BASE["expect"]["gap"], **changes)


def part(verdict: ExpectationVerdict, index: int = 0) -> PartVerdict:
    return verdict.parts[index]


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


DEEP_MINUS_SHALLOW = {"plain/deep": around(3.0, 0.2), "plain/shallow": around(1.5, 0.1)}


# --- one comparison, by scipy


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
    (0.02, -0.26, "inconclusive"),
    (0.02, -0.27, "refuted"),
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


@pytest.mark.parametrize(("mean", "result"), [(-0.26, "inconclusive"), (-0.27, "refuted")])
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


def test_exact_expectations_take_no_share_of_the_level(world: World) -> None:
    one = changed(EACH, each=None, levels={"depth": "deep"})
    size = {"kind": "exact", "title": "t", "metric": "p", "arm": "plain", "levels": {"depth": "deep"}}
    exact = {**size, "at_least": 1, "role": "decides", "why": "w"}
    metrics = {**BASE["metrics"], "p": {"kind": "static", "probe": "parameters", "unit": "count"}}
    world.write(changed(BASE, metrics=metrics, expect={"one": one, "size": exact}))
    losses(world, {"plain/deep": around(-0.21)})
    assert world.expectation("one").parts[0].refutation.level == pytest.approx(0.95)
    assert world.expectation("one").result == "refuted"


def test_parts_that_are_awaited_keep_their_share(world: World) -> None:
    world.write(changed(BASE, expect__gap=EACH))
    for need in world.requirements().needs:
        if need.cell.address == "plain/deep":
            world.put(need.spec, train_loss=around(-0.26)[need.spec.seed])
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


# --- what is missing never counts against a claim


def test_runs_that_are_not_there_make_a_claim_pending(world: World) -> None:
    world.write(BASE)
    assert (world.judge().result, world.judge().status) == (None, "pending")
    losses(world, DEEP_MINUS_SHALLOW)
    assert world.judge().result == "supported"
    need = next(n for n in world.requirements().needs if n.cell.address == "plain/deep")
    (world.store.root / "runs" / need.spec.key / "run.json").write_text("", encoding="utf-8")
    verdict = world.judge()
    assert (verdict.result, verdict.status) == (None, "pending")
    assert part(verdict.expectations[0]).note == "1 run or reading is not there yet"
    # Nor do four of five seeds that all refute.
    world.write(changed(BASE, expect__gap__at_least=99.0, expect__gap__refuted={"at_most": 98.0}))
    assert world.judge().result is None


def test_runs_that_failed_make_a_claim_failed_with_the_reason(world: World) -> None:
    world.write(BASE)
    losses(world, DEEP_MINUS_SHALLOW)
    for need in world.requirements().needs:
        if need.cell.address == "plain/deep" and need.spec.seed < 2:
            (world.store.root / "runs" / need.spec.key / "run.json").unlink()
            world.store.put_failure(need.spec.key, "t", "out of memory\nsecond line")
    verdict = world.judge()
    assert (verdict.result, verdict.status) == (None, "failed")
    assert part(verdict.expectations[0]).note == "2 runs or readings failed: out of memory"


def test_a_cell_that_no_deciding_expectation_needs_may_be_missing(world: World) -> None:
    world.write(BASE)
    for need in world.requirements().needs:
        if need.cell.arm == "plain":
            world.put(need.spec, train_loss=DEEP_MINUS_SHALLOW[need.cell.address][need.spec.seed])
    assert world.judge().result == "supported"


def gradients(cell: Cell, seed: int, moment: str) -> list[dict[str, Any]]:
    return layer_rows((4.0 if cell.levels["depth"] == "deep" else 1.0) + SPREAD[seed] / 10)


def test_a_reading_that_is_not_there_yet_is_pending_and_not_a_verdict(world: World) -> None:
    item = expect(metric="g", at="last", refuted=None)
    world.write(changed(BASE, metrics__g=GRADIENT, expect__gap=item))
    losses(world, {})
    assert (world.judge().result, world.judge().status) == (None, "pending")
    for need in world.requirements().needs:
        world.read_all(need, gradients)
    assert world.judge().result == "supported"


def test_a_failed_reading_matters_to_its_own_metric_and_moment_only(world: World) -> None:
    metrics = {"loss": BASE["metrics"]["loss"], "g": GRADIENT, "r": changed(GRADIENT, probe="response_std")}
    context = {
        name: expect(metric=metric, at=at, role="context", refuted=None)
        for name, metric, at in (("init", "g", "init"), ("last", "g", "last"), ("other", "r", "last"))
    }
    world.write(changed(BASE, metrics=metrics, expect={**context, "gap": BASE["expect"]["gap"]}))
    losses(world, DEEP_MINUS_SHALLOW)
    for need in world.requirements().needs:
        for reading in need.readings:
            if (reading.probe, reading.moment) == ("weight_gradient_norm", "last"):
                world.store.put_failure(reading.key, "t", "no such layer")
            else:
                world.read(reading, gradients(need.cell, need.spec.seed, ""))
    verdict = world.judge()
    assert {e.id: e.status for e in verdict.expectations} == {
        "init": "complete",
        "last": "failed",
        "other": "complete",
        "gap": "complete",
    }
    assert verdict.result == "supported"
    assert verdict.status == "complete"


# --- divergence, censoring, undefined values


def diverging(world: World, arm: str, lost: int, **changes: Any) -> PartVerdict:
    """Judge train errors of 0.88 to 0.92 against 0.1 to 0.14, the first `lost` runs of one arm diverged."""
    item = expect(metric="err", **changes)
    world.write(changed(BASE, metrics__err={"kind": "final", "of": "train_error"}, expect__gap=item))

    def run(cell: Cell, seed: int) -> dict[str, Any]:
        error = (0.88 if cell.address == "plain/deep" else 0.1) + (4 - seed) / 100
        diverged = {"outcome": "diverged"} if cell.address == arm and seed < lost else {}
        return {**diverged, "train_error": error}

    world.fill(run)
    return part(world.expectation("gap"))


def test_a_diverged_run_is_as_bad_as_the_worst_finished_one_or_worse(world: World) -> None:
    found = diverging(world, "plain/deep", 2, at_least=0.2, refuted=None)
    sample = found.samples["plain/deep"]
    assert sample.values == pytest.approx((0.90, 0.90, 0.90, 0.89, 0.88))
    assert sample.censored == (True, True, False, False, False)
    assert found.note == "2 diverged runs count as no better than the worst finished run of the same kind"


@pytest.mark.parametrize(
    ("arm", "bars", "result"),
    [
        # The worse arm diverges: the difference is at least what it was, and a claim of that holds.
        ("plain/deep", {"at_least": 0.2, "refuted": None}, "supported"),
        ("plain/deep", {"at_least": None, "at_most": 0.2, "refuted": None}, "refuted"),
        ("plain/deep", {"at_least": None, "at_most": 0.95, "refuted": None}, "inconclusive"),
        # The better arm diverges: how much better it is cannot be told.
        ("plain/shallow", {"at_least": 0.2, "refuted": None}, "inconclusive"),
        ("plain/shallow", {"at_least": None, "at_most": 0.95, "refuted": None}, "supported"),
    ],
)
def test_divergence_opens_the_interval_on_its_own_side(
    world: World, arm: str, bars: dict[str, Any], result: str
) -> None:
    found = diverging(world, arm, 1, **bars)
    assert found.result == result
    assert found.interval is not None
    assert found.interval.bound == ("from_below" if arm == "plain/deep" else "from_above")


def test_where_all_runs_diverge_their_error_is_chance_or_worse(world: World) -> None:
    found = diverging(world, "plain/deep", 5, at_least=0.2, refuted=None)
    assert found.samples["plain/deep"].values == (0.9,) * 5
    assert found.result == "supported"
    assert found.interval is not None
    assert found.interval.high == math.inf


RATIO = expect(
    kind="ratio",
    weights=None,
    arms=["residual", "plain"],
    levels={"depth": "deep"},
    metric="epochs",
    at_least=2.0,
    refuted={"at_most": 1.5},
)
REACH = {"kind": "first_reach", "of": "train_error", "at_most": 0.25}
"""The budget of the base claim is 100 · 64 / 1000 = 6.4 epochs."""


def reached(epoch: float) -> dict[str, Any]:
    """Return a run that is at the target after `epoch`, between evaluations a thousandth apart."""
    return {"train_error": [0.9, 0.26, 0.24], "epoch": [0.0, epoch - 0.0005, epoch + 0.0005]}


NEVER = {"train_error": [0.9, 0.5]}


@pytest.mark.parametrize(
    ("slow", "fast", "item", "bound", "result"),
    [
        # At least 6.4 against about 1: far above 2, however long it would have gone on.
        ("never", 1.0, {}, "from_below", "supported"),
        # At least 6.4 against about 4: may be anything above 1.6.
        ("never", 4.0, {}, "from_below", "inconclusive"),
        # A bound from below never refutes, and never supports an upper bar.
        ("never", 6.0, {"refuted": None}, "from_below", "inconclusive"),
        (
            "never",
            1.0,
            {"at_least": None, "within": [4.0, 9.0], "refuted": {"at_most": 2.0}},
            "from_below",
            "inconclusive",
        ),
        # Censored below the line: about 1 against at least 6.4.
        (1.0, "never", {}, "from_above", "refuted"),
        (6.0, "never", {}, "from_above", "refuted"),
        (1.0, "never", {"at_least": None, "at_most": 2.0, "refuted": None}, "from_above", "supported"),
        ("never", "never", {}, "both", "inconclusive"),
    ],
)
def test_a_censored_time_is_a_bound_and_decides_on_its_own_side_only(
    world: World, slow: Any, fast: Any, item: dict[str, Any], bound: str, result: str
) -> None:
    world.write(changed(BASE, metrics__epochs=REACH, expect__gap=changed(RATIO, **item)))
    times = {"residual/deep": slow, "plain/deep": fast}

    def run(cell: Cell, seed: int) -> dict[str, Any]:
        time = times.get(cell.address, 1.0)
        return NEVER if time == "never" else reached(time * (1 + SPREAD[seed] / 100))

    world.fill(run)
    found = part(world.expectation("gap"))
    assert found.interval is not None
    assert (found.interval.bound, found.result) == (bound, result)


def test_values_that_are_no_numbers_are_inconclusive(world: World) -> None:
    item = expect(metric="g", at="last", refuted=None)
    world.write(
        changed(
            BASE,
            metrics__g=changed(GRADIENT, reduce="first_stage_over_last_stage", transform="log10"),
            expect__gap=item,
        )
    )
    losses(world, {})
    for need in world.requirements().needs:
        dead = need.cell.address == "plain/deep" and need.spec.seed == 3
        world.read_all(need, lambda *_, dead=dead: layer_rows(0.0, 0.0) if dead else layer_rows(1.0, 1.0))
    verdict = world.expectation("gap")
    assert (verdict.result, part(verdict).interval) == ("inconclusive", None)
    assert "not defined" in (part(verdict).note or "")


@pytest.mark.parametrize(("gone", "result"), [(0, "supported"), (1, "inconclusive"), (5, "inconclusive")])
def test_nothing_is_decided_on_the_runs_that_lasted(world: World, gone: int, result: str) -> None:
    item = expect(metric="g", at="last", refuted=None)
    looks = {"looks": [3, 5]}
    world.write(changed(BASE, metrics__g=GRADIENT, expect__gap=item, experiment__seeds=looks))
    ended = {"outcome": "diverged", "kept": ("init",)}
    world.fill(
        lambda cell, seed: ended if cell.address == "plain/deep" and seed < gone else {}, gradients, seeds=5
    )
    found = part(world.expectation("gap", seeds=5))
    assert (found.n, found.result) == (5 - gone, result)
    assert (f"only {5 - gone} of 5 runs lasted" in (found.note or "")) == (gone > 0)


@pytest.mark.parametrize(("best", "result"), [(2.0, "supported"), (0.001, "inconclusive")])
def test_an_open_tuning_is_inconclusive(world: World, best: float, result: str) -> None:
    world.write(changed(BASE, tune={"lr": [1.0, 2.0, 4.0], "by": "loss"}))
    while world.plan().jobs:
        for need in world.requirements().needs:
            if world.store.run(need.spec.key) is None:
                if need.purpose == "tune":
                    world.put(need.spec, train_loss=abs(math.log(need.spec.recipe.lr / best)))
                else:
                    world.put(
                        need.spec,
                        train_loss=DEEP_MINUS_SHALLOW.get(need.cell.address, SPREAD)[need.spec.seed],
                    )
    verdict = world.expectation("gap")
    assert verdict.result == result
    open_ = "tuning open: the best learning rate of plain/deep lies on the edge of its grid"
    assert (open_ in (part(verdict).note or "")) == (result == "inconclusive")
    assert part(verdict).interval is not None, "what was measured is shown"


def test_a_claim_whose_tuning_is_not_done_is_pending(world: World) -> None:
    world.write(changed(BASE, tune={"lr": [1.0, 2.0, 4.0], "by": "loss"}))
    for need in world.requirements().needs[:-1]:
        world.put(need.spec, train_loss=1.0)
    assert (world.judge().result, world.judge().status) == (None, "pending")


# --- scales and exact claims

NUMBER = {"kind": "static", "probe": "parameters", "unit": "count"}


def number(**changes: Any) -> dict[str, Any]:
    item = {
        "kind": "exact",
        "title": "Parameters",
        "metric": "n",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "within": [265_000, 275_000],
        "role": "decides",
        "why": "w",
    }
    return changed(item, **changes)


def compute(world: World, value: float, scale: str = "smoke") -> None:
    for need in world.requirements(scale).exact:
        world.read(need.reading, [{"value": value}])


@pytest.mark.parametrize(
    ("value", "result"),
    [
        (269_722, "supported"),
        (265_000, "supported"),
        (275_000, "supported"),
        (264_999, "refuted"),
        (math.nan, "inconclusive"),
    ],
)
@pytest.mark.parametrize("scale", ["exact", "smoke", "reduced", "paper"])
def test_exact_expectations_are_judged_at_every_scale_and_not_capped(
    world: World, scale: str, value: float, result: str
) -> None:
    world.write(changed(BASE, metrics={"n": NUMBER}, expect={"n": number()}))
    assert (world.judge(scale).result, world.judge(scale).status) == (None, "pending")
    compute(world, value, scale)
    verdict = world.judge(scale)
    assert (verdict.result, verdict.status, verdict.capped) == (result, "complete", False)


def test_a_failed_computation_is_a_failure(world: World) -> None:
    world.write(changed(BASE, metrics={"n": NUMBER}, expect={"n": number()}))
    for need in world.requirements().exact:
        world.store.put_failure(need.reading.key, "t", "no such net")
    verdict = world.judge()
    assert (verdict.result, verdict.status) == (None, "failed")
    assert part(verdict.expectations[0]).note == "no such net"


def test_what_needs_training_is_not_supported_by_what_does_not(world: World) -> None:
    world.write(changed(BASE, metrics__n=NUMBER, expect__n=number()))
    compute(world, 269_722)
    verdict = world.judge("exact")
    assert verdict.result is None, "the deciding comparison of nets has not been made"
    assert {e.id: (e.result, e.note) for e in verdict.expectations} == {
        "gap": (None, "judged from the smoke scale on"),
        "n": ("supported", None),
    }
    undeclared = world.judge("reduced")
    assert undeclared.result is None
    assert undeclared.expectations[0].note == "the claim does not declare the reduced scale"


def test_a_wrong_number_refutes_at_every_scale_whatever_the_nets_do(world: World) -> None:
    world.write(changed(BASE, metrics__n=NUMBER, expect__n=number()))
    compute(world, 1)
    for scale in ("exact", "smoke"):
        verdict = world.judge(scale)
        assert (verdict.result, verdict.capped) == ("refuted", False)
    losses(world, {"plain/deep": around(1.0), "plain/shallow": around(9.0)})
    verdict = world.judge()
    assert [e.result for e in verdict.expectations] == ["refuted", "refuted"]
    assert (verdict.result, verdict.capped) == ("refuted", False), "the nets add nothing to it"


def test_trained_nets_are_capped_below_the_papers_scale(world: World) -> None:
    world.write(changed(BASE, scale__reduced={"experiment": {"recipe": {"steps": 50}}}))
    for scale, capped in (("smoke", True), ("reduced", True), ("paper", False)):
        losses(world, DEEP_MINUS_SHALLOW, scale=scale)
        verdict = world.judge(scale)
        assert (verdict.result, verdict.capped) == ("supported", capped)
    world.write(changed(BASE, metrics__n=NUMBER, expect__n=number()))
    compute(world, 269_722)
    assert (world.judge().result, world.judge().capped) == ("supported", True), "one net is enough to cap"


def test_numbers_of_the_papers_own_protocol_wait_for_it(world: World) -> None:
    own = expect(from_scale="reduced", at_least=99.0, refuted=None)
    data = changed(BASE, expect__own=own, scale__reduced={"experiment": {"recipe": {"steps": 50}}})
    world.write(data)
    for scale in ("smoke", "reduced", "paper"):
        losses(world, DEEP_MINUS_SHALLOW, scale=scale)
    smoke = world.judge()
    item = smoke.expectations[1]
    assert (item.result, item.note, item.own_scale) == (None, "judged from the reduced scale on", "reduced")
    assert smoke.result == "supported"
    assert world.judge("reduced").result == "refuted"
    assert world.judge("paper").result == "refuted"


def test_a_claim_without_its_paper_scale_part_is_capped_even_where_all_else_is_exact(world: World) -> None:
    own = expect(from_scale="paper")
    world.write(changed(BASE, metrics__n=NUMBER, expect={"n": number(), "own": own}))
    compute(world, 269_722)
    verdict = world.judge()
    assert (verdict.result, verdict.capped) == ("supported", True)


# --- independence of what does not matter


@settings(max_examples=10)
@given(st.randoms(), st.integers(0, 3))
def test_neither_the_order_of_runs_nor_unrelated_ones_change_anything(
    tmp_path_factory: pytest.TempPathFactory, shuffle: random.Random, strangers: int
) -> None:
    data = changed(BASE, metrics__g=GRADIENT, expect__g=expect(metric="g", each=["at"], role="context"))

    def filled(jobs: list[int] | None) -> World:
        folder: Path = tmp_path_factory.mktemp("world")
        world = World(folder)
        world.write(data)
        needs = list(world.requirements().needs)
        order = jobs if jobs is not None else list(range(len(needs)))
        for index in order:
            need = needs[index]
            world.put(need.spec, train_loss=DEEP_MINUS_SHALLOW.get(need.cell.address, SPREAD)[need.spec.seed])
            world.read_all(need, gradients)
        return world

    plain = filled(None)
    order = list(range(20))
    shuffle.shuffle(order)
    other = filled(order)
    for seed in range(strangers):
        other.put(spec_of(seed=seed), train_loss=1e9)
        other.store.put_failure(spec_of(seed=seed + 100).key, "t", "r")
    assert plain.judge().expectations == other.judge().expectations
    assert plain.frame().equals(other.frame())


def test_the_table_of_metrics_is_tidy(world: World) -> None:
    data = changed(BASE, metrics__g=GRADIENT, metrics__n=NUMBER)
    world.write(data)
    empty = world.frame()
    assert len(empty) == 0
    losses(world, DEEP_MINUS_SHALLOW)
    for need in world.requirements().needs:
        world.read_all(need, gradients)
    compute(world, 269_722)
    frame = world.frame()
    assert list(frame.columns) == list(empty.columns)
    # 4 cells × 5 seeds × (one loss, two moments), and the number of each cell.
    assert len(frame) == 4 * 5 * 3 + 4
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
