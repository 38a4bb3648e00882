"""Looks are taken one after the other, and what is judged is a function of the claim file and the store alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from repro.claims import Cell
from repro.judging.looks import current_look, judge
from repro.planning.schedule import Schedule
from tests.support.helpers import BASE, World, changed

LOOKS = changed(BASE, experiment__seeds={"looks": [3, 5, 8]})


def gap(size: float, spread: float = 0.0) -> Any:
    """Return (cell, seed) → a run whose deep plain net has `size` more loss, with seeds apart by `spread`."""

    def how(cell: Cell, seed: int) -> dict[str, Any]:
        deep = cell.arm == "plain" and cell.levels["depth"] == "deep"
        return {"train_loss": 1.0 + (size if deep else 0.0) + spread * (seed % 3 - 1)}

    return how


def test_an_open_first_look_names_the_next_and_goes_no_further_by_itself(world: World) -> None:
    world.write(LOOKS)
    world.fill(gap(0.5, spread=0.1))  # between the bars 0 and 1: open whatever n
    look = current_look(world.claim(), "smoke", world.store)
    assert look.complete
    assert (len(look.requirements.seeds), look.further) == (3, 5)
    assert Schedule([world.claim()], "smoke", world.store).plan().jobs == ()


def test_a_decided_look_ends_the_matter_even_where_more_runs_are_there(world: World) -> None:
    world.write(LOOKS)
    world.fill(gap(3.0, spread=0.01), seeds=3)
    assert judge(world.requirements(seeds=3), world.store).result == "supported"
    # Later runs that would tell another story do not count: the first look was fixed, and it decided.
    for need in world.requirements(seeds=8).needs:
        if need.spec.seed >= 3:
            world.put(need.spec, train_loss=1.0)
    look = current_look(world.claim(), "smoke", world.store, most=8)
    assert (len(look.requirements.seeds), look.further) == (3, None)


def test_with_leave_to_go_on_the_next_look_is_what_is_run(world: World) -> None:
    world.write(LOOKS)
    world.fill(gap(0.5, spread=0.1))
    schedule = Schedule([world.claim()], "smoke", world.store, most={"p/c": 5})
    jobs = schedule.plan().jobs
    assert {job.run.seed for job in jobs if job.run} == {3, 4}
    assert len(jobs) == 2 * 2 * 2
    for job in jobs:
        assert job.run is not None
        world.put(job.run, train_loss=1.5 if job.run.model.name == "cifar-plain" else 1.0)
    after = current_look(world.claim(), "smoke", world.store, most=5)
    assert len(after.requirements.seeds) == 5
    assert schedule.plan().jobs == ()


def test_money_goes_first_to_the_claim_that_is_nearest_to_a_decision(world: World) -> None:
    world.write(LOOKS, "p/near")
    world.write(
        changed(LOOKS, experiment__recipe={"name": "resnet-cifar", "batch_size": 64, "steps": 90}), "p/far"
    )
    world.fill(gap(1.3, spread=0.3), name="p/near")
    world.fill(gap(1.02, spread=0.3), name="p/far")
    claims = world.library().claims
    assert all(current_look(claim, "smoke", world.store).further == 5 for claim in claims)
    schedule = Schedule(claims, "smoke", world.store, most={claim.id: 5 for claim in claims})
    assert {job.claims for job in schedule.plan().jobs} == {("p/near",)}


def test_a_further_look_that_ran_out_of_time_takes_nothing_back(world: World) -> None:
    world.write(LOOKS)
    world.fill(gap(0.5, spread=0.1))
    schedule = Schedule([world.claim()], "smoke", world.store, most={"p/c": 5})
    job = schedule.plan().jobs[0]
    assert job.run is not None
    world.put(job.run, train_loss=1.0)
    assert judge(schedule.looks()[0].requirements, world.store).result is None
    (look,) = schedule.settled().looks()
    assert (len(look.requirements.seeds), look.further) == (3, 5)
    assert judge(look.requirements, world.store).result == "inconclusive"


def test_a_pending_first_look_is_not_passed_over(world: World) -> None:
    world.write(LOOKS)
    look = current_look(world.claim(), "smoke", world.store, most=8)
    assert not look.complete
    assert len(look.requirements.seeds) == 3


@settings(max_examples=20)
@given(order=st.permutations(range(8)), data=st.lists(st.floats(0.0, 2.0), min_size=8, max_size=8))
def test_no_order_of_adding_seeds_changes_what_is_judged(
    tmp_path_factory: Any, order: list[int], data: list[float]
) -> None:
    verdicts = []
    for sequence in (list(range(8)), order):
        world = World(tmp_path_factory.mktemp("world"))
        world.write(LOOKS)
        needs = world.requirements(seeds=8).needs
        for seed in sequence:
            for need in needs:
                if need.spec.seed == seed:
                    deep = need.cell.address == "plain/deep"
                    loss = 1.0 + (data[seed] if deep else 0.1 * (seed % 2))
                    world.put(need.spec, kept=(), train_loss=loss)
        look = current_look(world.claim(), "smoke", world.store)
        verdicts.append((look.requirements.seeds, judge(look.requirements, world.store)))
    assert verdicts[0] == verdicts[1]
