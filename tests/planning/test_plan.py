"""The plan: what is missing, who needs it, why, what it may cost, and nothing more."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro import registry
from repro.claims import run_spec
from repro.cli.pending import known_runs
from repro.experiment.requirements import requirements
from repro.planning.costs import START_UP_SECONDS
from repro.planning.jobs import Job, Plan
from repro.planning.plan import make_plan
from repro.planning.reading_costs import AT_LEAST_SECONDS
from repro.planning.schedule import Schedule
from repro.registry import DATASETS
from tests.support.helpers import BASE, World, changed, layer_rows, spec_of

GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "layers": "conv3x3", "at": ["init", "last"]}
RESPONSE = {"kind": "probe", "probe": "response_std", "layers": "conv3x3", "at": ["last"]}
TUNED = changed(
    BASE,
    experiment__recipe={"name": "cuda-convnet-2012", "batch_size": 100, "epochs": 10},
    experiment__seeds={"looks": [3]},
    tune={"lr": [1.0, 2.0, 4.0], "by": "loss", "seeds": [1000, 1001]},
)


def fifth(*_: Any) -> dict[str, Any]:
    return {"train_loss": 0.5}


def one_layer(*_: Any) -> list[dict[str, Any]]:
    return layer_rows(1.0)


def test_a_new_claim_needs_a_run_for_each_cell_and_seed(world: World) -> None:
    world.write(changed(BASE, metrics__g=GRADIENT))
    plan = world.plan()
    assert (plan.runs, plan.present, plan.shared, plan.follow) == (20, 0, 0, 0)
    assert {job.run.seed for job in plan.jobs if job.run} == {0, 1, 2, 3, 4}
    for job in plan.jobs:
        assert job.train
        assert job.reason == "not run yet"
        assert job.claims == ("p/c",)
        assert [reading.moment for reading in job.readings] == ["init", "last"]
        assert job.run is not None
        assert (job.key, job.title) == (job.run.key, job.run.title)


def test_each_run_is_what_its_cell_and_seed_make_by_themselves(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [3], "first": 10}))
    item = world.requirements()
    assert {need.spec.seed for need in item.needs} == {10, 11, 12}
    for need in item.needs:
        alone = run_spec(item.file, need.cell, need.spec.seed, item.claim.names)
        assert (need.spec, need.spec.key) == (alone, alone.key)


def test_more_seeds_than_the_first_look_are_added_to_those_that_are_there(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [3, 5], "first": 10}))
    world.fill(fifth)
    plan = world.plan(seeds=5)
    assert {job.run.seed for job in plan.jobs if job.run} == {13, 14}
    assert (plan.runs, plan.present) == (8, 12)


def test_nothing_is_to_be_done_when_all_is_there(world: World) -> None:
    world.write(changed(BASE, metrics__g=GRADIENT))
    world.fill(fifth, one_layer)
    plan = world.plan()
    assert plan.jobs == ()
    assert (plan.present, plan.pending, plan.follow) == (20, {}, 0)
    assert plan.wall_seconds(workers=2) == 0


def test_runs_that_a_claim_shares_with_its_own_control_are_not_those_of_several_claims(world: World) -> None:
    alike = {
        "title": "Alike",
        "why": "No difference.",
        "arms": {"plain": {"model": "cifar-resnet", "shortcut": "B"}},
    }
    world.write(
        changed(BASE, expect__gap__weights={"plain/deep": 1, "residual/deep": -1}, control={"alike": alike})
    )
    schedule = Schedule([world.claim()], "smoke", world.store, kinds=["control"])
    plan = schedule.plan()
    # Of four cells, five seeds each, and one that is sabotaged; the residual net of the control is the claim's.
    assert (plan.runs, plan.shared) == (25, 0)
    assert any(len(job.claims) == 2 for job in plan.jobs)
    assert known_runs(plan) == ""


def test_runs_that_claims_share_are_counted_once_and_read_for_both(world: World) -> None:
    world.write(changed(BASE, metrics__g=GRADIENT), "p/one")
    world.write(changed(BASE, metrics__r=RESPONSE, arms__residual__shortcut="B"), "p/two")
    plan = world.plan()
    # Plain nets are shared, residual ones are not: 10 + 10 + 10.
    assert plan.runs == 30
    assert plan.shared == 10
    owners = {job.claims for job in plan.jobs}
    assert owners == {("p/one", "p/two"), ("p/one",), ("p/two",)}
    both = next(job for job in plan.jobs if len(job.claims) == 2)
    assert sorted((reading.probe, reading.moment) for reading in both.readings) == [
        ("response_std", "last"),
        ("weight_gradient_norm", "init"),
        ("weight_gradient_norm", "last"),
    ]
    alone = make_plan([requirements(world.claim("p/one"), "smoke", world.store)], world.store)
    assert {job.key for job in alone.jobs} < {job.key for job in plan.jobs}


def test_a_probe_added_later_is_read_from_kept_weights_without_training(world: World) -> None:
    world.write(BASE)
    world.fill(fifth)
    world.write(changed(BASE, metrics__g=GRADIENT))
    plan = world.plan()
    assert plan.runs == 0
    assert len(plan.jobs) == 20
    assert {job.reason for job in plan.jobs} == {"a probe has not been read from its kept weights yet"}
    assert all([r.moment for r in job.readings] == ["init", "last"] for job in plan.jobs)
    one = plan.jobs[0]
    world.read(one.readings[0], layer_rows(1.0))
    after = {job.key: job for job in world.plan().jobs}
    assert [r.moment for r in after[one.key].readings] == ["last"]


def test_moments_that_a_run_did_not_live_to_see_are_not_asked_for(world: World) -> None:
    world.write(changed(BASE, metrics__g=changed(GRADIENT, at=["init", "mid", "last"])))
    world.fill(lambda cell, seed: {"outcome": "diverged", "kept": ("init", "last")}, one_layer)
    assert world.plan().jobs == ()


def test_arms_of_no_steps_are_read_at_the_start_only_and_metrics_know_their_arms(world: World) -> None:
    data = changed(BASE, metrics__g=GRADIENT, metrics__r=changed(RESPONSE, arms=["residual"]))
    world.write(changed(data, arms__bare={"model": "cifar-plain", "norm": "none", "steps": 0}))
    asked = {
        (need.cell.arm, reading.probe, reading.moment)
        for need in world.requirements().needs
        for reading in need.readings.values()
    }
    assert asked == {
        ("plain", "weight_gradient_norm", "init"),
        ("plain", "weight_gradient_norm", "last"),
        ("residual", "weight_gradient_norm", "init"),
        ("residual", "weight_gradient_norm", "last"),
        ("residual", "response_std", "last"),
        ("bare", "weight_gradient_norm", "init"),
    }


# --- why something is run


def reasons(plan: Plan) -> dict[str, str]:
    return {job.key: job.reason for job in plan.jobs}


def test_reasons_failed_and_damaged(world: World) -> None:
    world.write(BASE)
    world.fill(fifth)
    failed, damaged, sound = (need.spec for need in world.requirements().needs[:3])
    for spec in (failed, damaged):
        path = world.store.root / "runs" / spec.key
        if spec is failed:
            world.store.put_failure(spec.key, spec.title, "out of memory\nmore of it")
            path.rename(path.with_name("away.moved"))
        else:
            (path / "run.json").write_text("{", encoding="utf-8")
    assert reasons(world.plan()) == {
        failed.key: "failed before: out of memory",
        damaged.key: "its entry in the store is damaged",
    }
    assert sound.key not in reasons(world.plan())


def test_reasons_weights_that_are_gone_cost_a_run_only_where_they_are_needed(world: World) -> None:
    world.write(BASE)
    world.fill(fifth)
    spec = world.requirements().needs[0].spec
    (world.store.root / "runs" / spec.key / "weights-last.pt").write_bytes(b"x")
    assert world.plan().jobs == (), "no probe is to be read from them"
    world.write(changed(BASE, metrics__g=changed(GRADIENT, at=["init"])))
    assert world.plan().runs == 0
    world.write(changed(BASE, metrics__g=GRADIENT))
    (job,) = (job for job in world.plan().jobs if job.train)
    assert (job.key, job.reason) == (spec.key, "its entry in the store is damaged")
    assert len(job.readings) == 2


@pytest.mark.parametrize(
    ("part", "field", "reason"),
    [
        ("model", "version", "model version changed from 1 to 2"),
        ("recipe", "version", "recipe version changed from 1 to 2"),
        ("dataset", "fingerprint", "dataset fingerprint changed from f1 to f2"),
    ],
)
def test_reasons_another_version(
    world: World, monkeypatch: pytest.MonkeyPatch, part: str, field: str, reason: str
) -> None:
    def version(number: int) -> None:
        for name in ("cifar-plain", "cifar-resnet"):
            if part == "model":
                monkeypatch.setitem(registry.MODELS, name, replace(registry.MODELS[name], version=number))
        if part == "recipe":
            from repro.recipes import RECIPES

            monkeypatch.setitem(RECIPES, "resnet-cifar", replace(RECIPES["resnet-cifar"], version=number))
        if part == "dataset":
            entry = replace(registry.DATASETS["digits"], fingerprint=f"f{number}")
            monkeypatch.setitem(registry.DATASETS, "digits", entry)

    world.write(BASE)
    version(1)
    world.fill(fifth)
    assert world.plan().jobs == ()
    version(2)
    assert set(reasons(world.plan()).values()) == {reason}
    # A run that differs in anything else is new, not a new version.
    world.write(changed(BASE, experiment__recipe__lr=0.05))
    assert set(reasons(world.plan()).values()) == {"not run yet"}


def test_a_mended_probe_is_read_again_without_training(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write(changed(BASE, metrics__g=GRADIENT))
    world.fill(fifth, one_layer)
    entry = registry.PROBES["weight_gradient_norm"]
    monkeypatch.setitem(registry.PROBES, "weight_gradient_norm", replace(entry, version=2))
    plan = world.plan()
    assert (plan.runs, len(plan.jobs)) == (0, 20)


# --- what cannot be run, and what needs no run


def test_runs_whose_data_is_not_here_are_pending_and_nothing_follows_them(world: World) -> None:
    world.write(TUNED, "p/here")
    world.write(changed(TUNED, experiment__dataset="cifar10"), "p/away")
    plan = world.plan()
    assert plan.runs == 4 * 3 * 2
    assert len(plan.pending) == 4 * 3 * 2
    assert {"bring it with --data cifar10=PATH" in why for why in plan.pending.values()} == {True}
    assert {job.claims for job in plan.jobs} == {("p/here",)}
    alone = make_plan([requirements(world.claim("p/here"), "smoke", world.store)], world.store)
    assert plan.follow == alone.follow > 0
    away = make_plan([requirements(world.claim("p/away"), "smoke", world.store)], world.store)
    assert (away.jobs, away.follow, away.wall_seconds(2)) == ((), 0, 0)
    (what, outlay), *others = away.pending_outlays.items()
    assert (what, others) == (DATASETS["cifar10"].missing, [])
    # What it would cost is known beforehand: as much as if CIFAR-10 were there.
    assert (outlay.runs, outlay.follow) == (len(away.pending), alone.follow)
    assert outlay.seconds is not None
    assert outlay.seconds > alone.wall_seconds(1), "images of 32×32 cost more than digits"
    assert outlay.wall_seconds(2) == outlay.seconds / 2


def test_what_data_of_unknown_size_would_cost_is_not_told(world: World) -> None:
    world.write(changed(BASE, experiment__dataset="pets"))
    ((what, outlay),) = world.plan().pending_outlays.items()
    assert "--data pets=PATH" in what
    assert (outlay.runs, outlay.wall_seconds(2)) == (20, None)


EXACT = changed(
    BASE,
    metrics__n={"kind": "static", "probe": "parameters"},
    metrics__id={"kind": "computed", "formula": "residual_identity"},
    expect={
        name: {
            "kind": "exact",
            "title": name,
            "metric": name,
            "at_least": 1,
            "role": "decides",
            "why": "w",
            **more,
        }
        for name, more in (("n", {"each": ["depth"]}), ("id", {}))
    },
)


def test_exact_numbers_are_of_the_papers_protocol_and_need_no_run(world: World) -> None:
    world.write(changed(EXACT, experiment__dataset="cifar10", scale__smoke__experiment={"dataset": "digits"}))
    exact = [job for job in world.plan().jobs if job.run is None]
    subjects = [job.readings[0].subject for job in exact]
    assert len(exact) == 2 * 2 + 1
    assert {tuple(subject["in_shape"]) for subject in subjects if subject} == {(3, 32, 32)}
    for scale in ("exact", "reduced"):
        plan = world.plan(scale)
        assert plan.runs == 0
        assert {job.key for job in plan.jobs} == {job.key for job in exact}
    for job in exact:
        world.read(job.readings[0], [{"value": 1.0}])
    assert world.plan("exact").jobs == ()


# --- order, cost and bound


def test_tuning_comes_first_then_the_longest_run(world: World) -> None:
    world.write(changed(TUNED, factors__depth={"shallow": 8, "deep": 32}), "p/tuned")
    world.write(changed(BASE, factors__depth={"shallow": 8, "deep": 56}), "p/plain")
    jobs = world.plan().jobs
    tunes = ["p/tuned" in job.claims for job in jobs]
    assert tunes == sorted(tunes, reverse=True)
    for own in (jobs[: tunes.count(True)], jobs[tunes.count(True) :]):
        assert [job.wall_seconds for job in own] == sorted((job.wall_seconds for job in own), reverse=True)


def test_wall_seconds_are_shared_by_workers_but_a_run_is_not() -> None:
    jobs = tuple(Job(spec_of(seed=i), True, (), ("p/c",), "", float(s)) for i, s in enumerate((1, 2, 9)))
    plan = Plan(jobs, follow=4, follow_seconds=12.0)
    assert plan.wall_seconds(1) == START_UP_SECONDS + 24
    assert plan.wall_seconds(2) == START_UP_SECONDS + 12
    assert plan.wall_seconds(8) == START_UP_SECONDS + 9


def test_readings_cost_time_too(world: World) -> None:
    world.write(BASE)
    without = world.plan().jobs[0].wall_seconds
    world.write(changed(BASE, metrics__g=GRADIENT))
    assert max(job.wall_seconds for job in world.plan().jobs) >= without + 2 * AT_LEAST_SECONDS


def carry_out(world: World, landscape: Callable[[float], float], check: Callable[[Plan, int], None]) -> int:
    """Plan and play until nothing is needed; return the number of runs."""
    done = 0
    while jobs := (plan := world.plan()).jobs:
        check(plan, done)
        for job in jobs:
            assert job.run is not None
            world.put(job.run, train_loss=landscape(job.run.recipe.lr))
            done += 1
    return done


@pytest.mark.parametrize("best", [0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 99.0])
def test_what_follows_stays_within_the_bound(world: World, best: float) -> None:
    world.write(TUNED)
    bounds: list[int] = []

    def check(plan: Plan, done: int) -> None:
        total = done + plan.runs + plan.follow
        assert not bounds or total <= bounds[-1], "the bound never grows"
        bounds.append(total)
        assert plan.follow == 0 or plan.follow_seconds > 0

    done = carry_out(world, lambda rate: abs(math.log(rate / best)), check)
    assert bounds[0] == 4 * (3 + 4) * 2 + 4 * 3, "grids with four more rates, and three measured seeds"
    assert done <= bounds[-1] <= bounds[0]
    states = world.requirements().tuning.values()
    assert {state.state for state in states} == {"open" if best in (0.1, 99.0) else "settled"}
    assert all(len(needs) == 3 for needs in world.requirements().measured.values())


def test_measured_runs_take_the_rate_that_tuning_chose_for_their_cell(world: World) -> None:
    world.write(TUNED)

    def best(arm: str, level: str) -> float:
        return {"plain": 1.0, "residual": 2.0}[arm] * {"shallow": 1.0, "deep": 2.0}[level]

    while (plan := world.plan()).jobs:
        for need in world.requirements().needs:
            if world.store.run(need.spec.key) is None:
                rate = best(need.cell.arm, need.cell.levels["depth"])
                world.put(need.spec, train_loss=abs(math.log(need.spec.recipe.lr / rate)))
        assert plan.runs > 0
    found = {
        address: {need.spec.recipe.lr for need in needs}
        for address, needs in world.requirements().measured.items()
    }
    assert found == {
        "plain/shallow": {1.0},
        "plain/deep": {2.0},
        "residual/shallow": {2.0},
        "residual/deep": {4.0},
    }
    seeds = {
        need.purpose: {n.spec.seed for n in world.requirements().needs if n.purpose == need.purpose}
        for need in world.requirements().needs
    }
    assert seeds == {"tune": {1000, 1001}, "measure": {0, 1, 2}}


@settings(max_examples=20)
@given(st.lists(st.integers(0, 19), unique=True))
def test_a_plan_is_what_is_not_there(tmp_path_factory: pytest.TempPathFactory, there: list[int]) -> None:
    folder: Path = tmp_path_factory.mktemp("world")
    world = World(folder)
    world.write(BASE)
    needs = world.requirements().needs
    for index in there:
        world.put(needs[index].spec)
    plan = world.plan()
    assert {job.key for job in plan.jobs} == {n.spec.key for i, n in enumerate(needs) if i not in there}
    assert plan.present == len(there)
