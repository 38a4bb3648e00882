"""The recipe in effect: what is taken over unsaid, in what arms differ, and what lint says of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from repro.claims import Claim
from repro.claims.effective import settings, silent_differences
from repro.recipes import RECIPES, Recipe
from repro.report.build.recipes import recipe_in_full
from tests.support.helpers import BASE, World, changed
from tests.support.shipped import library as shipped_library

ADAM = changed(
    BASE,
    factors=None,
    arms={"sgd": {"model": "cifar-plain"}, "adam": {"model": "cifar-plain", "optimiser": "adam"}},
    experiment__options={"depth": 8},
    expect__gap__kind="difference",
    expect__gap__weights=None,
    expect__gap__arms=["sgd", "adam"],
)
RATES = {"lr": [0.01, 0.1], "by": "loss"}


def notes(world: World, data: dict[str, Any]) -> list[str]:
    world.write(data)
    claim = world.claim()
    return list(silent_differences(claim.base, claim.names))


def test_what_a_claim_does_not_set_is_the_named_recipes(world: World) -> None:
    world.write(BASE)
    claim = world.claim()
    found = {setting.field: setting for setting in settings(claim.base, claim.names)}
    assert {name for name, setting in found.items() if not setting.taken_over} == {"batch_size", "steps"}
    told = dataclasses.asdict(RECIPES["resnet-cifar"])
    for name, setting in found.items():
        values = [tuple(v) if isinstance(v, list) else v for v in setting.by_cell.values()]
        assert set(setting.by_cell) == {
            f"{a}/{d}" for a in ("plain", "residual") for d in ("shallow", "deep")
        }
        assert values == [{"batch_size": 64, "steps": 100}.get(name, told[name])] * 4
    # Adam's own, passes in epochs, and what the recipe leaves out mean nothing for these runs.
    assert not found.keys() & {"beta1", "epsilon", "epochs", "warmup_lr", "crop_size", "nesterov"}


def test_arms_of_two_optimisers_are_told_apart_with_all_that_differs(world: World) -> None:
    world.write(changed(ADAM, arms__adam__lr=0.001))
    shown = recipe_in_full(world.claim(), "smoke")
    assert shown is not None
    assert shown.name == "resnet-cifar"
    assert shown.differs == [
        "optimiser: sgd for sgd; adam for adam",
        "lr: 0.1 for sgd; 0.001 for adam",
        "momentum (taken over): 0.9 for sgd; none for adam",
        "beta1 (taken over): none for sgd; 0.9 for adam",
        "beta2 (taken over): none for sgd; 0.999 for adam",
        "epsilon (taken over): none for sgd; 1e-08 for adam",
    ]
    assert "weight_decay 0.0001" in shown.taken_over
    assert shown.set_here == ["batch_size 64", "steps 100"]


def test_levels_that_differ_are_named_by_their_levels(world: World) -> None:
    deep = {"depth": 14, "warmup_lr": 0.01, "warmup_until_train_error": 0.8}
    world.write(changed(BASE, factors__depth={"shallow": 8, "deep": deep}))
    shown = recipe_in_full(world.claim(), "smoke")
    assert shown is not None
    assert shown.differs[0] == "warmup_lr: none for shallow; 0.01 for deep"


def test_what_is_tuned_is_neither_taken_over_nor_a_number(world: World) -> None:
    world.write(changed(ADAM, tune=RATES | {"weight_decay": [0.0, 1e-4]}))
    shown = recipe_in_full(world.claim(), "smoke")
    assert shown is not None
    assert {"lr chosen by [tune]", "weight_decay chosen by [tune]"} <= set(shown.set_here)


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({}, ["lr = 0.1", "momentum = 0.9", "weight_decay = 0.0001"], []),
        ({"experiment__recipe__weight_decay": 0.0}, ["lr = 0.1", "momentum"], ["weight_decay"]),
        ({"tune": RATES}, ["momentum = 0.9", "weight_decay"], ["lr ="]),
        ({"arms__sgd__momentum": 0.9}, ["lr = 0.1"], ["momentum"]),
    ],
)
def test_lint_says_what_arms_of_two_optimisers_take_over(
    changes: dict[str, Any], said: list[str], unsaid: list[str], world: World
) -> None:
    (note, *_) = notes(world, changed(ADAM, **changes))
    assert note.startswith("arms are trained by sgd and adam")
    assert all(text in note for text in said)
    assert not any(text in note for text in unsaid)


def test_nothing_is_said_of_arms_that_say_it_all(world: World) -> None:
    said = {"momentum": 0.9, "weight_decay": 0.0, "schedule": "constant"}
    whole = changed(ADAM, tune=RATES)
    whole["experiment"]["recipe"] |= said
    assert notes(world, whole) == []
    neutral = changed(ADAM, experiment__recipe={"name": "neutral", "lr": 0.01, "momentum": 0.9})
    assert notes(world, neutral) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "are never reached in 100 steps"),
        ({"arms__plain__steps": 64_000}, "arms or levels differ in `steps`"),
        ({"experiment__recipe__milestones": [50]}, None),
        ({"experiment__recipe__schedule": "cosine"}, None),
        ({"experiment__recipe__steps": 64_000}, None),
    ],
)
def test_lint_says_where_milestones_that_are_taken_over_do_not_fit(
    changes: dict[str, Any], says: str | None, world: World
) -> None:
    found = notes(world, changed(BASE, **changes))
    assert [says in note for note in found if says] == ([True] if says else [])
    assert says is not None or found == []


def test_the_neutral_recipe_adds_nothing_to_a_net() -> None:
    plain = Recipe(name="neutral", lr=1.0)
    made = dataclasses.asdict(RECIPES["neutral"])
    own = {"lr", "epochs", "input"}
    assert {k: v for k, v in made.items() if k not in own} == {
        k: v for k, v in dataclasses.asdict(plain).items() if k not in own
    }


@pytest.fixture(scope="module")
def shipped() -> list[Claim]:
    return list(shipped_library().claims)


def test_the_shipped_claims_say_what_matters_to_their_arms(shipped: list[Claim]) -> None:
    for claim in shipped:
        assert list(silent_differences(claim.base, claim.names)) == [], claim.id
        trained = any(metric.trains for metric in claim.base.metrics.values())
        assert (recipe_in_full(claim, "paper") is not None) == trained, claim.id
