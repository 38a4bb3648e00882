"""A figure's finding in words: the alternative text of its drawing."""

from __future__ import annotations

from collections.abc import Sequence

from repro.report import model
from repro.report.wording import words


def finding(panels: Sequence[model.Panel], paper: Sequence[model.Panel] = ()) -> str:
    """Say where each mean ends and where it reaches the target, then where the paper's lines end."""
    parts = [said for panel in panels if (said := _said(panel, "mean") or _shown(panel))]
    parts = parts or ["Nothing has been run yet."]
    parts += [said for panel in paper if (said := _said(panel, "reference"))]
    return " ".join(parts)


MOST_CAPTIONS = 32


def _shown(panel: model.Panel) -> str | None:
    """Say what the pictures of a panel show: line by line, or the first and the last where they are many."""
    tiles = [tile for line in panel.tiles for tile in line]
    if not tiles:
        return None
    if len(tiles) < MOST_CAPTIONS:
        told = "; ".join(", ".join(tile.caption for tile in line) for line in panel.tiles)
        return f"{panel.title}: {told}."
    return f"{panel.title}: {len(tiles)} pictures, from “{tiles[0].caption}” to “{tiles[-1].caption}”."


def _said(panel: model.Panel, role: str) -> str | None:
    lines = [series for series in panel.series if series.role == role and series.y]
    if not lines:
        return None
    verb = "the mean ends at" if role == "mean" else "the lines end at"
    return f"{panel.title or 'Ours'}: {verb} " + "; ".join(_line(series, panel) for series in lines) + "."


def _line(series: model.Series, panel: model.Panel) -> str:
    text = f"{series.label} {_value(series.y[-1], panel)}"
    target = panel.target
    if target is None:
        return text
    reached = next((x for x, y in zip(series.x, series.y, strict=False) if y <= target), None)
    if reached is None:
        return f"{text}, never at {_value(target, panel)}"
    return f"{text}, first at {_value(target, panel)} or below at {panel.x_label} {reached:g}"


def _value(value: float, panel: model.Panel) -> str:
    return words.number(value, "error") + "%" if panel.y_percent else words.number(value, "number")
