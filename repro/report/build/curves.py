"""A claim's figures as data: our runs in the manner of the paper's figure, the paper's own curves beside."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import fmean
from typing import Literal

from pydantic import TypeAdapter

from repro.claims import Cell, Metric
from repro.claims.schema_shown import Figure
from repro.experiment.measures import from_rows
from repro.experiment.requirements import Need, Requirements
from repro.judging.frame import Collected
from repro.recorded import RecordedRun
from repro.report import model
from repro.report.build import reference
from repro.report.build.pictures import picture_panels
from repro.report.build.reference import Style
from repro.report.model.evidence import Drawn
from repro.report.wording.finding import finding
from repro.store import RunRecord, column_of

STYLES: dict[str, Style] = {"train": "dashed", "running": "dotted", "test": "solid"}
"""As in ResNet's figures: dashed is training error, bold is test error."""


def build_figure(name: str, figure: Figure, required: Requirements, collected: Collected) -> model.Figure:
    """Return a figure's panels: the paper's reference first, where there is one, then ours.

    At the paper's scale ours have the paper's axes, its unit of x and its limits; a reference of a single panel is laid
    behind ours there instead of standing beside.
    """
    kinds = {"curves": _curves, "layers": _layers, "moments": _moments, "images": picture_panels}
    ours = list(kinds[figure.kind](figure, required, collected))
    paper = reference.panels(figure, required) if figure.reference else []
    alt = f"{figure.title}. {finding(ours, paper)}"
    means = any(series.role == "mean" for panel in ours for series in panel.series)
    caption = f"Thin lines are single seeds{', bold lines their mean' if means else ''}."
    if figure.kind == "images":
        caption = "Contrast is stretched in each picture by itself. What a picture shows is its tooltip."
    if {series.style for panel in ours for series in panel.series} == {"dashed", "solid"} and len(
        figure.of
    ) > 1:
        caption += " Dashed is training, solid is test."
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
        caption=caption,
        panels=[*paper, *ours],
    )


def _runs(required: Requirements, collected: Collected) -> Iterator[tuple[Need, RunRecord]]:
    for needs in required.measured.values():
        for need in needs:
            run = collected.runs.get(need.spec.key)
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


def _label_of(cell: Cell, figure: Figure) -> str:
    """Name a line by what its panel does not say: arm and levels with their values."""
    parts = [] if figure.panel == "arm" else [cell.arm]
    for factor, level in cell.levels.items():
        if factor != figure.panel:
            value = cell.settings.get(factor, level)
            parts.append(f"{level} ({value})" if str(value) != level else level)
    return ", ".join(parts) or cell.arm


Points = tuple[list[float], list[float]]
"""Places on the x axis and values, of one run."""


def _points(
    figure: Figure, required: Requirements, collected: Collected
) -> Iterator[tuple[Cell, Callable[[str], Points]]]:
    """Yield the cell of each run, and what it recorded by column."""
    places = reference.places(figure, required)

    def of_run(run: RunRecord, column: str) -> Points:
        return _finite(places(run), run.history[column])

    def of_recorded(run: RecordedRun, column: str) -> Points:
        series = run.series.get(column)
        return ([], []) if series is None else _finite(series.steps, series.values)

    for need, run in _runs(required, collected):
        if run.steps_done:
            yield need.cell, partial(of_run, run)
    if required.recorded is not None:
        for address, cell in required.recorded.cells.items():
            for recorded in required.recorded.results.runs.get(address, ()):
                yield cell, partial(of_recorded, recorded)


def _curves(figure: Figure, required: Requirements, collected: Collected) -> Iterator[model.Panel]:
    grouped: dict[str, dict[str, list[Callable[[str], Points]]]] = {}
    for cell, points in _points(figure, required, collected):
        if not figure.cells or cell.address in figure.cells:
            lines = grouped.setdefault(_panel_of(cell, figure), {})
            lines.setdefault(_label_of(cell, figure), []).append(points)
    x_label, results = reference.places(figure, required).label, required.file.results
    if results is not None:
        x_label = results.step_unit.removesuffix("s")
    dashes = reference.styles(figure, required)
    order = list(dict.fromkeys(label for lines in grouped.values() for label in lines))
    shown = [(title, figure.of, lines) for title, lines in grouped.items()]
    if figure.panel == "of":
        shown = [(name.replace("_", " "), [name], lines) for name in figure.of for lines in grouped.values()]
    for title, columns, lines in shown:
        percent = all(
            column.endswith("error") if results is None else results.columns[column].share
            for column in columns
        )
        series = []
        for label, runs in lines.items():
            group = order.index(label)  # a line has one colour in all panels
            for column in columns:
                alone = dashes.get(label.split(",")[0].casefold(), "solid")
                style = STYLES.get(column.split("_")[0], "solid") if len(columns) > 1 else alone
                own = f"{label}, {column.replace('_', ' ')}" if len(columns) > 1 else label
                pairs = [points(column) for points in runs]
                series += _seeds_and_mean(own, group, style, pairs)
        what = columns[0].replace("_", " ") if len(columns) == 1 else ("error" if percent else "loss")
        yield model.Panel(
            title=title,
            x_label=x_label,
            y_label=f"{what} (%)" if percent else what,
            y_percent=percent,
            y_log=not percent and results is None,
            target=figure.target,
            series=series,
        )


def _finite(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    kept = [(a, b) for a, b in zip(x, y, strict=True) if b is not None and math.isfinite(b)]
    return [a for a, _ in kept], [b for _, b in kept]


def _seeds_and_mean(
    label: str, group: int, style: Style, lines: Sequence[tuple[list[float], list[float]]]
) -> list[model.Series]:
    # Seeds are mostly measured at the same places, which are then checked, rounded and kept once for all of them.
    grids: dict[tuple[float, ...], list[float]] = {}
    drawn = []
    for x, y in lines:
        places = grids.get(tuple(x))
        if places is None:
            places = grids[tuple(x)] = _DRAWN.validate_python(x)
        if x:
            drawn.append(_series(label, group, style, "seed", places, y))
    # A mean is drawn only where every seed was measured at the same places (runs may stop at a target).
    if len(grids) == 1 and drawn:
        mean = [fmean(values) for values in zip(*(y for _, y in lines), strict=True)]
        drawn.append(_series(label, group, style, "mean", drawn[0].x, mean))
    return drawn


_DRAWN = TypeAdapter(list[Drawn])


def _series(
    label: str, group: int, style: Style, role: Literal["seed", "mean"], x: list[float], y: Sequence[float]
) -> model.Series:
    return model.Series.model_construct(
        label=label, group=group, style=style, role=role, x=x, y=_DRAWN.validate_python(y)
    )


def _layers(figure: Figure, required: Requirements, collected: Collected) -> Iterator[model.Panel]:
    assert figure.metric is not None
    metric = required.file.metrics[figure.metric]
    lines: dict[str, list[list[float]]] = {}
    for need, _run in _measured(required, collected, metric):
        rows = collected.rows(need, figure.metric, figure.at)
        if rows:
            values = list(map(float, column_of(rows, "value")))
            lines.setdefault(_label_of(need.cell, figure), []).append(values)
    name = (metric.probe or "").replace("_", " ")
    for title, sort in (("ours, layers in network order", False), ("ours, layers sorted by magnitude", True)):
        series = []
        for group, (label, seeds) in enumerate(lines.items()):
            pairs = []
            for values in seeds:
                x, y = _finite([float(i) for i in range(1, len(values) + 1)], values)
                pairs.append((x[: len(y)], sorted(y, reverse=True)) if sort else (x, y))
            style: Style = "dashed" if label.startswith("plain") else "solid"
            series += _seeds_and_mean(label, group, style, pairs)
        log = metric.transform == "log10"
        yield model.Panel(title=title, x_label="layer index", y_label=name, y_log=log, series=series)


def _moments(figure: Figure, required: Requirements, collected: Collected) -> Iterator[model.Panel]:
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
        series = []
        for group, (arm, seeds) in enumerate(values.items()):
            pairs = [
                ([float(order.index(level)) for level in line], list(line.values()))
                for line in seeds.values()
            ]
            series += _seeds_and_mean(arm, group, "solid", pairs)
        yield model.Panel(
            title=f"ours, {moment}", x_label=factor, y_label=y_label, x_categories=order, series=series
        )
