"""Cells: one arm at one level of each factor."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from repro.claims.schema import ClaimFile
from repro.spec import NUMERICS_FIELDS


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

    @cached_property
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


def by_command(file: ClaimFile, cell: Cell) -> bool:
    """Tell whether a cell's runs are carried out by a command."""
    return file.experiment.command is not None or "command" in cell.settings


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
