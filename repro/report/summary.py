"""Report → one picture for a slide or a review: the outcome, and a row a claim. SVG, without network or browser.

What the first screen of the page says, in the same words and numbers. Text is set without measuring it: columns are
wide enough for usual letters, and longer texts are cut with an ellipsis.
"""

from __future__ import annotations

import textwrap
import xml.etree.ElementTree as ET

from repro.report.drawing.forest import Block
from repro.report.drawing.lines import GRID, INK, SOFT
from repro.report.drawing.strips import strip
from repro.report.model import Report, Result, Verdict
from repro.report.model.safe_text import visible
from repro.report.wording import overview
from repro.report.wording.meanings import meanings
from repro.report.wording.plain import claim_because
from repro.report.wording.typography import typeset
from repro.report.wording.whose import number_head

WIDTH = 1280
MARGIN = 40
ROW = 27
MOST_ROWS = {"trained": 16, "recorded": 12, "computed": 8}
"""Claims that have a row, by what their verdict rests on; more are counted."""

_LINE = 88
"""Letters of the largest text that have room across."""
_UNITS = "pp: percentage points; closest of 3: of so many comparisons, the one nearest to failing."
_PAPER, _HERE, _STRIP, _VERDICT = 545, 672, 935, 1090
_STRIP_WIDTH = 135
_COLOURS: dict[Result | None, str] = {
    "supported": "#00694e",
    "refuted": "#a63a00",
    "inconclusive": "#4b4fa3",
    None: "#59616d",
}
"""Those of the page's light theme."""
_SUPPORTS, _REFUTES = "#d3efe4", "#fbd9c3"
_GROUPS = {
    "trained": "Trained here, at {} scale",
    "recorded": "As recorded by others, not trained here",
    "computed": "Computed, without training",
}
_MARK = "repro-summary"


def to_summary(report: Report) -> str:
    """Return `report` as one SVG; the same report gives the same bytes."""
    report = typeset(report)
    outcome = visible(overview.outcome(report))
    picture = _Picture(outcome)
    # Where it takes more than a line, what was trained and what was computed have one each.
    for part in [outcome] if len(outcome) <= _LINE else outcome.split(". "):
        for line in textwrap.wrap(part, _LINE)[:2]:
            picture.line(line, 25, weight="650", height=33)
    for told in (report.scale_says, *(f"{name}: {meaning}" for name, meaning in meanings(report))):
        for line in textwrap.wrap(visible(told), 165)[:2]:
            picture.line(line, 14, colour=SOFT, height=20)
    picture.space(10)
    _head(picture, number_head(report))
    for group in overview.groups(report):
        picture.space(8)
        picture.line(_cut(_GROUPS[group.basis].format(report.scale), 100), 15, weight="650", height=25)
        rows = [row for paper in group.papers for row in paper.rows]
        for row in rows[: MOST_ROWS[group.basis]]:
            _row(picture, row, report)
        more = len(group.claims) - min(len(rows), MOST_ROWS[group.basis])
        if more:
            picture.line(f"… and {more} more, counted above", 14, colour=SOFT, height=24)
    picture.space(10)
    picture.line(_UNITS, 12, colour=SOFT, height=18)
    picture.line(
        _cut(f"Made by repro {report.tool_version}: {report.command}", 170), 12, colour=SOFT, height=20
    )
    return picture.finished()


class _Picture:
    """An SVG that grows downwards."""

    def __init__(self, title: str) -> None:
        self.root = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": _MARK,
                "role": "img",
                "aria-label": title,
                "font-family": "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif",
            },
        )
        ET.SubElement(self.root, "title").text = title
        ET.SubElement(self.root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
        self.y = 30.0

    def add(self, tag: str, text: str | None = None, **attributes: object) -> None:
        """Add an element; an underscore in a name stands for a hyphen."""
        named = {
            name.rstrip("_").replace("_", "-"): f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in attributes.items()
        }
        ET.SubElement(self.root, tag, named).text = text

    def explain(self, text: str) -> None:
        """Give the last element a tooltip."""
        ET.SubElement(self.root[-1], "title").text = text

    def text(
        self, x: float, text: str, size: int, colour: str = INK, weight: str = "400", y: float = 0.0
    ) -> None:
        """Write a text whose base line lies at `y`, from the present height on."""
        self.add("text", text, x=x, y=self.y + y, font_size=size, fill=colour, font_weight=weight)

    def line(self, text: str, size: int, *, height: float, colour: str = INK, weight: str = "400") -> None:
        """Write a line of text across."""
        self.text(MARGIN, text, size, colour, weight, y=0.72 * height)
        self.y += height

    def space(self, height: float) -> None:
        """Leave room."""
        self.y += height

    def finished(self) -> str:
        """Return the SVG."""
        height = round(self.y + 16)
        self.root.set("viewBox", f"0 0 {WIDTH} {height}")
        self.root.set("width", str(WIDTH))
        self.root.set("height", str(height))
        return ET.tostring(self.root, encoding="unicode") + "\n"


def _head(picture: _Picture, printed: str) -> None:
    for x, name in (
        (MARGIN, "Claim"),
        (_PAPER, f"{printed} or need"),
        (_HERE, "Here, with interval"),
        (_VERDICT, "Verdict"),
    ):
        picture.text(x, name, 13, SOFT, "600", y=14)
    for x, colour, name in ((_STRIP, _SUPPORTS, "for"), (_STRIP + 45, _REFUTES, "against")):
        picture.add("rect", x=x, y=picture.y + 4, width=12, height=11, fill=colour)
        picture.text(x + 16, name, 13, SOFT, y=14)
    picture.space(20)
    picture.add("line", x1=MARGIN, x2=WIDTH - MARGIN, y1=picture.y, y2=picture.y, stroke=SOFT)


_WIDEST = 36
"""Letters of our number that have room beside the strip."""


def _row(picture: _Picture, row: overview.Row, report: Report) -> None:
    base = 18.0
    picture.text(MARGIN, _cut(row.claim.title, 60), 15, y=base)
    picture.explain(visible(f"{row.claim.id}: {claim_because(row.claim)}"))
    picture.text(
        _PAPER, _cut(row.paper or row.needs or "no number", 16), 14, INK if row.paper else SOFT, y=base
    )
    ours = f"{row.ours} {row.interval}".strip() or "—"
    counted = f"{ours} ({row.count})" if row.count else ours
    picture.text(_HERE, _cut(counted if len(counted) <= _WIDEST else ours, _WIDEST), 13, y=base)
    block = strip(row)
    if block is not None:
        _strip(picture, block)
    verdict = row.claim.verdict
    _mark(picture, verdict, _VERDICT + 6.0, picture.y + 13)
    word = _cut(overview.short_word(row.claim, report.scale), 20)
    picture.text(_VERDICT + 20, word, 14, _COLOURS[verdict.result], "600", y=base)
    picture.space(ROW)
    picture.add(
        "line", x1=MARGIN, x2=WIDTH - MARGIN, y1=picture.y, y2=picture.y, stroke=GRID, stroke_width=0.8
    )


def _strip(picture: _Picture, block: Block) -> None:
    def at(percent: float) -> float:
        return _STRIP + _STRIP_WIDTH * percent / 100

    top, middle = picture.y + 6, picture.y + 13
    for bands, colour in ((block.refutes, _REFUTES), (block.supports, _SUPPORTS)):
        for band in bands:
            picture.add(
                "rect", x=at(band.start), y=top, width=_STRIP_WIDTH * band.width / 100, height=14, fill=colour
            )
    if block.reported is not None:
        x = at(block.reported.at)
        picture.add(
            "line", x1=x, x2=x, y1=top - 2, y2=top + 16, stroke=INK, stroke_width=1.5, stroke_dasharray="3 2"
        )
    for track in block.tracks:
        if track.at is not None:
            colour = _COLOURS[track.part.result]
            low, high = at(track.low), at(track.high)
            picture.add("line", x1=low, x2=high, y1=middle, y2=middle, stroke=colour, stroke_width=2)
            picture.add("circle", cx=at(track.at), cy=middle, r=3.6, fill=colour, stroke="#ffffff")


def _mark(picture: _Picture, verdict: Verdict, x: float, y: float) -> None:
    """Shapes, so that verdicts are told apart without colour."""
    colour = _COLOURS[verdict.result]
    if verdict.result == "supported":
        picture.add("circle", cx=x, cy=y, r=5.5, fill=colour)
    elif verdict.result == "refuted":
        picture.add("rect", x=x - 5, y=y - 5, width=10, height=10, fill=colour)
    elif verdict.result == "inconclusive":
        picture.add("path", d=f"M{x:g} {y - 6:g}l6 6-6 6-6-6z", fill="none", stroke=colour, stroke_width=2)
    else:
        picture.add(
            "circle", cx=x, cy=y, r=5, fill="none", stroke=colour, stroke_width=1.5, stroke_dasharray="2 2"
        )


def _cut(text: str, longest: int) -> str:
    shown = " ".join(visible(text).split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1].rstrip()}…"
