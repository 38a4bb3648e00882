"""A named recipe with some of its fields replaced, and what can be wrong with that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from repro.errors import Problem, ReproError, suggestion
from repro.recipes.fields import RECIPE_FIELDS, Recipe
from repro.recipes.published import RECIPES

if TYPE_CHECKING:
    from pydantic import TypeAdapter

OF_FILES = frozenset({"alexnet", "resnet-imagenet", "random-resized-crop"})
"""Augmentations of images of many sizes, which need `crop_size`."""


def recipe(name: str, overrides: dict[str, Any], place: Callable[[str], str] = str) -> Recipe:
    """Return recipe `name` with fields replaced. Choosing `steps` drops `epochs` and the other way round.

    Args:
        name: the recipe's name in :data:`RECIPES`.
        overrides: field → value.
        place: field → where it was set, for errors.

    Raises:
        ReproError: unknown recipe or field, a value that is none for its field, or fields that contradict
            one another; all problems at once.
    """
    asked = repr((name, sorted(overrides.items())))
    named, known = _SOUND.get(asked, (None, None))
    if known is not None and named is RECIPES.get(name):
        return known
    if name not in RECIPES:
        raise ReproError(Problem(place("name"), "unknown recipe", repr(name), suggestion(name, RECIPES)))
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in overrides.items()}
    wrong = {
        key: found for key, value in values.items() if (found := _field_problems(key, value, place(key)))
    }
    problems = [problem for found in wrong.values() for problem in found]
    if values.get("steps") is not None and values.get("epochs") is not None:
        what = "give `steps` or `epochs`, not both"
        problems.append(Problem(place("steps"), what, repr(values["steps"]), "remove one of the two"))
    sound = {key: value for key, value in values.items() if key not in wrong}
    if sound.get("steps") is not None:
        sound["epochs"] = None
    elif sound.get("epochs") is not None:
        sound["steps"] = None
    made = replace(RECIPES[name], **sound)
    # What is wrong by itself is not blamed once more for what is missing without it.
    blamed = {place(key) for key in wrong} | (
        {place("steps")} if wrong.keys() & {"steps", "epochs"} else set()
    )
    problems += [
        problem for problem in contradictions(made, place, sound.keys()) if problem.where not in blamed
    ]
    if problems:
        raise ReproError(*problems)
    _SOUND[asked] = RECIPES[name], made
    return made


_SOUND: dict[str, tuple[Recipe, Recipe]] = {}
"""What was asked for, with its types, → the named recipe and the sound one made of it: most cells ask for the same."""


def contradictions(
    made: Recipe, place: Callable[[str], str] = "recipe.{}".format, explicit: Collection[str] = RECIPE_FIELDS
) -> list[Problem]:
    """Return what is wrong with fields together; those that were not set (`explicit`) are not blamed."""
    found = [*_of_batches(made, explicit), *_of_images(made), *_of_optimiser(made), *_of_evaluation(made)]
    return [Problem(place(key), what, received, hint) for key, what, received, hint in found]


Contradiction = tuple[str, str, str, str]
"""The field to blame, what is wrong, the value received, and what to do."""


def _of_batches(made: Recipe, explicit: Collection[str]) -> Iterator[Contradiction]:
    """Find what is wrong with the length of training, its batches and its warm-up."""
    if (made.steps is None) == (made.epochs is None):
        yield "steps", "needs `steps` or `epochs`, one of the two", repr(made.steps), "set one of them"
    if made.bn_group is not None and made.batch_size % made.bn_group:
        hint = "set batch_size and bn_group (images whose BN statistics are taken together) so that they fit"
        if "bn_group" in explicit or "batch_size" not in explicit:
            yield "bn_group", f"must divide batch_size = {made.batch_size}", repr(made.bn_group), hint
        else:
            what = f"must be a multiple of {made.bn_group}, the recipe's own bn_group"
            yield "batch_size", what, repr(made.batch_size), hint
    if (made.warmup_lr is None) != (made.warmup_until_train_error is None):
        what = "needs both `warmup_lr` and `warmup_until_train_error`, or neither"
        yield "warmup_lr", what, repr(made.warmup_lr), "give the other one, too"


def _of_images(made: Recipe) -> Iterator[Contradiction]:
    """Find augmentation and views that do not fit images in files, or in memory, and targets that are none."""
    if made.crop_size is None and made.augmentation in OF_FILES:
        what, hint = "is of images in files and needs `crop_size`", "set crop_size, or another augmentation"
        yield "augmentation", what, repr(made.augmentation), hint
    if made.crop_size is not None and made.augmentation == "pad-crop-flip":
        what, hint = "pads images in memory; `crop_size` wants files", f"choose {', '.join(sorted(OF_FILES))}"
        yield "augmentation", what, repr(made.augmentation), hint
    if made.crop_size is None and made.test_views == "ten-crop":
        hint = 'set crop_size, or test_views = "centre"'
        yield "test_views", "needs `crop_size`", repr(made.test_views), hint
    if made.label_smoothing >= 1:
        hint = "it is the share of the target that is spread over all classes"
        yield "label_smoothing", "must be below 1", repr(made.label_smoothing), hint


def _of_optimiser(made: Recipe) -> Iterator[Contradiction]:
    """Find fields of another optimiser, and averages that keep all or more."""
    if made.optimiser == "sgd":
        for key in ("beta1", "beta2", "epsilon"):
            if getattr(made, key) != getattr(RECIPES["resnet-cifar"], key):
                hint = 'remove it, or set optimiser = "adam"'
                yield key, 'is of Adam, and optimiser = "sgd"', repr(getattr(made, key)), hint
    elif made.nesterov:
        yield "nesterov", "is a momentum of SGD", "true", f'remove it: optimiser = "{made.optimiser}"'
    for key in ("beta1", "beta2"):
        if getattr(made, key) >= 1:
            hint = "it is the share of the mean so far that is kept at each step"
            yield key, "must be below 1", repr(getattr(made, key)), hint


def _of_evaluation(made: Recipe) -> Iterator[Contradiction]:
    """Find sets that are evaluated twice, or not although a target needs them, and a momentum of nothing."""
    if made.stop_at_train_error is not None and "train" not in made.evaluate:
        what, hint = (
            'reads the training error: `evaluate` must name "train"',
            "add it, or leave the target out",
        )
        yield "stop_at_train_error", what, repr(made.stop_at_train_error), hint
    if len(set(made.evaluate)) < len(made.evaluate):
        yield "evaluate", "names a set twice", repr(list(made.evaluate)), "name each once"
    if made.nesterov and made.momentum == 0:
        yield "nesterov", "needs a momentum", "momentum = 0", "set momentum"


def _field_problems(key: str, value: object, place: str) -> list[Problem]:
    """Return what is wrong with one field: its name, its type, or a number that makes no sense for it."""
    if key not in RECIPE_FIELDS:
        return [Problem(place, "unknown recipe field", None, suggestion(key, RECIPE_FIELDS))]
    from pydantic import ValidationError

    try:
        _types()[key].validate_python(value, strict=True)
    except ValidationError as error:
        message = error.errors()[0]["msg"]
        choices = get_args(get_type_hints(Recipe)[key])
        words = isinstance(value, str) and all(isinstance(choice, str) for choice in choices) and choices
        hint = suggestion(str(value), choices) if words else f"its type is {Recipe.__annotations__[key]}"
        return [Problem(place, message[:1].lower() + message[1:], repr(value), hint)]
    least, most = _LEAST.get(key, 0), _MOST.get(key, MOST)
    numbers = value if isinstance(value, tuple) else (value,)
    if len(numbers) > MOST_MILESTONES:
        return [Problem(place, f"has more than {MOST_MILESTONES:,} entries", str(len(numbers)), "name fewer")]
    if any(
        isinstance(n, int | float) and not least <= n <= most for n in numbers
    ):  # one that is no number is neither
        return [
            Problem(
                place, "is out of range", repr(value), f"give a number, at least {least:g}, at most {most:g}"
            )
        ]
    if value == 0 and key in _POSITIVE:
        return [Problem(place, "is out of range", repr(value), "give a number above 0")]
    return []


@cache
def _types() -> dict[str, TypeAdapter[Any]]:
    from pydantic import TypeAdapter  # late: workers and reports need none of it

    hints = get_type_hints(Recipe)
    return {name: TypeAdapter(hints[name]) for name in RECIPE_FIELDS}


MOST = 1e9
"""Of any number of a recipe; of iterations, a hundred times the longest training there is."""

MOST_MILESTONES = 1_000

_LEAST = {
    "batch_size": 1,
    "bn_group": 1,
    "crop_size": 1,
    "curve_images": 1,
    "train_error_images": 1,
    "evaluate_every": 1e-6,
    "epochs": 1e-9,
}
_MOST = {
    "batch_size": 10_000_000,
    "crop_size": 10_000,
    "epochs": 1e6,
    **dict.fromkeys(("label_smoothing", "momentum", "stop_at_train_error", "warmup_until_train_error"), 1),
}
_POSITIVE = frozenset({"epochs", "lr", "evaluate_every", "warmup_lr", "epsilon"})
