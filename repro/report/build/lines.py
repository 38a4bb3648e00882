"""What lines of a figure are made of: the runs behind them, their names and colours, their points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from repro.claims import Cell, Metric
from repro.claims.schema_shown import Figure
from repro.experiment.declared import as_declared
from repro.experiment.requirements import Need, Requirements
from repro.judging.frame import Collected
from repro.report.build.palette import Colour, Palette
from repro.store import RunRecord


def runs_of(required: Requirements, collected: Collected) -> Iterator[tuple[Need, RunRecord]]:
    """Yield the measured runs that are there, as their claim reads them."""
    for needs in required.measured.values():
        for need in needs:
            run = as_declared(collected.runs.get(need.spec.key), required.file)
            if run is not None:
                yield need, run


def measured(
    required: Requirements, collected: Collected, metric: Metric
) -> Iterator[tuple[Need, RunRecord]]:
    """Leave out arms that the metric is not about, even where another metric has read the same from them."""
    return (
        pair
        for pair in runs_of(required, collected)
        if metric.arms is None or pair[0].cell.arm in metric.arms
    )


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a cell: named by what its panel does not say, `name` shorter than `label`."""

    label: str
    name: str
    colour: Colour


class Naming:
    """Names and colours of the lines of a figure, worked out once a cell."""

    def __init__(self, figure: Figure, palette: Palette) -> None:
        self._panel, self._palette = figure.panel, palette
        self._lines: dict[str, Line] = {}

    def __call__(self, cell: Cell) -> Line:
        """Return the line of a cell."""
        if cell.address not in self._lines:
            self._lines[cell.address] = self._line(cell)
        return self._lines[cell.address]

    def _line(self, cell: Cell) -> Line:
        arm = [] if self._panel == "arm" else [cell.arm]
        levels, values = [], []
        for factor, level in cell.levels.items():
            # of a factor with one level there is nothing to tell apart
            if factor != self._panel and (not arm or self._palette.varies(factor)):
                value = cell.settings.get(factor, level)
                levels.append(f"{level} ({value})" if str(value) != level else level)
                values.append(str(value))
        label = ", ".join([*arm, *levels]) or cell.arm
        name = "-".join([*arm, *values]) if arm else label
        return Line(label, name or cell.arm, self._palette.ours(cell.arm, cell.levels, self._panel))


Numbers: TypeAlias = NDArray[np.float64]

Points: TypeAlias = tuple[Numbers, Numbers]
"""Places on the x axis and values, of one run."""


def finite(x: Numbers, y: Numbers) -> Points:
    """Return the points whose y is a number."""
    kept = np.isfinite(y)
    return (x, y) if kept.all() else (x[kept], y[kept])
