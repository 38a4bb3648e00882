"""The lines of figures: which points, colour, dashes, marker and weight each has, and what the legend says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from repro.report.model import Panel, Series

# Okabe and Ito's palette, the pale ones darkened until they stand out from white (3:1)
GROUP_COLOURS = ("#0072b2", "#d55e00", "#00845f", "#b3548a", "#a87400", "#2686bf", "#6b5fb5", "#5c6470")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
INK, SOFT, GRID = "#1c2026", "#545c68", "#dcdfe4"
COLOURS = {INK: "ink", SOFT: "soft", GRID: "rule"} | {c: f"group-{i}" for i, c in enumerate(GROUP_COLOURS)}

DASHES: dict[str, tuple[float, ...]] = {"solid": (), "dashed": (4.5, 2), "dotted": (1.2, 1.6)}


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How a line is drawn; `depth` says what lies above what."""

    width: float
    opacity: float
    depth: float
    marked: bool


MEAN = LineStyle(1.9, 1.0, 4.0, marked=True)
SEED = LineStyle(0.7, 0.55, 3.0, marked=False)
LONE_SEED = LineStyle(1.2, 0.85, 3.0, marked=False)
REFERENCE = LineStyle(3.6, 0.42, 2.0, marked=False)
LONE_REFERENCE = LineStyle(1.7, 1.0, 2.0, marked=True)


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A line of the legend, which the page writes as text beside a sample of the line."""

    label: str
    colour: str
    dashes: str
    marker: str
    width: float
    opacity: float


def legend(panel: Panel) -> list[LegendEntry]:
    """Return what the lines mean, ours first; seeds have an entry only where no mean stands for them."""
    entries: dict[LegendEntry, None] = {}
    order = {"mean": 0, "seed": 1, "reference": 2}
    for series in sorted(panel.series, key=lambda one: order[one.role]):
        look = line_style(series, panel)
        if look is not SEED and points_of(series, panel.y_log):
            colour = COLOURS[colour_of(series)]
            dashes = " ".join(f"{2 * length:g}" for length in DASHES[series.style])
            marker = MARKERS[series.group % len(MARKERS)] if look.marked else ""
            entries[LegendEntry(series.label, colour, dashes, marker, look.width, look.opacity)] = None
    return list(entries)


def has_points(panel: Panel) -> bool:
    """Tell whether there is anything to draw: an empty set of axes says nothing."""
    return any(points_of(series, panel.y_log) for series in panel.series)


def points_of(series: Series, y_log: bool) -> list[tuple[float, float]]:
    """Return the finite points; on a logarithmic axis only positive ones have a place."""
    pairs = zip(series.x, series.y, strict=False)
    return [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y) and (y > 0 or not y_log)]


def line_style(series: Series, panel: Panel) -> LineStyle:
    """Return a line's weight: seeds stand back behind their mean, the paper's curve behind ours, unless alone."""
    if series.role == "mean":
        return MEAN
    if series.role == "seed":
        means = {(one.group, one.style) for one in panel.series if one.role == "mean"}
        return SEED if (series.group, series.style) in means else LONE_SEED
    return LONE_REFERENCE if is_only_reference(panel) else REFERENCE


def is_only_reference(panel: Panel) -> bool:
    """Tell whether a panel shows the paper's curves alone."""
    return all(series.role == "reference" for series in panel.series)


def colour_of(series: Series) -> str:
    """Return the colour of a line's group."""
    return GROUP_COLOURS[series.group % len(GROUP_COLOURS)]
