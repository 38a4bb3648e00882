"""Figures: lines lie where the data says they are."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import matplotlib as mpl
import pytest

from repro.report.drawing import figures, lines
from repro.report.model import Band
from tests.support.panels import _figure, _panel, _paths, _series, _texts


def test_every_seed_and_the_mean_are_drawn_to_scale() -> None:
    seeds = [[0.9, 0.5, 0.3], [0.8, 0.4, 0.1], [0.7, 0.6, 0.2]]
    panel = _panel(*[_series("seed", y) for y in seeds], _series("mean", [0.8, 0.5, 0.2]), y_percent=True)
    drawn = _paths(figures.draw(_figure(panel), "p")[0], "--group-0")
    assert len(drawn) == 4
    values = [y for line in [*seeds, [0.8, 0.5, 0.2]] for y in line]
    heights = [height for line in drawn for _, height in line]
    # one straight line must map every value to its height: fix it by two points, check the others
    scale = (heights[2] - heights[0]) / (values[2] - values[0])
    for value, height in zip(values, heights, strict=True):
        assert height == pytest.approx(heights[0] + scale * (value - values[0]), abs=0.11)
    assert scale < 0, "larger values lie higher"


def test_percent_target_and_labels_are_text() -> None:
    panel = _panel(_series("mean", [0.9, 0.1]), y_percent=True, target=0.25, x_label="cost in $x_1$ and $y$")
    texts = _texts(figures.draw(_figure(panel), "p")[0])
    assert {"error", "target 25%", "cost in $x_1$ and $y$"} <= set(texts)
    assert "20%" in texts
    labelled = _panel(_series("mean", [0.9, 0.1]), y_percent=True, y_label="error (%)")
    assert "20" in _texts(figures.draw(_figure(labelled), "p")[0])


@pytest.mark.parametrize(
    ("x", "y", "end"),
    [
        (
            [0.0, 50.0, 100.0],
            [0.9, 0.3, 0.27],
            "start",
        ),  # the curve ends where a label at the right would stand
        ([0.0, 1.0, 100.0], [0.9, 0.05, 0.02], "end"),  # the curve falls through a label at the left
    ],
)
def test_a_target_is_labelled_where_no_curve_passes(x: list[float], y: list[float], end: str) -> None:
    panel = _panel(_series("mean", y, x=x), y_percent=True, target=0.25)
    root = ET.fromstring(figures.draw(_figure(panel), "p")[0])
    (label,) = [element for element in root.iter("text") if element.text == "target 25%"]
    assert label.get("text-anchor") == end


def test_dashes_follow_the_style() -> None:
    panel = _panel(_series("mean", [1, 2]), _series("mean", [2, 1], style="dashed", group=1))
    root = ET.fromstring(figures.draw(_figure(panel), "p")[0])
    dashes = {
        element.attrib["stroke"][:13]: element.get("stroke-dasharray")
        for element in root.iter("path")
        if "--group" in element.get("stroke", "") and element.get("clip-path")
    }
    assert dashes["var(--group-0"] is None
    assert dashes["var(--group-1"] is not None


def test_two_drawings_share_no_id_and_each_is_named() -> None:
    panel = _panel(_series("mean", [1, 2, 3]), title="plain")
    first, second = figures.draw(_figure(panel, panel.model_copy(update={"title": "residual"})), "p")
    ids = [element.get("id") for svg in (first, second) for element in ET.fromstring(svg).iter()]
    named = [id_ for id_ in ids if id_]
    assert len(named) == len(set(named))
    assert all(id_.startswith("p-") for id_ in named)
    titles = [ET.fromstring(svg).findtext("title") for svg in (first, second)]
    assert titles == ["Errors: plain", "Errors: residual"]
    assert ET.fromstring(first).findtext("desc") == "ReLU falls first."
    assert ET.fromstring(first).get("role") == "img"


def test_panels_of_one_quantity_share_the_axis_but_not_with_the_papers_own() -> None:
    high = _panel(_series("mean", [0.9, 0.6]), y_percent=True)
    low = _panel(_series("mean", [0.1, 0.05]), y_percent=True)
    printed = _panel(_series("reference", [0.1, 0.05]), y_percent=True)
    drawings = figures.draw(_figure(high, low, printed), "p")
    ticks = [[text for text in _texts(svg) if text.endswith("%")] for svg in drawings]
    assert ticks[0] == ticks[1]
    assert ticks[2] != ticks[0]


def test_limits_of_the_data_win() -> None:
    panel = _panel(_series("mean", [0.9, 0.1]), y_percent=True, y_limits=(0.0, 0.2))
    assert {"0%", "5%", "10%", "15%", "20%"} <= set(_texts(figures.draw(_figure(panel), "p")[0]))


def test_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    panel = _panel(_series("mean", [1e-7, 0.0, -1.0, 1e3]), y_log=True)
    svg = figures.draw(_figure(panel), "p")[0]
    assert "10⁻⁷" in _texts(svg)
    assert len(_paths(svg, "--group-0")[0]) == 2
    assert not lines.has_points(_panel(_series("mean", [0.0]), y_log=True))


def test_gaps_and_empty_panels_are_no_error() -> None:
    empty, gap = _panel(), _panel(_series("mean", [1.0, float("nan"), 2.0]))
    assert figures.draw(_figure(empty, gap), "p")[0] == ""
    described = figures.draw(_figure(empty, gap), "p")[1]
    assert "<desc" in described


def test_categories_are_names() -> None:
    panel = _panel(_series("mean", [1.0, 2.0]), x_categories=["shallow (8)", "deep (56)"])
    assert {"shallow (8)", "deep (56)"} <= set(_texts(figures.draw(_figure(panel), "p")[0]))


def test_readers_settings_change_nothing() -> None:
    figure = _figure(_panel(_series("mean", [1.0, 2.0])))
    before = figures.draw(figure, "p")
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.grid": True, "text.color": "red"}):
        assert figures.draw(figure, "p") == before
        assert mpl.rcParams["lines.linewidth"] == 9


def test_the_legend_says_what_the_ends_of_lines_do_not() -> None:
    panel = _panel(
        _series("reference", [1.0], label="plain-20", name="plain-20"),
        _series("mean", [1.0], label="plain, shallow (8), train error", name="plain-8", style="dashed"),
        _series("mean", [1.0], label="plain, shallow (8), test error", name="plain-8"),
        _series("mean", [1.0], label="residual, shallow (8), test error", name="residual-8", group=1),
    )
    assert [(entry.label, bool(entry.dashes)) for entry in lines.legend(panel)] == [
        ("train error", True),
        ("test error", False),
        ("the paper’s", False),
    ]
    assert [name for name, _ in lines.labelled(panel)] == ["plain-8", "residual-8"]
    alone = _panel(_series("reference", [1.0], label="plain-20"))
    assert (lines.legend(alone), [name for name, _ in lines.labelled(alone)]) == ([], ["plain-20"])


def _labels(svg: str, names: list[str]) -> dict[str, tuple[float, float]]:
    """The places of labels: left end and baseline."""
    texts = [element for element in ET.fromstring(svg).iter("text") if element.text in names]
    return {str(text.text): (float(text.attrib["x"]), float(text.attrib["y"])) for text in texts}


def test_lines_are_labelled_at_their_ends_and_no_label_lies_on_another() -> None:
    names = [f"net-{number}" for number in range(9)]
    ends = [0.5 + 0.001 * number for number in range(9)]
    alike = [
        _series("mean", [0.9, end], label=name, group=i)
        for i, (name, end) in enumerate(zip(names, ends, strict=True))
    ]
    svg = figures.draw(_figure(_panel(*alike, y_percent=True)), "p")[0]
    places = _labels(svg, names)
    assert len(places) == 9
    heights = [places[name][1] for name in names]
    assert heights == sorted(heights, reverse=True), "the highest line has the highest label"
    assert all(low - high >= 10.5 for low, high in pairwise(heights)), "a line of text apart"
    right = max(x for line in _paths(svg, "--group-0") for x, _ in line)
    width = float(ET.fromstring(svg).attrib["viewBox"].split()[2])
    assert all(right < x < width - 20 for x, _ in places.values()), "beside the axes, inside the drawing"


def test_a_line_that_ends_early_is_labelled_where_it_ends() -> None:
    short = _series("mean", [0.9, 0.2], label="short", x=[0.0, 10.0])
    long = _series("mean", [0.9, 0.6], label="long", group=1, x=[0.0, 100.0])
    svg = figures.draw(_figure(_panel(short, long)), "p")[0]
    (end,) = [line[-1] for line in _paths(svg, "--group-0")]
    x, y = _labels(svg, ["short"])["short"]
    assert 0 < x - end[0] < 12
    assert abs(y - end[1]) < 12


def test_no_two_lines_of_a_figure_look_alike() -> None:
    series = [
        _series("mean", [1.0, 0.5], label=f"{arm}-{level}", group=arm, shade=level / 6)
        for arm in range(10)
        for level in range(7)
    ]
    panel = _panel(*series)
    dashes = lines.Dashes([panel])
    assert len({(lines.colour_of(one), dashes(one)) for one in series}) == len(series)
    svg = ET.fromstring(figures.draw(_figure(_panel(*series[:7])), "p")[0])
    drawn = [
        path for path in svg.iter("path") if "--group-0" in path.get("stroke", "") and path.get("clip-path")
    ]
    assert len({(path.get("stroke"), path.get("stroke-dasharray")) for path in drawn}) == 7


def test_a_band_lies_between_its_edges() -> None:
    band = Band(
        label="mean", group=0, shade=0.0, style="solid", runs=40,
        x_low=[0.0, 1.0], y_low=[0.4, 0.1], x_high=[0.0, 1.0], y_high=[0.8, 0.3],
    )  # fmt: skip
    panel = _panel(_series("mean", [0.6, 0.2]), _series("mean", [0.4, 0.1], group=1), bands=[band])
    svg = figures.draw(_figure(panel), "p")[0]
    (low,) = _paths(svg, "--group-1")
    (area,) = [e for e in ET.fromstring(svg).iter("path") if "--group-0" in e.get("fill", "")]
    assert float(area.attrib["opacity"]) < 0.5
    corners = re.findall(r"[ML] ([\d.]+) ([\d.]+)", area.attrib["d"])
    assert [tuple(map(float, corner)) for corner in corners[:2]] == [
        pytest.approx(end, abs=0.2) for end in low
    ]
    bars = figures.draw(_figure(panel.model_copy(update={"x_categories": ["a", "b"]})), "p")[0]
    assert len([line for line in _paths(bars, "--group-0") if line[0][0] == line[-1][0]]) == 2
