"""A panel's lines, labelled at their ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from numpy.typing import NDArray

from repro.report.drawing.labels import End, place
from repro.report.drawing.lines import GROUP_COLOURS, SHADES, colour_of, labelled, points_of, shaded
from repro.report.model import Panel, Series
from repro.report.model.safe_text import visible

_SIZE = 10.5
_LONGEST = 28
_MOST_SHARE = 0.42
"""Of a drawing's width that labels may take from the axes."""


_LEADER = {"arrowstyle": "-", "linewidth": 0.7, "shrinkA": 1, "shrinkB": 1}


def label_ends(sheet: Sheet, axes: Axes, panel: Panel, dodge: Callable[[int, Panel], float]) -> None:
    """Write the name of each net at the end of its line; the axes make room at the right.

    `dodge` says how far the lines of a colour stand aside.
    """
    named = [(_short(name), series) for name, series in labelled(panel)]
    if not named or (len(named) == 1 and not named[0][0]):
        return
    engine = sheet.get_layout_engine()
    assert engine is not None
    engine.execute(sheet)  # from now on, places are known
    sheet.set_layout_engine("none")
    texts = [
        axes.text(0, 0, name, fontsize=_SIZE, color=_ink(series), va="center", transform=None, zorder=6)
        for name, series in named
    ]
    sizes = [text.get_window_extent() for text in texts]
    _make_room(sheet, axes, max(size.width for size in sizes))
    lines = [_pixels(axes, series, panel, dodge) for _, series in named]
    ends = [
        End(float(line[-1, 0]), float(line[-1, 1]), size.width, size.height)
        for line, size in zip(lines, sizes, strict=True)
    ]
    box = axes.get_window_extent()
    curves = [
        _dense(_pixels(axes, series, panel, dodge))
        for series in panel.series
        if points_of(series, panel.y_log)
    ]
    places = place(ends, curves, box.y0, box.y1, float(sheet.bbox.x1))
    for text, end, where, (_, series) in zip(texts, ends, places, named, strict=True):
        text.set_position((where.x, where.y))
        if where.joined:
            axes.annotate(
                "",
                xy=(end.x, end.y),
                xytext=(max(where.x, min(end.x, where.x + end.width)), where.y),
                xycoords="figure pixels",
                textcoords="figure pixels",
                arrowprops={
                    "arrowstyle": "-",
                    "color": colour_of(series),
                    "linewidth": 0.7,
                    "shrinkA": 1,
                    "shrinkB": 1,
                },
                annotation_clip=False,
            )


def _make_room(sheet: Sheet, axes: Axes, widest: float) -> None:
    box, sheet_width = axes.get_position(), float(sheet.bbox.width)
    right = min(1.0, 1 - min(widest + 8, _MOST_SHARE * sheet_width) / sheet_width)
    axes.set_position((box.x0, box.y0, min(box.x1, right) - box.x0, box.height))


def _pixels(
    axes: Axes, series: Series, panel: Panel, dodge: Callable[[int, Panel], float]
) -> NDArray[np.float64]:
    shift = dodge(series.group, panel)
    points = [(x + shift, y) for x, y in points_of(series, panel.y_log)]
    return np.asarray(axes.transData.transform(points), dtype=float)


def _dense(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Between two points of a curve it passes, too."""
    places = np.linspace(0, len(line) - 1, min(4 * len(line), 200))
    return np.stack([np.interp(places, np.arange(len(line)), line[:, axis]) for axis in (0, 1)], axis=1)


def _ink(series: Series) -> str:
    """Text needs more contrast than a line: the darkest shade of its colour."""
    return shaded(GROUP_COLOURS[series.group % len(GROUP_COLOURS)], SHADES[-1])


def _short(name: str) -> str:
    shown = visible(name)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
