"""Which claims are meant, and what makes a claim's criteria others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from repro.claims import find_library, load_library, papers_of
from repro.errors import ReproError
from tests.support.helpers import BASE, PAPER, World, changed
from tests.support.mistakes import TUNE


def test_claims_are_chosen_by_id_by_unique_name_and_by_paper(world: World) -> None:
    world.write(BASE, "old/one", changed(PAPER, year=1999))
    world.write(BASE, "new/one")
    world.write(BASE, "new/two")
    library = world.library()
    assert [claim.id for claim in library.claims] == ["old/one", "new/one", "new/two"]
    assert list(papers_of(library.claims)) == ["old", "new"]
    assert [claim.id for claim in library.select(["two", "old/one"])] == ["old/one", "new/two"]
    assert [claim.id for claim in library.select([], "new")] == ["new/one", "new/two"]
    with pytest.raises(ReproError) as caught:
        library.select(["one", "new/too", "two"], None)
    assert [(p.what, p.received) for p in caught.value.problems] == [
        ("ambiguous claim", "'one'"),
        ("unknown claim, paper or file", "'new/too'"),
    ]
    assert caught.value.problems[1].hint == "did you mean 'new/two'? (claims of your own: --claims DIR)"
    with pytest.raises(ReproError, match="unknown paper"):
        library.select([], "knew")


def test_a_claim_that_lies_in_the_working_folder_is_pointed_at(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write(BASE, "mine/first")
    monkeypatch.chdir(world.root.parent)
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(world.root, elsewhere)
    (elsewhere / "mine").rename(elsewhere / "yours")
    (elsewhere / "yours/first.toml").rename(elsewhere / "yours/third.toml")
    for name in ("mine/first", "first", "mine"):
        with pytest.raises(ReproError) as caught:
            find_library(elsewhere).select([name])
        assert caught.value.problems[0].hint == "did you mean --claims claims? mine/first is there"
    with pytest.raises(ReproError) as caught:
        find_library(elsewhere).select(["second"])
    assert "claims of your own: --claims DIR" in (caught.value.problems[0].hint or "")
    # Where these are the claims that were looked through, there is nothing to point at.
    with pytest.raises(ReproError) as caught:
        find_library(world.root).select(["mine/first/x"])
    assert "did you mean --claims" not in (caught.value.problems[0].hint or "")


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


def test_claims_are_chosen_by_the_beginning_of_a_name_by_paper_and_by_file(world: World) -> None:
    world.write(BASE, "old/table-1", changed(PAPER, year=1999))
    path = world.write(BASE, "old/table-2", changed(PAPER, year=1999))
    world.write(BASE, "new/figure-1")
    library = world.library()

    def names(*given: str) -> list[str]:
        return [claim.id for claim in library.select(given)]

    assert names("old") == names("old/") == names("table") == ["old/table-1", "old/table-2"]
    assert names("new", "table-2") == ["old/table-2", "new/figure-1"]
    assert names(str(path)) == ["old/table-2"]
    for unknown in ("table-3", str(path.with_name("table-3.toml")), ""):
        with pytest.raises(ReproError, match="unknown claim, paper or file"):
            names(unknown)


def test_only_what_is_named_is_read(world: World) -> None:
    """So that a draft beside a claim does not keep it from being checked; where nothing is named, all is read."""
    world.write(BASE, "p/sound")
    draft = world.write(changed(BASE, titel="x"), "p/draft")
    other = world.write(BASE, "q/other", changed(PAPER, year="soon"))
    library = find_library(world.root)
    assert [claim.id for claim in library.select(["sound"])] == ["p/sound"]
    for names, paper, wrong in (
        (["sound", "draft"], None, {f"{draft}: titel"}),
        ([], "p", {f"{draft}: titel"}),
        (["other"], None, {f"{other.parent / 'paper.toml'}: year"}),
        ([], None, {f"{draft}: titel", f"{other.parent / 'paper.toml'}: year"}),
    ):
        with pytest.raises(ReproError) as caught:
            library.select(names, paper)
        assert {problem.where for problem in caught.value.problems} == wrong
    with pytest.raises(ReproError):
        load_library(world.root)


def test_what_can_be_checked_in_a_paper_is_counted_and_names_claims_that_are_there(world: World) -> None:
    listed = [
        {"where": "Table 1", "says": "a", "claims": ["c"]},
        {"where": "Table 2", "says": "b", "open": "data", "note": "n"},
        {"where": "Sec. 3", "says": "d", "open": "not written yet"},
        {"where": "Sec. 4", "says": "e", "open": "not written yet"},
    ]
    world.write(BASE, "p/c", PAPER | {"checkable": listed})
    assert world.claim().paper.coverage == (
        "1 of 4 has a claim; 1 for want of data that nobody has here; 2 not written yet"
    )
    world.write(BASE, "p/c", PAPER | {"checkable": [{"where": "Table 1", "says": "a", "claims": ["d"]}]})
    (problem,) = world.problems()
    assert (problem.what, problem.received) == ("unknown claim", "'d'")
    for wrong in ({"where": "w", "says": "s"}, {"where": "w", "says": "s", "claims": ["c"], "open": "data"}):
        world.write(BASE, "p/c", PAPER | {"checkable": [wrong]})
        (problem,) = world.problems()
        assert "names its claims, or says why it has none" in problem.what
