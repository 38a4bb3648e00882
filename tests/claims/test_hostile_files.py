"""Claim files and folders from anybody: read as they were meant, or refused with a message that names the place."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest

from bench import fuzz
from repro.claims.curves import COLUMNS
from repro.claims.files import leads_out, read_text
from repro.errors import LONGEST, MOST_TOLD, Problem, ReproError, suggestion
from tests.support.helpers import BASE, World, changed

FIGURE = {
    "kind": "curves",
    "title": "t",
    "of": ["train_error"],
    "reference": {"file": "f.csv", "x": "epoch", "y": "e"},
}


def refused(world: World) -> str:
    """Return what is wrong, as a user reads it."""
    with pytest.raises(ReproError) as caught:
        world.library()
    return str(caught.value)


# Text ---------------------------------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_no_part_of_any_text(world: World) -> None:
    path = world.write(changed(BASE, figure__f=FIGURE))
    (path.parent / "f.csv").write_text(f"{','.join(COLUMNS)}\np,s,0,1,solid\n", encoding="utf-8")
    (path.parent / "c.notes.toml").write_text(
        'note = [{ author = "a", date = 2026-01-01, text = "t" }]', "utf-8"
    )
    for file in path.parent.iterdir():
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    claim = world.claim()
    assert claim.text.startswith('"title"')
    assert claim.reviews[0].author == "a"


def test_another_encoding_is_named(world: World) -> None:
    path = world.write(BASE)
    text = path.read_text(encoding="utf-8")
    path.write_bytes(text.encode("utf-16"))
    assert f"{path}: is in UTF-16, by its byte order mark" in refused(world)
    path.write_bytes(text.encode() + b"\n# \xe9\n")
    assert "cannot be read as UTF-8: line" in refused(world)


def test_hidden_files_and_those_of_editors_are_passed_over(world: World) -> None:
    path = world.write(BASE)
    (path.parent / "._c.toml").write_bytes(b"\0\5\26\7")  # of macOS
    (path.parent / "#c.toml#").write_text("half", encoding="utf-8")  # of Emacs
    (path.parent / "c.toml~").write_text("old", encoding="utf-8")
    hidden = world.root / ".ipynb_checkpoints"
    hidden.mkdir()
    (hidden / "c-checkpoint.toml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    if os.name == "posix":
        (path.parent / ".#c.toml").symlink_to("someone@host.1")
    assert [claim.id for claim in world.library().claims] == ["p/c"]


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
@pytest.mark.parametrize("name", ["c.toml", "paper.toml", "c.notes.toml", "f.csv"])
def test_what_is_no_ordinary_file_is_not_opened(world: World, name: str) -> None:
    path = world.write(changed(BASE, figure__f=FIGURE))
    (path.parent / "f.csv").write_text(f"{','.join(COLUMNS)}\n", encoding="utf-8")
    target = path.parent / name
    device = "is no ordinary file" if name.endswith(".toml") else "lies outside of the claims folder"
    for make, says in (
        (lambda: target.symlink_to("/dev/zero"), device),
        (lambda: os.mkfifo(target), "is no ordinary file"),
        (target.mkdir, "is no ordinary file"),
    ):
        target.unlink(missing_ok=True)
        make()
        assert says in refused(world)
    target.rmdir()
    target.symlink_to("nowhere")
    assert "is a link to nothing" in refused(world)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"x" * 101)
    with pytest.raises(ReproError, match="is too large: more than 100 bytes"):
        read_text(path, most_bytes=100)
    assert len(read_text(path, most_bytes=101)) == 101


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "C:\\x", "..\\x", "\\\\host\\x", "C:x", "a\0b"])
def test_a_name_that_leads_out_of_the_folder(name: str) -> None:
    assert leads_out(name)
    assert not leads_out("a/b c.csv")


def test_files_that_a_claim_names_lie_in_the_claims_folder(world: World) -> None:
    world.write(
        changed(BASE, figure__f={**FIGURE, "reference": {**FIGURE["reference"], "file": "../../o.csv"}})
    )  # type: ignore[dict-item]
    assert "lies outside of the claims folder" in refused(world)
    world.write(changed(BASE, experiment__dataset={"npz": "../../pets.npz"}))
    assert "lies beside the claim file" in refused(world)
    if os.name == "posix":
        path = world.write(changed(BASE, figure__f=FIGURE))
        (path.parent / "f.csv").symlink_to("/etc/hostname")
        assert "lies outside of the claims folder" in refused(world)


# Names --------------------------------------------------------------------------------------------------------------


def test_a_claim_is_found_however_its_letters_are_composed(world: World) -> None:
    name = "Müller & Søn/größer ist besser"
    world.write(BASE, unicodedata.normalize("NFD", name))
    (claim,) = world.library().select([unicodedata.normalize("NFC", name)])
    assert world.library().select([name.partition("/")[2]]) == [claim]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
def test_a_name_that_cannot_be_printed_is_refused(world: World) -> None:
    world.write(BASE, "p/a\nb")
    assert "has a name that cannot be printed" in refused(world)


@pytest.mark.parametrize("name", ["os:system", "subprocess:run", "builtins:exec", "random:Random"])
def test_names_of_pythons_own_library_are_no_models_data_sets_or_probes(world: World, name: str) -> None:
    top = name.partition(":")[0]
    probe = {"kind": "probe", "probe": name, "at": ["last"]}
    for change, kind in (
        ({"arms__plain__model": name}, "model"),
        ({"experiment__dataset": name}, "dataset"),
        ({"metrics__own": probe}, "probe"),
    ):
        world.write(changed(BASE, **change))
        assert f"{top!r} is a module of Python's own library: it holds no {kind}" in refused(world)
    (world.root / f"{top}.py").write_text("def Random(): ...\n", encoding="utf-8")
    assert f"rename {top}.py" in refused(world)


@pytest.mark.parametrize("name", [":", "a:", ":b", "a:b:c", "../a:B", "a b:C", "a..b:C", "a.b:C.d", "1:2"])
def test_what_is_no_name_of_code_is_said_so(world: World, name: str) -> None:
    world.write(changed(BASE, arms__plain__model=name))
    assert "is no name of a model" in refused(world)


# Numbers, depth, length ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (f"deep = {'[' * 100_000}", "is nested too deeply"),
        (f"deep = {'[' * 30}{']' * 30}", "is nested too deeply: more than 16 levels"),
        (f"{'.'.join('a' * 50_000)} = 1", "is nested too deeply: line 1 has a key of many parts"),
        ('"" = 1', "has an empty key"),
        ('table."" = 1', "table: has an empty key"),
        (f"n = {'9' * 5000}", "is not valid TOML"),
        (f"n = {'9' * 400}", "received: a number of 400 digits"),
        ("n = 1e308", "is out of range"),
        ("n = -inf", "no finite number"),
        ("n = 5e-324", "is out of range"),
        ("n = 2026-01-01", "is a date or a time"),
        (f'"{"k" * 300}" = 1', "has a key that is longer than 200 signs"),
    ],
)
def test_what_makes_no_sense_to_any_reader_is_refused_unread(world: World, line: str, says: str) -> None:
    path = world.write(BASE)
    path.write_text(f"{line}\n{path.read_text(encoding='utf-8')}", encoding="utf-8")
    assert says in refused(world)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"experiment__recipe__epochs": 1e9, "experiment__recipe__steps": None}, "experiment.recipe.epochs"),
        ({"experiment__recipe__batch_size": 10**9}, "experiment.recipe.batch_size"),
        ({"experiment__recipe__lr": 1e20}, "experiment.recipe.lr"),
        ({"experiment__recipe__label_smoothing": 1.5}, "experiment.recipe.label_smoothing"),
        ({"experiment__recipe__milestones": [10**12]}, "experiment.recipe.milestones"),
        ({"experiment__seeds__looks": [10**12]}, "experiment.seeds.looks"),
        ({"factors__depth__deep": 10**9}, "factors.depth"),
        ({"arms__residual__shortcut": ["A"]}, "arms.residual.shortcut"),
        ({"arms__plain__width": -1}, "arms.plain.width"),
        ({"experiment__options": {"width": 10**9}}, "experiment.options.width"),
        ({"factors__width": list(range(1, 1001))}, "factors"),
        ({"experiment__seeds__looks": [10_000], "factors__width": list(range(1, 100))}, "factors"),
    ],
)
def test_numbers_that_lint_make_a_plan(world: World, change: dict[str, object], where: str) -> None:
    world.write(changed(BASE, **change))
    assert any(f"c.toml: {where}" in problem.where for problem in world.problems()), world.problems()


def test_messages_are_cut(world: World) -> None:
    world.write(changed(BASE, title=["x" * 100_000], arms__plain__model="y" * 100_000))
    assert len(refused(world)) < 10_000
    assert len(Problem("w" * 9999, "x" * 9999, "y" * 9999, "z" * 9999).received or "") == LONGEST["received"]
    many = ReproError(*(Problem(str(number), "is wrong") for number in range(MOST_TOLD + 5)))
    assert str(many).endswith("… and 5 more problems")
    assert len(many.problems) == MOST_TOLD + 5
    assert suggestion("widht" + "x" * 10**7, ["width"]) == "known: width"


def test_a_slice_of_the_fuzzing_finds_nothing() -> None:
    tally = fuzz.tried(12, seed=12)
    assert sum(tally.tried.values()) == 12
    assert tally.examples == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (
            {"metrics__loss": {"kind": "first_reach", "of": "train_error", "at_most": 25.0}},
            "metrics.loss.at_most",
        ),
        (
            {"metrics__loss": {"kind": "first_reach", "of": "train_error", "at_most": -0.1}},
            "metrics.loss.at_most",
        ),
        (
            {
                "metrics__loss": {"kind": "final", "of": "test_error", "unit": "error"},
                "expect__gap": {
                    "kind": "difference",
                    "title": "t",
                    "metric": "loss",
                    "arms": ["plain", "residual"],
                    "each": ["depth"],
                    "at_least": 2.0,
                    "role": "decides",
                    "why": "percentage points, as papers print them",
                },
            },
            "expect.gap",
        ),
    ],
)
def test_errors_are_fractions(world: World, change: dict[str, object], where: str) -> None:
    world.write(changed(BASE, **change))
    (problem,) = (
        problem for problem in world.problems() if problem.hint == "errors are fractions: 0.25, not 25"
    )
    assert problem.where.endswith(f"c.toml: {where}")
