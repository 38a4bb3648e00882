"""A finished report as objects and tables, and the whole check from Python."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import repro
from repro.report.model.loading import read_report
from tests.support.helpers import World
from tests.support.recorded import OURS, curves, put
from tests.test_documents import blocks

SHOWCASE = Path(__file__).parents[2] / "reports" / "showcase" / "smoke"


@pytest.fixture(scope="module")
def report() -> repro.Report:
    return repro.load(SHOWCASE)


def test_importing_it_imports_nothing_that_is_not_used() -> None:
    code = "import sys; before = set(sys.modules); import repro; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.split() == ["repro"]


def test_the_front_door_has_what_it_names() -> None:
    assert {name for name in dir(repro) if not name.startswith("_")} <= set(repro.__all__)
    assert all(getattr(repro, name) is not None for name in repro.__all__)
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        repro.chekc  # noqa: B018


def test_verdicts_are_those_of_the_report(report: repro.Report) -> None:
    table = report.verdicts
    gap = table[(table["claim"] == "resnet/plain-nets-degrade") & (table["expectation"] == "gap-of-gaps")]
    (row,) = gap.to_dict("records")
    (theirs,) = (
        one
        for claim in report.claims
        if claim.id == "resnet/plain-nets-degrade"
        for one in claim.data.expectations
        if one.id == "gap-of-gaps"
    )
    assert (row["estimate"], row["low"], row["n"]) == (
        theirs.parts[0].estimate,
        theirs.parts[0].low,
        theirs.parts[0].n,
    )
    assert (row["unit"], row["result"], row["word"]) == (
        "fraction",
        theirs.parts[0].result,
        theirs.verdict.word,
    )
    assert len(table) == sum(len(e.parts) for claim in report.claims for e in claim.data.expectations)
    own = report["plain-nets-degrade"].expectations
    assert own.equals(table[table["claim"] == "resnet/plain-nets-degrade"].reset_index(drop=True))


def test_metrics_tell_variants_and_units_apart(report: repro.Report) -> None:
    raw = pd.read_csv(SHOWCASE / "metrics.csv")
    table = report.metrics
    assert len(table) == len(raw)
    own = table[(table["claim"] == "resnet/plain-nets-degrade") & (table["scale"] == "smoke")]
    assert set(own["variant"]) >= {"", "control~plain-passed-off-as-residual"}
    units = own.groupby("metric")["unit"].agg(set).to_dict()
    assert units == {"train_error": {"fraction"}, "test_error": {"fraction"}, "train_loss": {"log10"}}
    judged = own[(own["variant"] == "") & (own["metric"] == "train_error")]
    ours = raw[(raw["claim"] == "resnet/plain-nets-degrade") & (raw["metric"] == "train_error")]
    ours = ours[ours["variant"].isna()]
    assert judged["value"].tolist() == ours[ours["scale"] == "smoke"]["value"].tolist()


def test_curves_are_the_points_of_the_figures(report: repro.Report) -> None:
    claim = report["plain-nets-degrade"]
    points = claim.figures["fig1"].curves
    series = [one for panel in claim.figures["fig1"].data.panels for one in panel.series]
    assert len(points) == sum(len(one.x) for one in series)
    assert set(points["unit"]) == {"fraction"}
    everything = report.curves
    assert len(everything[(everything["claim"] == claim.id) & (everything["figure"] == "fig1")]) == len(
        points
    )


def test_curves_metrics_and_verdicts_join(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last point of each run's curve is its final metric, and their means are what the verdict compares."""
    runs = [
        (arm, seed, [50.0, value + shift])
        for arm, shift in (("Ours (v2)", 2.0), ("sgd", 0.0))
        for seed, value in enumerate(OURS)
    ]
    figure = {"title": "t", "kind": "curves", "of": ["accuracy"]}
    put(world, curves(*runs), results__step="epoch", figure__f=figure)
    monkeypatch.chdir(world.root.parent)
    report = repro.check(claims=world.root)
    page = (SHOWCASE.parents[2] / "docs" / "own-paper.md").read_text(encoding="utf-8")
    (block,) = [one for one in blocks(page) if ".explode(" in one]
    names: dict[str, Any] = {"report": report}
    joined = []
    for line in block.splitlines():
        if " = " in line:
            exec(line, names)
        else:
            joined.append(eval(line, names))
    both, rows = joined
    points = report.curves[report.curves["role"] == "seed"]
    assert len(both) == len(points) == 20
    last = both.sort_values("x").groupby(["cell", "seed"]).last()
    assert last["y"].tolist() == last["value"].tolist()
    means = report.curves[report.curves["role"] == "mean"]
    assert means["seed"].isna().all()
    assert set(means["cell"]) == {"ours", "sgd"}
    assert len(rows) == 10
    assert set(rows["compares"]) == {"ours − sgd"}
    means = rows.groupby("cell")["value"].mean()
    assert means["ours"] - means["sgd"] == pytest.approx(rows["estimate"].iloc[0])


@pytest.mark.parametrize("name", ["verdicts", "metrics", "curves"])
def test_every_column_is_documented(report: repro.Report, name: str) -> None:
    """In the docstring, and in the table of the page."""
    columns = list(getattr(report, name).columns)
    described = inspect.getdoc(getattr(repro.Report, name)) or ""
    assert [column for column in columns if not re.search(rf"\b{column}\b[`,:; (]", described)] == []
    page = (SHOWCASE.parents[2] / "docs" / "own-paper.md").read_text(encoding="utf-8")
    told = page.partition(f"| of `{name}` |")[2].partition("\n\n")[0]
    firsts = [line.split("|")[1] for line in told.splitlines()[2:]]
    assert sorted(re.findall(r"`(\w+)`", " ".join(firsts))) == sorted(columns)


def test_a_claim_that_is_not_there_is_told_with_the_nearest(report: repro.Report) -> None:
    with pytest.raises(repro.ReproError, match="resnet/plain-nets-degrade"):
        report["resnet/plain-nets-degrad"]


def test_metrics_that_were_not_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_bytes((SHOWCASE / "report.json").read_bytes())
    with pytest.raises(repro.ReproError, match="--format html,json,csv"):
        _ = repro.load(tmp_path / "report.json").metrics


def test_a_notebook_shows_verdicts_and_figures_and_runs_nothing_of_theirs(report: repro.Report) -> None:
    claim = report["plain-nets-degrade"]
    card = claim._repr_html_()
    assert f"● {claim.verdict.word}" in card
    assert all(escape(one.title) in card for one in claim.data.expectations)
    drawn = claim.figures["fig1"]._repr_html_()
    assert drawn.count("<svg") >= len(claim.figures["fig1"].data.panels)
    assert "<script" not in card + drawn + report._repr_html_()
    ids = [part.split('"')[0] for part in drawn.split(' id="')[1:]]
    again = claim.figures["fig1"]._repr_html_()
    assert not set(ids) & {part.split('"')[0] for part in again.split(' id="')[1:]}


def test_a_check_from_python_is_the_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [(arm, seed, [50.0, value]) for arm in ("Ours (v2)", "sgd") for seed, value in enumerate(OURS)]
    figure = {"title": "t", "kind": "curves", "of": ["accuracy"]}
    put(world, curves(*runs), results__step="epoch", figure__f=figure)
    monkeypatch.chdir(world.root.parent)
    report = repro.check(claims=world.root)
    assert report.data == read_report(Path("reports/recorded"))
    assert report["c"].verdict.word == "undecided as recorded by the authors, not trained here"
    table = report.metrics
    assert (set(table["unit"]), set(table["variant"])) == ({"fraction"}, {""})
    seeds = report.curves[report.curves["role"] == "seed"]
    assert seeds[seeds["line"] == "ours"].groupby("seed")["y"].last().to_dict() == pytest.approx(
        {seed: value / 100 for seed, value in enumerate(OURS)}
    )
    assert set(seeds["x_label"]) == {"step"}
    with pytest.raises(repro.ReproError, match="did you mean"):
        repro.check("p/cc", claims=world.root)
