"""What a claim says besides its criteria: independent reproductions, directions of deviations, notes of readers."""

from __future__ import annotations

import datetime
import math
from pathlib import Path
from typing import Any

import pytest

from repro.claims import Claim, cells, run_spec
from repro.report.build.deviations import deviations
from tests.support.helpers import BASE, World, changed, toml
from tests.support.shipped import library as shipped_library

TABLE = {
    "title": "T",
    "source": {"where": "Table 1"},
    "metrics": ["loss"],
    "rows": [{"label": "plain-8", "cell": "plain/shallow", "reported": {"loss": "0.5"}}],
}
REPRODUCTION = {"label": "a/b", "source": "README", "values": {"plain-8": {"loss": "0.51±0.02"}}}
NOTE = {"author": "A. Reader", "date": "2026-03-01", "text": "The bar is low.", "about": "gap"}


def reproduced(**changes: Any) -> dict[str, Any]:
    return changed(BASE, table__t=changed(TABLE, reproductions=[changed(REPRODUCTION, **changes)]))


def test_reproductions_keep_the_printed_numbers(world: World) -> None:
    world.write(reproduced())
    (found,) = world.claim().base.table["t"].reproductions
    assert (found.label, found.source, found.note) == ("a/b", "README", None)
    assert found.values == {"plain-8": {"loss": "0.51±0.02"}}


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"values": {"plain-9": {"loss": "0.5"}}}, "unknown row"),
        ({"values": {"plain-8": {"los": "0.5"}}}, "unknown column"),
        ({"values": {"plain-8": {"loss": "half"}}}, "as printed"),
        ({"values": {"plain-8": {"loss": 0.5}}}, "valid string"),
        ({"values": {}}, "at least 1"),
        ({"source": None}, "is missing"),
        ({"link": "x"}, "unknown key"),
    ],
)
def test_mistakes_in_reproductions(changes: dict[str, Any], what: str, world: World) -> None:
    world.write(reproduced(**changes))
    (problem,) = world.problems()
    assert "table.t.reproductions" in problem.where
    assert what in problem.what


def test_mistakes_in_where_a_number_was_read(world: World) -> None:
    (row,) = TABLE["rows"]  # type: ignore[misc]
    for read_from, what in (({"los": "table"}, "unknown column"), ({"loss": "memory"}, "input should be")):
        world.write(changed(BASE, table__t=changed(TABLE, rows=[{**row, "read_from": read_from}])))  # type: ignore[dict-item]
        (problem,) = world.problems()
        assert "table.t.rows" in problem.where
        assert what in problem.what


def test_directions_are_merged_by_scale_and_stand_in_the_ledger(world: World) -> None:
    direction = {"steps": "Towards a larger gap.", "width": "Not known.", "seeds": "None."}
    smoke = {
        "experiment": {"recipe": {"steps": 10}, "options": {"width": 4}, "seeds": {"looks": [3]}},
        "direction": {"steps": "Towards a much larger gap."},
    }
    world.write(changed(BASE, direction=direction, scale__smoke=smoke))
    rows = {row.what: row.direction for row in deviations(world.claim(), "smoke")}
    assert rows == {
        "recipe steps": "Towards a much larger gap.",
        "model width": "Not known.",
        "seeds looked at": "None.",
    }


@pytest.mark.parametrize(
    ("changes", "place", "hint"),
    [
        ({"direction": {"step": "x"}}, "direction.step", "'steps'"),
        ({"direction": {"widht": "x"}}, "direction.widht", "'width'"),
        ({"scale__smoke__direction": {"depht": "x"}}, "scale.smoke.direction.depht", "'depth'"),
        ({"direction": {"normm": "x"}}, "direction.normm", "'norm'"),
    ],
)
def test_directions_of_nothing(changes: dict[str, Any], place: str, hint: str, world: World) -> None:
    world.write(changed(BASE, **changes))
    (problem,) = world.problems()
    assert problem.where.endswith(f": {place}")
    assert problem.what == "unknown setting"
    assert hint in (problem.hint or "")


def test_an_expectation_of_a_greater_scale_may_name_levels_that_a_lesser_one_lacks(world: World) -> None:
    deepest = {
        "kind": "value",
        "title": "t",
        "metric": "loss",
        "arm": "plain",
        "levels": {"depth": "deep"},
        "at_most": 1.0,
        "role": "context",
        "from_scale": "paper",
        "why": "w",
    }
    lesser = {"factors": {"depth": {"shallow": 8, "middle": 14}}}
    data = changed(BASE, expect__level=deepest, scale__smoke=lesser)
    world.write(changed(data, expect__gap__from_scale="paper"))
    assert world.problems() == []
    world.write(changed(data, expect__gap__from_scale="paper", expect__level__from_scale=None))
    (problem,) = world.problems()
    assert "unknown level" in problem.what


def write_notes(world: World, *notes: dict[str, Any], name: str = "c") -> Path:
    path = world.root / "p" / f"{name}.notes.toml"
    path.write_text(f"note = {toml(list(notes))}\n", encoding="utf-8")
    return path


def test_notes_of_readers_lie_beside_the_claim_and_decide_nothing(world: World) -> None:
    world.write(BASE)
    without = world.claim()
    path = write_notes(world, NOTE, changed(NOTE, about=None, author="B. Reader"))
    # A date of TOML's own is as good as one in quotes.
    path.write_text(
        path.read_text(encoding="utf-8").replace('"2026-03-01"', "2026-03-01", 1), encoding="utf-8"
    )
    claim = world.claim()
    assert [(note.author, note.about) for note in claim.reviews] == [
        ("A. Reader", "gap"),
        ("B. Reader", None),
    ]
    assert {note.date for note in claim.reviews} == {datetime.date(2026, 3, 1)}
    assert claim.criteria_digest("smoke") == without.criteria_digest("smoke")
    (one, *_), (other, *_) = cells(claim.base), cells(without.base)
    keys = {run_spec(item.base, cell, 0, item.names).key for item, cell in ((claim, one), (without, other))}
    assert len(keys) == 1
    assert [claim.id for claim in world.library().claims] == ["p/c"]


@pytest.mark.parametrize(
    ("note", "place", "what"),
    [
        (changed(NOTE, about="gapp"), "note.0.about", "unknown expectation"),
        (changed(NOTE, date="yesterday"), "note.0.date", "valid date"),
        (changed(NOTE, author=""), "note.0.author", "at least 1 character"),
        (changed(NOTE, text=None), "note.0.text", "is missing"),
        (changed(NOTE, verdict="supported"), "note.0.verdict", "unknown key"),
    ],
)
def test_mistakes_in_notes(note: dict[str, Any], place: str, what: str, world: World) -> None:
    world.write(BASE)
    path = write_notes(world, note)
    (problem,) = world.problems()
    assert problem.where == f"{path}: {place}"
    assert what in problem.what


def test_notes_of_no_claim_are_not_passed_over(world: World) -> None:
    world.write(BASE)
    path = write_notes(world, NOTE, name="gone")
    (problem,) = world.problems()
    assert (problem.where, problem.what) == (str(path), "are notes of a claim that is not there")


def test_problems_of_claim_and_notes_come_at_once(world: World) -> None:
    world.write(changed(BASE, titel="x"))
    write_notes(world, changed(NOTE, text=None))
    assert [problem.what for problem in world.problems()] == ["unknown key", "is missing"]


@pytest.fixture(scope="module")
def shipped() -> dict[str, Claim]:
    return {claim.id: claim for claim in shipped_library().claims}


def test_directions_of_the_shipped_claims_say_something(shipped: dict[str, Claim]) -> None:
    """A direction that nobody has thought about is left out: the page says that it is not told."""
    for claim in shipped.values():
        for file in claim.at.values():
            for setting, told in file.direction.items():
                start, _, reason = told.partition(" ")
                assert start in ("None", "None:", "Not", "Towards", "For", "Against", "At", "In"), (
                    claim.id,
                    setting,
                )
                assert len(reason) > 20 or told.endswith("."), (claim.id, setting)
                assert told not in ("Not known.", "None."), (claim.id, setting)


FIRST_CLAIMS = (
    "alexnet/relu-speed",
    "resnet/gradient-preservation",
    "resnet/identity-construction",
    "resnet/lesion",
    "resnet/plain-nets-degrade",
)
"""Their reduced scale has the paper's own nets on CIFAR-10; others have smaller ones, or stand in for ImageNet."""


def test_the_reduced_scale_is_the_beginning_of_the_papers_own_runs_on_real_cifar(
    shipped: dict[str, Claim],
) -> None:
    for name in FIRST_CLAIMS:
        claim = shipped[name]
        file = claim.at.get("reduced")
        if file is None:
            continue  # no evening can decide it
        assert file.experiment.seeds.looks == [3, 5]
        for cell in cells(file):
            spec, paper = run_spec(file, cell, 0, claim.names), run_spec(claim.base, cell, 0, claim.names)
            assert (spec.dataset.name, spec.model) == ("cifar10", paper.model)
            how = {"steps", "epochs", "evaluate_every", "curve_images", "train_error_images"}
            how |= {"warmup_lr", "warmup_until_train_error"} if spec.recipe.steps == 0 else set()
            changed = {
                name for name, value in spec.recipe.as_json().items() if paper.recipe.as_json()[name] != value
            }
            assert changed <= how, (claim.id, cell.address)
            # Nothing that is left out would have happened by then.
            assert (spec.recipe.steps or 0) < min(paper.recipe.milestones, default=math.inf)


def test_what_the_reduced_scale_of_the_first_claims_changes_is_told_with_its_direction(
    shipped: dict[str, Claim],
) -> None:
    for name in FIRST_CLAIMS:
        silent = [row.what for row in deviations(shipped[name], "reduced") if row.direction is None]
        # What a scale judges, and on which arms, is in its own tables.
        assert [what for what in silent if not what.startswith(("metric ", "criterion ", "arm "))] == [], name


def test_claims_share_their_runs_at_the_reduced_scale(shipped: dict[str, Claim]) -> None:
    keys = {
        name: {
            run_spec(shipped[name].at["reduced"], cell, 0, shipped[name].names).key
            for cell in cells(shipped[name].at["reduced"])
        }
        for name in ("resnet/plain-nets-degrade", "resnet/gradient-preservation")
    }
    degrade, gradients = keys.values()
    assert degrade <= gradients


def test_reproductions_of_table_6_are_those_that_were_found(shipped: dict[str, Claim]) -> None:
    found = {
        item.label: item for item in shipped["resnet/plain-nets-degrade"].base.table["fig6"].reproductions
    }
    # The only source with several seeds: mean ± standard deviation of five runs.
    assert {net: values["test_error"] for net, values in found["nabla0001/resnet"].values.items()} == {
        "plain-20": "9.78±0.13",
        "plain-56": "12.95±0.22",
        "ResNet-20": "8.51±0.22",
        "ResNet-56": "7.40±0.27",
        "ResNet-110": "7.14±0.20",
    }
    assert "doubtful" in (found["junyuseu/ResNet-on-Cifar10"].note or "")
    best = [item for item in found.values() if "best epoch" in (item.note or "")]
    assert {item.label.split(",")[0] for item in best} == {
        "akamaster/pytorch_resnet_cifar10",
        "a-martyn/resnet",
    }
