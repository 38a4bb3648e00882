"""The summary: one picture with the outcome and a row a claim, for a slide or a review."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from repro.report import summary
from repro.report.summary import to_summary
from repro.report.wording import overview
from repro.report.wording.typography import typeset
from tests.support import report_samples as samples

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_it_says_what_the_first_screen_says() -> None:
    report = typeset(samples.five_claims())
    shown = texts(to_summary(report))
    said = " ".join(shown)
    assert said.startswith(overview.outcome(report).replace(". ", " ")), "a line for each sentence"
    assert report.scale_says in said
    for group in overview.groups(report):
        for paper in group.papers:
            for row in paper.rows:
                assert row.claim.title in said
                assert overview.short_word(row.claim, report.scale) in shown
                if row.ours:
                    assert any(text.startswith(row.ours) for text in shown)
    assert to_summary(report) == to_summary(report)


def test_an_interval_lies_to_scale_between_its_regions() -> None:
    root = ET.fromstring(to_summary(samples.five_claims()))
    circles = [c for c in root.iter(f"{SVG}circle") if c.get("stroke") == "#ffffff"]
    lines = [one for one in root.iter(f"{SVG}line") if one.get("stroke-width") == "2"]
    assert len(circles) == len(lines) > 0
    for circle, line in zip(circles, lines, strict=True):
        assert float(line.attrib["x1"]) <= float(circle.attrib["cx"]) <= float(line.attrib["x2"])
        assert float(line.attrib["x1"]) >= summary._STRIP
        assert float(line.attrib["x2"]) <= summary._STRIP + summary._STRIP_WIDTH + 0.1


@pytest.mark.parametrize("sample", [samples.none_judged, samples.all_failed, samples.hostile])
def test_nothing_runs_out_of_the_picture_and_nothing_is_fetched(sample: Any) -> None:
    svg = to_summary(sample())
    root = ET.fromstring(svg)
    width, height = (float(root.attrib[name]) for name in ("width", "height"))
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["y"]) < height
        # 0.62 em is more than a letter takes on average in any usual font
        room = width - float(text.attrib["x"])
        assert 0.62 * float(text.attrib["font-size"]) * len(text.text or "") < room + 260
    assert not re.search(r"href|<script|<image|url\(", svg)


def test_of_many_claims_the_rest_is_counted() -> None:
    report = samples.five_claims()
    paper = next(
        paper for paper in report.papers if any(overview.basis(c) == "trained" for c in paper.claims)
    )
    claim = next(c for c in paper.claims if overview.basis(c) == "trained" and c.verdict.result is not None)
    many = [
        claim.model_copy(update={"id": f"p/{number}", "title": f"Claim {number}"}) for number in range(60)
    ]
    crowded = report.model_copy(update={"papers": [paper.model_copy(update={"claims": many})]})
    shown = texts(to_summary(crowded))
    rows = [text for text in shown if text.startswith("Claim ")]
    assert len(rows) == summary.MOST_ROWS["trained"] + ("Claim" in rows)
    assert f"… and {60 - summary.MOST_ROWS['trained']} more, counted above" in shown
