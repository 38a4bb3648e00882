"""Controls and sensitivities: a claim changed on purpose, judged by its own criteria."""

from __future__ import annotations

from typing import Any

from repro.experiment.request import Request
from repro.experiment.requirements import Requirements, requirements
from repro.experiment.variants import CONTROL_SEED, Variant, variants
from repro.judging.judgement import judge_claims
from repro.judging.looks import judge
from repro.planning.schedule import Schedule
from repro.report.build.report import build_report
from repro.report.model import ClaimReport
from tests.support.helpers import BASE, World, changed

DIFFERENCE = changed(
    BASE,
    expect__gap=None,
    expect__worse={
        "kind": "difference",
        "title": "Plain nets have the higher loss",
        "metric": "loss",
        "arms": ["plain", "residual"],
        "levels": {"depth": "deep"},
        "at_least": 1.0,
        "refuted": {"at_most": 0.5},
        "role": "decides",
        "why": "A reason.",
    },
    expect__aside={
        "kind": "value",
        "title": "The shallow plain net's loss",
        "metric": "loss",
        "arm": "plain",
        "levels": {"depth": "shallow"},
        "at_least": 0.0,
        "role": "context",
        "why": "A reason.",
    },
    control={
        "both-plain": {"title": "Both are plain", "arms": {"residual": {"model": "cifar-plain"}}, "why": "w"}
    },
    sensitivity={
        "rate": {
            "title": "Is it the rate?",
            "why": "w",
            "expect": ["worse"],
            "points": [
                {"label": "as-declared"},
                {"label": "lr-0.01", "experiment": {"recipe": {"lr": 0.01}}},
                {"label": "own-rate", "tune": {"lr": [0.01, 0.1, 1.0], "by": "loss"}},
            ],
        }
    },
)


def of(world: World, kind: str, label: str = "") -> tuple[Variant, Requirements]:
    variant = next(v for v in variants(world.claim(), "smoke") if (v.kind, v.label) == (kind, label))
    return variant, requirements(variant.claim, "smoke", world.store)


def by_model(loss: dict[str, float]) -> Any:
    """Return (cell, seed) → a run whose loss depends on the model that was really trained."""
    return lambda model, seed: {"train_loss": loss[model] + 0.01 * (seed % 3)}


def fill(world: World, required: Requirements, loss: dict[str, float]) -> None:
    for need in required.needs:
        if world.store.run(need.spec.key) is None:
            world.put(need.spec, **by_model(loss)(need.spec.model.name, need.spec.seed))


def test_a_control_replaces_the_arm_whole_on_seeds_of_its_own_and_keeps_the_criteria(world: World) -> None:
    world.write(DIFFERENCE)
    _, item = of(world, "control")
    # Only what decides, only its cells: the shallow nets and the context expectation are left out.
    assert {need.cell.address for need in item.needs} == {"plain/deep", "residual/deep"}
    assert {need.spec.model.name for need in item.needs} == {"cifar-plain"}
    assert {need.spec.model.options.get("shortcut") for need in item.needs} == {None}
    seeds = {
        arm: sorted(n.spec.seed for n in item.needs if n.cell.arm == arm) for arm in ("plain", "residual")
    }
    assert seeds == {"plain": [0, 1, 2, 3, 4], "residual": list(range(CONTROL_SEED, CONTROL_SEED + 5))}
    assert item.file.expect == {"worse": world.claim().at["smoke"].expect["worse"]}


def test_the_sabotaged_claim_is_refuted_where_the_true_one_is_supported(world: World) -> None:
    world.write(DIFFERENCE)
    loss = {"cifar-plain": 3.0, "cifar-resnet": 1.0}
    fill(world, world.requirements(), loss)
    _, item = of(world, "control")
    fill(world, item, loss)
    assert judge(world.requirements(), world.store).result == "supported"
    assert judge(item, world.store).result == "refuted"
    control = report(world).controls[0]
    assert control.passed is True
    assert control.text == "Caught: the same criteria refute it."


def test_criteria_that_support_sabotage_are_told_off(world: World) -> None:
    world.write(changed(DIFFERENCE, expect__worse__at_least=-9.0, expect__worse__refuted={"at_most": -10.0}))
    loss = {"cifar-plain": 3.0, "cifar-resnet": 1.0}
    fill(world, world.requirements(), loss)
    fill(world, of(world, "control")[1], loss)
    control = report(world).controls[0]
    assert control.passed is False
    assert "prove nothing" in control.text


def test_what_was_not_run_says_how_to_run_it(world: World) -> None:
    world.write(DIFFERENCE)
    fill(world, world.requirements(), {"cifar-plain": 3.0, "cifar-resnet": 1.0})
    claim = report(world)
    assert claim.controls[0].passed is None
    assert "--controls" in claim.controls[0].text
    assert "--sensitivity" in claim.sensitivities[0].text
    assert claim.verdict.result == "supported"  # a control that is pending never counts against its claim


def test_variants_run_only_when_asked_for_and_share_what_they_can(world: World) -> None:
    world.write(DIFFERENCE)
    claims = [world.claim()]
    assert Schedule(claims, "smoke", world.store).plan().runs == 20
    assert Schedule(claims, "smoke", world.store, kinds=["control"]).plan().runs == 20 + 5
    # lr-0.01: 2 cells × 5 seeds; own-rate: 2 cells × 3 rates on one tuning seed; as-declared: nothing new.
    assert Schedule(claims, "smoke", world.store, kinds=["sensitivity"]).plan().runs == 20 + 10 + 6


def test_a_point_lays_its_settings_over_the_protocol_for_all_arms(world: World) -> None:
    world.write(DIFFERENCE)
    rates = {
        label: {(n.cell.arm, n.spec.recipe.lr) for n in of(world, "sensitivity", label)[1].needs}
        for label in ("as-declared", "lr-0.01")
    }
    assert rates == {
        "as-declared": {("plain", 0.1), ("residual", 0.1)},
        "lr-0.01": {("plain", 0.01), ("residual", 0.01)},
    }
    tuned = of(world, "sensitivity", "own-rate")[1]
    assert {(need.cell.arm, need.spec.recipe.lr) for need in tuned.needs} == {
        (arm, rate) for arm in ("plain", "residual") for rate in (0.01, 0.1, 1.0)
    }


def test_the_flip_map_says_where_the_verdict_turns_round(world: World) -> None:
    world.write(
        changed(DIFFERENCE, sensitivity__rate__points=DIFFERENCE["sensitivity"]["rate"]["points"][:2])
    )
    fill(world, world.requirements(), {"cifar-plain": 3.0, "cifar-resnet": 1.0})
    fill(world, of(world, "sensitivity", "lr-0.01")[1], {"cifar-plain": 1.0, "cifar-resnet": 1.0})
    found = report(world).sensitivities[0]
    assert [point.verdicts[0].result for point in found.points] == ["supported", "refuted"]
    assert found.text == "The verdict flips on this grid: the claim hinges on the setting."


def test_points_that_cannot_be_are_found_by_lint(world: World) -> None:
    points = [
        {"label": "a", "experiment": {"recipe": {"lrr": 0.1}}},
        {"label": "b", "arms": {"plain": {"depht": 8}}},
    ]
    world.write(changed(DIFFERENCE, sensitivity__rate__points=points, sensitivity__rate__expect=["worst"]))
    found = {(problem.where.split(": ")[1], problem.hint) for problem in world.problems()}
    assert ("sensitivity.rate.expect", "did you mean 'worse'?") in found
    assert ("sensitivity.rate.points.a.experiment.recipe.lrr", "did you mean 'lr'?") in found
    assert ("sensitivity.rate.points.b.arms.plain.depht", "did you mean 'depth'?") in found


def report(world: World) -> ClaimReport:
    """Build the report as the command line does."""
    library = world.library()
    schedule = Schedule(library.claims, "smoke", world.store)
    looks = schedule.looks()
    required = [look.requirements for look in looks]
    judgement = judge_claims(required, world.store, schedule.variants(looks))
    built = build_report(Request(library, library.claims, "smoke", world.store), judgement)
    return built.papers[0].claims[0]
