"""What `repro lint` demands of a claim beyond what it takes to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from repro.claims import load_library
from repro.claims.checks_completeness import incomplete
from repro.cli import cli
from repro.errors import ReproError
from repro.startup.shipped import folder
from tests.support.helpers import BASE, World, changed

CONTROL = {"both-plain": {"title": "t", "why": "w", "arms": {"residual": {"model": "cifar-plain"}}}}


def found(world: World, data: dict[str, Any]) -> list[tuple[str, str]]:
    world.write(data)
    return [(p.where.rpartition(": ")[2], p.what) for p in incomplete(world.claim())]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "there is no control, and no reason for none"),
        ({"control": CONTROL}, None),
        ({"no_control": "There is one arm, and nothing to compare."}, None),
        ({"scale__smoke__control": CONTROL}, "there is no control at paper scale, and no reason for none"),
        ({"scale__smoke__control": CONTROL, "no_control": "At paper scale: too dear."}, None),
    ],
)
def test_a_claim_has_a_control_or_says_why_not(
    changes: dict[str, Any], what: str | None, world: World
) -> None:
    assert found(world, changed(BASE, **changes)) == ([("control", what)] if what else [])


def test_a_control_and_a_reason_for_none_contradict_in_the_base(world: World) -> None:
    world.write(changed(BASE, control=CONTROL, no_control="None is possible."))
    (problem,) = world.problems()
    assert "there is a control" in problem.what


def test_data_that_is_named_is_there(world: World) -> None:
    data = changed(BASE, control=CONTROL, experiment__dataset={"npz": "pets.npz"})
    assert found(world, data) == [("experiment.dataset", "there is no such file or folder")]
    (problem,) = incomplete(world.claim())
    assert problem.received == str(world.root / "p" / "pets.npz")
    assert "put it there" in (problem.hint or "")
    (world.root / "p" / "pets.npz").write_bytes(b"")
    assert found(world, data) == []
    smoke = changed(data, experiment__dataset="digits", scale__smoke__experiment__dataset={"folder": "cats"})
    assert found(world, smoke) == [("experiment.dataset (at smoke scale)", "there is no such file or folder")]


def test_lint_names_it_and_other_commands_go_on(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.write(BASE)
    with pytest.raises(ReproError, match="there is no control") as caught:
        cli.main(["lint", str(world.root)], standalone_mode=False)
    assert "no_control" in (caught.value.problems[0].hint or "")
    cli.main(["show", "p/c", "--claims", str(world.root)], standalone_mode=False)
    assert "Trained by the recipe resnet-cifar" in capsys.readouterr().out


def test_the_shipped_claims_lack_nothing() -> None:
    for root in (folder("claims"), Path(__file__).parents[2] / "bench" / "claims"):
        assert [problem for claim in load_library(root).claims for problem in incomplete(claim)] == []
