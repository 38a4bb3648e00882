"""Problems of whole files and folders: all at once, each in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from repro.claims import load_library
from repro.errors import Problem, ReproError, suggestion
from tests.support.helpers import BASE, PAPER, World, changed


def test_the_base_of_all_these_tests_is_sound(world: World) -> None:
    world.write(BASE)
    assert world.problems() == []


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
