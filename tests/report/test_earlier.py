"""What an earlier report left in a folder is never lost, and never grows stale beside a newer one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from repro.claims import find_library
from repro.cli.writing import publish, write
from repro.experiment.request import Request
from repro.planning.schedule import Schedule
from repro.report.earlier import earlier, forms_there
from repro.report.formats import FILES, METRICS, USUAL, Format
from repro.report.model import Report
from repro.report.model.loading import read_report
from tests.support.helpers import BASE, World, changed


@pytest.fixture
def two(world: World) -> World:
    """Two claims on the same runs, all of them there."""
    world.write(BASE, "p/one")
    world.write(BASE, "p/two")
    world.fill(lambda cell, seed: {"train_loss": 1.0 + 0.01 * seed}, name="p/one")
    return world


def check(
    world: World, out: Path, *names: str, scale: str = "smoke", forms: Sequence[Format] = USUAL
) -> Report:
    library = find_library(world.root)
    request = Request(library, library.select(names), scale, world.store, names)
    schedule = Schedule(request.claims, scale, world.store)
    return publish(request, schedule, out, forms, None, as_json=False)


def claims_in(folder: Path) -> list[str]:
    content = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return [claim["id"] for paper in content["papers"] for claim in paper["claims"]]


def test_a_check_of_some_claims_renews_the_report_of_all(two: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert check(two, out).coverage.total == 2
    whole = {path.name: path.read_bytes() for path in out.iterdir()}
    one = check(two, out, "one")
    # What is printed, and what decides the exit code, is of the claims that were asked for.
    assert [claim.id for paper in one.papers for claim in paper.claims] == ["p/one"]
    assert claims_in(out) == ["p/one", "p/two"]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == whole


def test_a_report_of_one_claim_grows_by_the_next(
    two: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    check(two, out, "two")
    assert claims_in(out) == ["p/two"]
    check(two, out, "one")
    assert claims_in(out) == ["p/one", "p/two"]
    assert "with 1 further claim of the report before" in capsys.readouterr().out
    assert sorted(path.name for path in out.iterdir()) == sorted([*(FILES[form] for form in USUAL), METRICS])


def test_a_claim_whose_file_has_mistakes_now_keeps_no_other_from_its_verdict(
    two: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    check(two, out)
    whole = (out / "report.json").read_bytes()
    two.write(changed(BASE, titel="x"), "p/two")
    check(two, out, "one")
    assert claims_in(out) == ["p/one"]
    told = capsys.readouterr().err
    assert (
        f"p/two is no longer in the report: its file has mistakes (repro lint {two.root / 'p/two.toml'})"
        in told
    )
    assert (out / "earlier-1" / "report.json").read_bytes() == whole


def test_a_report_that_says_more_is_set_aside(
    two: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    check(two, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    # Another store, in which nothing is.
    other = World(tmp_path / "other")
    for name in ("p/one", "p/two"):
        other.write(BASE, name)
    check(other, out)
    aside = out / "earlier-1"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == before
    assert f"it is kept in {aside}" in capsys.readouterr().err
    assert claims_in(out) == ["p/one", "p/two"]
    # One that says no more is simply replaced.
    check(two, out)
    assert not (out / "earlier-2").exists()
    # Of another scale, or of claims that are gone, nothing could be judged anew.
    check(two, out, scale="paper")
    assert (out / "earlier-2/report.json").is_file()


def test_files_of_further_formats_are_renewed_and_those_of_others_left_alone(
    two: World, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    check(two, out, "one", forms=("html", "json", "csv", "markdown", "junit"))
    stale = (out / "report.md").read_text(encoding="utf-8")
    check(two, out)
    assert (out / "report.md").read_text(encoding="utf-8") != stale
    for name in ("report.md", "junit.xml"):
        assert "p/two" in (out / name).read_text(encoding="utf-8")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "report.md").write_text("# My own report\n", encoding="utf-8")
    assert forms_there(mine) == []
    check(two, mine)
    assert (mine / "report.md").read_text(encoding="utf-8") == "# My own report\n"


def test_a_report_rendered_from_its_data_leaves_no_metrics_of_another_beside_it(
    two: World, tmp_path: Path
) -> None:
    check(two, tmp_path / "one")
    check(two, tmp_path / "two", "one")
    file = tmp_path / "one/report.json"
    report = read_report(file)
    # In its own folder they are its own.
    write(report, file.parent, ("html",), None, untouched=file)
    assert (tmp_path / "one" / METRICS).is_file()
    write(report, tmp_path / "two", ("html",), None, untouched=file)
    assert not (tmp_path / "two" / METRICS).exists()
    assert (tmp_path / "two/earlier-1" / METRICS).is_file()


def test_what_is_no_report_of_ours_is_no_earlier_one(tmp_path: Path, world: World) -> None:
    for content in ("", "{", "[]", '{"papers": [1]}', '{"papers": [], "scale": null}'):
        (tmp_path / "report.json").write_text(content, encoding="utf-8")
        assert earlier(tmp_path).claims == {}
    assert earlier(tmp_path / "nowhere").claims == {}
    world.write(BASE)
    report = world.report()
    write(report, tmp_path, USUAL, None)
    assert earlier(tmp_path).claims == {"p/c": False}
    assert not earlier(tmp_path).says_more_than(report)
