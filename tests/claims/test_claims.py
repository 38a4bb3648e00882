"""Claim files: what they mean, and what is said of every mistake in them."""

from __future__ import annotations

import csv
import itertools
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims import Claim, cells, check_scale, levels_of, load_library, run_spec
from repro.claims.scales import SCALES, below, merge
from repro.errors import Problem, ReproError, suggestion
from repro.planning.plan import make_plan
from repro.registry import load, source_version
from repro.startup.shipped import folder
from tests.support.helpers import BASE, PAPER, World, changed

FIRST_REACH = {"kind": "first_reach", "of": "train_error", "at_most": 0.25}
GRADIENT = {"kind": "probe", "probe": "weight_gradient_norm", "layers": "conv3x3", "at": ["init", "last"]}
VALUE = {
    "kind": "value",
    "title": "t",
    "metric": "loss",
    "arm": "plain",
    "levels": {"depth": "deep"},
    "at_least": 1.0,
    "role": "context",
    "why": "w",
}
TUNE = {"lr": [0.1, 0.2], "by": "loss"}
TABLE = {
    "title": "T",
    "source": {"where": "Table 1"},
    "metrics": ["loss"],
    "rows": [{"label": "plain-8", "cell": "plain/shallow", "reported": {"loss": "0.5"}}],
}


def value(**changes: Any) -> dict[str, Any]:
    return changed(VALUE, **changes)


# (name, changes of a sound claim, key path, part of what is said, value received, part of the suggestion)
MISTAKES: list[tuple[str, dict[str, Any], str, str, str | None, str | None]] = [
    # keys that nothing knows, at every level
    ("key of the file", {"titel": "x"}, "titel", "unknown key", None, "'title'"),
    ("key of the source", {"source__wher": "x"}, "source.wher", "unknown key", None, "'where'"),
    (
        "key of the experiment",
        {"experiment__datset": 1},
        "experiment.datset",
        "unknown key",
        None,
        "'dataset'",
    ),
    (
        "key of seeds",
        {"experiment__seeds__look": [3]},
        "experiment.seeds.look",
        "unknown key",
        None,
        "'looks'",
    ),
    ("key of a metric", {"metrics__loss__off": "x"}, "metrics.loss.off", "unknown key", None, "'of'"),
    (
        "key of an expectation",
        {"expect__gap__wieghts": 1},
        "expect.gap.wieghts",
        "unknown key",
        None,
        "'weights'",
    ),
    (
        "key of a region",
        {"expect__gap__refuted": {"at_most": 0.0, "atleast": 1.0}},
        "expect.gap.refuted.atleast",
        "unknown key",
        None,
        "'at_least'",
    ),
    (
        "key of a table's row",
        {"table__t": changed(TABLE, rows=[{"lable": "x", "label": "x"}])},
        "table.t.rows.0.lable",
        "unknown key",
        None,
        "'label'",
    ),
    (
        "key of a recipe",
        {"experiment__recipe__step": 5},
        "experiment.recipe.step",
        "unknown recipe field",
        None,
        "'steps'",
    ),
    (
        "key of an arm",
        {"arms__plain__widht": 8},
        "arms.plain.widht",
        "neither an option of cifar-plain nor a recipe field",
        None,
        "'width'",
    ),
    (
        "common option",
        {"experiment__options": {"widht": 8}},
        "experiment.options.widht",
        "no model takes this option",
        None,
        "'width'",
    ),
    ("scale", {"scale__smok": {}}, "scale.smok", "unknown scale", None, "'smoke'"),
    (
        "key of a scale",
        {"scale__smoke__experiment__sedes": {}},
        "scale.smoke.experiment.sedes",
        "unknown key",
        None,
        "'seeds'",
    ),
    # values that are none
    ("missing key", {"statement": None}, "statement", "is missing", None, "add this key"),
    ("wrong type", {"source__page": "six"}, "source.page", "valid integer", "'six'", None),
    (
        "number for a text",
        {"expect__gap__reported": 6.0},
        "expect.gap.reported",
        "valid string",
        "6.0",
        "put it in quotes",
    ),
    ("no number", {"expect__gap__reported": "six"}, "expect.gap.reported", "as printed", "'six'", None),
    ("not a number", {"expect__gap__at_least": float("nan")}, "expect.gap.at_least", "finite", "nan", None),
    ("unknown kind", {"metrics__loss__kind": "finl"}, "metrics.loss.kind", "'final'", "'finl'", "'final'"),
    (
        "unknown role",
        {"expect__gap__role": "decide"},
        "expect.gap.role",
        "'decides'",
        "'decide'",
        "'decides'",
    ),
    (
        "unknown moment",
        {"metrics__g": changed(GRADIENT, at=["init", "end"])},
        "metrics.g.at.1",
        "'last'",
        "'end'",
        None,
    ),
    ("name", {"arms__a b": {"model": "cifar-plain"}}, "arms.a b", "a name is made of", "'a b'", None),
    (
        "decreasing looks",
        {"experiment__seeds__looks": [5, 3]},
        "experiment.seeds.looks",
        "increasing numbers of seeds",
        "[5, 3]",
        None,
    ),
    (
        "one seed",
        {"experiment__seeds__looks": [1]},
        "experiment.seeds.looks.0",
        "greater than or equal to 2",
        "1",
        None,
    ),
    (
        "value of a recipe",
        {"experiment__recipe__lr": "fast"},
        "experiment.recipe.lr",
        "valid number",
        "'fast'",
        "float",
    ),
    (
        "choice of a recipe",
        {"experiment__recipe__schedule": "cosin"},
        "experiment.recipe.schedule",
        "'cosine'",
        "'cosin'",
        "did you mean 'cosine'?",
    ),
    (
        "range of a recipe",
        {"experiment__recipe__lr": -0.1},
        "experiment.recipe.lr",
        "out of range",
        "-0.1",
        "at least 0",
    ),
    ("infinite lr", {"arms__plain__lr": float("inf")}, "arms.plain.lr", "out of range", "inf", "finite"),
    ("no learning", {"experiment__recipe__lr": 0}, "experiment.recipe.lr", "out of range", "0", "above 0"),
    (
        "BN group",
        {"experiment__recipe__batch_size": 100},
        "experiment.recipe.bn_group",
        "must divide batch_size = 100",
        "64",
        "fit",
    ),
    (
        "half a warm-up",
        {"experiment__recipe__warmup_lr": 0.01},
        "experiment.recipe.warmup_lr",
        "`warmup_until_train_error`",
        "0.01",
        "the other one",
    ),
    (
        "steps and epochs",
        {"experiment__recipe__epochs": 2},
        "experiment.recipe.steps",
        "`steps` or `epochs`, not both",
        "100",
        "remove one",
    ),
    (
        "option that is no plain value",
        {"arms__plain__width": [16]},
        "arms.plain.width",
        "a number",
        "[16]",
        "one value",
    ),
    # names that refer to nothing
    (
        "recipe",
        {"experiment__recipe__name": "resnet-cifr"},
        "experiment.recipe.name",
        "unknown recipe",
        "'resnet-cifr'",
        "'resnet-cifar'",
    ),
    (
        "recipe without a name",
        {"experiment__recipe__name": None},
        "experiment.recipe",
        "starts from a named one",
        None,
        None,
    ),
    (
        "dataset",
        {"experiment__dataset": "digts"},
        "experiment.dataset",
        "unknown dataset",
        "'digts'",
        "'digits'",
    ),
    (
        "no dataset",
        {"experiment__dataset": None},
        "experiment.dataset",
        "no dataset is named",
        None,
        "[experiment]",
    ),
    (
        "model",
        {"arms__plain__model": "cifar-plane"},
        "arms.plain.model",
        "unknown model",
        "'cifar-plane'",
        "'cifar-plain'",
    ),
    ("no model", {"arms__plain": {}}, "arms.plain", "no model is named", None, "in each arm"),
    ("metric", {"expect__gap__metric": "los"}, "expect.gap.metric", "unknown metric", "'los'", "'loss'"),
    (
        "probe",
        {"metrics__g": changed(GRADIENT, probe="weight_norm")},
        "metrics.g.probe",
        "unknown probe",
        "'weight_norm'",
        "'weight_gradient_norm'",
    ),
    ("arm", {"expect__v": value(arm="plane")}, "expect.v.arm", "unknown arm", "'plane'", "'plain'"),
    (
        "arm of a metric",
        {"metrics__g": changed(GRADIENT, arms=["bare"])},
        "metrics.g.arms",
        "unknown arm",
        "'bare'",
        "plain, residual",
    ),
    (
        "cell",
        {"expect__gap__weights": {"plain/deep": 1, "plain/shalow": -1}},
        "expect.gap.weights",
        "unknown cell",
        "'plain/shalow'",
        "'plain/shallow'",
    ),
    (
        "skipped cell",
        {"experiment__skip": ["residual/depp"]},
        "experiment.skip",
        "unknown cell",
        "'residual/depp'",
        "'residual/deep'",
    ),
    (
        "cell that is skipped",
        {"experiment__skip": ["plain/deep"]},
        "expect.gap.weights",
        "unknown cell",
        "'plain/deep'",
        None,
    ),
    (
        "level",
        {"expect__v": value(levels={"depth": "depe"})},
        "expect.v.levels.depth",
        "unknown level",
        "'depe'",
        "'deep'",
    ),
    (
        "factor",
        {"expect__v": value(levels={"depth": "deep", "dept": "deep"})},
        "expect.v.levels",
        "unknown factor",
        "'dept'",
        "'depth'",
    ),
    (
        "factor of each",
        {"expect__v": value(each=["dpeth"])},
        "expect.v.each",
        "unknown factor",
        "'dpeth'",
        "'depth'",
    ),
    (
        "moment of a metric",
        {"metrics__g": GRADIENT, "expect__v": value(metric="g", at="mid")},
        "expect.v.at",
        "not measured at this moment",
        "'mid'",
        "init, last",
    ),
    (
        "moment of a loss",
        {"expect__v": value(at="last")},
        "expect.v.at",
        "not measured at this moment",
        "'last'",
        "remove `at`",
    ),
    (
        "each moment of a loss",
        {"expect__v": value(each=["at"])},
        "expect.v.each",
        "the metric has no moments",
        "'at'",
        "kind probe",
    ),
    (
        "metric not of the arm",
        {"metrics__g": changed(GRADIENT, at=["init"], arms=["residual"]), "expect__v": value(metric="g")},
        "expect.v",
        "'g' is not measured on this arm",
        "'plain'",
        "metrics.g.arms",
    ),
    (
        "metric of a table",
        {"table__t": changed(TABLE, metrics=["los"], rows=[{"label": "x"}])},
        "table.t.metrics",
        "unknown metric",
        "'los'",
        "'loss'",
    ),
    (
        "cell of a table",
        {"table__t": changed(TABLE, rows=[{"label": "x", "cell": "plain/shalow"}])},
        "table.t.rows.x.cell",
        "unknown cell",
        "'plain/shalow'",
        "'plain/shallow'",
    ),
    (
        "metric of a figure",
        {"figure__f": {"kind": "moments", "title": "F", "metric": "g"}},
        "figure.f.metric",
        "unknown metric",
        "'g'",
        "loss",
    ),
    (
        "panel of a figure",
        {"figure__f": {"kind": "curves", "title": "F", "of": ["train_loss"], "panel": "dept"}},
        "figure.f.panel",
        "unknown factor",
        "'dept'",
        "'depth'",
    ),
    (
        "cell of a figure",
        {"figure__f": {"kind": "curves", "title": "F", "of": ["train_loss"], "cells": ["plain/deeep"]}},
        "figure.f.cells",
        "unknown cell",
        "'plain/deeep'",
        "'plain/deep'",
    ),
    (
        "file of a figure",
        {
            "figure__f": {
                "kind": "curves",
                "title": "F",
                "of": ["train_loss"],
                "reference": {"file": "none.csv", "x": "x", "y": "y"},
            }
        },
        "figure.f.reference.file",
        "cannot be read",
        None,
        "CSV",
    ),
    (
        "arm of a control",
        {"control__c": {"title": "C", "arms": {"plane": {}}, "why": "w"}},
        "control.c.arms",
        "unknown arm",
        "'plane'",
        "'plain'",
    ),
    (
        "model of a control",
        {"control__c": {"title": "C", "arms": {"plain": {"model": "cifar-plane"}}, "why": "w"}},
        "control.c.arms.plain.model",
        "unknown model",
        "'cifar-plane'",
        "'cifar-plain'",
    ),
    ("metric to tune by", {"tune": changed(TUNE, by="los")}, "tune.by", "unknown metric", "'los'", "'loss'"),
    # contradictions
    (
        "same arms",
        {"arms__residual": {"model": "cifar-plain"}},
        "arms.residual",
        "same condition as arm 'plain'",
        None,
        "differ",
    ),
    (
        "key by arm and factor",
        {"arms__plain__depth": 20},
        "arms.plain.depth",
        "set by the arm and by a factor",
        None,
        "factors.depth",
    ),
    (
        "key by two factors",
        {
            "factors__size": {"big": {"depth": 20, "width": 16}},
            "expect__gap__weights": {"plain/deep/big": 1, "plain/shallow/big": -1},
        },
        "factors.depth.depth",
        "set by two factors",
        None,
        "factors.size",
    ),
    (
        "factor without levels",
        {"factors__depth": {}},
        "factors.depth",
        "no levels",
        None,
        "list",
    ),
    (
        "tuned and set",
        {"tune": TUNE, "arms__plain__lr": 0.1},
        "arms.plain.lr",
        "is tuned, too",
        None,
        "[tune]",
    ),
    (
        "tuned on test images",
        {"metrics__test": {"kind": "final", "of": "test_error"}, "tune": changed(TUNE, by="test")},
        "tune.by",
        "on the test set",
        "'test'",
        "validation split",
    ),
    (
        "tuning seeds that are judged",
        {"tune": changed(TUNE, seeds=[1004, 1005]), "experiment__seeds": {"looks": [5], "first": 1000}},
        "tune.seeds",
        "are measured, too",
        "1004",
        "must not be judged",
    ),
    ("grid of one", {"tune": changed(TUNE, lr=[0.1])}, "tune.lr", "at least 2 items", "[0.1]", None),
    ("rate twice", {"tune": changed(TUNE, lr=[0.1, 0.1])}, "tune", "names one twice", None, None),
    (
        "cell without a grid",
        {"tune": changed(TUNE, lr={"deep": [0.1, 0.2]}), "experiment__skip": ["residual/shallow"]},
        "tune.lr",
        "no grid for a cell",
        "'plain/shallow'",
        "levels",
    ),
    (
        "regions that overlap",
        {"expect__gap__refuted": {"at_most": 1.5}},
        "expect.gap.refuted",
        "overlaps the supporting region",
        None,
        "support and refute",
    ),
    (
        "two regions",
        {"expect__gap__at_most": 2.0},
        "expect.gap",
        "exactly one of at_least, at_most",
        None,
        None,
    ),
    (
        "no region",
        {"expect__gap__at_least": None},
        "expect.gap",
        "exactly one of at_least, at_most",
        None,
        None,
    ),
    (
        "empty region",
        {"expect__v": value(at_least=None, within=[2.0, 1.0])},
        "expect.v",
        "[2.0, 1.0] is empty",
        None,
        None,
    ),
    (
        "nothing decides",
        {"expect__gap__role": "context"},
        "expect",
        "no expectation decides",
        None,
        "decides",
    ),
    (
        "weights",
        {"expect__gap__weights": {"plain/deep": 1, "plain/shallow": -2}},
        "expect.gap",
        "sum to zero",
        None,
        None,
    ),
    (
        "weight of zero",
        {"expect__gap__weights": {"plain/deep": 1, "plain/shallow": -1, "residual/deep": 0}},
        "expect.gap",
        "weight of zero",
        None,
        None,
    ),
    (
        "key without use",
        {"expect__v": value(paired=True)},
        "expect.v",
        "makes no use of `paired`",
        None,
        None,
    ),
    (
        "key of another kind",
        {"metrics__loss__at": ["init"]},
        "metrics.loss",
        "makes no use of `at`",
        None,
        None,
    ),
    ("metric without its key", {"metrics__loss__of": None}, "metrics.loss", "needs `of`", None, None),
    (
        "difference of an arm with itself",
        {"expect__v": value(kind="difference", arm=None, arms=["plain", "plain"])},
        "expect.v",
        "`arms` names something twice",
        None,
        None,
    ),
    (
        "difference of three",
        {"expect__v": value(kind="difference", arm=None, arms=["plain", "residual", "bare"])},
        "expect.v",
        "compares two arms",
        None,
        None,
    ),
    (
        "ordering of one",
        {"expect__v": value(kind="ordering", arm=None, arms=["plain"])},
        "expect.v",
        "at least two arms",
        None,
        None,
    ),
    (
        "ratio that always holds",
        {"expect__v": value(kind="ratio", arm=None, arms=["plain", "residual"], at_least=0.0)},
        "expect.v",
        "a ratio is above 0",
        None,
        None,
    ),
    (
        "moment twice",
        {"metrics__g": changed(GRADIENT, at=["init", "init"])},
        "metrics.g",
        "names something twice: init, init",
        None,
        None,
    ),
    (
        "level not said",
        {"expect__v": value(levels=None)},
        "expect.v",
        "which level of 'depth'",
        None,
        'each = ["depth"]',
    ),
    (
        "moment not said",
        {"metrics__g": GRADIENT, "expect__v": value(metric="g")},
        "expect.v",
        "several moments",
        "['init', 'last']",
        "`at`",
    ),
    (
        "moment of a table not said",
        {"metrics__g": GRADIENT, "table__t": changed(TABLE, metrics=["g"], rows=[{"label": "x"}])},
        "table.t",
        "several moments",
        "init, last",
        "`at`",
    ),
    (
        "slope over names",
        {
            "factors__kind": {"one": {"bn_group": 64}, "two": {"bn_group": 32}},
            "expect__gap__weights": {"plain/deep/one": 1, "plain/shallow/one": -1},
            "expect__v": value(kind="slope", over="kind"),
        },
        "expect.v.over",
        "no numbers",
        None,
        "two different numbers",
    ),
    (
        "exact judgement of a trained metric",
        {"expect__v": value(kind="exact")},
        "expect.v.kind",
        'judged by kind = "exact"',
        "'exact'",
        "change the kind",
    ),
    (
        "trained judgement of an exact metric",
        {"metrics__n": {"kind": "static", "probe": "parameters"}, "expect__v": value(metric="n")},
        "expect.v.kind",
        'judged by kind = "exact"',
        "'value'",
        "change the kind",
    ),
    (
        "figure of a loss",
        {"figure__f": {"kind": "layers", "title": "F", "metric": "loss"}},
        "figure.f.metric",
        "what a probe has read",
        "'loss'",
        "kind probe",
    ),
    (
        "figure of nothing",
        {"figure__f": {"kind": "curves", "title": "F"}},
        "figure.f",
        "a figure of curves needs `of`",
        None,
        None,
    ),
    (
        "table for a scale",
        {"scale__smoke": 3},
        "scale.smoke",
        "must be a table",
        "3",
        "[scale.smoke.experiment]",
    ),
    (
        "mistake that only a scale has",
        {"scale__smoke__factors__depth": {"shallow": 8, "middle": 14}},
        "expect.gap.weights (at smoke scale)",
        "unknown cell",
        "'plain/deep'",
        None,
    ),
    (
        "mistake that a scale writes",
        {"scale__smoke__expect__gap__refuted": {"at_most": 5.0}},
        "scale.smoke.expect.gap.refuted",
        "overlaps",
        None,
        "support and refute",
    ),
]


def test_the_base_of_all_these_tests_is_sound(world: World) -> None:
    world.write(BASE)
    assert world.problems() == []


@pytest.mark.parametrize(
    ("changes", "place", "what", "received", "hint"),
    [row[1:] for row in MISTAKES],
    ids=[row[0] for row in MISTAKES],
)
def test_one_mistake_is_one_clear_problem(
    world: World, changes: dict[str, Any], place: str, what: str, received: str | None, hint: str | None
) -> None:
    path = world.write(changed(BASE, **changes))
    problems = world.problems()
    assert [problem.where for problem in problems] == [f"{path}: {place}"]
    (problem,) = problems
    assert what in problem.what
    if received is not None:
        assert problem.received == received
    assert (hint or "") in (problem.hint or "")


def test_regions_may_share_their_end(world: World) -> None:
    world.write(changed(BASE, expect__gap__at_least=0.0, expect__gap__refuted={"at_most": 0.0}))
    assert world.problems() == []


def test_all_problems_of_a_file_and_of_all_files_come_at_once(world: World) -> None:
    one = world.write(changed(BASE, titel="x", source__page="six", expect__gap__role="decide"), "p/one")
    two = world.write(changed(BASE, metrics__loss__kind="finl"), "p/two")
    three = world.write(
        changed(BASE, arms__plain__depth=8, experiment__dataset="digts", expect__gap__metric="los"),
        "q/three",
        changed(PAPER, year="soon", url="ftp://x"),
    )
    assert {problem.where for problem in world.problems()} == {
        f"{one}: titel",
        f"{one}: source.page",
        f"{one}: expect.gap.role",
        f"{two}: metrics.loss.kind",
        f"{three}: arms.plain.depth",
        f"{three}: experiment.dataset",
        f"{three}: expect.gap.metric",
        f"{three.parent / 'paper.toml'}: year",
        f"{three.parent / 'paper.toml'}: url",
    }
    with pytest.raises(ReproError) as caught:
        world.library()
    text = str(caught.value)
    assert (
        "expect.gap.role: input should be 'decides' or 'context' (received: 'decide')\n    → did you" in text
    )
    assert text.count("\n    → ") == sum(problem.hint is not None for problem in caught.value.problems)


def test_a_mistake_of_the_base_is_said_once_and_not_at_every_scale(world: World) -> None:
    data = changed(BASE, expect__gap__metric="los", arms__residual__model="cifar-resnt")
    path = world.write(changed(data, scale__reduced={"experiment": {"seeds": {"looks": [3]}}}))
    assert sorted(problem.where for problem in world.problems()) == [
        f"{path}: arms.residual.model",
        f"{path}: expect.gap.metric",
    ]
    schema = world.write(changed(BASE, scale__reduced={}, source__were="x"))
    assert [problem.where for problem in world.problems()] == [f"{schema}: source.were"]


def test_malformed_toml_names_the_file_and_the_line(world: World) -> None:
    path = world.write(BASE)
    path.write_text('title = "x"\nstatement = \n', encoding="utf-8")
    (problem,) = world.problems()
    assert problem.where == str(path)
    assert "not valid TOML" in problem.what
    assert "line 2" in problem.what
    path.write_bytes(b'title = "\xff"\n')
    (problem,) = world.problems()
    assert "cannot be read" in problem.what


def test_folders_without_claims(world: World, tmp_path: Path) -> None:
    with pytest.raises(ReproError, match="not a folder of claims"):
        load_library(tmp_path / "none")
    world.root.mkdir()
    with pytest.raises(ReproError, match="holds no claim"):
        world.library()
    world.write(BASE)
    (world.root / "p" / "paper.toml").unlink()
    (problem,) = world.problems()
    assert problem.where == str(world.root / "p" / "paper.toml")


REFERENCE = {
    "kind": "curves",
    "title": "F",
    "of": ["train_loss"],
    "reference": {"file": "f.csv", "x": "x", "y": "y"},
}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("series,x,y\na,1,2\n", "lacks columns: panel, style"),
        ("# of Fig. 1\npanel,series,x,y,style\np,a,1,two,solid\n", "row 1 cannot be drawn"),
        ("panel,series,x,y,style\np,a,1,2,solid\np,a,nan,2,solid\n", "row 2 cannot be drawn"),
        ("panel,series,x,y,style\np,a,1,2,wavy\n", "row 1 cannot be drawn"),
        ("panel,series,x,y,style\np,a,1\n", "row 1 cannot be drawn"),
    ],
)
def test_reference_curves_are_checked(world: World, text: str, what: str) -> None:
    path = world.write(changed(BASE, figure__f=REFERENCE))
    (path.parent / "f.csv").write_text(text, encoding="utf-8")
    (problem,) = world.problems()
    assert problem.what == what
    (path.parent / "f.csv").write_text("# c\npanel,series,x,y,style\np,a,1,2,solid\n", encoding="utf-8")
    assert world.problems() == []


def test_suggestions() -> None:
    assert suggestion("los", ["loss", "error"]) == "did you mean 'loss'?"
    assert suggestion("zzz", ["b", "a"]) == "known: a, b"
    assert suggestion("zzz", []) == "none are known here"
    assert str(Problem("a.b", "is wrong", "1", "mend it")) == "a.b: is wrong (received: 1)\n    → mend it"


# --- scales


def test_a_scale_merges_tables_and_replaces_lists_and_factors_whole(world: World) -> None:
    smoke = {
        "experiment": {"recipe": {"steps": 7}, "seeds": {"looks": [3]}, "options": {"width": 4}},
        "factors": {"depth": {"shallow": 8, "deep": 20}},
        "expect": {"gap": {"at_least": 0.5}},
    }
    data = changed(
        BASE,
        experiment__options={"norm": "none"},
        experiment__seeds__looks=[3, 5, 10],
        factors__width=[8, 16],
        expect__gap__weights={"plain/deep/8": 1, "plain/shallow/8": -1},
        factors__depth={"shallow": 8, "third": 14, "deep": 32},
        scale__smoke=smoke,
    )
    world.write(data)
    claim = world.claim()
    ours, paper = claim.at["smoke"], claim.base
    assert ours.experiment.recipe == {"name": "resnet-cifar", "batch_size": 64, "steps": 7}
    assert ours.experiment.options == {"norm": "none", "width": 4}
    assert ours.experiment.seeds.looks == [3]
    assert ours.factors == {"depth": {"shallow": 8, "deep": 20}, "width": [8, 16]}
    assert (ours.expect["gap"].at_least, ours.expect["gap"].refuted) == (0.5, paper.expect["gap"].refuted)
    assert paper.experiment.recipe["steps"] == 100
    assert paper.experiment.seeds.looks == [3, 5, 10]
    assert list(levels_of(paper.factors["depth"])) == ["shallow", "third", "deep"]
    assert list(claim.at) == ["paper", "smoke"]


TABLES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
).filter(lambda value: isinstance(value, dict))


@given(TABLES, TABLES)
def test_merging_is_idempotent_and_an_empty_override_changes_nothing(base: Any, override: Any) -> None:
    merged = merge(base, override)
    assert merge(base, {}) == base
    assert merge(merged, override) == merged
    assert set(merged) == set(base) | set(override)


def test_scales_are_ordered_and_checked() -> None:
    names = ["exact", "smoke", "reduced", "paper"]
    assert list(SCALES) == names
    for one, other in itertools.product(names, names):
        assert below(one, other) == (names.index(one) < names.index(other))
    assert check_scale("smoke") == "smoke"
    with pytest.raises(ReproError, match="did you mean 'reduced'"):
        check_scale("reduce")


# --- cells and runs


def test_cells_are_arms_at_every_combination_of_levels_but_the_skipped(world: World) -> None:
    data = changed(
        BASE,
        factors={
            "depth": {"shallow": 8, "deep": 14},
            "width": [4, 8],
            "era": {"old": {"schedule": "step", "lr": 0.5}, "new": {"schedule": "cosine"}},
        },
        experiment__skip=["residual/deep/8/new"],
        expect__gap__weights={"plain/deep/4/old": 1, "plain/shallow/4/old": -1},
    )
    world.write(data)
    found = {cell.address: cell for cell in cells(world.claim().base)}
    assert len(found) == 2 * 2 * 2 * 2 - 1
    assert "residual/deep/8/new" not in found
    assert list(found)[:3] == ["plain/shallow/4/old", "plain/shallow/4/new", "plain/shallow/8/old"]
    cell = found["residual/deep/4/old"]
    assert cell.levels == {"depth": "deep", "width": "4", "era": "old"}
    assert cell.settings == {
        "model": "cifar-resnet",
        "shortcut": "A",
        "depth": 14,
        "width": 4,
        "schedule": "step",
        "lr": 0.5,
    }


def spec_at(claim: Claim, address: str, lr: float | None = None) -> Any:
    cell = next(cell for cell in cells(claim.base) if cell.address == address)
    return run_spec(claim.base, cell, 3, claim.names, lr)


def test_a_cell_and_a_seed_make_a_run(world: World) -> None:
    data = changed(
        BASE,
        experiment__options={"width": 4, "shortcut": "B"},
        experiment__recipe__milestones=[10, 20],
        arms__residual__width=8,
        arms__plain__weight_decay=0.5,
    )
    world.write(data)
    claim = world.claim()
    plain, residual = spec_at(claim, "plain/deep"), spec_at(claim, "residual/shallow", lr=0.25)
    # Options for all go to the models that take them, an arm's own come first.
    assert plain.model.options == {"width": 4, "depth": 14}
    assert residual.model.options == {"width": 8, "shortcut": "A", "depth": 8}
    assert (plain.recipe.weight_decay, residual.recipe.weight_decay) == (0.5, 1e-4)
    assert (plain.recipe.lr, residual.recipe.lr) == (0.1, 0.25)
    assert plain.recipe.milestones == (10, 20)
    assert (plain.recipe.batch_size, plain.recipe.steps, plain.recipe.epochs) == (64, 100, None)
    assert plain.dataset.name == "digits"
    assert plain.seed == 3


@pytest.mark.parametrize(
    ("recipe", "arm", "expected"),
    [
        ({"name": "resnet-cifar"}, {}, (64_000, None)),
        ({"name": "resnet-cifar", "epochs": 2}, {}, (None, 2)),
        ({"name": "resnet-cifar", "epochs": 2}, {"steps": 0}, (0, None)),
        ({"name": "resnet-cifar", "steps": 9}, {"epochs": 3}, (None, 3)),
        ({"name": "cuda-convnet-2012"}, {}, (None, 60)),
        ({"name": "cuda-convnet-2012", "steps": 5}, {}, (5, None)),
    ],
)
def test_steps_replace_epochs_and_the_other_way_round(
    world: World, recipe: dict[str, Any], arm: dict[str, Any], expected: tuple[int | None, float | None]
) -> None:
    world.write(changed(BASE, experiment__recipe=recipe, arms__plain=BASE["arms"]["plain"] | arm))
    made = spec_at(world.claim(), "plain/deep").recipe
    assert (made.steps, made.epochs) == expected


# --- code of the user's own


OWN = {
    "arms__plain": {"model": "own.nets:Plain", "width": 3},
    "arms__residual": {"model": "own.nets:Residual"},
    "experiment__dataset": "own.data:images",
    "metrics__norm": {"kind": "probe", "probe": "own.probes:norm", "at": ["last"]},
}


NAMES = "Plain = Residual = images = norm = None\n"
"""What the files of OWN define, as far as one can see without executing them."""


@pytest.mark.parametrize(
    ("target", "content", "what", "hint"),
    [
        ("my_net:Net", "class Net: ...", "no module 'my_net'", "did you mean 'my_nets'?"),
        ("my_nets:Nett", "class Net: ...", "defines no 'Nett'", "did you mean 'Net'?"),
        ("my_nets:Net", "class Net(:", "is not valid Python: line 1", "mend the line named"),
        ("my_nets:Net", "", "defines no 'Net'", "none are known here"),
    ],
)
def test_lint_finds_what_a_users_module_lacks_without_executing_it(
    world: World, target: str, content: str, what: str, hint: str
) -> None:
    world.write(changed(BASE, arms__plain={"model": target}))
    (world.root / "my_nets.py").write_text(content, encoding="utf-8")
    (problem,) = world.problems()
    assert problem.where.endswith("arms.plain.model")
    assert what in problem.what
    assert problem.hint == hint


def test_code_of_a_claims_folder_is_never_executed_but_by_check(world: World, tmp_path: Path) -> None:
    world.write(changed(BASE, **OWN))
    trap = (
        f"import pathlib\npathlib.Path({str(tmp_path / 'executed')!r}).touch()\nraise RuntimeError('executed')\n"
        + NAMES
    )
    (world.root / "own").mkdir()
    for name in ("__init__", "nets", "data", "probes"):
        (world.root / "own" / f"{name}.py").write_text(trap, encoding="utf-8")
    plan = world.plan()
    assert len(plan.jobs) == 2 * 2 * 5
    assert world.judge().status == "pending"
    assert world.report().coverage.judged == 0
    assert not (tmp_path / "executed").exists()
    assert not {name for name in sys.modules if name.split(".")[0] == "own"}


def test_changed_source_of_a_users_own_code_makes_another_run(world: World) -> None:
    world.write(changed(BASE, **OWN))
    (world.root / "own").mkdir()
    files = {name: world.root / "own" / f"{name}.py" for name in ("nets", "data", "probes")}
    for file in files.values():
        file.write_text(NAMES + "a = 1\n", encoding="utf-8")

    def keys() -> tuple[str, str]:
        need = world.requirements().needs[0]
        return need.spec.key, need.readings[0].key

    before = keys()
    assert keys() == before
    for name, file in files.items():
        file.write_text(NAMES + "a = 2\n", encoding="utf-8")
        now = keys()
        assert (now[0] != before[0]) == (name != "probes"), "a probe is no part of a run's key"
        assert now[1] != before[1]
        before = now
    reasons = {job.reason for job in make_plan([world.requirements()], world.store).jobs}
    assert reasons == {"not run yet"}
    assert source_version("json:loads", "model", world.root) == "installed"


def test_loading_code_says_what_is_wrong_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    world.root.mkdir()
    (world.root / "sound_module_of_a_test.py").write_text("class Net: pass\n", encoding="utf-8")
    (world.root / "broken_module_of_a_test.py").write_text("1 / 0\n", encoding="utf-8")
    assert load("sound_module_of_a_test:Net", world.root).__name__ == "Net"
    with pytest.raises(ReproError, match=r"has no 'Nett'(?s:.*)did you mean 'Net'"):
        load("sound_module_of_a_test:Nett", world.root)
    with pytest.raises(ReproError, match="ZeroDivisionError"):
        load("broken_module_of_a_test:Net", world.root)
    with pytest.raises(ReproError, match="could not be imported: ModuleNotFoundError"):
        load("absent_module_of_a_test:Net", world.root)


# --- selection


def test_claims_are_chosen_by_id_by_unique_name_and_by_paper(world: World) -> None:
    world.write(BASE, "old/one", changed(PAPER, year=1999))
    world.write(BASE, "new/one")
    world.write(BASE, "new/two")
    library = world.library()
    assert [claim.id for claim in library.claims] == ["old/one", "new/one", "new/two"]
    assert list(library.papers) == ["old", "new"]
    assert [claim.id for claim in library.select(["two", "old/one"])] == ["old/one", "new/two"]
    assert [claim.id for claim in library.select([], "new")] == ["new/one", "new/two"]
    with pytest.raises(ReproError) as caught:
        library.select(["one", "new/too", "two"], None)
    assert [(p.what, p.received) for p in caught.value.problems] == [
        ("ambiguous claim", "'one'"),
        ("unknown claim", "'new/too'"),
    ]
    assert caught.value.problems[1].hint == "did you mean 'new/two'? (claims of your own: --claims DIR)"
    with pytest.raises(ReproError, match="unknown paper"):
        library.select([], "knew")


def test_the_digest_of_criteria_changes_with_what_decides_and_with_nothing_else(world: World) -> None:
    def digest(**changes: Any) -> str:
        world.write(changed(BASE, **changes))
        return world.claim().criteria_digest("smoke")

    plain = digest()
    words = {
        "statement": "s",
        "expect__gap__title": "t",
        "expect__gap__why": "w",
        "metrics__loss__title": "t",
    }
    assert digest(**words, expect__gap__reported="1.5", arms__plain__norm="none") == plain
    different = [
        digest(expect__gap__at_least=0.9),
        digest(expect__gap__refuted={"at_most": 0.1}),
        digest(metrics__loss__of="test_loss"),
        digest(experiment__seeds__looks=[6]),
        digest(tune=TUNE),
        digest(scale__smoke__expect__gap__at_least=0.9, expect__gap__at_least=0.8),
    ]
    assert plain not in different
    # The last one is the first one's criteria, written elsewhere.
    assert different[-1] == different[0]


# --- the shipped claims, against the papers' numbers written down here

# ResNet (arXiv:1512.03385v1), Fig. 6: (training error, test error) in % where the curves end, read from the
# vector plot (shared/papers/resnet.csv, rows "Fig6"); ±0.05 points.
FIG6 = {
    "plain-20": (1.44, 9.69),
    "plain-32": (1.15, 10.08),
    "plain-44": (3.20, 11.42),
    "plain-56": (5.85, 13.23),
    "ResNet-20": (0.81, 8.78),
    "ResNet-32": (0.26, 7.50),
    "ResNet-44": (0.10, 7.16),
    "ResNet-56": (0.03, 7.00),
    "ResNet-110": (0.08, 6.55),
}
# ResNet, Table 6: test error in % and parameters.
TABLE6 = {
    "ResNet-20": ("8.75", "0.27M"),
    "ResNet-32": ("7.51", "0.46M"),
    "ResNet-44": ("7.17", "0.66M"),
    "ResNet-56": ("6.97", "0.85M"),
    "ResNet-110": ("6.61±0.16", "1.7M"),  # of five runs; the best has 6.43
}
# Exact parameters of the CIFAR nets with option A: arithmetic from Sec. 4.2, published elsewhere, too.
PARAMETERS = {"parameters-20": 269_722, "parameters-56": 853_018}
# ResNet, Table 3: top-1 validation error in %, 10-crop.
TABLE3 = {"plain-34": "28.54", "ResNet-34 A": "25.03", "ResNet-34 B": "24.52", "ResNet-34 C": "24.19"}
# ResNet, Fig. 7: mean over layers of the std of responses, and number of 3x3 layers.
FIG7 = {
    "plain-20": (1.822, 19),
    "plain-56": (1.516, 55),
    "ResNet-20": (1.624, 19),
    "ResNet-56": (1.134, 55),
    "ResNet-110": (0.988, 109),
}
# Wording and page (shared/papers/quotes.csv, matched against the papers' text layer).
QUOTES = {
    "alexnet/relu-speed": (
        "A four-layer convolutional neural network with ReLUs (solid line) reaches a 25% training error rate on "
        "CIFAR-10 six times faster",
        3,
    ),
    # The claim is teaching material's: what the paper says of plain nets' gradients is no wording of it.
    "resnet/gradient-preservation": (None, 5),
    "resnet/layer-responses": (
        "ResNets have generally smaller responses than their plain counterparts.",
        8,
    ),
    "resnet/plain-nets-degrade": (
        "The deep plain nets suffer from increased depth, and exhibit higher training error when going deeper.",
        7,
    ),
    "resnet/projection-shortcuts": (
        "all three options are considerably better than the plain counterpart. B is slightly better than A.",
        6,
    ),
}
# AlexNet (NIPS 2012), Fig. 1: last vertex of each curve, (epoch, training error in %).
FIG1 = {"ReLU": (6, 24.83), "tanh": (36, 25.07)}


@pytest.fixture(scope="module")
def shipped() -> dict[str, Claim]:
    return {claim.id: claim for claim in load_library(folder("claims")).claims}


def reference(path: Path) -> dict[tuple[str, str], list[tuple[float, float]]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    curves: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        curves.setdefault((row["panel"], row["series"]), []).append((float(row["x"]), float(row["y"])))
    return curves


def rows_of(claim: Claim, table: str) -> dict[str, dict[str, str]]:
    return {row.label: row.reported for row in claim.base.table[table].rows}


def test_the_five_shipped_claims_are_sound_and_have_all_that_a_claim_needs(shipped: dict[str, Claim]) -> None:
    assert sorted(shipped) == sorted(QUOTES)
    for claim in shipped.values():
        assert "smoke" in claim.at
        assert claim.base.control, claim.id
        assert claim.base.experiment.unknown, claim.id
        assert claim.base.ambiguities, claim.id
        assert (claim.base.quote, claim.base.source.page) == QUOTES[claim.id]
        for item in claim.base.expect.values():
            assert len(item.why) > 40, f"{claim.id}: a tolerance has a reason"


def test_reported_numbers_of_figure_6_and_table_6(shipped: dict[str, Claim]) -> None:
    claim = shipped["resnet/plain-nets-degrade"]
    rows = rows_of(claim, "fig6")
    # The caption: "The error of plain-110 is higher than 60% and not displayed."
    assert set(rows) == {*FIG6, "plain-110"}
    assert rows.pop("plain-110") == {}
    for label, reported in rows.items():
        train, test = FIG6[label]
        assert float(reported["train_error"]) == train
        if label in TABLE6:
            assert (reported["test_error"], reported["parameters"]) == TABLE6[label]
        else:
            assert float(reported["test_error"]) == test
    gaps = {
        "plain-train-gap": FIG6["plain-56"][0] - FIG6["plain-20"][0],
        "plain-test-gap": FIG6["plain-56"][1] - FIG6["plain-20"][1],
    }
    gaps["gap-of-gaps"] = gaps["plain-train-gap"] - (FIG6["ResNet-56"][0] - FIG6["ResNet-20"][0])
    gaps["test-gap-of-gaps"] = gaps["plain-test-gap"] - (FIG6["ResNet-56"][1] - FIG6["ResNet-20"][1])
    for name, gap in gaps.items():
        assert claim.base.expect[name].reported == f"{gap:.1f} pp"
    assert claim.base.expect["plain-56-level"].reported == f"{FIG6['plain-56'][1]:.1f}%"
    assert claim.base.expect["resnet-20-level"].reported == f"{TABLE6['ResNet-20'][0]}%"
    mean, sd = TABLE6["ResNet-110"][0].split("±")
    deepest = claim.base.expect["resnet-110-level"]
    assert (deepest.reported, deepest.uncertainty.sd, deepest.uncertainty.n) == (f"{mean}%", sd, 5)
    for name, exact in PARAMETERS.items():
        item = claim.base.expect[name]
        assert item.reported == f"{exact / 1e6:.2f}M"
        # Half a unit of the last printed digit.
        printed = float(item.reported.removesuffix("M")) * 1e6
        assert item.within == pytest.approx((printed - 5000, printed + 5000))


def test_reference_curves_of_figure_6_end_at_the_papers_numbers(shipped: dict[str, Claim]) -> None:
    curves = reference(shipped["resnet/plain-nets-degrade"].path.parent / "data/fig6.csv")
    ends = {series: line[-1] for (_, series), line in curves.items()}
    assert set(ends) == {f"{net}, {split}" for net in FIG6 for split in ("train", "test")}
    for net, numbers in FIG6.items():
        for split, number in zip(("train", "test"), numbers, strict=True):
            iteration, error = ends[f"{net}, {split}"]
            assert error == pytest.approx(number, abs=0.0051)
            assert iteration == pytest.approx(6.4, abs=0.11)


def test_reference_curves_of_figure_1_are_those_of_figure_6(shipped: dict[str, Claim]) -> None:
    data = shipped["resnet/plain-nets-degrade"].path.parent / "data"
    left, curves = reference(data / "fig6.csv"), reference(data / "fig1.csv")
    assert curves == {
        (f"{name} error", net): left["plain nets", f"{net}, {split}"]
        for name, split in (("training", "train"), ("test", "test"))
        for net in ("plain-20", "plain-56")
    }


def test_reference_curves_of_figure_4_end_at_the_papers_numbers(shipped: dict[str, Claim]) -> None:
    """Mean from 480,000 to 550,000 iterations (shared/papers/resnet.csv, rows "Fig4")."""
    claim = shipped["resnet/projection-shortcuts"]
    curves = reference(claim.path.parent / "data/fig4.csv")
    ends = {series: [y for x, y in line if 48 <= x <= 55] for (_, series), line in curves.items()}
    means = {series: sum(line) / len(line) for series, line in ends.items()}
    assert means == {
        "plain, plain-34": pytest.approx(32.54, abs=0.1),
        "A, ResNet-34": pytest.approx(28.26, abs=0.1),
    }
    assert {series.split(",")[0] for series in means} <= claim.base.arms.keys()


def test_reported_numbers_of_table_3(shipped: dict[str, Claim]) -> None:
    claim = shipped["resnet/projection-shortcuts"]
    assert rows_of(claim, "table3") == {label: {"test_error": error} for label, error in TABLE3.items()}
    gap = float(TABLE3["plain-34"]) - float(TABLE3["ResNet-34 A"])
    assert claim.base.expect["residual-considerably-better"].reported == f"{gap:.2f} pp"
    cell = {row.label: row.cell for row in claim.base.table["table3"].rows}
    order = sorted(TABLE3, key=lambda label: float(TABLE3[label]))
    assert claim.base.expect["order"].arms == [cell[label] for label in order]


def test_reported_numbers_and_reference_curves_of_figure_7(shipped: dict[str, Claim]) -> None:
    claim = shipped["resnet/layer-responses"]
    rows = rows_of(claim, "fig7")
    curves = reference(claim.path.parent / "data/fig7.csv")
    assert set(rows) == set(FIG7)
    for net, (mean, layers) in FIG7.items():
        assert rows[net]["response"] == f"{mean:.2f}"
        ordered = [y for _, y in curves["layers in network order", net]]
        by_size = [y for _, y in curves["layers sorted by magnitude", net]]
        assert [x for x, _ in curves["layers in network order", net]] == list(range(1, layers + 1))
        assert len(by_size) == layers
        for values in (ordered, by_size):
            assert sum(values) / layers == pytest.approx(mean, abs=0.02)
        assert by_size == sorted(by_size, reverse=True)
    drop = float(f"{FIG7['ResNet-20'][0]:.2f}") - float(f"{FIG7['ResNet-56'][0]:.2f}")
    assert claim.base.expect["smaller-when-deeper"].reported == f"{drop:.2f}"


def test_reported_numbers_and_reference_curves_of_alexnets_figure_1(shipped: dict[str, Claim]) -> None:
    claim = shipped["alexnet/relu-speed"]
    rows = rows_of(claim, "fig1")
    curves = {series: line for (_, series), line in reference(claim.path.parent / "data/fig1.csv").items()}
    assert set(curves) == set(FIG1)
    for net, (epoch, error) in FIG1.items():
        assert rows[net] == {"epochs_to_target": str(epoch)}
        assert curves[net][-1] == (epoch, error)
    assert next(epoch for epoch, error in curves["ReLU"] if error <= 25) == 6
    assert claim.base.expect["six-times"].reported == f"{FIG1['tanh'][0] // FIG1['ReLU'][0]}×"
    assert claim.base.metrics["epochs_to_target"].at_most == 0.25
    # "Several times" is the claim; a region that holds the printed number must not exclude it.
    low, high = claim.base.expect["six-times"].within or (0, 0)
    assert low < 6 < high


def test_the_papers_own_numbers_would_support_the_shipped_criteria(shipped: dict[str, Claim]) -> None:
    degrade = shipped["resnet/plain-nets-degrade"].base.expect
    for name in ("gap-of-gaps", "plain-train-gap", "plain-test-gap", "test-gap-of-gaps"):
        printed = float((degrade[name].reported or "").removesuffix(" pp")) / 100
        assert printed >= (degrade[name].at_least or 1)
    levels = (("plain-56-level", 0.1323), ("resnet-20-level", 0.0875), ("resnet-110-level", 0.0661))
    for name, printed in levels:
        low, high = degrade[name].within or (1, 0)
        assert low < printed < high
    low, high = shipped["resnet/layer-responses"].base.expect["magnitude-20"].within or (1, 0)
    assert low < FIG7["ResNet-20"][0] < high


def test_the_precision_is_of_the_experiment_or_of_an_arm(world: World) -> None:
    data = changed(
        BASE, experiment__precision="tf32", arms__residual={"model": "cifar-resnet", "precision": "bf16"}
    )
    world.write(data)
    claim = world.claim()
    found = {
        cell.arm: run_spec(claim.base, cell, 0, claim.names).numerics.precision for cell in cells(claim.base)
    }
    assert found == {"plain": "tf32", "residual": "bf16"}
    world.write(changed(data, arms__residual__precision="bf61"))
    (problem,) = world.problems()
    assert problem.where.endswith("arms.residual.precision")
    assert "bf16" in str(problem)


def test_whether_blocks_are_compiled_is_of_the_experiment_or_of_an_arm(world: World) -> None:
    data = changed(
        BASE, experiment__compiled=True, arms__residual={"model": "cifar-resnet", "compiled": False}
    )
    world.write(data)
    claim = world.claim()
    found = {
        cell.arm: run_spec(claim.base, cell, 0, claim.names).numerics.compiled for cell in cells(claim.base)
    }
    assert found == {"plain": True, "residual": False}
    world.write(changed(data, arms__residual__compiled="yes"))
    (problem,) = world.problems()
    assert problem.where.endswith("arms.residual.compiled")
    assert "'yes'" in str(problem)
