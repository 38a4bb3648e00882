"""The lines of figures: which points, colour, dashes, marker and weight each has, and what the legend says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from repro.report.model import Band, Panel, Series

# Okabe and Ito's palette, the pale ones darkened until they stand out from white (3:1)
GROUP_COLOURS = ("#0072b2", "#d55e00", "#00845f", "#b3548a", "#a87400", "#2686bf", "#6b5fb5", "#5c6470")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
INK, SOFT, GRID = "#1c2026", "#545c68", "#dcdfe4"

SHADES = (0.0, 0.18, 0.34, 0.5, 0.64)
"""Shares of ink in a colour, from the lowest level to the highest: towards ink, contrast only grows."""

DASHES: dict[str, tuple[float, ...]] = {"solid": (), "dashed": (4.5, 2), "dotted": (1.2, 1.6)}

FURTHER_DASHES: tuple[tuple[float, ...], ...] = (
    (7.0, 2),
    (7.0, 2, 1.5, 2),
    (3.0, 1, 3.0, 3),
    (1.2, 3),
    (9.0, 3, 2, 3),
)
"""For lines that colour and shade do not tell apart: more than eight arms, or more than five levels."""


def shaded(colour: str, share: float) -> str:
    """Return a hexadecimal colour mixed with a share of ink, as CSS mixes in sRGB."""
    pairs = [(int(colour[i : i + 2], 16), int(INK[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round((1 - share) * own + share * ink):02x}" for own, ink in pairs)


def token(group: int, step: int) -> str:
    """Return the name of the page's variable for a colour in a shade."""
    place = group % len(GROUP_COLOURS)
    return f"group-{place}-{step}" if step else f"group-{place}"


COLOURS = {INK: "ink", SOFT: "soft", GRID: "rule"} | {
    shaded(colour, share): token(group, step)
    for group, colour in enumerate(GROUP_COLOURS)
    for step, share in enumerate(SHADES)
}


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How a line is drawn; `depth` says what lies above what."""

    width: float
    opacity: float
    depth: float
    marked: bool


MEAN = LineStyle(1.9, 1.0, 4.0, marked=True)
SEED = LineStyle(0.7, 0.5, 3.0, marked=False)
LONE_SEED = LineStyle(1.2, 0.85, 3.0, marked=False)
REFERENCE = LineStyle(3.6, 0.42, 2.0, marked=False)
LONE_REFERENCE = LineStyle(1.7, 1.0, 2.0, marked=True)
BAND_OPACITY = 0.2


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
    """Return what the ends of the lines do not say: what dashes mean, and the paper's lines behind ours."""
    styles: dict[tuple[int, float, str], dict[str, str]] = {}
    for series in panel.series:
        if series.role != "seed" and points_of(series, panel.y_log):
            net = series.group, series.shade, series.name
            styles.setdefault(net, {})[series.style] = series.label.split(", ")[-1]
    # where one net has lines of several dashes, its labels end with what they mean
    dashed = {style: meaning for one in styles.values() if len(one) > 1 for style, meaning in one.items()}
    entries = []
    for style, meaning in sorted(dashed.items()):
        dashes = " ".join(f"{2 * length:g}" for length in DASHES[style])
        entries.append(LegendEntry(meaning, "ink", dashes, "", MEAN.width, 1.0))
    if not is_only_reference(panel) and any(series.role == "reference" for series in panel.series):
        entries.append(LegendEntry("the paper’s", "soft", "", "", REFERENCE.width, REFERENCE.opacity))
    return entries


def labelled(panel: Panel) -> list[tuple[str, Series]]:
    """Return the lines that carry a label at their end, with what it says: one a net, where dashes tell the rest.

    Of the lines of one net the mean comes before single runs, and a solid line before a dashed one; the paper's are
    labelled where they are alone.
    """
    only = is_only_reference(panel)
    order = {"mean": 0, "seed": 1, "reference": 2}
    found: dict[tuple[int, float, str], Series] = {}
    for series in sorted(panel.series, key=lambda one: (order[one.role], one.style != "solid")):
        if points_of(series, panel.y_log) and (only or series.role != "reference"):
            found.setdefault((series.group, series.shade, series.name or series.label), series)
    return [(name, series) for (_, _, name), series in found.items()]


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
        means = {(one.group, one.shade, one.style) for one in panel.series if one.role == "mean"}
        return SEED if (series.group, series.shade, series.style) in means else LONE_SEED
    return LONE_REFERENCE if is_only_reference(panel) else REFERENCE


def is_only_reference(panel: Panel) -> bool:
    """Tell whether a panel shows the paper's curves alone."""
    return all(series.role == "reference" for series in panel.series)


def colour_of(line: Series | Band) -> str:
    """Return the colour of a line: its group's, in its shade."""
    return shaded(GROUP_COLOURS[line.group % len(GROUP_COLOURS)], SHADES[_step(line)])


def _step(line: Series | Band) -> int:
    return round(min(max(line.shade, 0.0), 1.0) * (len(SHADES) - 1))


class Dashes:
    """The dashes of a figure's lines: those of their style, and further ones where colours are used up."""

    def __init__(self, panels: Iterable[Panel]) -> None:
        looks: dict[tuple[int, int], dict[tuple[int, float], None]] = {}
        for series in sorted(
            (one for panel in panels for one in panel.series), key=lambda one: (one.group, one.shade)
        ):
            place = series.group % len(GROUP_COLOURS), _step(series)
            looks.setdefault(place, {})[series.group, series.shade] = None
        self._turns = {look: turn for alike in looks.values() for turn, look in enumerate(alike)}

    def __call__(self, series: Series) -> tuple[float, ...]:
        """Return lengths of strokes and gaps; empty for a solid line."""
        turn = self._turns[series.group, series.shade]
        return DASHES[series.style] if turn == 0 else FURTHER_DASHES[(turn - 1) % len(FURTHER_DASHES)]
