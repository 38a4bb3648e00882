"""Kept runs, read again by other bars: printed as exploratory, written nowhere."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.experiment.other_bars import with_other_bars
from tests.support.command import repro
from tests.support.helpers import BASE, World
from tests.support.losses import around, losses


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def judged(world: World) -> World:
    """A claim of at least 1, refuted by at most 0, whose difference is 1.5 ± 0.3."""
    world.write(BASE)
    losses(world, {"plain/deep": around(3.0, 0.2), "plain/shallow": around(1.5, 0.1)})
    return world


def show(world: World, *bars: str, more: tuple[str, ...] = ()) -> str:
    where = ("--claims", str(world.root), "--store", str(world.store.root))
    options = [text for bar in bars for text in ("--what-if", bar)]
    done = repro("show", "p/c", *options, *where, *more, cwd=world.root.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_other_bars_give_other_verdicts_and_leave_no_trace(judged: World) -> None:
    before = files_of(judged.store.root)
    said = " ".join(show(judged, "gap.at_least=2").split())
    assert "Exploratory" in said
    assert "declared: at least 1 → holds at smoke scale" in said
    assert "what if: at least 2 → undecided at smoke scale" in said
    assert "The claim, what if: undecided at smoke scale (5 seeds)" in said
    refuted = show(judged, "gap.at_least=3", "gap.refuted.at_most=2", more=("--json",))
    told = json.loads(refuted)
    assert told["exploratory"] is True
    assert (told["declared"]["result"], told["what_if"]["result"]) == ("supported", "refuted")
    assert files_of(judged.store.root) == before
    assert not (judged.root.parent / "reports").exists()


@pytest.mark.parametrize(
    ("bar", "says"),
    [
        ("gap=3", "no bar is named"),
        ("gap.least=3", "no bar is named"),
        ("gab.at_least=3", "did you mean 'gap'?"),
        ("gap.at_least=three", "a bar is a number"),
        ("gap.within=1", "within takes two numbers"),
        ("gap.within=2,1", "these bars make no region"),
        ("gap.at_least=-1", "overlap"),
    ],
)
def test_bars_that_cannot_be_read(world: World, bar: str, says: str) -> None:
    world.write(BASE)
    item = world.requirements()
    with pytest.raises(ReproError, match=re.escape(says)):
        with_other_bars(item.claim, item.scale, [bar])
