"""Figures of images: what a probe keeps in its rows, as an SVG whose pictures hold the same pixels."""

from __future__ import annotations

import base64
import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from repro.claims import Cell
from repro.report.drawing.figures import draw
from repro.report.html.render import render_html
from tests.support.helpers import BASE, World, changed


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def pixels(seed: int, line: int, place: int) -> np.ndarray:
    return np.random.default_rng([seed, line, place]).integers(0, 256, size=(3, 2, 3), dtype=np.uint8)


def rows(cell: Cell, seed: int, moment: str) -> list[dict[str, Any]]:
    return [
        {
            "line": line,
            "caption": f"class {place} <b>",
            "pixels": base64.b64encode(pixels(seed, line, place).tobytes()).decode(),
            "height": 3,
            "width": 2,
            "gap": place == 0,
            "value": float(place),
        }
        for line in range(2)
        for place in range(3)
    ]


def claim(**more: Any) -> dict[str, Any]:
    pictures = {"kind": "probe", "probe": "nearest_images", "at": ["last"], "arms": ["plain"]}
    figure = {"title": "Neighbours", "kind": "images", "metric": "pictures", **more}
    metrics = {**BASE["metrics"], "pictures": pictures}
    return changed(BASE, metrics=metrics, figure={"near": figure})


def test_pictures_are_drawn_as_they_were_read_with_their_captions(world: World) -> None:
    world.write(claim(cells=["plain/deep"]))
    world.fill(lambda cell, seed: {"train_loss": [2.0, 1.0]}, rows)
    report = world.report()
    (figure,) = report.papers[0].claims[0].figures
    (panel,) = figure.panels
    assert panel.title == "plain/deep, seed 0"
    assert figure.alt == (
        "Neighbours. plain/deep, seed 0: class 0 <b>, class 1 <b>, class 2 <b>; class 0 <b>, class 1 <b>, class 2 <b>."
    )
    (drawing,) = draw(figure, "p")
    root = ET.fromstring(drawing)
    assert root.attrib["role"] == "img"
    assert [element.text for element in root.findall("title")] == ["Neighbours: plain/deep, seed 0"]
    groups = root.findall("g")
    assert [group.findtext("title") for group in groups] == ["class 0 <b>", "class 1 <b>", "class 2 <b>"] * 2
    for number, group in enumerate(groups):
        image = group.find("image")
        assert image is not None
        address = image.attrib["href"]
        assert address.startswith("data:image/png;base64,")
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))
        assert np.array_equal(shown, pixels(0, number // 3, number % 3))
    places = [float(group.find("image").attrib["x"]) for group in groups[:3]]  # type: ignore[union-attr]
    assert places[1] - places[0] > places[2] - places[1], "a gap after the first"
    page = render_html(report)
    assert "data:image/png;base64," in page
    assert "class 0 <b>" not in page


def test_nothing_is_shown_of_pictures_that_are_not_there(world: World) -> None:
    world.write(claim())
    (figure,) = world.report().papers[0].claims[0].figures
    assert figure.panels == []
    assert "Nothing has been run yet" in figure.alt
    world.write(claim(metric="loss"))
    assert "shows what a probe has read" in world.problems()[0].what
    world.write(claim(of=["train_loss"]))
    assert "makes no use of `of`" in world.problems()[0].what


def test_many_pictures_are_named_by_the_first_and_the_last(world: World) -> None:
    world.write(claim(cells=["plain/deep"]))

    def many(cell: Cell, seed: int, moment: str) -> list[dict[str, Any]]:
        return [{**rows(cell, seed, moment)[0], "caption": f"{100 - i}%", "gap": False} for i in range(33)]

    world.fill(lambda cell, seed: {"train_loss": [2.0, 1.0]}, many)
    (figure,) = world.report().papers[0].claims[0].figures
    assert [len(line) for line in figure.panels[0].tiles] == [8, 8, 8, 8, 1]
    assert figure.alt.endswith("33 pictures, from “100%” to “68%”.")
