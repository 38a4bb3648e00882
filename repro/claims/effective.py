"""The recipe that a claim's nets are trained with in effect: what the claim sets, and what it takes over unsaid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from repro.claims.cells import Cell, by_command, cells
from repro.claims.run_specs import trained_spec
from repro.claims.schema import ClaimFile
from repro.recipes import RECIPE_FIELDS, Recipe
from repro.registry import Names

TUNED = "tuned"
"""The value of a field that [tune] chooses."""


@dataclass(frozen=True)
class Setting:
    """One field of the recipe over the cells of a claim.

    Attributes:
        field: its name.
        by_cell: address → value; None where the field has no meaning for the cell's run, such as `momentum` for Adam.
        taken_over: neither the claim's recipe, nor an arm, a factor or [tune] sets it anywhere: it is the named
            recipe's own.
    """

    field: str
    by_cell: Mapping[str, Any]
    taken_over: bool

    @property
    def common(self) -> bool:
        """Whether all cells have one value of it."""
        values = list(self.by_cell.values())
        return all(value == values[0] for value in values)


def settings(file: ClaimFile, names: Names) -> list[Setting]:
    """Return the recipe's fields that mean something for at least one cell, in the order of :class:`Recipe`.

    Empty where a claim trains nothing that is had here. The claim is sound: a cell that cannot run raises ReproError.
    """
    if (
        file.weights is not None
        or not file.experiment.recipe
        or not any(metric.trains for metric in file.metrics.values())
    ):
        return []
    trained = [cell for cell in cells(file) if not by_command(file, cell)]
    found = {cell.address: _in_effect(file, cell, names) for cell in trained}
    order = [name for name in Recipe.__dataclass_fields__ if name in RECIPE_FIELDS]
    said = set().union(*(_said(file, cell) for cell in cells(file)))
    return [
        Setting(name, {address: fields.get(name) for address, fields in found.items()}, name not in said)
        for name in order
        if any(name in fields for fields in found.values())
    ]


def _said(file: ClaimFile, cell: Cell) -> set[str]:
    """Return the fields that the claim file sets for a cell, itself or by tuning."""
    said = (file.experiment.recipe.keys() | cell.settings.keys()) & RECIPE_FIELDS
    if file.tune is not None:
        said |= {"lr", "weight_decay"} if file.tune.weight_decay else {"lr"}
    return said


def _in_effect(file: ClaimFile, cell: Cell, names: Names) -> dict[str, Any]:
    """Return the fields of a cell's recipe that its run makes use of."""
    recipe = trained_spec(file, cell, 0, names).recipe
    fields = {name: value for name, value in recipe.as_json().items() if name in RECIPE_FIELDS}
    idle = {name for name, value in fields.items() if value is None}
    idle |= {"beta1", "beta2", "epsilon"} if recipe.optimiser == "sgd" else {"momentum", "nesterov"}
    idle |= set() if recipe.schedule == "step" else {"milestones"}
    idle |= set() if recipe.weight_decay or _tunes_decay(file) else {"decay"}
    idle |= {name for name in ("nesterov", "label_smoothing") if not fields[name]}
    fields |= {"lr": TUNED} if file.tune is not None else {}
    fields |= {"weight_decay": TUNED} if _tunes_decay(file) else {}
    return {name: value for name, value in fields.items() if name not in idle}


def _tunes_decay(file: ClaimFile) -> bool:
    return file.tune is not None and bool(file.tune.weight_decay)


def silent_differences(file: ClaimFile, names: Names) -> Iterator[str]:
    """Yield where arms differ, or a schedule is another one, by what the claim takes over and does not say."""
    found = {setting.field: setting for setting in settings(file, names)}
    if not found:
        return
    name = file.experiment.recipe["name"]
    if not found["optimiser"].common:
        yield from _of_several_optimisers(found, name)
    milestones = found.get("milestones")
    if milestones is not None and milestones.taken_over:
        yield from _of_another_length(found, milestones, name)


def _of_several_optimisers(found: Mapping[str, Setting], recipe: str) -> Iterator[str]:
    which = " and ".join(dict.fromkeys(str(value) for value in found["optimiser"].by_cell.values()))
    unsaid = [
        f"{field} = {_one(found[field])} ({of})"
        for field, of in _OF_OPTIMISERS.items()
        if field in found and found[field].taken_over and any(found[field].by_cell.values())
    ]
    if unsaid:
        yield (
            f"arms are trained by {which}, and the recipe {recipe}'s own values hold for what they do not set: "
            f"{'; '.join(unsaid)}. Set them, or choose lr for each arm with [tune]"
        )


def _of_another_length(found: Mapping[str, Setting], milestones: Setting, recipe: str) -> Iterator[str]:
    for length in ("steps", "epochs", "batch_size"):
        if length in found and not found[length].common:
            yield (
                f"arms or levels differ in `{length}`, and milestones = {_one(milestones)} are taken over from the "
                f"recipe {recipe}: the rate is divided at other parts of their runs; set `milestones`, or another "
                "schedule"
            )
    steps = [value for value in found["steps"].by_cell.values() if value] if "steps" in found else []
    drops = next(value for value in milestones.by_cell.values() if value is not None)
    if steps and drops and max(steps) <= min(drops):
        yield (
            f"milestones = {_one(milestones)} are taken over from the recipe {recipe} and are never reached in "
            f'{max(steps):,} steps: the rate stays as it is; set `milestones`, or schedule = "constant"'
        )


_OF_OPTIMISERS = {
    "lr": "made for sgd",
    "momentum": "of sgd alone",
    "weight_decay": "added to the gradient by sgd and adam, taken off the weights by adamw",
}
"""Fields that mean one thing to one optimiser and another thing, or nothing, to the next."""


def _one(setting: Setting) -> str:
    value = next(value for value in setting.by_cell.values() if value is not None)
    return ", ".join(f"{one:,}" for one in value) if isinstance(value, Sequence) else str(value)
