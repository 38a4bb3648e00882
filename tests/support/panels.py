"""Figures of a few series, and what is found in their drawings."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

from repro.report.model import Figure, Panel, Series


def _series(role: str, y: list[float], **more: Any) -> Series:
    values: dict[str, Any] = {
        "label": role, "group": 0, "style": "solid", "x": [float(i) for i in range(len(y))], **more
    }  # fmt: skip
    return Series(role=role, y=y, **values)  # type: ignore[arg-type]


def _figure(*panels: Panel) -> Figure:
    return Figure(
        id="f", anchor="f", title="Errors", alt="ReLU falls first.", caption="", panels=list(panels)
    )


def _panel(*series: Series, **more: Any) -> Panel:
    values: dict[str, Any] = {"title": "", "x_label": "epoch", "y_label": "error", **more}
    return Panel(series=list(series), **values)


def _paths(svg: str, colour: str) -> list[list[tuple[float, float]]]:
    """The vertices of every line in `colour`, in the drawing's units; lines that look alike share a group."""
    found = []
    for element in ET.fromstring(svg).iter():
        if colour in element.get("stroke", "") and element.get("clip-path"):
            found += [_vertices(path.attrib["d"]) for path in element.iter("path")]
    return found


def _vertices(path: str) -> list[tuple[float, float]]:
    """Follow "M1 2l.5-3 4 .5": one absolute place, then steps, as SVG 1.1, Sec. 8.3, has it."""
    start, *steps = re.findall(r"(-?\d*\.?\d+) ?(-?\d*\.?\d+)", path.replace("l", " "))
    places = [(float(start[0]), float(start[1]))]
    for dx, dy in steps:
        places.append((places[-1][0] + float(dx), places[-1][1] + float(dy)))
    return places


def _texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter("text")]
