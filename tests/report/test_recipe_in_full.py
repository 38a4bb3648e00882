"""The page tells the recipe that nets were trained with, what a claim takes over unsaid included."""

from __future__ import annotations

from tests.claims.test_effective import ADAM
from tests.support.helpers import World, changed
from tests.support.page import Page, rendered


def test_the_page_tells_what_is_set_what_is_taken_over_and_what_differs(world: World) -> None:
    world.write(changed(ADAM, arms__adam__lr=0.001))
    text = " ".join(Page(rendered(world.report())).text().split())
    told = text[text.index("The recipe in full") :]
    assert "It starts from the recipe resnet-cifar" in told
    assert "optimiser: sgd for sgd; adam for adam" in told
    assert "lr: 0.1 for sgd; 0.001 for adam" in told
    assert "momentum (taken over): 0.9 for sgd; none for adam" in told
    assert "Set in the claim file: batch_size 64; steps 100." in told
    (taken_over,) = [
        line for line in world.report().papers[0].claims[0].recipe.taken_over if "decay 0" in line
    ]  # type: ignore[union-attr]
    assert taken_over == "weight_decay 0.0001"
    assert taken_over in told


def test_a_claim_that_trains_nothing_has_no_recipe_to_tell(world: World) -> None:
    exact = {
        "kind": "exact",
        "title": "t",
        "metric": "side",
        "arm": "two",
        "at_most": 5,
        "role": "decides",
        "why": "w",
    }
    side = {"kind": "computed", "formula": "receptive_field", "cases": {"two": {"kernels": [3, 3]}}}
    world.write(changed(ADAM, metrics={"side": side}, expect={"field": exact}, arms=None, experiment=None))
    assert world.report("exact").papers[0].claims[0].recipe is None
