"""What is foreseen of runs that may end before their last epoch, and looks that a claim goes on to by itself."""

from __future__ import annotations

from typing import Any

import pytest

from repro.errors import ReproError
from repro.planning.allowance import allowed_seeds
from repro.planning.costs import START_UP_SECONDS, Costs
from repro.planning.schedule import Schedule
from tests.support.helpers import BASE, World, changed

RACED = changed(
    BASE,
    experiment__dataset="digits",
    experiment__recipe={
        "name": "cuda-convnet-2012",
        "batch_size": 32,
        "epochs": 40.0,
        "evaluate": ["train"],
        "stop_at_train_error": 0.25,
    },
    experiment__seeds={"looks": [3]},
    factors=None,
    arms={"relu": {"model": "conv3-fc"}, "tanh": {"model": "conv3-fc", "activation": "tanh"}},
    tune={"lr": [0.01, 0.02, 0.04], "by": "time", "seeds": [1000]},
    metrics={"time": {"kind": "first_reach", "of": "train_error", "at_most": 0.25, "unit": "epochs"}},
    expect={
        "faster": {
            "kind": "ratio",
            "title": "T",
            "metric": "time",
            "arms": ["tanh", "relu"],
            "at_least": 2.0,
            "role": "decides",
            "why": "w",
        }
    },
)
PRINTED = {
    "title": "T",
    "source": {"where": "w"},
    "metrics": ["time"],
    "rows": [
        {"label": "ReLU", "cell": "relu", "reported": {"time": "4"}},
        {"label": "tanh", "cell": "tanh", "reported": {"time": "8"}},
    ],
}


def reached(epoch: float) -> dict[str, Any]:
    return {"train_error": [0.9, 0.25], "epoch": [0.0, epoch]}


def cost_of_an_epoch(world: World) -> float:
    job = world.plan().jobs[0]
    assert job.run is not None
    return Costs().wall_seconds(job.run) / 40


def test_where_nothing_is_known_a_run_takes_between_one_evaluation_and_its_budget(world: World) -> None:
    world.write(RACED)
    epoch, plan = cost_of_an_epoch(world), world.plan()
    for job in plan.jobs:
        assert job.wall_seconds == pytest.approx(epoch * 40**0.5)
        assert job.between == pytest.approx((epoch, 40 * epoch))
    # Two more rates and four extensions of either cell, and three measured seeds.
    assert plan.follow == 2 * (2 + 4 + 3)
    low, high = plan.follow_between
    assert low == pytest.approx(2 * (2 + 3) * epoch)
    assert high == pytest.approx(2 * (2 + 4 + 3) * 40 * epoch)
    assert low < plan.follow_seconds < high
    between = plan.wall_seconds_between(1)
    assert between is not None
    assert between[0] < plan.wall_seconds(1) < between[1]


def test_rates_that_are_raced_wait_for_one_another_however_many_the_workers(world: World) -> None:
    """The first rate, two more and a likely extension, and one of the three measured runs."""
    world.write(RACED)
    epoch, plan = cost_of_an_epoch(world), world.plan()
    assert plan.wall_seconds(100) == pytest.approx(START_UP_SECONDS + 5 * 40**0.5 * epoch)
    between = plan.wall_seconds_between(100)
    assert between == pytest.approx(
        (START_UP_SECONDS + 4 * epoch, START_UP_SECONDS + (1 + 2 + 4 + 1) * 40 * epoch)
    )


def test_the_papers_own_number_is_what_is_foreseen_until_there_are_runs(world: World) -> None:
    world.write(changed(RACED, table={"t": PRINTED}))
    epoch, plan = cost_of_an_epoch(world), world.plan()
    assert {job.run.model.options.get("activation"): job.wall_seconds for job in plan.jobs if job.run} == {
        None: pytest.approx(4 * epoch),
        "tanh": pytest.approx(8 * epoch),
    }
    # The first rate of ReLU takes 5 epochs: its neighbours cost no more.
    relu = next(job.run for job in plan.jobs if job.run and not job.run.model.options)
    world.put(relu, **reached(5.0))
    (job,) = (job for job in world.plan().jobs if job.run and not job.run.model.options)
    assert job.until is not None
    assert job.until.epochs == pytest.approx(5.0)
    assert job.between is not None
    low, high = job.between
    assert (high / low, job.wall_seconds / high) == (pytest.approx(2.0), pytest.approx(0.9))


def test_where_runs_of_other_seeds_ended_is_foreseen_before_what_the_paper_says(world: World) -> None:
    """A control gives an arm the other arm's net: the paper's number is not of it, but runs of it are there."""
    world.write(changed(RACED, table={"t": PRINTED}, tune=None))
    jobs = world.plan().jobs
    for seed in (0, 1):
        run = next(j.run for j in jobs if j.run and j.run.model.options and j.run.seed == seed)
        world.put(run, **reached(30.0))
    found = {job.run.model.options.get("activation"): job for job in world.plan().jobs if job.run}
    assert found["tanh"].wall_seconds / found[None].wall_seconds == pytest.approx(30 / 4)
    assert found["tanh"].between is not None
    low, high = found["tanh"].between
    assert (low, high) == pytest.approx((0.8 * found["tanh"].wall_seconds, 1.25 * found["tanh"].wall_seconds))


def test_runs_that_nothing_can_end_early_have_no_range(world: World) -> None:
    world.write(BASE)
    plan = world.plan()
    assert {job.between for job in plan.jobs} == {None}
    assert plan.wall_seconds_between(2) is None


def test_only_the_cells_that_match_are_run(world: World) -> None:
    world.write(RACED)
    schedule = Schedule([world.claim()], "smoke", world.store, cells=("tanh*",))
    plan = schedule.plan()
    assert [job.run.model.options for job in plan.jobs if job.run] == [{"activation": "tanh"}]
    with pytest.raises(ReproError, match="fits no cell of these claims"):
        Schedule([world.claim()], "smoke", world.store, cells=("tanh*", "nope/*"))
    assert plan.follow == 2 + 4 + 3
    assert len(schedule.looks()[0].requirements.tuning) == 2, "what is judged is not narrowed"


@pytest.mark.parametrize(
    ("allowance", "seeds"), [(None, None), (0, 5), (20, 5), (30, 10), (89, 10), (90, 20), (900, 20)]
)
def test_looks_go_on_by_themselves_as_far_as_their_predicted_cost_allows(
    world: World, monkeypatch: pytest.MonkeyPatch, allowance: float | None, seeds: int | None
) -> None:
    # Four cells of 1.5 s: 30 s for five more seeds, 90 s for fifteen.
    monkeypatch.setattr("repro.planning.allowance.rough_seconds", lambda *_: 1.5)
    given = {} if allowance is None else {"allowance_seconds": allowance}
    world.write(changed(BASE, experiment__seeds={"looks": [5, 10, 20], **given}))
    claim = world.claim()
    assert allowed_seeds(claim, "smoke") == seeds
    assert allowed_seeds(claim, "paper") == seeds
    assert allowed_seeds(claim, "exact") is None


def test_a_look_within_the_allowance_is_pending_until_its_runs_are_there(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [3, 5, 8], "allowance_seconds": 1e9}))
    deep = {"plain/deep": 1.5}  # between the bars 0 and 1: open whatever n
    world.fill(lambda cell, seed: {"train_loss": deep.get(cell.address, 1.0) + 0.1 * (seed % 3)})
    schedule = Schedule([world.claim()], "smoke", world.store)
    for which in (schedule, schedule.settled()):
        (look,) = which.looks()
        assert (len(look.requirements.seeds), look.complete) == (5, False)
    assert {job.run.seed for job in schedule.plan().jobs if job.run} == {3, 4}
    world.fill(lambda cell, seed: {"train_loss": deep.get(cell.address, 1.0) + 0.1 * (seed % 3)}, seeds=8)
    (look,) = schedule.looks()
    assert (len(look.requirements.seeds), look.complete) == (8, True)
