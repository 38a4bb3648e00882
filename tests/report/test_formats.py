"""One report in several forms, each read by a parser of its own; and reports of other versions, read again."""

from __future__ import annotations

import csv
import gzip
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from repro.cli import cli
from repro.errors import ReproError
from repro.report.formats import FILES, FORMATS, rendered, write_report
from repro.report.junit import ending, to_junit
from repro.report.markdown import to_markdown
from repro.report.model import SCHEMA_VERSION, OtherScale, Report, Verdict, contract
from repro.report.model.contract import report_schema
from repro.report.model.loading import read_report
from repro.report.model.safe_text import visible
from repro.report.model.text_in_markdown import plain
from repro.report.wording.meanings import meanings
from repro.report.wording.overview import outcome
from repro.report.wording.plain import because, claim_because
from repro.report.wording.typography import typeset
from tests.support import report_samples as samples
from tests.support.command import repro as command

VERSION_1 = Path(__file__).parents[1] / "data" / "report-1.json.gz"
"""A real smoke report, as written by the version of repro that wrote format 1."""

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])

ALL = [samples.five_claims, samples.none_judged, samples.all_failed, samples.hostile]


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "first" / "report.json"
    path.parent.mkdir()
    path.write_bytes(gzip.decompress(VERSION_1.read_bytes()))
    return path


# Reading


@pytest.mark.parametrize("sample", ALL)
def test_what_is_written_is_read_again(sample: Any, tmp_path: Path) -> None:
    written = sample()
    write_report(written, tmp_path, ["json"])
    assert read_report(tmp_path) == read_report(tmp_path / "report.json") == written


def test_a_report_of_the_first_version_says_the_same_in_every_form(first: Path) -> None:
    plain_data = json.loads(first.read_text(encoding="utf-8"))
    assert plain_data["schema_version"] == 1
    report = read_report(first)
    assert report.schema_version == SCHEMA_VERSION
    for paper, as_written in zip(report.papers, plain_data["papers"], strict=True):
        for claim, raw in zip(paper.claims, as_written["claims"], strict=True):
            assert claim.verdict.model_dump() == raw["verdict"]
            assert [run.key for run in claim.runs] == [run["key"] for run in raw["runs"]]
    short = report.model_copy(update={"papers": report.papers[:1]})
    for form in set(FORMATS) - {"badge"}:
        assert "alexnet/relu-speed" in rendered(short, form)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "is not JSON (line 1, column 2"),
        (b"\xff\xfe\x00", "is not text"),
        (b"[]", "does not say which version"),
        (b'{"schema_version": true}', "does not say which version"),
        (b'{"schema_version": 0}', "does not say which version"),
    ],
)
def test_what_is_no_report_is_named(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(content)
    with pytest.raises(ReproError, match=re.escape(expected)) as caught:
        read_report(path)
    assert str(path) in str(caught.value)


def test_a_report_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReproError, match="there is no such report"):
        read_report(tmp_path)


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"schema_version": SCHEMA_VERSION + 1, "new": 1}), encoding="utf-8")
    expected = f"of format {SCHEMA_VERSION + 1}; this version of repro reads formats 1 to {SCHEMA_VERSION}"
    with pytest.raises(ReproError, match=expected):
        read_report(path)


def test_all_that_is_missing_or_wrong_is_told_with_its_place(first: Path) -> None:
    data = json.loads(first.read_text(encoding="utf-8"))
    del data["papers"][0]["claims"][0]["verdict"]
    data["papers"][1]["claims"][2]["seeds"] = ["many"]
    data["unheard\x1b[31m"] = 1
    first.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(ReproError) as caught:
        read_report(first)
    told = {problem.where.partition(": ")[2]: problem for problem in caught.value.problems}
    assert set(told) == {"papers[0].claims[0].verdict", "papers[1].claims[2].seeds[0]", "unheard␛[31m"}
    assert "required" in told["papers[0].claims[0].verdict"].what
    assert told["papers[1].claims[2].seeds[0]"].received == "'many'"


# The contract


def test_the_schema_is_published() -> None:
    """Mend it with: repro report --schema > repro/report/schema/report-N.json."""
    folder = Path(contract.__file__).parent / "schema"
    published = json.loads((folder / f"report-{SCHEMA_VERSION}.json").read_text(encoding="utf-8"))
    assert published == report_schema()


@pytest.mark.parametrize("sample", ALL)
def test_reports_keep_to_the_schema(sample: Any) -> None:
    schema = report_schema()
    assert list(_breaches(json.loads(rendered(sample(), "json")), schema, schema, "report")) == []


def test_the_schema_notices_what_does_not_keep_to_it() -> None:
    schema = report_schema()
    data = json.loads(rendered(samples.none_judged(), "json"))
    del data["papers"][0]["claims"][0]["verdict"]["word"]
    data["papers"][0]["claims"][0]["seeds"] = [0.5]
    data["schema_version"] = SCHEMA_VERSION + 1
    data["more"] = 1
    assert len(list(_breaches(data, schema, schema, "report"))) == 4


TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}


def _breaches(value: Any, rule: dict[str, Any], root: dict[str, Any], place: str) -> Any:
    """Yield where `value` breaks `rule`: as much of JSON Schema as the report's needs, read by hand."""
    if "$ref" in rule:
        rule = root["$defs"][rule["$ref"].rpartition("/")[2]]
    if "anyOf" in rule:
        if all(list(_breaches(value, one, root, place)) for one in rule["anyOf"]):
            yield place
        return
    if ("const" in rule and value != rule["const"]) or ("enum" in rule and value not in rule["enum"]):
        yield place
    kind = rule["type"]
    if kind in ("object", "array") and not isinstance(value, dict if kind == "object" else list):
        yield place
    elif kind == "object" and "properties" not in rule:
        for key, inner in value.items():
            yield from _breaches(inner, rule["additionalProperties"], root, f"{place}.{key}")
    elif kind == "object":
        rules, required = rule["properties"], rule.get("required", [])
        assert rule["additionalProperties"] is False
        yield from (f"{place}.{key}" for key in value.keys() - rules.keys())
        yield from (f"{place}.{key}" for key in required if key not in value)
        for key in value.keys() & rules.keys():
            yield from _breaches(value[key], rules[key], root, f"{place}.{key}")
    elif kind == "array":
        rules = rule.get("prefixItems") or [rule["items"]] * len(value)
        for number, (item, inner) in enumerate(zip(value, rules, strict=True)):
            yield from _breaches(item, inner, root, f"{place}[{number}]")
    elif not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield place


# Markdown


def tokens(source: str) -> list[Token]:
    """Return all tokens of a text, those inside of lines included."""
    return [inner for token in GITHUB.parse(source) for inner in (token, *(token.children or ()))]


class Tags(HTMLParser):
    """Lists the elements and the text of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag if not attrs else f"{tag} with attributes")

    def handle_data(self, data: str) -> None:
        self.text += data


NASTY = st.lists(
    st.sampled_from([*"ab1 .)-+#=:@/\\`*_~[](){}<>&;|!$^\"'\n\t\r\x00\x1b\u202e", "https://", "www.a"])
).map("".join)


@given(NASTY)
def test_text_of_strangers_stays_text_wherever_it_stands(text: str) -> None:
    shown = " ".join(visible(text).split())
    escaped = plain(text)
    assert "\n" not in escaped
    for source, before, after in (
        (escaped, "", ""),
        (f"- {escaped}", "", ""),
        (f"> x {escaped}", "x ", ""),
        (f"| HEAD | HEAD |\n| --- | --- |\n| HEAD | {escaped} |", "", ""),
    ):
        found = tokens(source)
        kinds = {token.type for token in found if token.type not in BLOCKS}
        assert kinds <= {"text", "inline"}
        lines = [token for token in found if token.type == "inline"]
        cells = [line for line in lines if line.content != "HEAD"]
        read = "".join(child.content for line in cells[-1:] for child in line.children or ())
        assert read.replace("\u200b", "") == f"{before}{shown}{after}".strip()
    summary = Tags(f"<summary>{escaped}</summary>")
    assert summary.tags == ["summary"]
    assert summary.text.replace("\u200b", "") == shown


BLOCKS = {
    *("paragraph_open", "paragraph_close", "bullet_list_open", "bullet_list_close", "list_item_open"),
    *("list_item_close", "blockquote_open", "blockquote_close", "table_open", "table_close", "thead_open"),
    *("thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open"),
    "td_close",
}


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("ping @octocat and @org/team", r"@\w"),
        ("fixes #12, a/b#3, GH-4", r"#\w|GH-\d"),
        ("see https://example.org or www.example.org", r"://|www\.\w"),
        ("mail me@example.org :tada: :+1:", r"@\w|:[\w+]+:"),
    ],
)
def test_nothing_is_left_that_a_host_of_code_would_link(text: str, linked: str) -> None:
    """Hosts look for these in the text of the finished page, where entities are characters again."""
    page = Tags(GITHUB.render(plain(text))).text
    assert re.search(linked, text)
    assert not re.search(linked, page)
    assert page.strip().replace("\u200b", "") == text


def test_a_hostile_report_brings_no_markup_of_its_own() -> None:
    report = samples.hostile()
    found = tokens(to_markdown(report))
    claims = [claim for paper in report.papers for claim in paper.claims]
    html = [token.content.strip() for token in found if token.type.startswith("html")]
    statistics, spent = (
        sum(words in piece for piece in html) for words in ("Statistics", "What each claim took")
    )
    assert statistics == len(claims)
    assert spent == 1
    assert len(html) == 2 * (len(claims) + statistics + spent)
    assert {tag for piece in html for tag in Tags(piece).tags} == {"details", "summary"}
    kinds = {token.type for token in found}
    assert not kinds & {"image", "link_open", "code_inline", "em_open", "s_open", "heading_open_"}
    headings = [token.tag for token in found if token.type == "heading_open"]
    assert headings == ["h2", *["h3"] * len(report.papers)]


def test_markdown_tells_scale_verdicts_evidence_ledger_and_command() -> None:
    report = typeset(samples.five_claims())
    source = to_markdown(report)
    found = tokens(source)
    text = " ".join(token.content for token in found if token.type in ("text", "html_block", "fence"))
    text = text.replace("\u200b", "")
    first = report.papers[0].claims[0]
    assert text.startswith(outcome(report))
    for name, meaning in meanings(report):
        assert text.index(name + ":") < text.index(meaning) < text.index(report.scale_says)
    assert text.index(report.scale_says) < text.index(claim_because(first))
    assert text.index(claim_because(first)) < text.index("Statistics") < text.index(first.verdict.sentence)
    for paper in report.papers:
        for claim in paper.claims:
            assert claim.title in text
            assert claim.verdict.word in text
            assert claim.command in text
            for one in claim.expectations:
                assert one.title in text
                assert one.supports.text in text
                assert all(part.estimate_text in text for part in one.parts)
            assert all(row.what in text and row.ours in text for row in claim.deviations)
    rows: list[int] = []
    for token in found:
        rows += [0] if token.type == "tr_open" else []
        if token.type in ("th_open", "td_open"):
            rows[-1] += 1
    # a table of the paper's has two columns for each of its own; seven has the one of what was spent
    assert set(rows) == {3, 4, 5, 6, 7}
    assert len(source) < 65_536 / 3, "a comment on GitHub holds 65,536 characters"


def test_markdown_folds_what_is_not_judged_and_tells_the_command_that_judges_it() -> None:
    waits = Verdict(
        word="not judged here", result=None, status="complete", sentence="From the paper scale on."
    )
    claims = [samples.claim("p/held", "Held", "S", ended("supported", "complete"))]
    claims += [samples.claim(f"p/{i}", f"Waiting {i}", "S", waits) for i in range(3)]
    other = OtherScale(scale="paper", claims=["p/0", "p/1", "p/2"], command="repro check --scale paper")
    source = to_markdown(samples.report([samples.paper("p", "P", claims, elsewhere=[other])]))
    head, folded = source.split("<details><summary>3 claims not judged at smoke scale</summary>")
    assert "Held" in head
    assert "Waiting" not in head
    assert all(f"- Waiting {i}: From the paper scale on." in folded for i in range(3))
    assert "3 from the paper scale on:" in folded
    assert "repro check --scale paper" in [
        token.content.strip() for token in tokens(source) if token.type == "fence"
    ]


def test_markdown_has_the_papers_table_with_ours_beside() -> None:
    claim = next(one for paper in samples.five_claims().papers for one in paper.claims if one.tables)
    table = claim.tables[0]
    tokens = GITHUB.parse(to_markdown(samples.five_claims()))
    rows = [
        [cell.children[0].content if cell.children else "" for cell in tokens[i:j] if cell.type == "inline"]
        for i, j in _rows_of(tokens)
    ]
    (head,) = [row for row in rows if row[1:2] == [f"{table.columns[0]}: paper"]]
    assert head == ["", *(name for column in table.columns for name in (f"{column}: paper", "ours"))]
    below = rows[rows.index(head) + 1 :]
    for row, shown in zip(table.rows, below, strict=False):
        assert shown[0].startswith(row.label)
        for cell, paper, ours in zip(row.cells, shown[1::2], shown[2::2], strict=True):
            assert paper.removesuffix(" †") == (cell.reported or "—")
            assert ours.startswith(cell.ours or "—")


def _rows_of(tokens: list[Token]) -> list[tuple[int, int]]:
    opens = [i for i, token in enumerate(tokens) if token.type == "tr_open"]
    closes = [i for i, token in enumerate(tokens) if token.type == "tr_close"]
    return list(zip(opens, closes, strict=True))


def test_a_level_that_is_not_the_usual_one_is_told() -> None:
    source = to_markdown(mixed())
    assert "97.5%" not in source
    wide = samples.part("a", "2 [1, 3]", 2.0, 1.0, 3.0, "supported", level=0.975)
    one = samples.gradients().expectations[0].model_copy(update={"parts": [wide]})
    claim = samples.claim("p/c", "T", "S", ended("supported", "complete"), expectations=[one])
    told = to_markdown(samples.report([samples.paper("p", "P", [claim])]))
    assert "2 &#91;1, 3&#93;, n = 5 (97.5%)" in told


def test_code_cannot_be_ended_from_inside() -> None:
    report = samples.none_judged().model_copy(update={"command": "repro check\n```\n# owned\n````"})
    fences = [token.content for token in tokens(to_markdown(report)) if token.type == "fence"]
    assert fences[-1] == "repro check\n```\n# owned\n````\n"


# JUnit

ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped"},
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
    "system-out": set(),
}
"""Those of Jenkins' junit-10.xsd (xUnit plugin) that are used here."""


def ended(result: Any, status: Any) -> Verdict:
    return Verdict(word=f"word {result}", result=result, status=status, sentence="Why.")


def mixed() -> Report:
    """Two papers: 1 supported, 2 refuted (one with failed runs), 1 failed, 2 undecided or pending."""
    verdicts = [("supported", "complete"), ("refuted", "complete"), ("refuted", "failed")]
    more = [(None, "failed"), ("inconclusive", "complete"), (None, "pending")]
    papers = [
        samples.paper(
            name,
            name,
            [samples.claim(f"{name}/c{i}", "T", "S", ended(*one)) for i, one in enumerate(group)],
        )
        for name, group in (("one", verdicts), ("two", more))
    ]
    return samples.report(papers)


def test_junit_counts_what_a_hand_counts() -> None:
    root = ET.fromstring(to_junit(mixed()))
    assert (root.tag, root.attrib["tests"]) == ("testsuites", "6")
    assert (root.attrib["failures"], root.attrib["errors"]) == ("2", "1")
    counts = [
        tuple(suite.attrib[name] for name in ("name", "tests", "failures", "errors", "skipped"))
        for suite in root
    ]
    assert counts == [("one", "3", "2", "0", "0"), ("two", "3", "0", "1", "2")]
    endings = {case.attrib["name"]: [one.tag for one in case][:-1] for case in root.iter("testcase")}
    assert endings == {
        "one/c0": [],
        "one/c1": ["failure"],
        "one/c2": ["failure"],
        "two/c0": ["error"],
        "two/c1": ["skipped"],
        "two/c2": ["skipped"],
    }


def test_a_message_says_at_which_scale() -> None:
    root = ET.fromstring(to_junit(samples.five_claims()))
    (failure,) = root.iter("failure")
    refuted = next(
        claim
        for paper in samples.five_claims().papers
        for claim in paper.claims
        if claim.verdict.result == "refuted"
    )
    assert failure.attrib["message"] == f"does not hold at smoke scale: {claim_because(refuted)}"
    assert "replication" in {p.attrib["name"]: p.attrib["value"] for p in root.iter("property")}["scale_says"]


@pytest.mark.parametrize("sample", [*ALL, mixed])
def test_junit_keeps_to_the_common_schema(sample: Any) -> None:
    root = ET.fromstring(to_junit(sample()))
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES[element.tag]
    times = [element.attrib["time"] for element in root.iter() if "time" in element.attrib]
    assert all(re.fullmatch(r"[0-9]+\.[0-9]{2}", time) for time in times)


def test_a_refutation_stands_where_other_runs_failed() -> None:
    assert ending(ended("refuted", "failed")) == "failure"
    assert ending(ended(None, "failed")) == "error"


def test_junit_tells_plain_words_before_the_statistics() -> None:
    root = ET.fromstring(to_junit(samples.five_claims()))
    claims = {claim.id: claim for paper in samples.five_claims().papers for claim in paper.claims}
    for case in root.iter("testcase"):
        out = case.findtext("system-out") or ""
        for one in claims[case.attrib["name"]].expectations:
            said = f"{one.title} ({one.role}): {one.verdict.word}. {because(one)}"
            assert said in out
            if one.verdict.sentence != because(one):
                assert out.index(said) < out.index(f"Statistics: {one.verdict.sentence}")


# Files and command


def test_every_form_has_a_file_and_only_the_ones_asked_for_are_written(tmp_path: Path) -> None:
    written = write_report(samples.five_claims(), tmp_path, ["markdown", "junit", "markdown"])
    assert written == [tmp_path / "report.md", tmp_path / "junit.xml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junit.xml", "report.md"]
    assert set(FILES) == set(FORMATS)


def test_a_report_of_another_machine_is_rendered_without_any_store(first: Path, tmp_path: Path) -> None:
    before = first.read_bytes()
    done = command("report", "--from", first, "--format", "markdown,junit", "--format", "csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "does not hold at smoke scale" in done.stdout
    assert {path.name for path in first.parent.iterdir()} == {
        "report.json",
        "report.md",
        "junit.xml",
        "expectations.csv",
    }
    assert first.read_bytes() == before
    parts = [
        p
        for paper in read_report(first).papers
        for c in paper.claims
        for e in c.expectations
        for p in e.parts
    ]
    with (first.parent / "expectations.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["estimate"] for row in rows] == [
        "" if p.estimate is None else f"{p.estimate:.6g}" for p in parts
    ]
    assert not (tmp_path / ".repro").exists()


def test_templates_of_ones_own_come_first(first: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/report.html.jinja").write_text("<p>{{ report.scale }}: mine</p>", encoding="utf-8")
    own = ["--templates", str(tmp_path / "own"), "--out", str(tmp_path / "out")]
    cli.main(["report", "--from", str(first), *own], standalone_mode=False)
    assert (tmp_path / "out/index.html").read_text(encoding="utf-8") == "<p>smoke: mine</p>"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--format", "markdwn"], "did you mean 'markdown'?"),
        (["--from", "nowhere.json"], "there is no such report"),
        (["--from", "x.json", "--scale", "paper"], "leave out CLAIM, --paper, --scale"),
    ],
)
def test_mistakes_are_told(
    arguments: list[str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReproError, match=re.escape(expected)):
        cli.main(["report", *arguments], standalone_mode=False)


def test_the_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["report", "--schema"], standalone_mode=False)
    assert json.loads(capsys.readouterr().out) == report_schema()
