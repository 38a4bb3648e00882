"""Runs with given losses, and what was found of an expectation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from repro.claims import Cell
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.stats import Interval
from tests.support.helpers import BASE, World, changed, layer_rows

GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "at": ["init", "last"]}
SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)


def around(mean: float, scale: float = 0.1) -> list[float]:
    """Five values around a mean, with sd √2.5 · scale."""
    return [mean + scale * step for step in SPREAD]


def losses(world: World, cells: Mapping[str, Sequence[float]], **more: Any) -> None:
    """Put runs that end with these losses, one a seed; a cell that is not named gets ones."""
    world.fill(lambda cell, seed: {"train_loss": [9.0, [*cells.get(cell.address, [1.0] * 99)][seed]]}, **more)


def expect(**changes: Any) -> dict[str, Any]:
    """Return the base claim's one expectation, changed."""
    return changed(BASE["expect"]["gap"], **changes)


def part(verdict: ExpectationVerdict, index: int = 0) -> PartVerdict:
    return verdict.parts[index]


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None
    return interval.low, interval.high


DEEP_MINUS_SHALLOW = {"plain/deep": around(3.0, 0.2), "plain/shallow": around(1.5, 0.1)}


def gradients(cell: Cell, seed: int, moment: str) -> list[dict[str, Any]]:
    return layer_rows((4.0 if cell.levels["depth"] == "deep" else 1.0) + SPREAD[seed] / 10)


NUMBER = {"kind": "static", "probe": "parameters", "unit": "count"}


def number(**changes: Any) -> dict[str, Any]:
    item = {
        "kind": "exact",
        "title": "Parameters",
        "metric": "n",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "within": [265_000, 275_000],
        "role": "decides",
        "why": "w",
    }
    return changed(item, **changes)


def compute(world: World, value: float, scale: str = "smoke") -> None:
    for need in world.requirements(scale).exact:
        world.read(need.reading, [{"value": value}])
