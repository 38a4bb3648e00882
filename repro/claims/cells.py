"""Cells: one arm at one level of each factor, and the training run that a cell and a seed make."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from repro.claims.commands import command_spec
from repro.claims.data import data_ref, dataset_spec, names_data
from repro.claims.schema import ClaimFile
from repro.command_spec import AnyRun
from repro.errors import Problem, ReproError, suggestion
from repro.recipes import RECIPE_FIELDS, RECIPES, Recipe, recipe
from repro.registry import MODELS, DataRef, Names, Registered
from repro.spec import NUMERICS_FIELDS, PRECISIONS, DatasetSpec, ModelSpec, Numerics, RunSpec


@dataclass(frozen=True)
class Cell:
    """One condition of the experiment.

    Attributes:
        arm: the arm's name.
        levels: factor → level name, in the order of the claim file.
        settings: what arm and levels set: "model", "dataset", fields of the numerics, recipe fields,
            options of the model.
    """

    arm: str
    levels: Mapping[str, str]
    settings: Mapping[str, Any]

    @property
    def address(self) -> str:
        """The cell's name in a claim file: ``arm/level/level``."""
        return "/".join([self.arm, *self.levels.values()])


def levels_of(factor: list[Any] | dict[str, Any]) -> dict[str, Any]:
    """Return level name → value; a list names its levels by their values."""
    return factor if isinstance(factor, dict) else {str(value): value for value in factor}


def cells(file: ClaimFile) -> list[Cell]:
    """Return every cell of a claim at one scale but the skipped ones, arms first, in the order of the file."""
    return [cell for cell in all_cells(file) if cell.address not in file.experiment.skip]


def all_cells(file: ClaimFile) -> list[Cell]:
    """Return every combination of arm and levels, those that the experiment skips among them."""
    factors = {name: levels_of(factor) for name, factor in file.factors.items()}
    found = []
    for arm, own in file.arms.items():
        for combination in itertools.product(*(factor.items() for factor in factors.values())):
            levels: dict[str, str] = {}
            settings: dict[str, Any] = {}
            for factor, (level, value) in zip(factors, combination, strict=True):
                levels[factor] = level
                settings |= value if isinstance(value, dict) else {factor: value}
            found.append(Cell(arm, levels, settings | own.settings))
    return found


MOST_CELLS, MOST_RUNS = 2_000, 500_000
"""Of a claim at a scale. A suite of all published results has fewer."""


def too_large(file: ClaimFile) -> str | None:
    """Return why a claim asks for more cells or runs than anybody could look at; None where it does not."""
    count = len(file.arms) * math.prod(len(factor) for factor in file.factors.values())
    if count > MOST_CELLS:
        return f"makes {count:,} cells of {len(file.arms)} arms and {len(file.factors)} factors; at most {MOST_CELLS:,}"
    runs = count * file.experiment.seeds.looks[-1]
    if file.tune is not None:
        grids = [file.tune.grid] if isinstance(file.tune.grid, list) else list(file.tune.grid.values())
        decays = max(1, len(file.tune.weight_decay))
        runs += count * decays * len(file.tune.seeds) * max(map(len, grids), default=0)
    if runs > MOST_RUNS:
        return f"asks for {runs:,} runs of {count:,} cells; at most {MOST_RUNS:,}"
    return None


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


def by_command(file: ClaimFile, cell: Cell) -> bool:
    """Tell whether a cell's runs are carried out by a command."""
    return file.experiment.command is not None or "command" in cell.settings


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
    if numerics["precision"] not in PRECISIONS:
        received = numerics["precision"]
        hint = suggestion(str(received), PRECISIONS)
        problems.append(Problem(place("precision"), "unknown precision", repr(received), hint))
    if not isinstance(numerics["compiled"], bool):
        problems.append(Problem(place("compiled"), "must be true or false", repr(numerics["compiled"])))
    model, dataset = Registered(""), DatasetSpec("", "")
    if isinstance(model_name, str):
        try:
            model = names.model(model_name, place("model"))
        except ReproError as error:
            problems += error.problems
            if ":" not in model_name:
                # Which it was meant to be is not known, but an option of none of them is wrong all the same.
                every = (entry.options or frozenset() for entry in MODELS.values())
                model = Registered("", options=frozenset().union(*every))

    fields = {key: settings.pop(key) for key in list(settings) if key in RECIPE_FIELDS}
    # A model takes those of the common options that it knows; an arm's own options must all be known.
    common = {k: v for k, v in experiment.options.items() if model.options is None or k in model.options}
    if model.options is not None:
        for key in sorted(settings.keys() - model.options):
            what = f"neither an option of {model_name if model.target else 'any model'} nor a recipe field"
            hint = suggestion(key, model.options | RECIPE_FIELDS)
            problems.append(Problem(place(key), what, repr(settings[key]), hint))
    if model.options is not None and model.target:
        given = {f"experiment.options.{key}": value for key, value in common.items() if key not in settings}
        given |= {place(key): value for key, value in settings.items()}
        problems += (problem for where, value in given.items() for problem in _of_an_option(where, value))
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
    )


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
    values = {place_of(file, cell, key): repr(value) for key, value in given.items()}
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


def place_of(file: ClaimFile, cell: Cell, key: str) -> str:
    """Return where a claim file sets `key` for a cell: in the arm, by a factor, or for all in [experiment]."""
    if key in file.arms[cell.arm].settings:
        return f"arms.{cell.arm}.{key}"
    for factor, level in cell.levels.items():
        value = levels_of(file.factors[factor])[level]
        if isinstance(value, dict) and key in value:
            return f"factors.{factor}.{level}.{key}"
        if key == factor and not isinstance(value, dict):
            return f"factors.{factor}"
    if key in ("model", "dataset", "command", *NUMERICS_FIELDS):
        return f"experiment.{key}"
    if by_command(file, cell):
        tuned = file.tune is not None and key == file.tune.what
        return (f"tune.over.{key}" if key != "lr" else "tune.lr") if tuned else f"experiment.options.{key}"
    return f"experiment.recipe.{key}"
