"""Panels of what a probe has read: by layer, or by moment."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from repro.claims.schema_shown import Figure
from repro.claims.vocabulary import Moment
from repro.experiment.requirements import Need, Requirements
from repro.judging.frame import Collected
from repro.report import model
from repro.report.build import reference
from repro.report.build.lines import Line, Naming, Numbers, Points, finite, measured
from repro.report.build.palette import Colour, Palette
from repro.report.build.spread import Named, RunLine, spread
from repro.store import column_of

MOMENTS: Mapping[Moment, str] = {
    "init": "before training",
    "epoch-1": "after one epoch",
    "mid": "half-way through",
    "last": "after training",
}


def layer_panels(
    figure: Figure, required: Requirements, collected: Collected, palette: Palette
) -> Iterator[model.Panel]:
    """Yield a metric of each layer: in the network's order, and sorted by magnitude."""
    assert figure.metric is not None
    metric = required.file.metrics[figure.metric]
    dashes = reference.styles(figure, required, palette)
    naming = Naming(figure, palette)
    lines: dict[Line, list[tuple[Need, Points]]] = {}
    for need, _run in measured(required, collected, metric):
        rows = collected.rows(need, figure.metric, figure.at)
        if rows:
            values = np.array(column_of(rows, "value"), dtype=float)
            points = finite(np.arange(1.0, len(values) + 1), values)
            lines.setdefault(naming(need.cell), []).append((need, points))
    name = (metric.probe or "").replace("_", " ")
    for title, sort in (("ours, layers in network order", False), ("ours, layers sorted by magnitude", True)):
        series, bands = [], []
        for line, seeds in lines.items():
            drawn_lines = [
                RunLine(
                    x,
                    np.sort(y)[::-1] if sort else y,
                    need.cell.address,
                    need.spec.seed,
                    need.spec.key,
                )
                for need, (x, y) in seeds
            ]
            style = dashes.get(line.colour.group, "solid")
            drawn = spread(Named(line.label, line.name, line.colour, style), drawn_lines)
            series += drawn[0]
            bands += drawn[1]
        log = metric.transform == "log10"
        yield model.Panel(
            title=title, x_label="layer index", y_label=name, y_log=log, series=series, bands=bands
        )


def moment_panels(
    figure: Figure, required: Requirements, collected: Collected, palette: Palette
) -> Iterator[model.Panel]:
    """Yield a panel a moment: the reduced metric by level of the first factor, a line for each arm."""
    assert figure.metric is not None
    metric = required.file.metrics[figure.metric]
    factor = next(iter(required.file.factors))
    y_label, log = metric.title or figure.metric.replace("_", " "), metric.transform == "log10"
    shown = _of_logarithms if log else np.asarray
    cells = {address: needs[0].cell for address, needs in required.measured.items() if needs}
    frame = collected.of(required.claim.id).frame
    of_metric = frame[frame["metric"] == figure.metric]
    for moment in metric.at:
        values: dict[str, dict[int, dict[str, float]]] = {}
        categories: dict[str, None] = {}
        rows = of_metric[of_metric["moment"] == moment]
        for address, of_cell in rows.groupby("cell", observed=True, sort=False):
            cell = cells[str(address)]
            level = f"{cell.levels[factor]} ({cell.settings.get(factor, '')})"
            categories[level] = None
            for seed, value in zip(of_cell["seed"].tolist(), of_cell["value"].tolist(), strict=True):
                if math.isfinite(value):
                    values.setdefault(cell.arm, {}).setdefault(seed, {})[level] = value
        order = list(categories)
        series, bands = [], []
        for arm, seeds in values.items():
            # One line goes through the cells of an arm, whose runs of one seed are several.
            lines = [
                RunLine(
                    np.array(list(map(order.index, line)), float),
                    shown(np.array(list(line.values()))),
                    None,
                    seed,
                    None,
                )
                for seed, line in seeds.items()
            ]
            drawn = spread(Named(arm, arm, Colour(palette.groups[arm]), "solid"), lines, geometric=log)
            series += drawn[0]
            bands += drawn[1]
        yield model.Panel(
            title=f"ours, {moment}: {MOMENTS[moment]}",
            x_label=factor,
            y_label=y_label,
            y_log=log,
            x_categories=order,
            series=series,
            bands=bands,
        )


def _of_logarithms(values: Numbers) -> Numbers:
    """Return what decimal logarithms are of, as far as numbers reach."""
    return np.power(10.0, np.clip(values, -300, 300))
