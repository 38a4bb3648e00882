"""Lines of small pictures as one SVG, each picture a PNG inside it: nothing is fetched."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET

from PIL import Image

from repro.report.model import Panel, Tile
from repro.report.model.safe_text import visible

SIDE = 44.0
"""Of a picture, in units of the drawing."""

SPACE = 4.0
GAP = 16.0
WIDTH = 400.0
"""The least of a drawing: few pictures are not blown up."""


def draw_tiles(panel: Panel, *, prefix: str, title: str, description: str) -> str:
    """Return the pictures of a panel as an inline `<svg role="img">`; each picture's caption is its tooltip."""
    names = f"{prefix}-title"
    picture = ET.Element("svg", {"class": "plot", "role": "img"})
    ET.SubElement(picture, "title", {"id": names}).text = title
    if description:
        ET.SubElement(picture, "desc", {"id": f"{prefix}-description"}).text = description
        names += f" {prefix}-description"
    picture.set("aria-labelledby", names)
    widest = WIDTH
    for line, tiles in enumerate(panel.tiles):
        x = 0.0
        for tile in tiles:
            group = ET.SubElement(picture, "g")
            ET.SubElement(group, "title").text = visible(tile.caption)
            place = {
                "x": f"{x:g}",
                "y": f"{line * (SIDE + SPACE):g}",
                "width": f"{SIDE:g}",
                "height": f"{SIDE:g}",
            }
            ET.SubElement(group, "image", {**place, "href": _png(tile), "image-rendering": "pixelated"})
            x += SIDE + (GAP if tile.gap else SPACE)
        widest = max(widest, x)
    height = len(panel.tiles) * (SIDE + SPACE)
    picture.set("viewBox", f"0 0 {widest:g} {height:g}")
    return ET.tostring(picture, encoding="unicode")


def _png(tile: Tile) -> str:
    size = tile.width, tile.height
    content = io.BytesIO()
    Image.frombytes("RGB", size, base64.b64decode(tile.pixels)).save(content, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
