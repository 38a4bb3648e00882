"""Options that do nothing say so, and a guess is called one."""

from __future__ import annotations

from pathlib import Path

import pytest

from repro.cli import cli, machine
from repro.cli.machine import expected_time, parse_duration
from repro.errors import ReproError
from repro.planning.costs import GUESS, GUESS_RANGE
from tests.support.helpers import BASE, World, changed


@pytest.fixture
def done(world: World) -> World:
    """A claim whose runs are all there: a check of it trains nothing."""
    world.write(changed(BASE, experiment__seeds={"looks": [3, 5]}))
    world.fill(lambda cell, seed: {"train_loss": 3.0 if cell.address == "plain/deep" else 1.0 + 0.001 * seed})
    return world


def said(world: World, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    out = world.root.parent / "out"
    places = ["--claims", str(world.root), "--store", str(world.store.root)]
    more = ["--out", str(out)] if arguments[0] == "check" else []
    cli.main([*arguments, *places, *more], standalone_mode=False)
    return capsys.readouterr().err


def test_seeds_beyond_or_between_the_looks_are_said_to_change_nothing(
    done: World, capsys: pytest.CaptureFixture[str]
) -> None:
    for seeds, most in ((4, 3), (21, 5)):
        text = said(done, capsys, "plan", "--seeds", str(seeds))
        assert f"--seeds {seeds}: p/c declares no look of {seeds} seeds at smoke scale, only [3, 5]" in text
        assert f"it is judged with at most {most}." in text
    assert "--seeds" not in said(done, capsys, "plan", "--seeds", "5")


def test_a_budget_where_nothing_is_open_changes_nothing(
    done: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--budget changes nothing here" in said(done, capsys, "check", "--budget", "10m")
    assert "--budget" not in said(done, capsys, "check")


def test_variants_that_nobody_declares_are_said(done: World, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(done, capsys, "plan", "--controls", "--sensitivity")
    assert "--controls changes nothing here: no claim declares one at smoke scale." in text
    assert "--sensitivity changes nothing here" in text


def test_a_store_without_why_changes_nothing(done: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--store changes nothing without --why" in said(done, capsys, "show", "c")
    assert said(done, capsys, "show", "c", "--why") == ""


def test_what_no_identity_covers_is_said_before_anything_runs(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.write(changed(BASE, arms__plain={"model": "nets:Net"}, no_control="A test of notes."))
    (world.root / "nets.py").write_text(
        "import numpy as np\nW = np.load('w.npy')\ndef Net(s, c, depth): ...\n"
    )
    note = "Note: nets.py line 2: reads data (np.load): a change of that is not noticed"
    assert said(world, capsys, "plan").count(note) == 1
    cli.main(["lint", str(world.root)], standalone_mode=False)
    assert "nets.py line 2: reads data (np.load)" in capsys.readouterr().err


def test_a_duration_needs_a_unit() -> None:
    assert [parse_duration(text) for text in ("90s", "20m", "1.5h", "2d", " 3 m ")] == [
        90,
        1200,
        5400,
        172800,
        180,
    ]
    with pytest.raises(ReproError, match=r"has no unit(?s:.*)write 20s, 20m or 20h"):
        parse_duration("20")


def test_a_guess_is_called_a_guess_with_its_range() -> None:
    text = expected_time(22, 2, f"{GUESS}: nothing like it was ever measured")
    assert text == (
        "a guess of 22 s on 2 workers, which may as well be 4 s or 11 min (a guess: nothing like it was ever measured)"
    )
    # In a field trial, 22 s were guessed, and it took six minutes.
    assert 22 * GUESS_RANGE[1] > 360
    assert expected_time(22, 1, "from a rough model") == "at most about 22 s on 1 worker, from a rough model"
    assert expected_time(22, 1, "") == "at most about 22 s on 1 worker"
    assert expected_time(22, 2, "", device="cuda") == "at most about 22 s on 2 GPUs"


def test_a_plan_is_of_the_device_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_gpus", lambda: 0)
    assert machine.crew("auto", 5) == ("cpu", 5)
    assert machine.crew("cuda") == ("cuda", 1)
    assert machine.crew("cuda:0,3") == ("cuda", 2)
    assert machine.crew("mps") == ("mps", 1)
    monkeypatch.setattr(machine, "_gpus", lambda: 4)
    assert machine.crew("auto", 5) == ("cuda", 4)
    assert machine.crew("cpu", 5) == ("cpu", 5)


def test_nothing_is_written_by_show(done: World, capsys: pytest.CaptureFixture[str]) -> None:
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in done.store.root.rglob("*")}

    before = state()
    said(done, capsys, "show", "c", "--why")
    assert state() == before
