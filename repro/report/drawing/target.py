"""The target of a figure: a dotted line across, labelled where the fewest curves pass."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from repro.report.drawing.lines import INK
from repro.report.model import Panel

_WIDTH, _HEIGHT = 0.24, 0.09
"""Room that the label takes, as shares of the axes."""

_CORNERS = ((1, 1), (0, -1), (0, 1), (1, -1))
"""(right, above): at the right end above the line, at the left end below it …"""


def mark_target(axes: Axes, panel: Panel) -> None:
    """Draw the target of a panel, if it has one, across axes whose lines are drawn and whose limits are set."""
    if panel.target is None:
        return
    value = f"{100 * panel.target:g}%" if panel.y_percent else f"{panel.target:g}"
    axes.get_xlim()  # limits that follow from the data are worked out when they are asked for
    right, above = min(_CORNERS, key=lambda corner: _passing(axes, panel, *corner))
    axes.axhline(panel.target, color=INK, linewidth=0.9, linestyle=(0, (1, 2)), zorder=2.5)
    axes.annotate(
        f"target {value}",
        xy=(right, panel.target),
        xycoords=("axes fraction", "data"),
        xytext=(-3 if right else 3, 3 * above),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom" if above > 0 else "top",
        color=INK,
        fontsize=10,
    )


def _passing(axes: Axes, panel: Panel, right: int, above: int) -> int:
    """Count the places of curves that lie where the label would stand."""
    to_share = axes.transScale + axes.transLimits
    target = float(to_share.transform((1.0, panel.target or 0.0))[1])
    low, high = sorted((target, target + above * _HEIGHT))
    left = 1 - _WIDTH if right else 0.0
    count = 0
    for line in axes.get_lines():
        points = to_share.transform(line.get_xydata())
        # between two points of a curve it passes, too
        places = np.linspace(0, len(points) - 1, 4 * len(points))
        x, y = (np.interp(places, np.arange(len(points)), points[:, axis]) for axis in (0, 1))
        count += int(((left <= x) & (x <= left + _WIDTH) & (low <= y) & (y <= high)).sum())
    if not 0 <= target + above * _HEIGHT <= 1:
        count += 1_000_000  # the label would leave the axes
    return count
