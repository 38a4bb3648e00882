"""The runs of one line: each by itself, or of many a band; and their mean, also where runs stop at a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from repro.report import model
from repro.report.build.palette import Colour
from repro.report.build.reference import Style
from repro.report.model.evidence import Drawn

MOST_LINES = 12
"""Runs that are drawn one by one; of more, a band says where nine of ten lie."""

EDGES = (0.05, 0.95)
"""Quantiles between which nine of ten runs lie."""

_LEVELS = 40
"""Errors at which runs that stop at a target are averaged."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """What is drawn of one run: places, values, and which run it is; `cell` and `run` are None of a line of several."""

    x: Sequence[float]
    y: Sequence[float]
    cell: str | None
    seed: int
    run: str | None


Numbers: TypeAlias = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Named:
    """What the lines of one cell are called and look like."""

    label: str
    name: str
    colour: Colour
    style: Style


def spread(
    named: Named, lines: Sequence[RunLine], target: float | None = None
) -> tuple[list[model.Series], list[model.Band]]:
    """Return the series and bands of the runs of a cell.

    Where all runs were measured at the same places, the mean is that of y at each. Where they stop at `target`, it is
    the mean x at which the runs first reach each y, down to the lowest that all of them reach. Otherwise there is none,
    but for many runs: theirs is of the places that they have in common.
    """
    there = [line for line in lines if len(line.x)]
    cell = next((line.cell for line in there), None)
    many = len(there) > MOST_LINES
    drawn: list[model.Series] = []
    bands: list[model.Band] = []
    if there and target is not None and not _alike(lines):
        levels, places = _reached(there, target)
        if len(levels):
            drawn.append(_series(named, "mean", places.mean(axis=0), levels, cell))
            first, last = np.quantile(places, EDGES, axis=0)
            bands.append(_band(named, len(there), (first, levels), (last, levels)))
    elif there and (many or _alike(lines)):
        x = sorted(set[float](there[0].x).intersection(*(line.x for line in there)))
        if len(x) == len(there[0].x) or len(x) > 1:
            values = np.array([_at(line, x) for line in there])
            drawn.append(_series(named, "mean", x, values.mean(axis=0), cell))
            low, high = np.quantile(values, EDGES, axis=0)
            bands.append(_band(named, len(there), (x, low), (x, high)))
    if not many or not bands:
        return [*_each(named, there), *drawn], []
    return drawn, bands


def _alike(lines: Sequence[RunLine]) -> bool:
    return len({tuple(line.x) for line in lines}) == 1


def _at(line: RunLine, x: Sequence[float]) -> Sequence[float]:
    """Return a run's y at some of its places."""
    if len(x) == len(line.x):
        return line.y
    found = dict(zip(line.x, line.y, strict=True))
    return [found[place] for place in x]


def _each(named: Named, lines: Sequence[RunLine]) -> list[model.Series]:
    # Seeds are mostly measured at the same places, which are then checked, rounded and kept once for all of them.
    grids: dict[tuple[float, ...], list[float]] = {}
    found = []
    for line in lines:
        places = grids.get(tuple(line.x))
        if places is None:
            places = grids[tuple(line.x)] = _DRAWN.validate_python(list(line.x))
        found.append(_series(named, "seed", places, line.y, line.cell, line))
    return found


def _reached(lines: Sequence[RunLine], target: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return levels of y from the highest start down, and where each run first reaches each (runs × levels).

    Between two evaluations a run is taken to go straight. A level that a run begins below is reached where it begins.
    """
    top = max(line.y[0] for line in lines)
    bottom = max(target, *(min(line.y) for line in lines))
    if not top > bottom:
        return np.array([]), np.empty((len(lines), 0))
    levels = np.linspace(top, bottom, _LEVELS)
    return levels, np.array([_first(line, levels) for line in lines])


def _first(line: RunLine, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = np.asarray(line.x, dtype=float), np.minimum.accumulate(np.asarray(line.y, dtype=float))
    after = np.searchsorted(
        -y, -levels
    )  # the first evaluation at or below each; the lowest level is reached by all
    before = np.maximum(after - 1, 0)
    fall = np.where(after > 0, y[before] - y[after], 1.0)
    share = np.where(after > 0, (y[before] - levels) / fall, 0.0)
    found: NDArray[np.float64] = x[before] + share * (x[after] - x[before])
    return found


_DRAWN = TypeAdapter(list[Drawn])


def _numbers(values: Numbers) -> list[float]:
    return _DRAWN.validate_python(list(map(float, values)))


def _series(
    named: Named,
    role: Literal["seed", "mean"],
    x: Sequence[float] | NDArray[np.float64],
    y: Sequence[float] | NDArray[np.float64],
    cell: str | None,
    run: RunLine | None = None,
) -> model.Series:
    return model.Series.model_construct(
        label=named.label,
        group=named.colour.group,
        style=named.style,
        role=role,
        x=list(x) if role == "seed" else _numbers(x),
        y=_numbers(y),
        shade=named.colour.shade,
        name=named.name,
        cell=cell,
        seed=None if run is None else run.seed,
        run=None if run is None else run.run,
    )


def _band(named: Named, runs: int, low: tuple[Numbers, Numbers], high: tuple[Numbers, Numbers]) -> model.Band:
    return model.Band(
        label=named.label,
        group=named.colour.group,
        shade=named.colour.shade,
        style=named.style,
        runs=runs,
        x_low=_numbers(low[0]),
        y_low=_numbers(low[1]),
        x_high=_numbers(high[0]),
        y_high=_numbers(high[1]),
    )
