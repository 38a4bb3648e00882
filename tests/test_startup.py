"""What is answered before anything is imported is what the command itself answers."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from repro.cli.__main__ import help_text
from repro.cli.list_command import cost_words
from repro.startup import listing, prepared
from repro.startup.answer import HELP, answer
from repro.startup.listing import Listed, ListedPaper, as_text, listed, parsed, scales_of, shipped
from repro.startup.shipped import folder
from tests.support.command import modules_after, repro
from tests.support.shipped import library as shipped_library

SLOW = {"click", "pydantic", "numpy", "dataclasses", "inspect", "pathlib", "typing", "json", "tomllib", "re"}


def test_the_help_that_is_shipped_is_clicks_own() -> None:
    shipped = Path(HELP).read_text(encoding="utf-8")
    assert shipped == help_text(), "run `python -m repro.cli` to write it anew"


HINT = "run `python -m repro.cli` to write it anew"


def test_what_is_prepared_of_the_shipped_claims_is_what_their_files_say() -> None:
    quick, full = shipped(), parsed(folder("claims"))
    assert quick is not None, HINT
    assert full is not None
    for mine, theirs in zip(quick, full, strict=True):
        for name in ("id", "title", "statement", "scales"):
            assert getattr(mine, name) == getattr(theirs, name), HINT
        for name in ("title", "year", "coverage"):
            assert getattr(mine.paper, name) == getattr(theirs.paper, name), HINT
    assert len(prepared.read(str(folder("claims")))) == len(quick) + len({claim.paper for claim in quick}), (
        HINT
    )


def test_the_costs_that_are_shipped_are_those_that_are_predicted() -> None:
    kept = {claim.id: claim.costs or {} for claim in listed(folder("claims")) or []}
    found = {claim.id: cost_words(claim) for claim in shipped_library().claims}
    assert {name: set(own) for name, own in kept.items()} == {
        name: set(own) for name, own in found.items()
    }, HINT
    for name, own in kept.items():
        for scale, words in own.items():
            # They are called rough.
            assert seconds(words) == pytest.approx(seconds(found[name][scale]), rel=0.5, abs=2), (
                f"{name}: {HINT}"
            )


def seconds(words: str) -> float:
    if words == "awaited":
        return -1.0
    number, unit = words.split()
    return float(number) * {"s": 1, "min": 60, "h": 3600, "days": 86_400, "years": 365 * 86_400}[unit]


def test_the_list_tells_scales_with_their_costs() -> None:
    paper = ListedPaper("A paper (Nowhere 2026)", 2026, None)
    costs = {"smoke": "88 s", "reduced": "92 min", "paper": "37.6 h"}
    claims = [
        Listed(paper, "p/trained", "t", "It trains.", ("smoke", "reduced", "paper"), costs),
        Listed(paper, "p/awaited", "t", "It waits.", ("paper",), {"paper": "awaited"}),
        Listed(paper, "p/exact", "t", "It is computed.", ("exact",), {}),
    ]
    text = as_text(claims, {"p/exact": "supported"})
    assert text.startswith("A paper (Nowhere 2026)\n  p/trained\n      It trains.\n")
    assert "smoke (88 s), reduced (92 min), paper (37.6 h) · not checked yet" in text
    assert "paper (awaited) · not checked yet" in text
    assert "exact (seconds) · supported" in text
    assert text.endswith("with an empty store; repro plan CLAIM says more.\n")
    assert "empty store" not in as_text(claims[2:], {})


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the shipped claims that is taken for them."""
    root = tmp_path / "claims"
    shutil.copytree(folder("claims"), root)
    monkeypatch.setattr(listing, "place", lambda name: str(tmp_path / name))
    return root


def test_an_edit_that_leaves_name_size_and_time_as_they_were_is_not_listed_as_before(copied: Path) -> None:
    file = copied / "alexnet/relu-speed.toml"
    before, time = file.read_text(encoding="utf-8"), file.stat()
    (claim,) = (claim for claim in shipped() or [] if claim.id == "alexnet/relu-speed")
    assert claim.statement in before
    assert claim.costs
    other = claim.statement.swapcase()
    file.write_bytes(before.replace(claim.statement, other).encode())
    os.utime(file, ns=(time.st_atime_ns, time.st_mtime_ns))
    assert file.stat().st_size == time.st_size
    assert shipped() is None, "what it costs now is not known"
    claims = listed(copied)
    assert claims is not None
    assert [(one.id, one.statement) for one in claims if one.costs is None] == [(claim.id, other)]


def test_a_paper_that_was_edited_and_files_that_came_and_went_are_listed_as_they_are(copied: Path) -> None:
    papers = len({claim.paper for claim in shipped() or []})
    file = copied / "alexnet/paper.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("ImageNet", "imagenet", 1), encoding="utf-8")
    (copied / "alexnet/relu-speed.toml").rename(copied / "alexnet/renamed.toml")
    claims = listed(copied)
    assert claims is not None
    assert len({claim.paper for claim in claims}) == papers
    mine = {claim.id: claim for claim in claims if claim.id.startswith("alexnet/")}
    assert all("imagenet" in claim.paper.title for claim in mine.values())
    assert "alexnet/relu-speed" not in mine
    assert mine["alexnet/renamed"].costs is None


def test_line_ends_that_git_has_changed_are_no_edit(copied: Path) -> None:
    for file in [*copied.glob("*/*.toml"), copied / prepared.FILE]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert shipped() is not None


def test_what_is_prepared_in_a_folder_of_somebody_elses_does_not_count(tmp_path: Path) -> None:
    root = tmp_path / "claims"
    shutil.copytree(folder("claims"), root)
    found = listed(root)
    assert found is not None
    assert all(claim.costs is None for claim in found)


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["list"]])
def test_help_and_list_import_nothing_slow(arguments: list[str], tmp_path: Path) -> None:
    assert not SLOW & modules_after(*arguments, cwd=tmp_path)


def test_the_quick_list_is_that_of_the_checked_claims(tmp_path: Path) -> None:
    checked = shipped_library().claims
    quick = listed(folder("claims"))
    assert quick is not None
    assert [claim.id for claim in quick] == [claim.id for claim in checked]
    told = json.loads(repro("list", "--json", cwd=tmp_path).stdout)
    for mine, theirs, shown in zip(quick, checked, told, strict=True):
        paper, base = theirs.paper, theirs.base
        assert mine.paper.title == f"{paper.title} ({paper.venue} {paper.year})"
        assert (mine.paper.year, mine.paper.coverage) == (paper.year, paper.coverage)
        assert (mine.title, mine.statement) == (base.title, base.statement)
        assert mine.scales == scales_of(theirs.at, trains=theirs.trains)
        assert shown == {
            "id": mine.id,
            "title": mine.title,
            "statement": mine.statement,
            "scales": list(mine.scales),
            "costs": mine.costs,
            "coverage": mine.paper.coverage,
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
    assert [claim.id for claim in ours] == [claim.id for claim in shipped_library().claims]


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
