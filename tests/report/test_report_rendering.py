"""The page: valid, complete, deterministic, safe. The figures: where data says they are."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import html5lib
import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.errors import ReproError
from repro.report import as_csv
from repro.report.drawing import figures, lines
from repro.report.drawing.forest import forest
from repro.report.html.bibtex import bibtex, tool_bibtex
from repro.report.html.columns import table_columns
from repro.report.html.pages import write_whole
from repro.report.html.render import is_capped, part_notes, render_html, verdict_kind
from repro.report.model import ExpectationResult, Figure, Panel, Report, Series, Unit, safe_text
from repro.report.wording import text
from repro.startup.shipped import folder
from tests.support import paper_scale
from tests.support import report_samples as samples

VOID = {"meta", "link", "br", "img", "hr", "input"}
SAMPLES: dict[str, Callable[[], Report]] = {
    "five claims": samples.five_claims,
    "stand-in": samples.stand_in,
    "none judged": samples.none_judged,
    "all failed": samples.all_failed,
    "many claims": lambda: samples.many_claims(12, runs_each=4),
    "hostile": samples.hostile,
    "empty": lambda: samples.report([]),
}


class Page(HTMLParser):
    """Elements, texts and headings of a page; a tag that does not match is an error."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == [], f"never closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}: {names}"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> where another element is open"

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]

    def text(self) -> str:
        return "".join(data for tag, data in self.texts if tag not in {"style", "script"})


@cache
def html(name: str) -> str:
    return render_html(SAMPLES[name]())


@pytest.fixture(params=SAMPLES)
def page(request: pytest.FixtureRequest) -> Page:
    return Page(html(request.param))


def test_ids_are_unique_and_every_reference_resolves(page: Page) -> None:
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert all(id_ and not re.search(r"\s", id_) for id_ in ids)
    inside = [href[1:] for href in page.values("href") if href.startswith("#")]
    named = [id_ for value in page.values("aria-labelledby") for id_ in value.split()]
    painted = re.findall(r"url\(#([^)]+)\)", " ".join(str(attributes) for _, attributes in page.elements))
    assert set(inside + named + painted) <= set(ids)


@pytest.mark.parametrize("name", SAMPLES)
def test_pages_are_valid_html(name: str) -> None:
    """html5lib follows the parsing of the HTML standard (Sec. 13.2) and stops at what that calls a parse error."""
    html5lib.HTMLParser(strict=True).parse(html(name))


def test_headings_descend_one_level_at_a_time(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_nothing_is_loaded_and_nothing_is_inline(page: Page) -> None:
    for tag, attributes in page.elements:
        assert "src" not in attributes
        assert "style" not in attributes, f"the policy forbids the style of {tag}"
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href", "#")
        assert href.startswith(("#", "data:", "https://", "http://")), href
        assert href.startswith(("#", "data:")) or tag == "a"
        assert not href.startswith("data:text/html")


def test_policy_allows_exactly_the_style_and_the_script_of_the_page(page: Page) -> None:
    policy = next(meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'none'"
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        content = [data for name, data in page.texts if name == tag]
        digest = base64.b64encode(hashlib.sha256("".join(content).encode()).digest()).decode()
        assert allowed[f"{tag}-src"] == f"'sha256-{digest}'"
        assert len(page.all(tag)) == 1


def _strings(value: Any, kept_out: set[str]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in kept_out:
                yield from _strings(item, kept_out)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _strings(item, kept_out)
    elif isinstance(value, str):
        yield value


def test_every_text_of_the_report_is_on_the_page() -> None:
    """Without script: the parser runs none. Structural words and what drawings hold are looked at apart."""
    structural = {
        "id",
        "ids",
        "anchor",
        "expectation",
        "kind",
        "unit",
        "result",
        "status",
        "style",
        "bound",
        "state",
        "outcome",
    }
    elsewhere = {"metric", "panels", "alt", "url"}
    shown = " ".join(Page(html("five claims")).text().split())
    for string in _strings(samples.five_claims().model_dump(), structural | elsewhere):
        assert " ".join(string.split()) in shown


def test_deep_links_are_the_anchors_of_the_data() -> None:
    ids = Page(html("five claims")).values("id")
    for paper in samples.five_claims().papers:
        for claim in paper.claims:
            assert claim.anchor in ids
            assert {one.anchor for one in claim.expectations} <= set(ids)
            assert {figure.anchor for figure in claim.figures} <= set(ids)
            assert {table.anchor for table in claim.tables} <= set(ids)


def test_a_claim_goes_from_paper_and_statement_to_verdict_coverage_and_evidence() -> None:
    claim = samples.degradation()
    source = html("five claims")
    article = source[source.index(f'id="{claim.anchor}"') :]
    order = [claim.title, "smoke scale</span>", claim.statement, claim.quote or "", claim.verdict.sentence]
    places = [article.index(text) for text in [*order, "2 of 2 expectations judged", ">Evidence<"]]
    assert places == sorted(places)
    assert "5 seeds a cell · 10 of 10 runs there" in article


def test_notes_of_readers_stand_at_what_they_are_about_and_are_marked() -> None:
    text = " ".join(Page(html("five claims")).text().split())
    assert "Note by A. Reader, 2026-02-01 · a reader’s opinion; it decides nothing The bar is low." in text
    assert text.index("Note by B. Reader") < text.index("Note by A. Reader"), (
        "on the claim, then in its evidence"
    )
    assert text.index("half of the paper's gap") < text.index("Note by A. Reader")


def test_data_that_stand_in_are_named_on_top_at_the_claim_and_in_the_ledger() -> None:
    source = html("stand-in")
    says = samples.stand_in().stand_ins[0]
    assert source.count(f"<strong>Not the paper’s data:</strong> {says}") == 2
    assert 'data set cifar10 <span class="role stand-in">stand-in</span>' in source
    assert "The full protocol: its own data, nets and schedule." not in source
    assert is_capped(samples.stand_in().papers[0].claims[0].verdict)


def test_a_papers_table_has_only_the_columns_that_some_row_fills() -> None:
    (table,) = samples.degradation().tables
    groups = table_columns(table).groups
    assert [group.heads for group in groups] == [
        ["paper", "ours", "difference", "verdict"],
        ["paper", "ours", "difference"],
    ]
    assert [group.start for group in groups] == [1, 5]
    bare = [cell.model_copy(update={"difference": None, "verdict": None}) for cell in table.rows[0].cells]
    one = table.model_copy(update={"rows": [table.rows[0].model_copy(update={"cells": bare})]})
    assert [group.heads for group in table_columns(one).groups] == [["paper", "ours"]] * 2


def test_numbers_read_from_a_figure_are_marked_and_reproductions_stand_beside() -> None:
    source = html("five claims")
    printed = [cell.reported for row in samples.degradation().tables[0].rows for cell in row.cells]
    mark = '<span class="dagger" aria-hidden="true">†</span><span class="unseen"> read from a figure</span>'
    table = source[
        source.index('<table class="beside') : source.index("Read from a figure, at least in part")
    ]
    assert table.count(mark) == sum(text is not None for text in printed)
    report = samples.five_claims()
    told = next(claim for paper in report.papers for claim in paper.claims if claim.tables).tables[0]
    told.rows[0].cells[:] = [cell.model_copy(update={"from_figure": False}) for cell in told.rows[0].cells]
    fewer = source.count(mark) - render_html(report).count(mark)
    assert fewer >= sum(cell.reported is not None for cell in told.rows[0].cells) > 0
    assert "<b>somebody/pytorch-resnets</b>: README, 2018; best epoch" in source
    elsewhere = source[source.index('<table class="elsewhere') :]
    row = re.search(r"ResNet-20</th>(.*?)</tr>", elsewhere, re.S)
    assert row is not None
    assert re.findall(r"8\.\d+", row[1]) == ["8.75", "8.27", "8.6"]


def test_where_runs_were_made_on_what_and_at_what_cost_is_told() -> None:
    text = " ".join(Page(re.sub(r"</t[dh]>", r" \g<0>", html("five claims"))).text().split())
    assert "digits 16d55714a455 1,400 397 60" in text
    assert "cifar10 stand-in 0badcafe0bad 500 100 3" in text
    assert "60 runs took 1 min 23 s. What was predicted beforehand is unknown. All of it again:" in text
    assert "10 runs took 21 s. Predicted beforehand for 8 of them: 15 s; these took 17 s." in text
    assert "read: v1 of 2015" in text


def test_the_tool_is_cited_as_its_own_file_says() -> None:
    path = Path(__file__).parents[2] / "CITATION.cff"
    cited = dict(re.findall(r'^(title|version|  - name): "?(.*?)"?$', path.read_text(encoding="utf-8"), re.M))
    entry = tool_bibtex(cited["version"])
    assert f"title = {{{{{cited['title']}}}}}" in entry
    assert f"author = {{{{{cited['  - name']}}}}}" in entry
    assert f"version = {{{cited['version']}}}" in entry


def test_a_sensitivity_is_drawn_point_by_point_with_shapes() -> None:
    source = html("five claims")
    start = source.index("Does the learning rate matter?")
    plot = source[source.index('<figure class="forest"', start) : source.index("</figure>", start)]
    assert re.findall(r'track-label">([^<]+)<', plot) == ["lr-0.02", "lr-0.1", "lr-0.5"]
    assert re.findall(r'<g class="(\w+)">', plot) == ["supported", "inconclusive", "refuted"]


def test_a_report_at_the_papers_scale_stays_small_and_mirrors_the_papers_figures(tmp_path: Path) -> None:
    """Five claims, ten seeds, histories of 164 places; Fig. 6 of ResNet shows errors of up to 20%."""
    report = paper_scale.report(tmp_path / "store")
    assert len(render_html(report).encode()) < 1_550_000
    figures_ = {
        f"{claim.id} {one.id}": one
        for paper in report.papers
        for claim in paper.claims
        for one in claim.figures
    }
    fig6 = figures_["resnet/plain-nets-degrade fig6"]
    assert [panel.title for panel in fig6.panels][:2] == ["paper, plain nets", "paper, ResNets"]
    assert {panel.x_label for panel in fig6.panels} == {"iteration (1e4)"}
    assert {tuple(round(end or 0, 1) for end in panel.y_limits) for panel in fig6.panels} == {(0.0, 0.2)}
    ours = fig6.panels[2]
    assert max(ours.series[0].x) == pytest.approx(6.4), "64,000 iterations"
    assert sum(line.role == "seed" for line in ours.series) == 2 * 10 * sum(
        line.role == "mean" and line.style == "solid" for line in ours.series
    )
    fig1 = figures_["alexnet/relu-speed fig1"]
    styles = {line.label: line.style for panel in fig1.panels for line in panel.series}
    assert (styles["paper: ReLU"], styles["paper: tanh"]) == ("solid", "dashed")
    assert {style for label, style in styles.items() if label.startswith("tanh")} == {"dashed"}
    assert {style for label, style in styles.items() if label.startswith("relu")} == {"solid"}
    cost = report.cost
    assert cost is not None
    assert cost.predicted_runs == cost.runs > 200


def test_verdicts_stand_before_the_evidence() -> None:
    page = html("five claims")
    claims = [claim for paper in samples.five_claims().papers for claim in paper.claims]
    evidence = page.index(">Evidence<")
    for claim in claims:
        assert page.index(claim.verdict.word) < evidence
        assert page.index(claim.title) < evidence
    assert page.index("Smoke scale") < page.index(claims[0].title)
    assert page.index("4 of 5 claims judged") < page.index(claims[0].title)


def test_the_same_report_gives_the_same_bytes_in_every_process() -> None:
    checkout = str(Path(__file__).parents[2])
    code = (
        "import hashlib; from tests import report_samples as s; from repro.report.html.render import render_html;"
        "print(hashlib.sha256(render_html(s.five_claims()).encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4", "PYTHONPATH": checkout}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.strip() == hashlib.sha256(html("five claims").encode()).hexdigest()


def test_hostile_text_ends_as_text() -> None:
    source = html("hostile")
    page = Page(source)
    assert len(page.all("script")) == 1
    assert not page.all("img")
    assert "javascript:" not in " ".join(page.values("href")).lower()
    assert "</script><script>document.title='owned'</script>" in page.text()
    assert "{{ 7*7 }}" in page.text()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", source)
    assert "␀" in page.text()
    assert "[U+202E]" in page.text()


def test_pages_stay_small() -> None:
    assert len(html("five claims").encode()) < 1_000_000
    assert len(render_html(samples.many_claims()).encode()) < 8_000_000


def test_verdicts_differ_in_shape_not_only_in_colour() -> None:
    shapes = dict(re.findall(r'<symbol id="_shape-(\w+)"[^>]*>(.*?)</symbol>', html("five claims")))
    assert set(shapes) == {"supported", "refuted", "inconclusive", "pending", "failed"}
    drawn = {re.sub(r'(fill|stroke)="[^"]*"', "", shape) for shape in shapes.values()}
    assert len(drawn) == 5


def test_a_verdict_below_its_scale_is_marked_as_capped() -> None:
    holds = samples.verdict("supported", "")
    assert is_capped(holds)
    assert not is_capped(samples.verdict("supported", "", word="supported"))
    assert verdict_kind(holds) == "supported"
    assert verdict_kind(samples.all_failed().papers[0].claims[0].verdict) == "failed"
    assert verdict_kind(samples.pending_claim().verdict) == "pending"


def test_notes_on_parts_are_told_once() -> None:
    one = samples.relu_speed().expectations[0]

    def noted(*notes: str | None, sentence: str = "") -> list[str]:
        parts = [
            samples.part(f"part {i}", "—", None, None, None, None, note=note) for i, note in enumerate(notes)
        ]
        told = one.verdict.model_copy(update={"sentence": sentence})
        return part_notes(one.model_copy(update={"parts": parts, "verdict": told}))

    assert noted("late", "late", None, "lost") == ["part 0; part 1: late", "part 3: lost"]
    assert noted("late", "late") == ["late"]
    assert noted(*["late"] * 5, "lost") == ["5 of 6 comparisons: late", "part 5: lost"]
    assert noted("late", "late", sentence="Not judged: late.") == []
    assert noted(None) == []


def test_criteria_changed_after_runs_existed_stand_before_the_evidence_with_both_versions() -> None:
    source = html("five claims")
    start = source.index("Criteria changed on 2026-01-14")
    noted = source[start : source.index('class="forest"', start)]
    assert noted.index("at least 4 pp") < noted.index("at least 2 pp")
    assert "<h4>Evidence</h4>" in noted
    assert source.count('class="changed"') == 2, "claims whose criteria stand have no such box"


def test_what_decides_nothing_stands_beside_the_verdict() -> None:
    shown = Page(html("five claims")).text()
    for heading in ("What the seeds resolve:", "Beside the paper’s number:", "Test set:"):
        assert heading in shown
    assert Page(html("none judged")).text().count("Beside the paper’s number:") == 0


def test_a_report_of_an_earlier_version_is_still_read() -> None:
    plain = samples.five_claims().model_dump(mode="json")
    del plain["datasets"], plain["stand_ins"], plain["cost"]
    for paper in plain["papers"]:
        del paper["version_read"], paper["anchor"]
        for claim in paper["claims"]:
            del (
                claim["criteria_changes"],
                claim["stand_ins"],
                claim["spec_rows"],
                claim["reviews"],
                claim["cost"],
            )
            for row in claim["runs"]:
                del row["sessions"], row["predicted_seconds"], row["diverged_at_step"]
            for row in claim["deviations"]:
                del row["direction"], row["stand_in"]
            for table in claim["tables"]:
                del table["anchor"], table["from_figure"], table["elsewhere"]
                for cell in (cell for row in table["rows"] for cell in row["cells"]):
                    del cell["expectation"], cell["region"], cell["verdict"]
            for sensitivity in claim["sensitivities"]:
                del sensitivity["ids"]
                for point in sensitivity["points"]:
                    del point["parts"]
            for entry in claim["criteria"]:
                del entry["lines"]
            for one in claim["expectations"]:
                del one["compatibility"], one["sampling_note"]
    assert "resolve" in render_html(Report.model_validate(plain))


def test_templates_of_ones_own_come_first_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "report.css").write_text("body { color: #123456 }\n", encoding="utf-8")
    (tmp_path / "footer.html.jinja").write_text("<p>{{ report.command }} & more</p>", encoding="utf-8")
    source = render_html(samples.none_judged(), templates=tmp_path)
    assert "<style>body { color: #123456 }\n</style>" in source
    assert "<p>repro check --scale smoke & more</p>" in source
    assert "LRN does not help" in source
    with pytest.raises(ReproError, match="no such folder"):
        render_html(samples.none_judged(), templates=tmp_path / "absent")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("footer.html.jinja", "\n{{ report.nothing }}", "footer.html.jinja, line 2.*nothing"),
        ("footer.html.jinja", "\n\n{% if %}", "footer.html.jinja, line 3"),
        ("report.js", "'</script>'", "report.js"),
    ],
)
def test_a_broken_template_is_named(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ReproError, match=says):
        render_html(samples.none_judged(), templates=tmp_path)


def test_writing_leaves_one_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "index.html"
    write_whole(path, render_html(samples.none_judged()))
    assert path.read_bytes() == html("none judged").encode()
    assert list(path.parent.iterdir()) == [path]


# Colours: contrast as WCAG 2 defines it


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)",
        (folder("templates") / "report.css").read_text(encoding="utf-8"),
    )
}
VERDICTS = ["supported", "refuted", "inconclusive", "pending", "failed"]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_reach_their_contrast(theme: int) -> None:
    def contrast(one: str, other: str) -> float:
        return _contrast(TOKENS[one][theme], TOKENS[other][theme])

    for ground in ("paper", "raised", "caution"):
        assert all(contrast(name, ground) >= 4.5 for name in ("ink", "soft", "link"))
    for ground in ("paper", "raised"):
        assert all(contrast(name, ground) >= 4.5 for name in VERDICTS)
    groups = [name for name in TOKENS if name.startswith("group-")]
    assert len(groups) == len(lines.GROUP_COLOURS)
    assert all(contrast(name, "paper") >= 3 for name in groups)
    for ground in ("supports-ground", "refutes-ground", "refutes-line"):
        assert all(
            contrast(name, ground) >= 3 for name in ("supported", "refuted", "inconclusive", "pending")
        )


def test_a_drawing_outside_the_page_has_the_light_colours() -> None:
    for index, colour in enumerate(lines.GROUP_COLOURS):
        assert TOKENS[f"group-{index}"][0] == colour
    assert (TOKENS["ink"][0], TOKENS["soft"][0], TOKENS["rule"][0]) == (
        lines.INK,
        lines.SOFT,
        lines.GRID,
    )


# Figures


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


def test_legend_names_means_and_the_papers_curves_and_lone_seeds() -> None:
    panel = _panel(
        _series("reference", [1.0], label="paper"),
        _series("seed", [1.0], label="ReLU, seed 0"),
        _series("mean", [1.0], label="ReLU"),
        _series("seed", [1.0], label="tanh", group=1),
    )
    assert [entry.label for entry in lines.legend(panel)] == ["ReLU", "tanh", "paper"]


# Forest plots


def _expectation(
    estimate: float | None,
    low: float | None,
    high: float | None,
    supports: tuple[float | None, float | None] = (2.0, None),
    refutes: tuple[float | None, float | None] = (None, 1.0),
    unit: Unit = "number",
    reported: float | None = None,
) -> ExpectationResult:
    return samples.expectation(
        "c", "e", "title", unit, [samples.part("all", "text", estimate, low, high, None)],
        samples.verdict(None, ""), ("", [supports]), ("", [refutes]),
        reported="printed" if reported is not None else None, reported_value=reported,
    )  # fmt: skip


def test_positions_are_linear_and_regions_reach_the_ends() -> None:
    [axis] = forest([_expectation(3.0, 2.5, 3.5, reported=4.0)])
    [block] = axis.blocks
    [track] = block.tracks
    assert track.at is not None
    assert block.reported is not None
    unit = (block.reported.at - track.at) / 1.0
    assert track.at - track.low == pytest.approx(0.5 * unit, abs=0.02)
    [supports], [refutes] = block.supports, block.refutes
    assert supports.start == pytest.approx(track.at - unit, abs=0.02)
    assert supports.start + supports.width == pytest.approx(100)
    assert refutes.start == 0
    assert refutes.width == pytest.approx(track.at - 2 * unit, abs=0.02)
    assert not track.low_open
    assert not track.high_open


def test_open_and_overlong_intervals_end_in_arrows() -> None:
    [axis] = forest([_expectation(1.5, None, 1e6)])
    [track] = axis.blocks[0].tracks
    assert (track.low, track.low_open) == (0.0, True)
    assert (track.high, track.high_open) == (100.0, True)


def test_ratios_are_laid_out_by_their_logarithm() -> None:
    [axis] = forest([_expectation(1.0, 0.5, 2.0, unit="ratio", supports=(4.0, None), refutes=(None, 0.25))])
    [track] = axis.blocks[0].tracks
    assert track.at is not None
    assert track.at - track.low == pytest.approx(track.high - track.at, abs=0.02)
    assert forest([_expectation(0.0, None, None, unit="ratio")]) == []


def test_units_and_magnitudes_have_axes_of_their_own() -> None:
    small = _expectation(3.0, 2.5, 3.5)
    error = _expectation(0.03, 0.025, 0.035, (0.02, None), (None, 0.01), unit="error")
    huge = _expectation(3e6, 2e6, 4e6, (2e6, None), (None, 1e6))
    assert [len(axis.blocks) for axis in forest([small, error, huge, small])] == [2, 1, 1]
    assert forest([error])[0].label == "error, %"
    assert {tick.label for tick in forest([error])[0].ticks} >= {"1", "2", "3"}


def test_what_was_never_measured_is_not_drawn() -> None:
    assert forest([_expectation(None, None, None)]) == []
    assert forest([]) == []


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(
    estimate=finite, half=st.floats(0, 1e6), edge=finite, unit=st.sampled_from(["number", "error", "count"])
)
def test_a_mark_lies_in_a_band_exactly_if_its_value_lies_in_the_region(
    estimate: float, half: float, edge: float, unit: Unit
) -> None:
    [axis] = forest(
        [_expectation(estimate, estimate - half, estimate + half, (edge, None), (None, edge), unit)]
    )
    [block] = axis.blocks
    [track] = block.tracks
    assert track.at is not None
    assert 0 <= track.low <= track.at <= track.high <= 100
    [band] = block.supports
    assert (track.at >= band.start - 0.011) if estimate >= edge else (track.at <= band.start + 0.011)
    assert len(axis.ticks) >= 1


# CSV, text, citations


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


def test_bibtex_cites_the_paper() -> None:
    paper = samples.paper("p", "Deep {Nets} & more", [], bibtex_key="he 2016}", url="javascript:alert(1)")
    entry = bibtex(paper)
    assert entry.startswith("@misc{he2016,\n  title = {{Deep (Nets) \\& more}},")
    assert "author = {Kaiming He and Xiangyu Zhang and Shaoqing Ren and Jian Sun}" in entry
    assert "url" not in entry
    assert entry.count("{") == entry.count("}")
