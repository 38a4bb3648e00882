"""The runs of one line: each by itself, or of many a band; and their mean, also where runs stop at a target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import numpy as np
from pydantic import TypeAdapter

from repro.report import model
from repro.report.build.lines import Numbers
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

    x: Numbers
    y: Numbers
    cell: str | None
    seed: int
    run: str | None


@dataclass(frozen=True)
class Named:
    """What the lines of one cell are called and look like."""

    label: str
    name: str
    colour: Colour
    style: Style


def spread(
    named: Named, lines: Sequence[RunLine], target: float | None = None, *, geometric: bool = False
) -> tuple[list[model.Series], list[model.Band]]:
    """Return the series and bands of the runs of a cell.

    Where all runs were measured at the same places, the mean is that of y at each, `geometric` where logarithms are
    judged. Where they stop at `target`, it is the mean x at which the runs first reach each y, down to the lowest that
    all of them reach. Otherwise there is none, but for many runs: theirs is of the places that they have in common.
    """
    there = [line for line in lines if len(line.x)]
    cell = next((line.cell for line in there), None)
    many, alike = len(there) > MOST_LINES, _alike(lines)
    drawn: list[model.Series] = []
    bands: list[model.Band] = []
    if there and target is not None and not alike:
        levels, places = _reached(there, target)
        if len(levels):
            drawn.append(_series(named, "mean", _numbers(places.mean(axis=0)), levels, cell))
            first, last = np.quantile(places, EDGES, axis=0)
            bands.append(_band(named, len(there), (first, levels), (last, levels)))
    elif there and (many or alike):
        x = np.unique(there[0].x) if alike else reduce(np.intersect1d, (line.x for line in there))
        if len(x) == len(there[0].x) or len(x) > 1:
            values = np.array([_at(line, x) for line in there])
            mean = np.exp(np.log(values).mean(axis=0)) if geometric else values.mean(axis=0)
            drawn.append(_series(named, "mean", _numbers(x), mean, cell))
            low, high = np.quantile(values, EDGES, axis=0)
            bands.append(_band(named, len(there), (x, low), (x, high)))
    if not many or not bands:
        return [*_each(named, there), *drawn], []
    return drawn, bands


def _alike(lines: Sequence[RunLine]) -> bool:
    return bool(lines) and all(np.array_equal(line.x, lines[0].x) for line in lines)


def _at(line: RunLine, x: Numbers) -> Numbers:
    """Return a run's y at some of its places."""
    if len(x) == len(line.x):
        return line.y
    found = dict(zip(line.x.tolist(), line.y.tolist(), strict=True))
    return np.array([found[place] for place in x.tolist()])


def _each(named: Named, lines: Sequence[RunLine]) -> list[model.Series]:
    # Seeds are mostly measured at the same places, which are then checked, rounded and kept once for all of them.
    grids: dict[bytes, list[float]] = {}
    found = []
    for line in lines:
        grid = line.x.tobytes()
        if grid not in grids:
            grids[grid] = _numbers(line.x)
        found.append(_series(named, "seed", grids[grid], line.y, line.cell, line))
    return found


def _reached(lines: Sequence[RunLine], target: float) -> tuple[Numbers, Numbers]:
    """Return levels of y from the highest start down, and where each run first reaches each (runs × levels).

    Between two evaluations a run is taken to go straight. A level that a run begins below is reached where it begins.
    """
    top = max(float(line.y[0]) for line in lines)
    bottom = max(target, *(float(line.y.min()) for line in lines))
    if not top > bottom:
        return np.array([]), np.empty((len(lines), 0))
    levels = np.linspace(top, bottom, _LEVELS)
    return levels, np.array([_first(line, levels) for line in lines])


def _first(line: RunLine, levels: Numbers) -> Numbers:
    x, y = line.x, np.minimum.accumulate(line.y)
    after = np.searchsorted(
        -y, -levels
    )  # the first evaluation at or below each; the lowest level is reached by all
    before = np.maximum(after - 1, 0)
    fall = np.where(after > 0, y[before] - y[after], 1.0)
    share = np.where(after > 0, (y[before] - levels) / fall, 0.0)
    found: Numbers = x[before] + share * (x[after] - x[before])
    return found


_DRAWN = TypeAdapter(list[Drawn])


def _numbers(values: Numbers) -> list[float]:
    return _DRAWN.validate_python(values.tolist())


def _series(
    named: Named,
    role: Literal["seed", "mean"],
    x: list[float],
    y: Numbers,
    cell: str | None,
    run: RunLine | None = None,
) -> model.Series:
    return model.Series.model_construct(
        label=named.label,
        group=named.colour.group,
        style=named.style,
        role=role,
        x=x,
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
