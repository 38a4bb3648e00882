"""A claim's figures as data: our runs in the manner of the paper's figure, the paper's own curves beside."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from repro.claims import Cell, Metric
from repro.claims.schema_shown import Figure
from repro.experiment.declared import as_declared
from repro.experiment.measures import from_rows
from repro.experiment.requirements import Need, Requirements
from repro.judging.frame import Collected
from repro.recorded import RecordedRun
from repro.report import model
from repro.report.build import reference
from repro.report.build.palette import Colour, Palette, palette_of
from repro.report.build.pictures import picture_panels
from repro.report.build.reference import Style
from repro.report.build.spread import Named, RunLine, spread
from repro.report.wording.finding import finding
from repro.store import RunRecord, column_of

STYLES: dict[str, Style] = {"train": "dashed", "running": "dotted", "test": "solid"}
"""As in ResNet's figures: dashed is training error, bold is test error."""


def build_figure(name: str, figure: Figure, required: Requirements, collected: Collected) -> model.Figure:
    """Return a figure's panels: the paper's reference first, where there is one, then ours.

    At the paper's scale ours have the paper's axes, its unit of x and its limits; a reference of a single panel is laid
    behind ours there instead of standing beside.
    """
    kinds = {"curves": _curves, "layers": _layers, "moments": _moments}
    palette = palette_of(required)
    if figure.kind == "images":
        ours = list(picture_panels(figure, required, collected))
    else:
        ours = list(kinds[figure.kind](figure, required, collected, palette))
    paper = reference.panels(figure, required, palette) if figure.reference else []
    alt = f"{figure.title}. {finding(ours, paper)}"
    caption = _caption(figure, ours)
    if paper and ours and required.scale == "paper":
        ours, paper = reference.mirrored(ours, paper)
        caption += " Axes are the paper’s."
        if len(paper) == 1:
            ours, paper = [reference.overlaid(panel, paper[0]) for panel in ours], []
            caption += " Wide pale lines were read from the paper."
    if paper:
        caption += " Panels marked “paper” were read from the paper; their axes are the paper’s own."
    return model.Figure(
        id=name,
        anchor=f"{required.claim.id}/figure/{name}",
        title=figure.title,
        alt=alt,
        caption=caption.strip(),
        panels=[*paper, *ours],
    )


def _caption(figure: Figure, ours: Sequence[model.Panel]) -> str:
    """Say what is a run, what their mean, and what the dashes."""
    if figure.kind == "images":
        return "Contrast is stretched in each picture by itself. What a picture shows is its tooltip."
    roles = {series.role for panel in ours for series in panel.series}
    told = []
    if "seed" in roles:
        what = "Dots" if figure.kind == "moments" else "Thin lines"
        told.append(f"{what} are single runs.")
    if any(panel.bands for panel in ours):
        told.append("Pale bands hold nine of ten runs.")
    if "mean" in roles:
        stops = any(_stops(series, figure.target) for panel in ours for series in panel.series)
        when = ", over the runs, of when each error is first reached" if stops else ""
        told.append(f"Bold lines are means{when}.")
    if {series.style for panel in ours for series in panel.series} == {"dashed", "solid"} and len(
        figure.of
    ) > 1:
        told.append("Dashed is training, solid is test.")
    return " ".join(told)


def _stops(series: model.Series, target: float | None) -> bool:
    """Tell whether a mean ends at the target, as that of runs which stop there does."""
    return series.role == "mean" and target is not None and math.isclose(series.y[-1], target, rel_tol=1e-5)


def _runs(required: Requirements, collected: Collected) -> Iterator[tuple[Need, RunRecord]]:
    for needs in required.measured.values():
        for need in needs:
            run = as_declared(collected.runs.get(need.spec.key), required.file)
            if run is not None:
                yield need, run


def _measured(
    required: Requirements, collected: Collected, metric: Metric
) -> Iterator[tuple[Need, RunRecord]]:
    """Leave out arms that the metric is not about, even where another metric has read the same from them."""
    return (
        pair for pair in _runs(required, collected) if metric.arms is None or pair[0].cell.arm in metric.arms
    )


def _panel_of(cell: Cell, figure: Figure) -> str:
    if figure.panel in (None, "of"):
        return "ours"
    level = cell.arm if figure.panel == "arm" else cell.levels[figure.panel]
    return level if figure.panel == "arm" else f"{figure.panel}: {level}"


@dataclass(frozen=True, slots=True)
class Line:
    """The line of a cell: named by what its panel does not say, `name` shorter than `label`."""

    label: str
    name: str
    colour: Colour


class _Naming:
    """Names and colours of the lines of a figure, worked out once a cell."""

    def __init__(self, figure: Figure, palette: Palette) -> None:
        self._panel, self._palette = figure.panel, palette
        self._lines: dict[str, Line] = {}

    def __call__(self, cell: Cell) -> Line:
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


Points = tuple[list[float], list[float]]
"""Places on the x axis and values, of one run."""


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
        return _finite(places(run), run.history[column])

    def of_recorded(run: RecordedRun, column: str) -> Points:
        series = run.series.get(column)
        return ([], []) if series is None else _finite(series.steps, series.values)

    for need, run in _runs(required, collected):
        if run.steps_done:
            yield _Run(need.cell, need.spec.seed, run.key, partial(of_run, run))
    if required.recorded is not None:
        for address, cell in required.recorded.cells.items():
            for recorded in required.recorded.results.runs.get(address, ()):
                yield _Run(cell, recorded.seed, recorded.key, partial(of_recorded, recorded))


def _curves(
    figure: Figure, required: Requirements, collected: Collected, palette: Palette
) -> Iterator[model.Panel]:
    grouped: dict[str, dict[Line, list[_Run]]] = {}
    naming = _Naming(figure, palette)
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
        shown = [(name.replace("_", " "), [name], lines) for name in figure.of for lines in grouped.values()]
    for title, columns, lines in shown:
        percent = all(
            column.endswith("error") if results is None else results.columns[column].share
            for column in columns
        )
        series, bands = _drawn(lines, columns, dashes, stop)
        what = columns[0].replace("_", " ") if len(columns) == 1 else ("error" if percent else "loss")
        yield model.Panel(
            title=title,
            x_label=x_label,
            y_label=f"{what} (%)" if percent else what,
            y_percent=percent,
            y_log=not percent and results is None,
            target=figure.target,
            series=series,
            bands=bands,
        )


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
                label = f"{label}, {column.replace('_', ' ')}"
            own = [run.line(column) for run in runs]
            drawn = spread(Named(label, line.name, line.colour, style), own, stop)
            series += drawn[0]
            bands += drawn[1]
    return series, bands


def _finite(x: Sequence[float], y: Sequence[float | None]) -> Points:
    if None not in y and math.isfinite(sum(y)):  # type: ignore[arg-type]
        return list(x), list(y)  # type: ignore[arg-type]
    kept = [(a, b) for a, b in zip(x, y, strict=True) if b is not None and math.isfinite(b)]
    return [a for a, _ in kept], [b for _, b in kept]


def _layers(
    figure: Figure, required: Requirements, collected: Collected, palette: Palette
) -> Iterator[model.Panel]:
    assert figure.metric is not None
    metric = required.file.metrics[figure.metric]
    dashes = reference.styles(figure, required, palette)
    naming = _Naming(figure, palette)
    lines: dict[Line, list[tuple[Need, list[float]]]] = {}
    for need, _run in _measured(required, collected, metric):
        rows = collected.rows(need, figure.metric, figure.at)
        if rows:
            values = list(map(float, column_of(rows, "value")))
            lines.setdefault(naming(need.cell), []).append((need, values))
    name = (metric.probe or "").replace("_", " ")
    for title, sort in (("ours, layers in network order", False), ("ours, layers sorted by magnitude", True)):
        series, bands = [], []
        for line, seeds in lines.items():
            drawn_lines = []
            for need, values in seeds:
                x, y = _finite([float(i) for i in range(1, len(values) + 1)], values)
                y = sorted(y, reverse=True) if sort else y
                drawn_lines.append(RunLine(x, y, need.cell.address, need.spec.seed, need.spec.key))
            style = dashes.get(line.colour.group, "solid")
            drawn = spread(Named(line.label, line.name, line.colour, style), drawn_lines)
            series += drawn[0]
            bands += drawn[1]
        log = metric.transform == "log10"
        yield model.Panel(
            title=title, x_label="layer index", y_label=name, y_log=log, series=series, bands=bands
        )


def _moments(
    figure: Figure, required: Requirements, collected: Collected, palette: Palette
) -> Iterator[model.Panel]:
    """One panel a moment: the reduced metric by level of the first factor, a line for each arm."""
    assert figure.metric is not None
    metric = required.file.metrics[figure.metric]
    factor = next(iter(required.file.factors))
    y_label = metric.title or figure.metric.replace("_", " ")
    there = [need for need, _run in _measured(required, collected, metric)]
    for moment in metric.at:
        values: dict[str, dict[int, dict[str, float]]] = {}
        categories: dict[str, None] = {}
        for need in there:
            rows = collected.rows(need, figure.metric, moment)
            if rows:
                level = f"{need.cell.levels[factor]} ({need.cell.settings.get(factor, '')})"
                categories[level] = None
                value = from_rows(metric, rows).value
                if math.isfinite(value):
                    values.setdefault(need.cell.arm, {}).setdefault(need.spec.seed, {})[level] = value
        order = list(categories)
        series, bands = [], []
        for arm, seeds in values.items():
            # One line goes through the cells of an arm, whose runs of one seed are several.
            lines = [
                RunLine([float(order.index(level)) for level in line], list(line.values()), None, seed, None)
                for seed, line in seeds.items()
            ]
            drawn = spread(Named(arm, arm, Colour(palette.groups[arm]), "solid"), lines)
            series += drawn[0]
            bands += drawn[1]
        yield model.Panel(
            title=f"ours, {moment}",
            x_label=factor,
            y_label=y_label,
            x_categories=order,
            series=series,
            bands=bands,
        )
