"""Cells: one arm at one level of each factor, and the training run that a cell and a seed make."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.claims.schema import ClaimFile
from repro.errors import Problem, ReproError, suggestion
from repro.recipes import RECIPE_FIELDS, recipe
from repro.registry import find_dataset, find_model
from repro.spec import DatasetSpec, ModelSpec, RunSpec


@dataclass(frozen=True)
class Cell:
    """One condition of the experiment.

    Attributes:
        arm: the arm's name.
        levels: factor → level name, in the order of the claim file.
        settings: what arm and levels set: "model", "dataset", recipe fields, and options of the model.
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
    factors = {name: levels_of(factor) for name, factor in file.factors.items()}
    found = []
    for arm, own in file.arms.items():
        for combination in itertools.product(*(factor.items() for factor in factors.values())):
            levels: dict[str, str] = {}
            settings: dict[str, Any] = {}
            for factor, (level, value) in zip(factors, combination, strict=True):
                levels[factor] = level
                settings |= value if isinstance(value, dict) else {factor: value}
            cell = Cell(arm, levels, settings | own)
            if cell.address not in file.experiment.skip:
                found.append(cell)
    return found


def run_spec(
    file: ClaimFile, cell: Cell, seed: int, where: str, claims_folder: Path | None, lr: float | None = None
) -> RunSpec:
    """Return the run that `cell` needs at `seed`, with the tuned learning rate `lr` where there is one.

    Raises:
        ReproError: unknown dataset, model, option or recipe field; all of them at once.
    """
    experiment = file.experiment
    settings = dict(cell.settings)
    model_name = settings.pop("model", experiment.model)
    dataset_name = settings.pop("dataset", experiment.dataset)
    problems = []
    if not isinstance(model_name, str):
        problems.append(
            Problem(where, "no model is named", repr(model_name), "set `model` in the arm or in [experiment]")
        )
    if not isinstance(dataset_name, str):
        problems.append(
            Problem(where, "no dataset is named", repr(dataset_name), "set `dataset` in [experiment]")
        )
    if not experiment.recipe:
        problems.append(
            Problem(where, "no recipe is given", None, 'set recipe = { name = "…" } in [experiment]')
        )
    if problems:
        raise ReproError(*problems)
    model = find_model(str(model_name), where, claims_folder)
    dataset = find_dataset(str(dataset_name), where, claims_folder)

    fields = {key: settings.pop(key) for key in list(settings) if key in RECIPE_FIELDS}
    base = dict(experiment.recipe)
    recipe_name = base.pop("name")
    if "steps" in fields:
        base.pop("epochs", None)
    if "epochs" in fields:
        base.pop("steps", None)
    fields = base | fields | ({"lr": lr} if lr is not None else {})

    # A model takes those of the common options that it knows; an arm's own options must all be known.
    common = {k: v for k, v in experiment.options.items() if model.options is None or k in model.options}
    if model.options is not None:
        for key in settings.keys() - model.options:
            known = model.options | RECIPE_FIELDS
            problems.append(
                Problem(
                    f"{where}.{key}",
                    f"neither an option of {model_name} nor a recipe field",
                    None,
                    suggestion(key, known),
                )
            )
    try:
        resolved = recipe(str(recipe_name), fields, f"{where}.recipe")
    except ReproError as error:
        raise ReproError(*problems, *error.problems) from None
    if problems:
        raise ReproError(*problems)
    return RunSpec(
        dataset=DatasetSpec(str(dataset_name), dataset.fingerprint),
        model=ModelSpec(str(model_name), model.version, common | settings),
        recipe=resolved,
        seed=seed,
    )
