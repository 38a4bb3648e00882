"""What is missing, diverged, censored or undefined never counts against a claim."""

from __future__ import annotations

import math
from typing import Any

import pytest

from repro.claims import Cell
from repro.judging.verdicts import PartVerdict
from tests.support.helpers import BASE, World, changed, layer_rows
from tests.support.losses import DEEP_MINUS_SHALLOW, GRADIENT, SPREAD, expect, gradients, losses, part

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
        for reading in need.readings.values():
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
