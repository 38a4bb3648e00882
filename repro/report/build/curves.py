"""A claim's curves: what its runs recorded while they were trained, in the manner of the paper's figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from repro.claims import Cell
from repro.claims.schema_shown import Figure
from repro.experiment.requirements import Requirements
from repro.judging.frame import Collected
from repro.recorded import RecordedRun
from repro.report import model
from repro.report.build import reference
from repro.report.build.lines import Line, Naming, Points, finite, runs_of
from repro.report.build.palette import Palette
from repro.report.build.reference import Style
from repro.report.build.spread import Named, RunLine, spread
from repro.store import RunRecord, numbers_of

STYLES: dict[str, Style] = {"train": "dashed", "running": "dotted", "test": "solid"}
"""As in ResNet's figures: dashed is training error, bold is test error."""


def _panel_of(cell: Cell, figure: Figure) -> str:
    if figure.panel in (None, "of"):
        return "ours"
    level = cell.arm if figure.panel == "arm" else cell.levels[figure.panel]
    return level if figure.panel == "arm" else f"{figure.panel}: {level}"


@dataclass(frozen=True, slots=True)
class _Run:
    """A run, trained or recorded: its cell, seed and key, and what it recorded of a column."""

    cell: Cell
    seed: int
    key: str
    points: Callable[[str], Points]

    def line(self, column: str) -> RunLine:
        """Return what is drawn of a column."""
        return RunLine(*self.points(column), self.cell.address, self.seed, self.key)


def _drawable(figure: Figure, required: Requirements, collected: Collected) -> Iterator[_Run]:
    """Yield each run with what it recorded by column."""
    places = reference.places(figure, required)

    def of_run(run: RunRecord, column: str) -> Points:
        return finite(places(run), numbers_of(run.history, column))

    def of_recorded(run: RecordedRun, column: str) -> Points:
        series = run.series.get(column)
        steps, values = ((), ()) if series is None else (series.steps, series.values)
        return finite(np.array(steps, dtype=float), np.array(values, dtype=float))

    for need, run in runs_of(required, collected):
        if run.steps_done:
            yield _Run(need.cell, need.spec.seed, run.key, partial(of_run, run))
    if required.recorded is not None:
        for address, cell in required.recorded.cells.items():
            for recorded in required.recorded.results.runs.get(address, ()):
                yield _Run(cell, recorded.seed, recorded.key, partial(of_recorded, recorded))


def curve_panels(
    figure: Figure, required: Requirements, collected: Collected, palette: Palette
) -> Iterator[model.Panel]:
    """Yield the panels of a figure of curves: a line a cell, or a line a column of each."""
    grouped: dict[str, dict[Line, list[_Run]]] = {}
    naming = Naming(figure, palette)
    for run in _drawable(figure, required, collected):
        if not figure.cells or run.cell.address in figure.cells:
            grouped.setdefault(_panel_of(run.cell, figure), {}).setdefault(naming(run.cell), []).append(run)
    x_label, results = reference.places(figure, required).label, required.file.results
    if results is not None:
        x_label = results.step_unit.removesuffix("s")
    dashes = reference.styles(figure, required, palette)
    # what others recorded may rise to its target, and goes on beyond it
    stop = figure.target if results is None else None
    shown = [(title, figure.of, lines) for title, lines in grouped.items()]
    if figure.panel == "of":
        shown = [(_spelt(name), [name], lines) for name in figure.of for lines in grouped.values()]
    for title, columns, lines in shown:
        percent = all(
            column.endswith("error") if results is None else results.columns[column].share
            for column in columns
        )
        series, bands = _drawn(lines, columns, dashes, stop)
        what = _spelt(columns[0]) if len(columns) == 1 else ("error" if percent else "loss")
        yield model.Panel(
            title=f"ours, {title}" if figure.reference and title != "ours" else title,
            x_label=x_label,
            y_label=f"{what} (%)" if percent else what,
            y_percent=percent,
            y_log=not percent and results is None,
            target=figure.target,
            series=series,
            bands=bands,
        )


def _spelt(column: str) -> str:
    """Return a column's name as people write it: training error."""
    return column.replace("_", " ").replace("train ", "training ")


def _drawn(
    lines: Mapping[Line, Sequence[_Run]],
    columns: Sequence[str],
    dashes: Mapping[int, Style],
    stop: float | None,
) -> tuple[list[model.Series], list[model.Band]]:
    """Return the curves and bands of each line, of each column: these differ in their dashes."""
    series, bands = [], []
    for line, runs in lines.items():
        for column in columns:
            style, label = dashes.get(line.colour.group, "solid"), line.label
            if len(columns) > 1:
                style = STYLES.get(column.split("_")[0], "solid")
                label = f"{label}, {_spelt(column)}"
            own = [run.line(column) for run in runs]
            drawn = spread(Named(label, line.name, line.colour, style), own, stop)
            series += drawn[0]
            bands += drawn[1]
    return series, bands
