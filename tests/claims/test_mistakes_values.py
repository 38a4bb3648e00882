"""Values that are none of their key's."""

from __future__ import annotations

import pytest

from tests.support.helpers import World, changed
from tests.support.mistakes import GRADIENT, Mistake, assert_one_clear_problem

MISTAKES: list[Mistake] = [
    ("missing key", {"statement": None}, "statement", "is missing", None, "add this key"),
    ("wrong type", {"source__page": "six"}, "source.page", "valid integer", "'six'", None),
    (
        "number for a text",
        {"expect__gap__reported": 6.0},
        "expect.gap.reported",
        "valid string",
        "6.0",
        "put it in quotes",
    ),
    ("no number", {"expect__gap__reported": "six"}, "expect.gap.reported", "as printed", "'six'", None),
    ("not a number", {"expect__gap__at_least": float("nan")}, "expect.gap.at_least", "finite", "nan", None),
    ("unknown kind", {"metrics__loss__kind": "finl"}, "metrics.loss.kind", "'final'", "'finl'", "'final'"),
    (
        "unknown role",
        {"expect__gap__role": "decide"},
        "expect.gap.role",
        "'decides'",
        "'decide'",
        "'decides'",
    ),
    (
        "unknown moment",
        {"metrics__g": changed(GRADIENT, at=["init", "end"])},
        "metrics.g.at.1",
        "'last'",
        "'end'",
        None,
    ),
    ("name", {"arms__a b": {"model": "cifar-plain"}}, "arms.a b", "a name is made of", "'a b'", None),
    (
        "decreasing looks",
        {"experiment__seeds__looks": [5, 3]},
        "experiment.seeds.looks",
        "increasing numbers of seeds",
        "[5, 3]",
        None,
    ),
    (
        "a number for a list",
        {"experiment__seeds__looks": 5},
        "experiment.seeds.looks",
        "looks = [5]",
        "5",
        None,
    ),
    (
        "one seed",
        {"experiment__seeds__looks": [1]},
        "experiment.seeds.looks.0",
        "greater than or equal to 2",
        "1",
        None,
    ),
    (
        "value of a recipe",
        {"experiment__recipe__lr": "fast"},
        "experiment.recipe.lr",
        "valid number",
        "'fast'",
        "float",
    ),
    (
        "choice of a recipe",
        {"experiment__recipe__schedule": "cosin"},
        "experiment.recipe.schedule",
        "'cosine'",
        "'cosin'",
        "did you mean 'cosine'?",
    ),
    (
        "range of a recipe",
        {"experiment__recipe__lr": -0.1},
        "experiment.recipe.lr",
        "out of range",
        "-0.1",
        "at least 0",
    ),
    ("infinite lr", {"arms__plain__lr": float("inf")}, "arms.plain.lr", "out of range", "inf", "finite"),
    ("no learning", {"experiment__recipe__lr": 0}, "experiment.recipe.lr", "out of range", "0", "above 0"),
    (
        "BN group",
        {"experiment__recipe__batch_size": 100},
        "experiment.recipe.batch_size",
        "must be a multiple of 64, the recipe's own bn_group",
        "100",
        "fit",
    ),
    (
        "half a warm-up",
        {"experiment__recipe__warmup_lr": 0.01},
        "experiment.recipe.warmup_lr",
        "`warmup_until_train_error`",
        "0.01",
        "the other one",
    ),
    (
        "steps and epochs",
        {"experiment__recipe__epochs": 2},
        "experiment.recipe.steps",
        "`steps` or `epochs`, not both",
        "100",
        "remove one",
    ),
    (
        "option that is no plain value",
        {"arms__plain__width": [16]},
        "arms.plain.width",
        "a number",
        "[16]",
        "one value",
    ),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake[0] for mistake in MISTAKES])
def test_one_mistake_is_one_clear_problem(world: World, mistake: Mistake) -> None:
    assert_one_clear_problem(world, mistake)
