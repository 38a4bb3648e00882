"""The page: valid, deterministic, safe, and small."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import html5lib
import pytest

from repro.errors import ReproError
from repro.report.html.render import render_html
from repro.store.files import write_text
from tests.support import paper_scale
from tests.support import report_samples as samples
from tests.support.page import SAMPLES, Page, html


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


def test_the_same_report_gives_the_same_bytes_in_every_process() -> None:
    checkout = str(Path(__file__).parents[2])
    code = (
        "import hashlib; from tests.support import report_samples as s;"
        "from repro.report.html.render import render_html;"
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
    assert len(html("sixty claims").encode()) < 8_000_000


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
    write_text(path, render_html(samples.none_judged()))
    assert path.read_bytes() == html("none judged").encode()
    assert list(path.parent.iterdir()) == [path]
