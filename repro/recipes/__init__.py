"""Recipes: how a net is trained.

A claim names a recipe and overrides its fields; the result is part of the RunSpec and so of a run's key.
"""

from repro.recipes.fields import (
    RECIPE_FIELDS,
    Augmentation,
    Decay,
    EvaluatedSet,
    Initialisation,
    Input,
    Recipe,
    Schedule,
    TestViews,
)
from repro.recipes.overriding import contradictions, recipe
from repro.recipes.published import RECIPES

__all__ = [
    "RECIPES",
    "RECIPE_FIELDS",
    "Augmentation",
    "Decay",
    "EvaluatedSet",
    "Initialisation",
    "Input",
    "Recipe",
    "Schedule",
    "TestViews",
    "contradictions",
    "recipe",
]
