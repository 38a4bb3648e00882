"""Metrics and expectations beyond an error at the end: computed by hand from runs that nobody trained."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from repro.claims import Cell, Metric
from repro.experiment.measures import Measurement, from_history
from repro.experiment.reductions import averaged_gain, from_rows
from repro.experiment.requirements import requirements
from repro.experiment.variants import variants
from repro.judging.frame import collect
from repro.judging.verdicts import judge_claim
from tests.support.helpers import (
    BASE,
    TEST_IMAGES,
    TRAIN_IMAGES,
    World,
    changed,
    layer_rows,
    run_record,
    spec_of,
)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def metric(**keys: Any) -> Metric:
    return Metric.model_validate(keys)


# --- a gap, an iteration, a warm-up


def test_a_gap_is_of_one_evaluation_and_has_the_steps_of_both_errors() -> None:
    run = run_record(spec_of(), test_error=[0.9, 0.35, 0.30], train_error=[0.9, 0.05, 0.10])
    gap = metric(kind="final", of="test_error", minus="train_error")
    measured = from_history(gap, run)
    assert measured.value == pytest.approx(0.2)
    assert measured.resolution == pytest.approx(1 / TEST_IMAGES + 1 / TRAIN_IMAGES)
    # A diverged run's errors are chance, both; that they do not differ is no finding.
    assert math.isnan(from_history(gap, run_record(spec_of(), outcome="diverged")).value)


def test_training_errors_of_a_sample_are_as_coarse_as_it() -> None:
    run = run_record(spec_of(train_error_images=250), train_error=0.2)
    assert from_history(metric(kind="final", of="train_error"), run) == Measurement(0.2, 1 / 250)


@pytest.mark.parametrize(("step", "value"), [(1, 0.9), (14, 0.6), (16, 0.4), (20, 0.4), (4_000, 0.1)])
def test_the_evaluation_nearest_to_an_iteration(step: int, value: float) -> None:
    # Evaluations after 0, 10, 20 and 30 steps.
    run = run_record(spec_of(), train_error=[0.9, 0.6, 0.4, 0.1])
    assert from_history(metric(kind="at_step", of="train_error", step=step), run).value == value


def test_a_run_that_diverged_later_was_what_it_was_before() -> None:
    run = run_record(spec_of(), outcome="diverged", train_error=[0.9, 0.6, 0.4, 0.1])
    early, late = (from_history(metric(kind="at_step", of="train_error", step=s), run) for s in (10, 30))
    assert (early.value, early.diverged) == (0.6, False)
    assert (late.value, late.diverged) == (0.9, True)


def test_iterations_of_warm_up() -> None:
    spec = spec_of(warmup_lr=0.01, warmup_until_train_error=0.8)
    over = run_record(spec, warmup_steps=[0, 10, 14, 14])
    # 1,000 images in batches of 64: a tenth of an epoch is two steps.
    assert from_history(metric(kind="warm_up"), over) == Measurement(14.0, 2.0)
    going_on = run_record(spec, warmup_steps=[0, 10, 20, 30])
    assert from_history(metric(kind="warm_up"), going_on) == Measurement(30.0, 2.0, censored=True)
    assert math.isnan(from_history(metric(kind="warm_up"), run_record(spec)).value), "an older run"


# --- a change since another moment


def test_a_change_is_of_what_was_reduced() -> None:
    change = metric(kind="probe", probe="p", at=["last"], since="init", reduce="median", transform="log10")
    assert from_rows(change, layer_rows(1, 30, 900), layer_rows(1, 3, 9)).value == pytest.approx(1.0)


def test_a_change_needs_both_readings(world: World) -> None:
    data = changed(
        BASE,
        metrics={
            "loss": {
                "kind": "probe",
                "probe": "response_std",
                "at": ["last"],
                "since": "init",
                "options": {"statistics": "batch"},
            }
        },
        expect__gap__at_least=0.5,
    )
    world.write(data)

    def rows(cell: Cell, seed: int, moment: str) -> list[dict[str, Any]]:
        grown = 2.0 if cell.address == "plain/deep" else 1.0
        return layer_rows(0.5 + 0.01 * seed + (grown if moment == "last" else 0.0))

    world.fill(lambda cell, seed: {}, rows)
    needed = {r.moment for need in world.requirements().needs for r in need.readings.values()}
    assert needed == {"init", "last"}
    assert {
        r.options["statistics"] for need in world.requirements().needs for r in need.readings.values()
    } == {"batch"}
    found = world.expectation("gap").parts[0]
    assert found.interval is not None
    assert found.interval.estimate == pytest.approx(1.0)
    item = world.requirements()
    key = next(r.key for r in item.measured["plain/deep"][0].readings.values() if r.moment == "init")
    (world.store.root / "readings" / f"{key}.json").unlink()
    fresh = World(world.root.parent)
    assert fresh.judge().status == "pending"


# --- another arm's result as target


def catching_up(**more: Any) -> dict[str, Any]:
    return changed(
        BASE,
        factors=None,
        metrics={"loss": {"kind": "first_reach", "of": "train_error", "at_most_of": "plain"}},
        expect={
            "gap": {
                "kind": "ratio",
                "title": "The residual net is where the plain one ends in half the time",
                "metric": "loss",
                "arms": ["plain", "residual"],
                "at_least": 1.5,
                "paired": True,
                "role": "decides",
                "why": "A reason.",
                **more,
            }
        },
    )


def test_a_target_is_what_the_same_seed_of_the_other_arm_ends_with(world: World) -> None:
    world.write(catching_up())
    curves = {
        # The plain net reaches its own last error at epoch 4; the residual one crosses it earlier, as computed here.
        ("plain", 0): ([0.9, 0.7, 0.5, 0.4, 0.30], 4.0),
        ("residual", 0): ([0.9, 0.5, 0.3, 0.2, 0.10], 2.0),
        ("plain", 1): ([0.9, 0.8, 0.7, 0.6, 0.50], 4.0),
        ("residual", 1): ([0.9, 0.6, 0.4, 0.2, 0.10], 1.5),
    }
    default = {"plain": curves["plain", 0], "residual": curves["residual", 0]}
    world.fill(lambda cell, seed: {"train_error": curves.get((cell.arm, seed), default[cell.arm])[0]})
    frame = world.frame()
    for (arm, seed), (_, epochs) in curves.items():
        row = frame[(frame["arm"] == arm) & (frame["seed"] == seed)].iloc[0]
        assert row["value"] == pytest.approx(epochs)
    found = world.expectation("gap").parts[0].interval
    assert found is not None
    assert found.estimate == pytest.approx(4 / (2**4 * 1.5) ** (1 / 5))
    world.write(catching_up(paired=False))
    assert "paired" in world.problems()[0].where


def test_a_target_that_is_not_there_yet_is_waited_for(world: World) -> None:
    item = catching_up()["expect"]["gap"]
    for key in ("arms", "paired"):
        item.pop(key)
    world.write(changed(catching_up(), expect={"gap": {**item, "kind": "value", "arm": "residual"}}))
    for need in world.requirements().needs:
        if need.cell.arm == "residual":
            world.put(need.spec, train_error=[0.9, 0.1])
    verdict = world.expectation("gap")
    assert (verdict.status, verdict.result) == ("pending", None)
    assert "5 runs" in (verdict.parts[0].note or "")


# --- an ordering along the levels of a factor


@pytest.mark.parametrize(("deep", "result"), [(1.0, "supported"), (3.0, "refuted"), (2.0, "inconclusive")])
def test_an_ordering_along_levels(world: World, deep: float, result: str) -> None:
    ordering = {
        "kind": "ordering",
        "title": "Deeper is better",
        "metric": "loss",
        "arm": "residual",
        "over": "depth",
        "along": ["deep", "shallow"],
        "at_least": 0.0,
        "role": "decides",
        "why": "A reason.",
    }
    world.write(changed(BASE, expect={"gap": ordering}))
    means = {"residual/deep": deep, "residual/shallow": 2.0}
    world.fill(lambda cell, seed: {"train_loss": means.get(cell.address, 9.0) + 0.1 * (seed - 2)})
    (found,) = world.expectation("gap").parts
    assert found.estimand.weights == {"residual/shallow": 1.0, "residual/deep": -1.0}
    assert found.result == result


def test_rows_of_exactly_0_count_something_unless_they_tell_their_resolution() -> None:
    probe = metric(kind="probe", probe="p", at=["last"])
    assert from_rows(probe, [{"value": 0.0}]).resolution == 1.0
    assert from_rows(probe, [{"value": 0.0, "resolution": 1e-16}]).resolution == 1e-16
    assert from_rows(probe, [{"value": 0.25}]).resolution == 0.0


# --- averaged outputs


def outputs(*chosen: int, sure: float = 0.8) -> list[dict[str, Any]]:
    """A net that says these classes of three, of images of the classes 0, 1, 2, 0."""
    rows = []
    for said, label in zip(chosen, (0, 1, 2, 0), strict=True):
        p = {f"p{c}": sure if c == said else (1 - sure) / 2 for c in range(3)}
        rows.append({"label": label, **p, "value": p[f"p{label}"]})
    return rows


def test_averaging_by_hand() -> None:
    # Each net errs on one image of four, another one each time: together they err nowhere.
    nets = [outputs(1, 1, 2, 0), outputs(0, 2, 2, 0), outputs(0, 1, 0, 0)]
    assert averaged_gain(nets) == Measurement(0.25, 1 / 4)
    # One that is sure of its error outvotes two that are not.
    loud = [outputs(1, 1, 2, 0, sure=0.99), outputs(0, 1, 2, 0, sure=0.4), outputs(0, 1, 2, 0, sure=0.4)]
    assert averaged_gain(loud).value == pytest.approx(1 / 12 - 1 / 4)


def test_a_value_for_each_group_of_seeds(world: World) -> None:
    data = changed(
        BASE,
        factors=None,
        arms={"plain": {"model": "cifar-plain", "depth": 8}},
        experiment__seeds={"looks": [7]},
        metrics={"loss": {"kind": "ensemble", "members": 3, "at": ["last"]}},
        expect__gap={
            "kind": "value",
            "title": "Averaging helps",
            "metric": "loss",
            "arm": "plain",
            "at_least": 0.1,
            "refuted": {"at_most": 0.0},
            "role": "decides",
            "why": "A reason.",
        },
    )
    world.write(data)
    nets = [outputs(1, 1, 2, 0), outputs(0, 2, 2, 0), outputs(0, 1, 0, 0)]
    world.fill(lambda cell, seed: {}, lambda cell, seed, moment: nets[seed % 3])
    frame = world.frame()
    assert list(frame["seed"]) == [0, 3], "seed 6 has no group of its own"
    assert list(frame["value"]) == [0.25, 0.25]
    found = world.expectation("gap").parts[0]
    # Of seven seeds there are two groups: a reading that is wanting counts, one seed over does not.
    assert (found.n, found.note) == (2, None)
    world.write(changed(data, experiment__seeds={"looks": [5]}))
    assert [p.where.split(": ")[1] for p in world.problems()] == ["experiment.seeds.looks"]


# --- what nobody can measure here


def awaited() -> dict[str, Any]:
    return {
        **{key: BASE[key] for key in ("title", "statement", "source")},
        "cannot_decide": {"smoke": "Nothing on digits stands for detection."},
        "arms": {"vgg": {}, "resnet": {}},
        "metrics": {
            "map": {"kind": "awaited", "title": "mAP, COCO", "needs": "COCO and a detector.", "unit": "share"}
        },
        "expect": {
            "better": {
                "kind": "difference",
                "title": "The residual backbone is better",
                "metric": "map",
                "arms": ["resnet", "vgg"],
                "within": [0.05, 0.07],
                "reported": "6.0 pp",
                "role": "decides",
                "why": "As printed, and a point either side.",
            }
        },
    }


def test_what_is_awaited_is_declared_in_full_and_pending(world: World) -> None:
    world.write(awaited())
    assert world.problems() == []
    verdict = world.judge("paper")
    assert (verdict.status, verdict.result) == ("pending", None)
    assert verdict.expectations[0].parts[0].note == "COCO and a detector."
    assert world.plan("paper").jobs == ()
    (claim,) = world.report("paper").papers[0].claims
    assert claim.bring == ["COCO and a detector."]
    assert claim.verdict.word == "pending"
    (smoke,) = world.report("smoke").papers[0].claims
    assert "nothing on digits stands for detection" in smoke.verdict.sentence
    assert smoke.bring == []


def test_a_scale_that_decides_is_not_said_to_decide_nothing(world: World) -> None:
    world.write(changed(BASE, cannot_decide={"smoke": "Too small.", "tiny": "No such scale."}))
    found = {problem.where.split(": ")[1] for problem in world.problems()}
    assert found == {"cannot_decide.smoke", "cannot_decide"}
    context = {**BASE["expect"]["gap"], "role": "context"}
    later = {**BASE["expect"]["gap"], "from_scale": "reduced"}
    world.write(changed(BASE, cannot_decide={"smoke": "Too small."}, expect={"gap": later, "near": context}))
    assert world.problems() == []
    assert "too small" in (world.expectation("gap").note or "")


# --- controls of probes, subsets of data


def test_a_control_may_read_another_thing_from_the_same_runs(world: World) -> None:
    probe = {"kind": "probe", "probe": "response_std", "at": ["last"]}
    other = {**probe, "options": {"statistics": "batch"}}
    control = {"other": {"title": "Other statistics", "metrics": {"loss": other}, "why": "A reason."}}
    world.write(changed(BASE, metrics={"loss": probe}, control=control))
    assert world.problems() == []
    (variant,) = variants(world.claim(), "smoke")
    own = requirements(variant.claim, "smoke", world.store)
    theirs = world.requirements()
    assert {need.spec.key for need in own.needs} < {need.spec.key for need in theirs.needs}
    assert {r.options.get("statistics") for need in own.needs for r in need.readings.values()} == {"batch"}
    static = {"kind": "static", "probe": "parameters"}
    world.write(changed(BASE, control={"other": {**control["other"], "metrics": {"loss": static}}}))
    assert "replace like by like" in str(world.problems()[0].hint)


def test_a_subset_is_another_run_and_the_ledger_says_so(world: World) -> None:
    subset = {"subset_of": "digits", "train_images": 300}
    world.write(changed(BASE, scale={"smoke": {"experiment": {"dataset": subset}}}))
    assert world.problems() == []
    specs = [need.spec for need in world.requirements().needs]
    assert {spec.dataset.train_images for spec in specs} == {300}
    assert not {spec.key for spec in specs} & {need.spec.key for need in world.requirements("paper").needs}
    (claim,) = world.report().papers[0].claims
    row = next(row for row in claim.deviations if row.what == "dataset")
    assert (row.paper, row.ours) == ("digits", "digits, 300 training images")


@pytest.mark.parametrize(
    ("subset", "said"),
    [
        ({"subset_of": "digits"}, "how many images"),
        ({"subset_of": "digits", "train_images": 1_401}, "1,400 training images"),
        ({"subset_of": "digits", "npz": "x.npz", "train_images": 3}, "one of npz, folder and subset_of"),
        ({"subset_of": "digits", "train_images": 3, "test_fraction": 0.1}, "beside the claim file"),
        ({"subset_of": "didgits", "train_images": 3}, "digits"),
    ],
)
def test_subsets_that_are_none(world: World, subset: dict[str, Any], said: str) -> None:
    world.write(changed(BASE, experiment__dataset=subset))
    problems = world.problems()
    assert any(said in f"{problem.what} {problem.hint}" for problem in problems), problems


# --- what the vocabulary refuses


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"kind": "first_reach", "of": "train_error"}, "`at_most`, `at_least` and `at_most_of`"),
        (
            {"kind": "first_reach", "of": "train_error", "at_most": 0.1, "at_most_of": "plain"},
            "`at_most`, `at_least` and `at_most_of`",
        ),
        ({"kind": "first_reach", "of": "train_error", "at_most_of": "plane"}, "plain"),
        ({"kind": "final", "of": "test_error", "minus": "train_loss"}, "of one kind"),
        ({"kind": "at_step", "of": "test_error"}, "needs `step`"),
        ({"kind": "final", "of": "test_error", "step": 3}, "makes no use of `step`"),
        ({"kind": "probe", "probe": "response_std", "at": ["init"], "since": "init"}, "nothing changes"),
        (
            {"kind": "probe", "probe": "response_std", "at": ["last"], "options": {"statistic": 1}},
            "statistics",
        ),
        ({"kind": "probe", "probe": "block_left_out", "at": ["last"], "layers": "conv"}, "no such option"),
        ({"kind": "awaited", "title": "mAP"}, "needs `needs`"),
    ],
)
def test_metrics_that_make_no_sense(world: World, keys: dict[str, Any], said: str) -> None:
    world.write(changed(BASE, metrics={"loss": keys}))
    problems = world.problems()
    assert any(said in f"{problem.what} {problem.hint}" for problem in problems), problems


def test_orderings_that_make_no_sense(world: World) -> None:
    item = {
        **{key: BASE["expect"]["gap"][key] for key in ("title", "metric", "role", "why")},
        "kind": "ordering",
        "at_least": 0.0,
    }
    for keys, said in (
        ({"arm": "plain", "over": "depth"}, "needs `along`"),
        ({"arm": "plain", "over": "depth", "along": ["deep"]}, "at least two levels"),
        (
            {"arm": "plain", "over": "depth", "along": ["deep", "shallow"], "arms": ["plain", "residual"]},
            "not both",
        ),
        ({"arm": "plain", "over": "depth", "along": ["deep", "sallow"]}, "shallow"),
    ):
        world.write(changed(BASE, expect={"gap": {**item, **keys}}))
        problems = world.problems()
        assert any(said in f"{problem.what} {problem.hint}" for problem in problems), (keys, problems)


def test_a_decay_that_is_tuned_is_set_nowhere_else(world: World) -> None:
    tuned = changed(
        BASE,
        tune={"lr": [0.1, 0.2], "weight_decay": [0.0, 1e-3], "by": "loss"},
        arms__plain={"model": "cifar-plain", "weight_decay": 0.1},
    )
    world.write(tuned)
    assert [p.where.split(": ")[1] for p in world.problems()] == ["arms.plain.weight_decay"]
    world.write(changed(tuned, arms__plain={"model": "cifar-plain"}))
    while world.plan().jobs:
        for need in world.requirements().needs:
            if world.store.run(need.spec.key) is None:
                off = abs(math.log(need.spec.recipe.lr / 0.2)) + need.spec.recipe.weight_decay
                world.put(need.spec, train_loss=1 + off)
    item = world.requirements()
    measured = {(n.spec.recipe.lr, n.spec.recipe.weight_decay) for n in item.needs if n.purpose == "measure"}
    assert measured == {(0.2, 0.0)}
    (claim,) = world.report().papers[0].claims
    assert claim.tuning[0].chosen_decay == 0.0
    assert len(claim.tuning[0].decays) == len(claim.tuning[0].rates) == 6


def test_the_interval_of_a_gap_is_students(world: World) -> None:
    gap = {"kind": "final", "of": "test_error", "minus": "train_error"}
    value = {
        **{key: BASE["expect"]["gap"][key] for key in ("title", "metric", "role", "why")},
        "kind": "value",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "at_least": 0.05,
        "refuted": {"at_most": 0.0},
    }
    world.write(changed(BASE, metrics={"loss": gap}, expect={"gap": value}))
    gaps = [0.1, 0.2, 0.15, 0.12, 0.18]
    world.fill(lambda cell, seed: {"test_error": 0.4, "train_error": 0.4 - gaps[seed]})
    item = world.requirements()
    found = judge_claim(item, collect([item], world.store)).expectations[0].parts[0]
    oracle = stats.ttest_1samp(np.array(gaps), 0).confidence_interval(0.95)
    assert found.interval is not None
    # As wide as the evidence and half a step of each error on either side, at most.
    steps = 1 / TEST_IMAGES + 1 / TRAIN_IMAGES
    assert oracle.low - steps <= found.interval.low <= oracle.low
    assert oracle.high <= found.interval.high <= oracle.high + steps
