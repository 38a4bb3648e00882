"""Figures of the report: plain data → one SVG a panel, with every seed visible.

A panel is a drawing of its own, so that panels stand side by side on a desk and below each other on a
phone. matplotlib's Figure is used without pyplot: nothing is global, nothing needs a display.
"""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Sheet
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from repro.report.drawing import svg
from repro.report.drawing.labelling import label_ends
from repro.report.drawing.lines import (
    BAND_OPACITY,
    COLOURS,
    GRID,
    INK,
    MARKERS,
    SOFT,
    Dashes,
    colour_of,
    has_points,
    is_only_reference,
    line_style,
    points_of,
)
from repro.report.drawing.target import mark_target
from repro.report.drawing.ticks import ROUND
from repro.report.drawing.tiles import draw_tiles
from repro.report.model import Band, Figure, Panel, Series
from repro.report.model.safe_text import visible

_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "repro",
    "text.parse_math": False,  # a dollar sign in a label is a dollar sign
    "axes.unicode_minus": True,
    "font.size": 11.0,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_FEW = 8
"""Points of a line that are marked one by one."""

Limits: TypeAlias = tuple[float | None, float | None]


def draw(figure: Figure, prefix: str) -> list[str]:
    """Return an SVG for each panel of `figure` that has something to show, else an empty string.

    `prefix` starts every id and must be unique in the page. The first drawing carries the alternative
    text of the whole figure; the others are named by their panel only.
    """
    limits = [_common_limits(panel, figure.panels) for panel in figure.panels]
    # the page sets one, two or three panels side by side; text comes out about equally large
    width = {1: 400.0, 2: 370.0, 4: 370.0}.get(len(figure.panels), 310.0)
    dashes = Dashes(figure.panels)
    drawings = []
    for number, (panel, panel_limits) in enumerate(zip(figure.panels, limits, strict=True)):
        if not has_points(panel) and not panel.tiles:
            drawings.append("")
            continue
        title = f"{figure.title}: {panel.title}" if panel.title else figure.title
        described = not any(drawings)
        if panel.tiles:
            alt = visible(figure.alt) if described else ""
            names = {"prefix": f"{prefix}-{number}", "title": visible(title), "description": alt}
            drawings.append(draw_tiles(panel, **names))
            continue
        drawings.append(
            svg.clean(
                _raw(panel, panel_limits, width, dashes),
                prefix=f"{prefix}-{number}",
                title=visible(title),
                description=visible(figure.alt) if described else "",
                colours=COLOURS,
            )
        )
    return drawings


def _common_limits(panel: Panel, panels: Sequence[Panel]) -> Limits:
    """Panels of one quantity share their axis: the eye compares heights across panels."""
    same = [other for other in panels if _quantity(other) == _quantity(panel)]
    values = [y for other in same for series in other.series for _, y in points_of(series, panel.y_log)]
    values += [y for other in same for band in other.bands for y in (*band.y_low, *band.y_high)]
    values += [] if panel.target is None else [panel.target]
    low, high = panel.y_limits
    if not values:
        return low, high
    least, most = _with_margin(panel, min(values), max(values))
    if panel.y_log:  # where a limit of 0 is none
        return (low or least), (high or most)
    return (least if low is None else low), (most if high is None else high)


def _quantity(panel: Panel) -> tuple[object, ...]:
    # a panel of the paper's alone keeps the paper's axes
    return (panel.y_label, panel.y_percent, panel.y_log, panel.y_limits, is_only_reference(panel))


def _with_margin(panel: Panel, smallest: float, largest: float) -> tuple[float, float]:
    if panel.y_log:
        margin = (largest / smallest) ** 0.06 if largest > smallest else 2.0
        return smallest / margin, largest * margin
    margin = 0.06 * (largest - smallest) or 0.06 * abs(largest) or 1.0
    return (0.0 if panel.y_percent and smallest >= 0 else smallest - margin), largest + margin


@contextmanager
def _settings() -> Iterator[None]:
    """matplotlib's own defaults and ours: a reader's matplotlibrc must not change the bytes."""
    with mpl.rc_context(), warnings.catch_warnings():
        # the browser has its own fonts; matplotlib only measures, and warns about glyphs it cannot
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*", category=UserWarning)
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def _raw(panel: Panel, limits: Limits, width: float, dashes: Dashes) -> str:
    with _settings():
        sheet = Sheet(figsize=(width / 72, (150 + width / 4) / 72), layout="constrained")
        sheet.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02)
        canvas: Any = FigureCanvasSVG(sheet)  # `print_svg` has no types
        sheet.patch.set_visible(False)
        axes = sheet.add_subplot()
        _dress(axes, panel, limits)
        for band in panel.bands:
            _fill(axes, band, panel)
        for series in panel.series:
            _plot(axes, series, panel, dashes(series))
        mark_target(axes, panel)
        label_ends(sheet, axes, panel, _dodge)
        out = io.StringIO()
        # Not `savefig`, which draws everything once more beforehand, to know what a tight box would be.
        canvas.print_svg(out, metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _dress(axes: Axes, panel: Panel, limits: Limits) -> None:
    axes.patch.set_visible(False)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color(SOFT)
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", colors=SOFT, length=0, pad=4, labelsize=11)
    axes.tick_params(axis="x", length=3)
    axes.set_xlabel(_short(panel.x_label, 60), color=INK)
    # above the axis rather than turned beside it: nobody tilts their head, and a phone has no room
    axes.set_title(textwrap.fill(_short(panel.y_label, 90), 46), loc="left", color=INK, fontsize=11, pad=8)
    if panel.y_log:
        axes.set_yscale("log", nonpositive="mask")
    axes.set_ylim(*limits)
    _format_y(axes, panel)
    if panel.x_categories is not None:
        names = [textwrap.fill(_short(name, 36), 14) for name in panel.x_categories]
        axes.set_xticks(range(len(names)), names)
        axes.set_xlim(-0.5, max(len(names), 1) - 0.5)
    else:
        axes.margins(x=0.015)
        if panel.x_limits != (None, None):
            axes.set_xlim(*panel.x_limits)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=_is_integral(panel), steps=[1, 2, 5, 10]))


def _short(label: str, longest: int) -> str:
    """A label that outgrows its drawing would leave no room for the axes."""
    return textwrap.shorten(visible(label), longest, placeholder=" …")


def _format_y(axes: Axes, panel: Panel) -> None:
    if panel.y_log:
        low, high = axes.get_ylim()
        axes.yaxis.set_major_locator(LogLocator(subs=ROUND if high < 300 * low else (1,), numticks=7))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.tick_params(axis="y", which="minor", length=0)
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    if panel.y_percent:
        sign = "" if "%" in panel.y_label else "%"
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{round(100 * value, 6):g}{sign}"))
    elif panel.y_log:
        axes.yaxis.set_major_formatter(FuncFormatter(_power_of_ten))


def _power_of_ten(value: float, _position: int | None = None) -> str:
    exponent = math.log10(value) if value > 0 else 0.0
    if not math.isclose(exponent, round(exponent), abs_tol=1e-9):
        return f"{value:g}"
    power = round(exponent)
    return f"{value:g}" if -2 <= power <= 3 else "10" + str(power).translate(_SUPERSCRIPT)


def _is_integral(panel: Panel) -> bool:
    return all(x.is_integer() for series in panel.series for x in series.x if math.isfinite(x))


def _plot(axes: Axes, series: Series, panel: Panel, dashes: tuple[float, ...]) -> None:
    points = points_of(series, panel.y_log)
    if not points:
        return
    categorical = panel.x_categories is not None
    shift = _dodge(series.group, panel)
    look = line_style(series, panel)
    dots = series.role == "seed" and (categorical or len(points) == 1)
    marked = (look.marked and (categorical or len(points) <= _FEW)) or len(points) == 1
    axes.plot(
        [x + shift for x, _ in points],
        [y for _, y in points],
        color=colour_of(series),
        alpha=look.opacity,
        linewidth=0 if dots else look.width,
        linestyle=(0, dashes) if dashes else "solid",
        marker="o" if dots else MARKERS[series.group % len(MARKERS)] if marked else None,
        markersize=3.2 if dots else 4.6,
        markeredgewidth=0,
        zorder=look.depth,
    )


def _fill(axes: Axes, band: Band, panel: Panel) -> None:
    """Draw a band: between its edges, or, of categories, a bar at each."""
    colour = colour_of(band)
    if panel.x_categories is not None:
        shift = _dodge(band.group, panel)
        for x, low, high in zip(band.x_low, band.y_low, band.y_high, strict=True):
            axes.plot(
                [x + shift] * 2, [low, high], color=colour, alpha=2 * BAND_OPACITY, linewidth=5, zorder=2.0
            )
        return
    around = [*band.x_low, *reversed(band.x_high)], [*band.y_low, *reversed(band.y_high)]
    axes.fill(*around, color=colour, alpha=BAND_OPACITY, linewidth=0, zorder=2.0)


def _dodge(group: int, panel: Panel) -> float:
    """Groups of one category stand beside each other, so that their seeds do not hide each other."""
    if panel.x_categories is None:
        return 0.0
    groups = sorted({other.group for other in panel.series})
    return 0.5 * (groups.index(group) - (len(groups) - 1) / 2) / max(len(groups), 2)
