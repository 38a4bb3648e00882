"""CSV, links, characters, durations and citations."""

from __future__ import annotations

import csv
import io
from urllib.parse import unquote

import pytest

from repro.report import as_csv
from repro.report.html.bibtex import bibtex
from repro.report.model import safe_text
from repro.report.wording import text
from tests.support import report_samples as samples
from tests.support.panels import _figure, _panel, _series


def test_a_figures_csv_holds_its_points() -> None:
    left = _panel(
        _series("seed", [0.5, 0.25], label='ReLU, "A"'),
        _series("seed", [0.75, 0.125], label='ReLU, "A"'),
        _series("mean", [0.625, 0.1875], label='ReLU, "A"'),
        title="left",
        x_categories=["shallow", "deep"],
    )
    right = _panel(_series("reference", [0.1], label="=tanh"), title="right")
    rows = list(csv.reader(io.StringIO(as_csv.figure_csv(_figure(left, right)))))
    papers = list(csv.reader(io.StringIO(as_csv.figure_csv(_figure(left, right), paper=True))))
    runs = ['ReLU, "A", run 1', 'ReLU, "A", run 2']
    assert rows == [
        ["panel", "x", *runs],
        ["left", "shallow", ".5", ".75"],
        ["left", "deep", ".25", ".125"],
    ]
    assert papers == [["panel", "x", "'=tanh, paper"], ["right", "0", ".1"]]
    assert as_csv.figure_csv(_figure(left), paper=True) == ""


def test_evidence_csv_has_a_row_a_part_and_no_formula() -> None:
    claim = samples.relu_speed()
    bad = claim.expectations[0].model_copy(update={"reported": "=HYPERLINK(1)"})
    rows = list(
        csv.DictReader(
            io.StringIO(as_csv.expectations_csv([claim.model_copy(update={"expectations": [bad]})]))
        )
    )
    assert [row["part"] for row in rows] == ["conv3-fc", "conv2-local2-fc"]
    assert [float(row["estimate"]) for row in rows] == [0.71, 1.3]
    assert rows[1]["high"] == ""
    assert rows[0]["reported"] == "'=HYPERLINK(1)"


def test_a_data_link_gives_back_its_text() -> None:
    content = 'a,b\n1,"x y"\né#%?&<>\'\n'
    head, _, body = as_csv.data_link(content).partition(",")
    assert head == "data:text/csv;charset=utf-8"
    assert unquote(body) == content
    assert not set(body) & set("<>\"'# \n")


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ("https://arxiv.org/abs/1512.03385", True),
        ("http://example.org/?a=1&b=2", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("https:alert(1)", False),
        ("//example.org", False),
        ("data:text/html,x", False),
        ("https://[broken", False),
        ("https://example.org\u202e", False),
        ("file:///etc/passwd", False),
        (None, False),
    ],
)
def test_only_web_addresses_are_followed(url: str | None, followed: bool) -> None:
    assert safe_text.web_address(url) == (url if followed else None)


def test_control_characters_become_visible() -> None:
    assert safe_text.visible("a\tb\nc\r\nd") == "a\tb\nc\nd"
    assert safe_text.visible("\x00\x1b\x7f\u202e\ud800\uffff") == "␀␛␡[U+202E][U+D800][U+FFFF]"
    assert safe_text.visible("−×µ 日本 🎉") == "−×µ 日本 🎉"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59.4, "59 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7800, "2 h 10 min"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert text.duration(seconds) == said


def test_a_moment_is_told_to_the_minute() -> None:
    assert text.moment("2026-11-26T03:51:07Z") == "26 November 2026, 03:51 UTC"
    assert text.moment("long ago") == "long ago"


def test_bibtex_cites_the_paper() -> None:
    paper = samples.paper("p", "Deep {Nets} & more", [], bibtex_key="he 2016}", url="javascript:alert(1)")
    entry = bibtex(paper)
    assert entry.startswith("@misc{he2016,\n  title = {{Deep (Nets) \\& more}},")
    assert "author = {Kaiming He and Xiangyu Zhang and Shaoqing Ren and Jian Sun}" in entry
    assert "url" not in entry
    assert entry.count("{") == entry.count("}")
