"""Results that are none: each is told where, what is wrong, which value was received, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bench import fuzz_results
from repro.experiment import recorded
from repro.recorded import runs, sources, table
from tests.support.command import repro
from tests.support.helpers import World
from tests.support.recorded import CSV, curves, problems_of, put

STEPS = {"results__step": "epoch"}
FRACTION = {"results__columns__accuracy__unit": "fraction"}
LINES = '{"method": "Ours (v2)", "seed": 0, "test_acc": 72}\n{"method": "sgd", "seed": 0, "test_acc": 70}\n'
JSONL = {"results__file": "results.jsonl"}

Bad = tuple[str, str | bytes, dict[str, Any], str, str, str | None, str]
"""Name, content of the file, changes of the claim, place, part of what is said, value received, part of the hint."""

BAD: list[Bad] = [
    ("empty", "", {}, "results.csv", "is empty", None, "is it the right file"),
    ("nothing but a header", "method,seed,test_acc\n", {}, "results.csv", "no rows", None, "to its end"),
    (
        "no column of arms",
        CSV.replace("method", "optimiser"),
        {},
        "results.csv",
        "has no column",
        "'method'",
        "",
    ),
    ("no column of seeds", CSV.replace("seed", "run"), {}, "results.csv", "has no column", "'seed'", "known"),
    (
        "no column of the metric",
        CSV.replace("test_acc", "Test_Acc"),
        {},
        "results.csv: results.columns.accuracy",
        "has no column",
        "'test_acc'",
        "did you mean 'Test_Acc'?",
    ),
    (
        "no column of steps",
        CSV,
        STEPS,
        "results.csv: results.step",
        "has no column",
        "'epoch'",
        "[results] says what columns are called",
    ),
    (
        "a fraction among percents",
        CSV.replace("72.9", "0.729"),
        {},
        "line 3",
        "seems to be a fraction",
        "0.729",
        "all of it in percent",
    ),
    ("a word", CSV.replace("72.9", "n/a"), {}, "line 3: test_acc", "is no number", "'n/a'", "NaN"),
    (
        "a percent sign",
        CSV.replace("72.9", "72.9%"),
        {},
        "line 3: test_acc",
        "no number",
        "'72.9%'",
        "the sign",
    ),
    ("percent as fraction", CSV, FRACTION, "line 2: test_acc", "is no fraction", "72.1", 'unit = "percent"'),
    (
        "fraction as percent",
        "method,seed,test_acc\nOurs (v2),0,0.721\nOurs (v2),1,0.729\nsgd,0,0.701\nsgd,1,0.699\n",
        {},
        "results.columns.accuracy",
        "all 4 values lie in 0 to 1",
        "'percent'",
        'unit = "fraction"',
    ),
    ("beyond 100%", CSV.replace("72.9", "720.9"), {}, "line 3: test_acc", "is no percent", "720.9", "number"),
    (
        "semicolons",
        CSV.replace(",", ";"),
        {},
        "results.csv",
        "separated by semicolons",
        "'method;seed;test_acc'",
        'separator = ";"',
    ),
    (
        "decimal commas",
        CSV.replace(",", ";").replace("72.9", "72,9"),
        {"results__separator": ";"},
        "line 3: test_acc",
        "is no number",
        "'72,9'",
        "a decimal point",
    ),
    (
        "a row twice",
        CSV + "sgd,4,69.8\n",
        {},
        "line 12",
        "is the second test_acc of sgd, seed 4; the first is in results.csv, line 11",
        "'69.8'",
        "name the column of steps",
    ),
    (
        "a step twice",
        curves(("Ours (v2)", 0, [50.0, 60.0]), ("sgd", 0, [50.0])) + "Ours (v2),0,2,61.0\n",
        STEPS,
        "line 5",
        "is the second test_acc of ours, seed 0 at epoch 2; the first is in results.csv, line 3",
        "'61.0'",
        "keep one of them",
    ),
    (
        "a step that is none",
        curves(("Ours (v2)", 0, [50.0, 60.0]), ("sgd", 0, [50.0])).replace(",2,", ",last,"),
        STEPS,
        "line 3: epoch",
        "is no step",
        "'last'",
        "numbers that grow",
    ),
    (
        "a seed that is none",
        CSV.replace("sgd,3", "sgd,three"),
        {},
        "line 10: seed",
        "no seed",
        "'three'",
        "whole",
    ),
    ("a seed between", CSV.replace("sgd,3", "sgd,3.5"), {}, "line 10: seed", "is no seed", "'3.5'", "whole"),
    (
        "an arm that is called otherwise",
        CSV.replace("Ours (v2)", "ours"),
        {},
        "arms.ours",
        "the results have no such arm",
        "'Ours (v2)'",
        'ours = { named = "…" }',
    ),
    (
        "a level that is not there",
        CSV.replace("method", "method,depth").replace("(v2)", "(v2),20").replace("sgd", "sgd,56"),
        {"factors": {"depth": [20, 110]}, "expect__better__each": ["depth"]},
        "factors.depth.110",
        "the results have no such level of depth",
        "'110'",
        "known: 56",
    ),
    (
        "too few fields",
        CSV + "sgd,5\n",
        {},
        "line 12",
        "has 2 fields, where the header has 3",
        "'sgd,5'",
        "quotes",
    ),
    (
        "a column twice",
        "method,seed,test_acc,seed\n",
        {},
        "line 1",
        "a column twice",
        "'seed'",
        "differently",
    ),
    ("a quote that does not end", CSV + '"sgd,5,1\n', {}, "results.csv: line", "is no CSV", None, "quotes"),
    ("binary", b"method\x00\x01\x02" * 100, {}, "results.csv", "is binary", None, "CSV or JSON Lines"),
    ("a spreadsheet", b"PK\x03\x04 xl/workbook.xml", {}, "results.csv", "a spreadsheet", None, "export it"),
    ("Parquet by another name", b"PAR1....PAR1", {}, "results.csv", "is a Parquet file", None, "export it"),
    ("gzip", b"\x1f\x8b\x08\x00", {}, "results.csv", "compressed by gzip", None, "export it"),
    ("UTF-16", CSV.encode("utf-16"), {}, "results.csv", "is in UTF-16", None, "export it"),
    (
        "Latin-1",
        CSV.encode() + "é,1,1\n".encode("latin-1"),
        {},
        "line 12",
        "as UTF-8",
        None,
        "save it as UTF-8",
    ),
    ("no JSON", LINES + '{"method": "sgd", "se', JSONL, "line 3", "is no JSON", None, "written to its end"),
    ("a list in JSON Lines", LINES + "[1, 2]\n", JSONL, "line 3", "is no object", "'[1, 2]'", "such as"),
    (
        "a table where a number is",
        LINES.replace("72", '{"mean": 72}'),
        JSONL,
        "line 1: test_acc",
        "no number",
        None,
        "",
    ),
    ("true is no number", LINES.replace("72", "true"), JSONL, "line 1: test_acc", "is no number", "True", ""),
    (
        "another ending",
        CSV,
        {"results__file": "results.txt"},
        "results.txt",
        "does not tell its format",
        "'.txt'",
        "csv",
    ),
    ("a folder", CSV, {"results__file": "../p"}, "results", "is no ordinary file", "'../p'", "`folder`"),
    (
        "outside of the claims folder",
        CSV,
        {"results__file": "../../other.csv"},
        "results",
        "lies outside of the claims folder",
        "'../../other.csv'",
        "--claims DIR",
    ),
    (
        "more seeds than declared",
        CSV,
        {"results__seeds": 4},
        "results.seeds",
        "ours has 5 seeds, and 4 are declared",
        "0, 1, 2, 3, 4",
        "after the fact misleads",
    ),
    (
        "a missing seed that is there",
        CSV,
        {"results__missing": {"sgd/3": "lost"}},
        "results.missing.sgd/3",
        "is there after all",
        None,
        "remove it",
    ),
    (
        "a pattern that fits nothing",
        CSV,
        {"results__file": None, "results__folder": ".", "results__pattern": "{arm}/{seed}.csv"},
        "results.pattern",
        "fits no file of the folder",
        "'{arm}/{seed}.csv'",
        "such as",
    ),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad[0])
def test_bad_results_have_one_clear_problem(world: World, bad: Bad) -> None:
    _, content, changes, place, what, received, hint = bad
    name = changes.get("results__file") or "results.csv"
    put(world, content, "results.csv" if "/" in name else name, **changes)
    if name == "../../other.csv":
        (world.root.parent / "other.csv").write_text(CSV, encoding="utf-8")
    problem, *others = problems_of(world)
    # Each cell has seeds of its own.
    assert not others or bad[0] == "more seeds than declared"
    assert problem.where.startswith(f"{world.root / 'p' / 'c.toml'}: ")
    assert place in problem.where
    assert what in problem.what
    if received is not None:
        assert received in (problem.received or "")
    assert hint in (problem.hint or "")


@pytest.mark.parametrize(
    ("content", "changes", "place", "what"),
    [
        (
            CSV,
            FRACTION,
            "results.csv: line 2: test_acc",
            "is no fraction: it is not in 0 to 1; this is the first of 10 such places "
            "(results.csv: line 11 is the last)",
        ),
        (
            CSV.replace("72.9", "n/a").replace("70.1", "-").replace("69.8", "oops"),
            {},
            "results.csv: line 3: test_acc",
            "is no number; this is the first of 3 such places (results.csv: line 7, results.csv: line 11)",
        ),
        (
            CSV + CSV.partition("\n")[2],
            {},
            "results.csv: line 12",
            "is the second test_acc of ours, seed 0; the first is in results.csv, line 2; this is the first of 10 such "
            "places (results.csv: line 21 is the last)",
        ),
    ],
)
def test_one_mistake_in_many_lines_is_told_once_with_the_first_line_and_the_count(
    world: World, content: str, changes: dict[str, Any], place: str, what: str
) -> None:
    put(world, content, **changes)
    (problem,) = problems_of(world)
    assert problem.where.endswith(f"c.toml: {place}")
    assert problem.what == what


def test_two_kinds_of_mistakes_are_two(world: World) -> None:
    put(world, CSV.replace("72.9", "72.9%").replace("70.1", "170.1").replace("69.8", "n/a"))
    assert [(p.where.rpartition("results.csv: ")[2], p.what) for p in problems_of(world)] == [
        ("line 3: test_acc", "is no number"),
        ("line 7: test_acc", "is no percent: it is not in 0 to 100"),
        ("line 11: test_acc", "is no number"),
    ]


@pytest.mark.parametrize(
    ("value", "what"), [("1e" + "9" * 5000, "infinite"), ("-1e-" + "9" * 5000, None), ("1e-400", None)]
)
def test_numbers_that_no_float_holds_end_in_no_traceback(world: World, value: str, what: str | None) -> None:
    put(world, CSV.replace("72.9", value))
    assert problems_of(world) == []
    judged = world.expectation("better", "recorded")
    assert judged.result == "inconclusive"
    assert judged.parts[0].note == (what and f"ours, seed 1: accuracy is {what} (results.csv, line 3)")


def test_signs_that_end_lines_elsewhere_do_not_in_json(world: World) -> None:
    """U+2028 and U+0085 may stand in a text as they are."""
    lines = CSV.splitlines()[1:]
    rows = [dict(zip(("method", "seed", "test_acc"), line.rsplit(",", 2), strict=True)) for line in lines]
    text = "".join(json.dumps(row | {"note": "\u2028\u0085"}, ensure_ascii=False) + "\r\n" for row in rows)
    put(world, text, "results.jsonl", **JSONL)
    assert problems_of(world) == []
    assert world.expectation("better", "recorded").result == "supported"
    put(world, text.replace("72.9", "n/a"), "results.jsonl", **JSONL)
    (problem,) = problems_of(world)
    assert problem.where.endswith("results.jsonl: line 2: test_acc")


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_mistake(world: World) -> None:
    put(world, b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode())
    assert problems_of(world) == []
    assert world.expectation("better", "recorded").result == "supported"


@pytest.mark.parametrize(
    ("limit", "most", "what"), [("MOST_BYTES", 50, "more than 0 MB"), ("MOST_ROWS", 3, "more than 3 rows")]
)
def test_results_of_enormous_size_are_refused(
    world: World, limit: str, most: int, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (table, sources):
        monkeypatch.setattr(module, limit, most, raising=False)
    put(world)
    (problem,) = problems_of(world)
    assert what in problem.what
    assert problem.hint == "keep the steps that are judged, or a file a run"


@pytest.mark.parametrize("command", ["lint", "check", "plan"])
def test_a_mistake_in_results_ends_a_command_with_2_and_no_traceback(world: World, command: str) -> None:
    put(world, CSV.replace("72.9", "n/a"))
    where = [world.root] if command == "lint" else ["--claims", world.root]
    done = repro(command, *where, cwd=world.root.parent)
    assert done.returncode == 2
    assert "results.csv: line 3: test_acc: is no number (received: 'n/a')" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("bar", "told"), [(0.5, ["0.5 is 50 percentage points"]), (0.005, [])])
def test_a_bar_that_may_have_been_meant_in_points_is_told(world: World, bar: float, told: list[str]) -> None:
    put(world, expect__better__at_least=bar, expect__better__refuted=None)
    done = repro("lint", world.root, cwd=world.root.parent)
    assert [text for text in told if text not in " ".join(done.stderr.split())] == []
    assert bool(told) == ("percentage points, since" in " ".join(done.stderr.split()))


def test_a_slice_of_the_fuzzing_finds_nothing() -> None:
    """`python -m bench fuzz` tries more; what is read is held against a second reader."""
    tally = fuzz_results.tried(40, seed=60)
    assert sum(tally.tried.values()) == 40
    assert min(tally.ended["taken"], tally.ended["refused"]) > 10
    assert tally.examples == []


def test_the_fuzzing_finds_a_reader_that_leaves_out_what_is_no_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else its silence would say nothing."""
    monkeypatch.setattr(recorded._Reader, "_faults", lambda *_: iter(()))
    monkeypatch.setattr(runs._Points, "gaps", lambda *_: iter(()))
    assert fuzz_results.tried(60, seed=60).examples
