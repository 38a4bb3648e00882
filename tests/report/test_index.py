"""The index of a folder of reports: every report a row, broken ones named, links that work from anywhere."""

from __future__ import annotations

import json
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from repro.cli import cli
from repro.errors import ReproError
from repro.report.formats import write_report
from repro.report.index import find_reports, write_index
from tests.support import report_samples as samples
from tests.support.command import OWN_CLAIMS
from tests.support.command import repro as command


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [str(value) for name, value in attrs if tag == "a" and name == "href"]


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    write_report(samples.none_judged(), folder / "smoke")
    write_report(samples.five_claims(), folder / "show case" / "50% #1", ["json"])
    for name, text in (("broken", "{"), ("newer", '{"schema_version": 999}')):
        (folder / name).mkdir()
        (folder / name / "report.json").write_text(text, encoding="utf-8")
    (folder / "empty").mkdir()
    return folder


def test_every_report_has_a_row_and_broken_ones_say_why(reports: Path) -> None:
    entries = {entry.name: entry for entry in write_index(reports)}
    assert list(entries) == ["broken", "newer", "show case/50% #1", "smoke"]
    assert entries["smoke"].link == "smoke/index.html"
    assert "is not JSON" in entries["broken"].problems[0]
    page = (reports / "index.html").read_text(encoding="utf-8")
    assert "format 999" in page
    assert str(reports) not in page
    for paper in samples.five_claims().papers:
        for claim in paper.claims:
            assert claim.id in page
            assert claim.verdict.word in page


def test_links_are_relative_and_lead_to_what_is_there(reports: Path, tmp_path: Path) -> None:
    write_index(reports)
    moved = tmp_path / "elsewhere"
    shutil.move(reports, moved)
    links = Links((moved / "index.html").read_text(encoding="utf-8")).found
    assert len(links) > 7
    for link in links:
        parts = urlsplit(link)
        assert (parts.scheme, parts.netloc) == ("", "")
        target = moved / unquote(parts.path) if parts.path else moved / "index.html"
        assert target.is_file()
        if parts.fragment and target.suffix == ".html":
            assert f'id="{parts.fragment}"' in target.read_text(encoding="utf-8")


def test_the_same_reports_give_the_same_page(reports: Path) -> None:
    write_index(reports)
    first = (reports / "index.html").read_bytes()
    write_index(reports)
    assert (reports / "index.html").read_bytes() == first
    assert sorted(path.name for path in reports.iterdir() if path.is_file()) == ["index.html"]


def test_text_of_strangers_stays_text(tmp_path: Path) -> None:
    write_report(samples.hostile(), tmp_path / "h", ["json"])
    write_index(tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "\u202e" not in page


def test_a_report_is_no_folder_of_reports(reports: Path) -> None:
    page = (reports / "smoke/index.html").read_bytes()
    with pytest.raises(ReproError, match="is a report itself"):
        write_index(reports / "smoke")
    assert (reports / "smoke/index.html").read_bytes() == page
    with pytest.raises(ReproError, match="there is no such folder"):
        write_index(reports / "nowhere")


def test_an_empty_folder_has_an_empty_index(tmp_path: Path) -> None:
    assert write_index(tmp_path) == find_reports(tmp_path) == []
    assert "no report in this folder" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_the_command_lists_and_speaks_json(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main(["index", str(reports), "--json"], standalone_mode=False)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["smoke"]["scale"] == "smoke"
    assert rows["broken"]["problems"]
    cli.main(["index", str(reports)], standalone_mode=False)
    told = capsys.readouterr()
    assert "smoke: smoke scale, 0 of 2 claims judged" in told.out
    assert "is not JSON" in told.err


def test_a_report_written_into_reports_brings_the_index_up_to_date(tmp_path: Path) -> None:
    arguments = ["report", "--claims", OWN_CLAIMS, "--scale", "exact"]
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'href="exact/index.html"' in (tmp_path / "reports/index.html").read_text(encoding="utf-8")
    done = command(*arguments, "--out", "other/exact", "--format", "json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "other/index.html").exists()
