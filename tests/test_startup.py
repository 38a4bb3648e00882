"""What is answered before anything is imported is what the command itself answers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from repro.claims import load_library
from repro.cli.__main__ import help_text
from repro.cli.list_command import cost_words
from repro.startup.answer import HELP, answer
from repro.startup.listing import as_text, kept_costs, listed, scales_of
from repro.startup.shipped import folder
from tests.support.command import modules_after, repro

SLOW = {"click", "pydantic", "numpy", "dataclasses", "inspect"}


def test_the_help_that_is_shipped_is_clicks_own() -> None:
    shipped = Path(HELP).read_text(encoding="utf-8")
    assert shipped == help_text(), "run `python -m repro.cli` to write it anew"


def test_the_costs_that_are_shipped_are_those_that_are_predicted() -> None:
    kept = kept_costs(folder("claims"))
    found = {claim.id: cost_words(claim) for claim in load_library(folder("claims")).claims}
    hint = "run `python -m repro.cli` to write them anew"
    assert {name: set(own) for name, own in kept.items()} == {
        n: set(own) for n, own in found.items() if own
    }, hint
    for name, own in kept.items():
        for scale, words in own.items():
            # They are called rough.
            assert seconds(words) == pytest.approx(seconds(found[name][scale]), rel=0.5, abs=2), (
                f"{name}: {hint}"
            )


def seconds(words: str) -> float:
    if words == "awaited":
        return -1.0
    number, unit = words.split()
    return float(number) * {"s": 1, "min": 60, "h": 3600, "days": 86_400, "years": 365 * 86_400}[unit]


def test_the_list_tells_scales_with_their_costs() -> None:
    claims = {claim.id: claim for claim in listed(folder("claims")) or []}
    costs = {
        "alexnet/relu-speed": {"smoke": "88 s", "reduced": "92 min", "paper": "37.6 h"},
        "mae/accuracy": {"paper": "awaited"},
    }
    names = ("alexnet/relu-speed", "mae/accuracy", "mae/flops-saved")
    text = as_text([claims[name] for name in names], {"mae/flops-saved": "supported"}, costs)
    assert "smoke (88 s), reduced (92 min), paper (37.6 h) · not checked yet" in text
    assert "paper (awaited) · not checked yet" in text
    assert "exact (seconds) · supported" in text
    assert text.endswith("with an empty store; repro plan CLAIM says more.\n")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["list"]])
def test_help_and_list_import_nothing_slow(arguments: list[str], tmp_path: Path) -> None:
    assert not SLOW & modules_after(*arguments, cwd=tmp_path)


def test_the_quick_list_is_that_of_the_checked_claims(tmp_path: Path) -> None:
    checked = load_library(folder("claims")).claims
    quick = listed(folder("claims"))
    assert quick is not None
    assert [claim.id for claim in quick] == [claim.id for claim in checked]
    told = json.loads(repro("list", "--json", cwd=tmp_path).stdout)
    for mine, theirs, shown in zip(quick, checked, told, strict=True):
        paper, base = theirs.paper, theirs.base
        assert mine.paper == f"{paper.title} ({paper.venue} {paper.year})"
        assert (mine.year, mine.coverage) == (paper.year, paper.coverage)
        assert (mine.title, mine.statement) == (base.title, base.statement)
        assert mine.scales == scales_of(theirs.at, trains=theirs.trains)
        assert shown == {
            "id": mine.id,
            "title": mine.title,
            "statement": mine.statement,
            "scales": list(mine.scales),
            "costs": kept_costs(folder("claims")).get(mine.id, {}),
            "coverage": mine.coverage,
            "verdict": None,
        }
    assert (
        repro("list", cwd=tmp_path).stdout == repro("list", "--claims", folder("claims"), cwd=tmp_path).stdout
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alexnet/relu-speed.toml", "title = \n"),
        ("alexnet/relu-speed.toml", "title = 'no statement'\n"),
        ("alexnet/relu-speed.toml", "title = 't'\nstatement = 's'\n[scale.smok]\n"),
        ("alexnet/relu-speed.toml", "title = 't'\nstatement = 's'\nscale = 3\n"),
        ("alexnet/paper.toml", ""),
    ],
)
def test_a_claim_that_cannot_be_listed_is_left_to_the_command_which_says_what_is_wrong(
    name: str, text: str, tmp_path: Path
) -> None:
    root = tmp_path / "claims"
    shutil.copytree(folder("claims"), root)
    (root / name).write_text(text, encoding="utf-8")
    assert listed(root) is None
    done = repro("list", "--claims", root, cwd=tmp_path)
    assert done.returncode == 2
    assert name in done.stderr.replace("\\", "/")


def test_notes_beside_a_claim_are_no_claim(tmp_path: Path) -> None:
    root = tmp_path / "claims"
    shutil.copytree(folder("claims"), root)
    (root / "alexnet/relu-speed.notes.toml").write_text("", encoding="utf-8")
    ours = listed(root)
    assert ours is not None
    assert [claim.id for claim in ours] == [claim.id for claim in load_library(folder("claims")).claims]


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [
        (["repro", "--help"], "60"),  # click wraps for a narrow terminal
        (["/somewhere/repro/__main__.py", "--help"], "80"),  # `python -m repro` is called so in its help
        (["repro", "--help", "list"], "80"),
        (["repro", "list", "--json"], "80"),
        (["repro"], "80"),
    ],
)
def test_whatever_differs_is_answered_by_the_command(
    arguments: list[str], columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert answer(arguments) is None


def test_a_wide_terminal_gets_the_same_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert answer(["repro", "--help"]) == Path(HELP).read_text(encoding="utf-8")
