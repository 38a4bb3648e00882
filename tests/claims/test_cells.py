"""Arms and factors make cells; a cell and a seed make a run."""

from __future__ import annotations

from typing import Any

import pytest

from repro.claims import Claim, cells, run_spec
from tests.support.helpers import BASE, World, changed

# --- cells and runs


def test_cells_are_arms_at_every_combination_of_levels_but_the_skipped(world: World) -> None:
    data = changed(
        BASE,
        factors={
            "depth": {"shallow": 8, "deep": 14},
            "width": [4, 8],
            "era": {"old": {"schedule": "step", "lr": 0.5}, "new": {"schedule": "cosine"}},
        },
        experiment__skip=["residual/deep/8/new"],
        expect__gap__weights={"plain/deep/4/old": 1, "plain/shallow/4/old": -1},
    )
    world.write(data)
    found = {cell.address: cell for cell in cells(world.claim().base)}
    assert len(found) == 2 * 2 * 2 * 2 - 1
    assert "residual/deep/8/new" not in found
    assert list(found)[:3] == ["plain/shallow/4/old", "plain/shallow/4/new", "plain/shallow/8/old"]
    cell = found["residual/deep/4/old"]
    assert cell.levels == {"depth": "deep", "width": "4", "era": "old"}
    assert cell.settings == {
        "model": "cifar-resnet",
        "shortcut": "A",
        "depth": 14,
        "width": 4,
        "schedule": "step",
        "lr": 0.5,
    }


def spec_at(claim: Claim, address: str, lr: float | None = None) -> Any:
    cell = next(cell for cell in cells(claim.base) if cell.address == address)
    return run_spec(claim.base, cell, 3, claim.names, lr)


def test_a_cell_and_a_seed_make_a_run(world: World) -> None:
    data = changed(
        BASE,
        experiment__options={"width": 4, "shortcut": "B"},
        experiment__recipe__milestones=[10, 20],
        arms__residual__width=8,
        arms__plain__weight_decay=0.5,
    )
    world.write(data)
    claim = world.claim()
    plain, residual = spec_at(claim, "plain/deep"), spec_at(claim, "residual/shallow", lr=0.25)
    # Options for all go to the models that take them, an arm's own come first.
    assert plain.model.options == {"width": 4, "depth": 14}
    assert residual.model.options == {"width": 8, "shortcut": "A", "depth": 8}
    assert (plain.recipe.weight_decay, residual.recipe.weight_decay) == (0.5, 1e-4)
    assert (plain.recipe.lr, residual.recipe.lr) == (0.1, 0.25)
    assert plain.recipe.milestones == (10, 20)
    assert (plain.recipe.batch_size, plain.recipe.steps, plain.recipe.epochs) == (64, 100, None)
    assert plain.dataset.name == "digits"
    assert plain.seed == 3


@pytest.mark.parametrize(
    ("recipe", "arm", "expected"),
    [
        ({"name": "resnet-cifar"}, {}, (64_000, None)),
        ({"name": "resnet-cifar", "epochs": 2}, {}, (None, 2)),
        ({"name": "resnet-cifar", "epochs": 2}, {"steps": 0}, (0, None)),
        ({"name": "resnet-cifar", "steps": 9}, {"epochs": 3}, (None, 3)),
        ({"name": "cuda-convnet-2012"}, {}, (None, 60)),
        ({"name": "cuda-convnet-2012", "steps": 5}, {}, (5, None)),
    ],
)
def test_steps_replace_epochs_and_the_other_way_round(
    world: World, recipe: dict[str, Any], arm: dict[str, Any], expected: tuple[int | None, float | None]
) -> None:
    world.write(changed(BASE, experiment__recipe=recipe, arms__plain=BASE["arms"]["plain"] | arm))
    made = spec_at(world.claim(), "plain/deep").recipe
    assert (made.steps, made.epochs) == expected


# --- the shipped claims, against the papers' numbers written down here


def test_the_precision_is_of_the_experiment_or_of_an_arm(world: World) -> None:
    data = changed(
        BASE, experiment__precision="tf32", arms__residual={"model": "cifar-resnet", "precision": "bf16"}
    )
    world.write(data)
    claim = world.claim()
    found = {
        cell.arm: run_spec(claim.base, cell, 0, claim.names).numerics.precision for cell in cells(claim.base)
    }
    assert found == {"plain": "tf32", "residual": "bf16"}
    world.write(changed(data, arms__residual__precision="bf61"))
    (problem,) = world.problems()
    assert problem.where.endswith("arms.residual.precision")
    assert "bf16" in str(problem)


def test_whether_blocks_are_compiled_is_of_the_experiment_or_of_an_arm(world: World) -> None:
    data = changed(
        BASE, experiment__compiled=True, arms__residual={"model": "cifar-resnet", "compiled": False}
    )
    world.write(data)
    claim = world.claim()
    found = {
        cell.arm: run_spec(claim.base, cell, 0, claim.names).numerics.compiled for cell in cells(claim.base)
    }
    assert found == {"plain": True, "residual": False}
    world.write(changed(data, arms__residual__compiled="yes"))
    (problem,) = world.problems()
    assert problem.where.endswith("arms.residual.compiled")
    assert "'yes'" in str(problem)
