"""Results that change after they were judged are noticed; criteria that came after the results are shown as such."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from repro.report.model import ClaimReport, Report
from repro.report.model.loading import read_report
from tests.support.command import repro
from tests.support.helpers import World
from tests.support.recorded import CSV, put


def check(world: World) -> ClaimReport:
    done = repro("check", "--claims", world.root, "--quiet", cwd=world.root.parent)
    assert done.returncode == 0, done.stderr
    report: Report = read_report(world.root.parent / "reports" / "recorded")
    return report.papers[0].claims[0]


def told(claim: ClaimReport) -> Any:
    assert claim.recorded is not None
    return claim.recorded


def test_changed_results_are_noticed_and_both_versions_are_shown(world: World) -> None:
    put(world)
    first = told(check(world))
    assert first.changes == []
    (version,) = first.versions
    assert (version.digest, version.runs, version.current) == (first.digest, 10, True)
    assert "they were first seen on" in first.criteria_after
    assert "when 10 runs had been recorded" in first.criteria_after
    put(
        world, CSV.replace("72.9", "74.9").replace("sgd,4,69.8\n", "sgd,7,69.8\nAdam,1,2\n"), results__seeds=5
    )
    second = told(check(world))
    assert [one.current for one in second.versions] == [False, True]
    assert second.versions[0].digest == first.digest != second.digest
    (change,) = second.changes
    assert change.lines == [
        "ours, seed 1, accuracy: was 72.9%, is 74.9%",
        "sgd, seed 4, accuracy: was 69.8%, and is not there any more",
        "sgd, seed 7, accuracy: 69.8%, which was not there before",
    ]
    page = (world.root.parent / "reports" / "recorded" / "index.html").read_text(encoding="utf-8")
    assert "was 72.9%, is 74.9%" in page
    assert "As recorded by the authors, not trained here." in page


def test_runs_that_are_added_until_something_holds_are_told(world: World) -> None:
    put(world, "".join(line for line in CSV.splitlines(keepends=True) if line.split(",")[1] not in "34"))
    check(world)
    put(world)
    (change,) = told(check(world)).changes
    assert "Runs were added: to look again until something holds" in change.says


def test_criteria_that_are_checked_before_there_are_results_came_before_them(world: World) -> None:
    path = put(world)
    path.unlink()
    pending = check(world)
    assert pending.verdict.word == "pending"
    assert "results.csv is not there yet" in pending.verdict.sentence
    put(world)
    claim = check(world)
    assert claim.verdict.result == "supported"
    assert told(claim).criteria_after is None
    put(world, expect__better__at_least=0.02)
    changed = check(world)
    (difference,) = changed.criteria_changes
    assert "when 10 of its runs existed" in difference.says


def test_another_column_is_another_criterion(world: World) -> None:
    put(
        world,
        CSV.replace("test_acc", "test_acc,val_acc").replace("\n", ",50\n").replace("val_acc,50", "val_acc"),
    )
    check(world)
    put(
        world,
        CSV.replace("test_acc", "test_acc,val_acc").replace("\n", ",50\n").replace("val_acc,50", "val_acc"),
        results__columns__accuracy__column="val_acc",
    )
    (difference,) = check(world).criteria_changes
    assert any("val_acc" in line for line in difference.new)
    assert any("test_acc" in line for line in difference.old)


def test_versions_travel_with_the_store(world: World, tmp_path: Path) -> None:
    put(world)
    check(world)
    done = repro("runs", "export", "all.tar.gz", cwd=world.root.parent)
    assert done.returncode == 0, done.stderr
    done = repro(
        "runs", "import", world.root.parent / "all.tar.gz", "--store", tmp_path / "new", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (line,) = (tmp_path / "new" / "results.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["content"]["runs"] == 10
    done = repro("runs", "verify", "--store", tmp_path / "new", cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_files_of_a_report_hold_the_recorded_values(world: World) -> None:
    put(world)
    check(world)
    with (world.root.parent / "reports" / "recorded" / "metrics.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(row["arm"], row["seed"]): float(row["value"]) for row in rows}["ours", "1"] == 0.729
    assert {row["scale"] for row in rows} == {"recorded"}
