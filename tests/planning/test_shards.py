"""Shards: runs parted among machines that do not speak to each other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from repro.experiment.requirements import requirements
from repro.planning.schedule import Schedule
from repro.planning.shards import Shard, of_shard, owners, stages
from repro.spec import RunSpec
from tests.support.helpers import BASE, World, changed

TUNE = {"lr": [0.01, 0.1, 1.0], "by": "loss", "seeds": [1000, 1001]}


def loss_of(spec: RunSpec) -> float:
    """Of the middle rate the smallest; of a few seeds so different that a first look leaves the claim open."""
    return 0.2 + (spec.recipe.lr != 0.1) + 0.5 * (spec.seed % 2)


def schedule_of(world: World, shard: Shard | None, **how: Any) -> Schedule:
    return Schedule(world.library().claims, "smoke", world.store, shard=shard, **how)


def carried_out(world: World, shard: Shard | None, **how: Any) -> list[RunSpec]:
    """Carry out what a shard can, as a check does: planned again until nothing is left; return the runs."""
    done: list[RunSpec] = []
    while jobs := [job for job in schedule_of(world, shard, **how).plan().jobs if job.run]:
        for job in jobs:
            assert job.run is not None
            world.put(job.run, train_loss=loss_of(job.run))
            done.append(job.run)
    return done


def in_stages(world: World, order: Sequence[int], **how: Any) -> dict[int, list[RunSpec]]:
    """Carry out all shards, in this order in each stage; return shard → runs."""
    done = defaultdict(list)
    for _ in range(schedule_of(world, None, **how).stages()):
        for number in order:
            done[number] += carried_out(world, Shard(number, len(order)), **how)
    return done


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 1, 2)])
def test_shards_are_disjoint_and_together_they_are_all(world: World, order: tuple[int, ...]) -> None:
    """Two claims that share runs, one of them tuned, with a control and a further look."""
    world.write(changed(BASE, tune=TUNE, experiment__seeds={"looks": [2, 4]}), "p/tuned")
    control = {"title": "Both plain", "arms": {"residual": {"model": "cifar-plain"}}, "why": "w"}
    world.write(changed(BASE, experiment__seeds={"looks": [3]}, control={"same": control}), "p/c")
    how: Mapping[str, Any] = {"most": {"p/tuned": 4}, "kinds": ("control",)}
    done = in_stages(world, order, **how)
    times = Counter(spec.key for runs in done.values() for spec in runs)
    assert set(times.values()) == {1}
    assert all(done[number] for number in order)
    assert not schedule_of(world, None, **how).plan().jobs, "nothing is left for a check of all"
    tuned = requirements(world.claim("p/tuned"), "smoke", world.store, 4)
    assert {need.spec.key for need in tuned.needs} <= set(times), "tuning, and both looks"


def test_all_tuning_of_a_cell_is_in_one_shard(world: World) -> None:
    world.write(changed(BASE, tune=TUNE))
    cells = defaultdict(set)
    for number in range(1, 4):
        for spec in carried_out(world, Shard(number, 3)):
            if spec.seed >= 1000:
                cells[spec.model.name, spec.model.options["depth"]].add(number)
    assert len(cells) == 4
    assert all(len(numbers) == 1 for numbers in cells.values())


def test_whose_a_run_is_does_not_depend_on_what_is_there(world: World) -> None:
    world.write(changed(BASE, tune=TUNE), "p/tuned")
    world.write(changed(BASE), "p/c")
    at_first = {job.key for job in schedule_of(world, Shard(2, 2)).plan().jobs}
    carried_out(world, Shard(1, 2))
    later = {job.key for job in schedule_of(world, Shard(2, 2)).plan().jobs}
    assert at_first <= later, "what the other has tuned may come to it"


def test_shards_are_as_even_as_predictions_allow(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [8]}))
    claims = world.library().claims
    found = Counter(owners(claims, "smoke", 4).values())
    # Four cells of eight seeds; of two lengths, of which every shard gets its part.
    assert found == {1: 8, 2: 8, 3: 8, 4: 8}
    deep = [
        sum(need.cell.levels["depth"] == "deep" for item in own for need in item.needs)
        for own in (
            of_shard([world.requirements()], owners(claims, "smoke", 4), Shard(number, 4))
            for number in range(1, 5)
        )
    ]
    assert deep == [4, 4, 4, 4]


def test_a_stage_for_what_is_known_one_after_tuning_and_one_for_each_further_look(world: World) -> None:
    world.write(changed(BASE, experiment__seeds={"looks": [2, 4, 8]}), "p/c")
    assert schedule_of(world, None).stages() == 1
    assert schedule_of(world, None, most={"p/c": 4}).stages() == 2
    world.write(changed(BASE, tune=TUNE), "p/tuned")
    assert schedule_of(world, None).stages() == 2
    assert stages(world.library().claims, "smoke", {"p/c": 8}) == 3


def test_what_is_computed_without_training_is_the_first_shards(world: World) -> None:
    world.write(changed(BASE))
    items = [world.requirements("exact")]
    assert [len(of_shard(items, {}, Shard(number, 2))) for number in (1, 2)] == [1, 0]
