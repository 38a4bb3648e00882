"""The training run that a cell and a seed make, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from repro.claims.cells import Cell, by_command, place_of
from repro.claims.commands import command_spec
from repro.claims.data import data_ref, dataset_spec, names_data
from repro.claims.schema import ClaimFile
from repro.command_spec import AnyRun
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.recipes import RECIPE_FIELDS, RECIPES, Recipe, recipe
from repro.registry import MODELS, DataRef, Names, Registered
from repro.source_code import digest_of
from repro.spec import (
    NUMERICS_FIELDS,
    PRECISIONS,
    DatasetSpec,
    ModelSpec,
    Numerics,
    RunSpec,
    WeightsSpec,
)


def run_spec(
    file: ClaimFile,
    cell: Cell,
    seed: int,
    names: Names,
    lr: float | None = None,
    weight_decay: float | None = None,
) -> AnyRun:
    """Return the run that `cell` needs at `seed`, trained here or by its command.

    `lr` and `weight_decay` are those that were tuned, if any; of a command, `lr` is what is tuned, whatever its name.

    Raises:
        ReproError: as :func:`trained_spec` and `commands.command_spec`.
    """
    if not by_command(file, cell):
        return trained_spec(file, cell, seed, names, lr, weight_decay)
    tuned: dict[str, float] = {}
    if file.tune is not None:
        # Before anything is tuned, the first of a grid stands for what is chosen.
        first = file.tune.grid if isinstance(file.tune.grid, list) else next(iter(file.tune.grid.values()))
        tuned[file.tune.what] = first[0] if lr is None else lr
        decays = file.tune.weight_decay if weight_decay is None else [weight_decay]
        if decays:
            tuned["weight_decay"] = decays[0]
    return command_spec(
        file.experiment, cell.settings, seed, names, tuned, lambda key: place_of(file, cell, key)
    )


def trained_spec(
    file: ClaimFile,
    cell: Cell,
    seed: int,
    names: Names,
    lr: float | None = None,
    weight_decay: float | None = None,
) -> RunSpec:
    """Return the run that `cell` needs at `seed` where it is trained here.

    Raises:
        ReproError: unknown dataset, model, option or recipe field; all of them at once.
    """
    experiment = file.experiment
    settings = dict(cell.settings)
    model_name = settings.pop("model", experiment.model)
    data = settings.pop("dataset", experiment.dataset)
    numerics = {field: settings.pop(field, getattr(experiment, field)) for field in NUMERICS_FIELDS}

    def place(key: str) -> str:
        return place_of(file, cell, key)

    problems = list(_unnamed(cell, model_name, data, bool(experiment.recipe)))
    problems += _of_numerics(numerics, place)
    model, unknown = _registered(model_name, names, place("model"))
    problems += unknown
    fields = {key: settings.pop(key) for key in list(settings) if key in RECIPE_FIELDS}
    # A model takes those of the common options that it knows; an arm's own options must all be known.
    common = {k: v for k, v in experiment.options.items() if model.options is None or k in model.options}
    problems += _of_options(model_name, model, common, settings, place)
    dataset = DatasetSpec("", "")
    resolved: Recipe | None = None
    wrong: Sequence[Problem] = ()
    try:
        tuned = {"lr": lr, "weight_decay": weight_decay}
        fields |= {key: value for key, value in tuned.items() if value is not None}
        resolved = _recipe(file, cell, fields)
    except ReproError as error:
        wrong = error.problems
    if names_data(data):
        try:
            dataset = dataset_spec(data, place("dataset"), resolved, names)
        except ReproError as error:
            problems += error.problems
    if problems or resolved is None or not isinstance(model_name, str):
        raise ReproError(*problems, *wrong)
    return RunSpec(
        dataset=dataset,
        model=ModelSpec(model_name, model.version, common | settings),
        recipe=resolved,
        seed=seed,
        numerics=Numerics(**numerics),
        weights=_pretrained(file, cell, seed, names),
    )


def _pretrained(file: ClaimFile, cell: Cell, seed: int, names: Names) -> WeightsSpec | None:
    """Return the pretrained net that a cell has at a seed: the first seed stands for the first file.

    Raises:
        ReproError: the file is not there.
    """
    weights = file.weights
    if weights is None or cell.address not in weights.files:
        return None
    files = weights.files[cell.address]
    place = seed - file.experiment.seeds.numbers(cell.arm, 1)[0]
    name = files[place if 0 <= place < len(files) else 0]
    try:
        sha256 = digest_of((names.root or Path()) / name)
    except OSError as error:
        where = f"weights.files.{cell.address}"
        raise mistake(
            where, f"cannot be read: {error.strerror}", name, "put it into the claims folder"
        ) from None
    return WeightsSpec(
        name,
        sha256,
        weights.inside,
        tuple(weights.names.items()),
        weights.layout,
        weights.input_channels,
        weights.checked(cell.address),
    )


Place = Callable[[str], str]
"""A setting → where a claim file sets it for a cell."""


def _of_numerics(numerics: Mapping[str, object], place: Place) -> Iterator[Problem]:
    """Find a precision that is none, and a `compiled` that says neither yes nor no."""
    if numerics["precision"] not in PRECISIONS:
        received = numerics["precision"]
        hint = suggestion(str(received), PRECISIONS)
        yield Problem(place("precision"), "unknown precision", repr(received), hint)
    if not isinstance(numerics["compiled"], bool):
        yield Problem(place("compiled"), "must be true or false", repr(numerics["compiled"]))


def _registered(name: object, names: Names, where: str) -> tuple[Registered, Sequence[Problem]]:
    """Return what is known of a model; of one that is none, the options that any of them takes, and what is wrong."""
    if not isinstance(name, str):
        return Registered(""), ()
    try:
        return names.model(name, where), ()
    except ReproError as error:
        # Which it was meant to be is not known, but an option of none of them is wrong all the same.
        every = (entry.options or frozenset() for entry in MODELS.values())
        known = Registered("") if ":" in name else Registered("", options=frozenset().union(*every))
        return known, error.problems


def _of_options(
    name: object, model: Registered, common: Mapping[str, Any], own: Mapping[str, Any], place: Place
) -> Iterator[Problem]:
    """Find options that a model does not take, of those that a cell sets, and values that none may have."""
    if model.options is None:
        return
    for key in sorted(own.keys() - model.options):
        what = f"neither an option of {name if model.target else 'any model'} nor a recipe field"
        yield Problem(place(key), what, repr(own[key]), suggestion(key, model.options | RECIPE_FIELDS))
    if model.target:
        given = {f"experiment.options.{key}": value for key, value in common.items() if key not in own}
        given |= {place(key): value for key, value in own.items()}
        for where, value in given.items():
            yield from _of_an_option(where, value)


MOST_OF_AN_OPTION = 100_000
"""Of a number that a net here is made with: its depth, its width."""


def _of_an_option(where: str, value: object) -> Iterator[Problem]:
    """Find a value that no option of the nets here may have; which others one takes, it says when it is built."""
    if not isinstance(value, str | int | float | None):
        yield Problem(where, "must be a word, a number, true or false", repr(value), "give one value")
    elif isinstance(value, int | float) and not 0 <= value <= MOST_OF_AN_OPTION:
        yield Problem(where, "is out of range", repr(value), f"give a number of 0 to {MOST_OF_AN_OPTION:,}")


def data_of(file: ClaimFile, cell: Cell) -> DataRef:
    """Return the dataset that a cell names.

    Raises:
        ReproError: it names none, or its recipe is none.
    """
    data = cell.settings.get("dataset", file.experiment.dataset)
    if not names_data(data) or not file.experiment.recipe:
        raise ReproError(*_unnamed(cell, "", data, bool(file.experiment.recipe)))
    fields = {key: value for key, value in cell.settings.items() if key in RECIPE_FIELDS}
    return data_ref(data, place_of(file, cell, "dataset"), _recipe(file, cell, fields))


def _recipe(file: ClaimFile, cell: Cell, fields: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a claim with the fields that a cell sets; that none is named is said elsewhere."""
    base = dict(file.experiment.recipe)
    name = base.pop("name", None)
    if "steps" in fields:
        base.pop("epochs", None)
    if "epochs" in fields:
        base.pop("steps", None)
    given = {**base, **fields}
    problems: list[Problem] = []
    try:
        if name is not None:
            return recipe(name, given, lambda key: place_of(file, cell, key))
    except ReproError as error:
        problems += error.problems
    if name not in RECIPES:
        # Which it was meant to be is not known, but what is no field or no value of any is wrong all the same.
        for key in given.keys() - _TOGETHER:
            try:
                recipe("cuda-convnet-2012", {key: given[key]}, lambda key: place_of(file, cell, key))
            except ReproError as error:
                problems += error.problems
    values = {place_of(file, cell, key): repr(value) for key, value in given.items()}
    raise ReproError(*(replace(p, received=p.received or values.get(p.where)) for p in problems))


_TOGETHER = frozenset(
    {"augmentation", "bn_group", "crop_size", "test_views", "warmup_lr", "warmup_until_train_error"}
)
"""Fields that other fields must fit: whether they do is known of a whole recipe only."""


def _unnamed(cell: Cell, model: object, dataset: object, recipe: bool) -> Iterator[Problem]:
    for name, value, named in (
        ("model", model, isinstance(model, str)),
        ("dataset", dataset, names_data(dataset)),
    ):
        if not named:
            received = None if value is None else repr(value)
            hint = f"set `{name}` in [experiment] or in each arm"
            place = f"arms.{cell.arm}" if name == "model" or name in cell.settings else f"experiment.{name}"
            yield Problem(place, f"no {name} is named", received, hint)
    if not recipe:
        hint = 'set recipe = { name = "…" } in [experiment]'
        yield Problem("experiment.recipe", "no recipe is given", None, hint)
