"""`repro new --results`: a claim file from what a table seems to hold; it is sound once its TODOs are written."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from repro.recorded.guess import guess
from tests.support.command import repro
from tests.support.recorded import CSV, curves

LOSSES = "".join(
    f"{arm};{depth};{run};{step};{0.5 + run / 10}\n"
    for arm in ("Adam", "AdamW (proposed)")
    for depth in (20, 56)
    for run in (0, 1)
    for step in (10, 20)
)
LINES = "".join(
    json.dumps({"algorithm": arm, "seed": seed, "f1": 0.5 + seed / 100, "oddity": 3}) + "\n"
    for arm in ("a", "b")
    for seed in range(3)
)
CURVES = curves(*[(arm, seed, [40.0, 50.0]) for arm in ("Ours (v2)", "sgd") for seed in range(3)])
TABLES: list[tuple[str, str, dict[str, Any]]] = [
    ("results.csv", CSV, {"metric": "test_acc", "unit": "percent", "arms": ["Ours-v2", "sgd"], "seeds": 5}),
    (
        "results.csv",
        CSV.replace("72.9", "NaN"),
        {"metric": "test_acc", "unit": "percent", "arms": ["Ours-v2", "sgd"], "seeds": 5},
    ),
    (
        "results.csv",
        CURVES,
        {"metric": "test_acc", "unit": "percent", "arms": ["Ours-v2", "sgd"], "seeds": 3},
    ),
    (
        "losses.csv",
        "optimizer;depth;run;step;val loss\n" + LOSSES,
        {"metric": "val-loss", "unit": "number", "arms": ["Adam", "AdamW-proposed"], "seeds": 2},
    ),
    ("lines.jsonl", LINES, {"metric": "f1", "unit": "fraction", "arms": ["a", "b"], "seeds": 3}),
]


@pytest.mark.parametrize(("name", "text", "expected"), TABLES)
def test_what_is_written_is_sound_once_its_todos_are(
    tmp_path: Path, name: str, text: str, expected: dict[str, Any]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = repro("new", "my/ours", "--results", name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    claim = tmp_path / "my" / "ours.toml"
    written = tomllib.loads(claim.read_text(encoding="utf-8"))
    (metric,) = written["metrics"]
    assert metric == expected["metric"]
    assert written["results"]["columns"][metric]["unit"] == expected["unit"]
    assert list(written["arms"]) == expected["arms"]
    assert written["results"]["seeds"] == expected["seeds"]
    unwritten = repro("lint", claim, cwd=tmp_path)
    assert unwritten.returncode == 2
    # The paper's own are told with the claim's, the year among them; and which way round it compares is one of them.
    first, second = written["expect"]["better"]["arms"]
    assert "my/paper.toml: year: is a placeholder (received: 'TODO: 2024')" in unwritten.stderr
    assert "paper.toml: year: must" not in unwritten.stderr
    assert "ours.toml: expect.better.title: is a placeholder (received: 'TODO: " in unwritten.stderr
    assert f"(judged: {first} − {second})" in unwritten.stderr
    for file in (claim, claim.with_name("paper.toml")):
        words = (
            file.read_text(encoding="utf-8").replace("TODO: higher or lower", "lower").replace("TODO: ", "")
        )
        file.write_text(words, encoding="utf-8")
    done = repro("lint", claim, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "1 claim, no problems.\n"), done.stderr
    assert "lacks" not in done.stderr
    assert f"my/ours.toml: better compares {compared(written)}" in " ".join(done.stderr.split())
    planned = repro("plan", "my/ours", "--claims", ".", cwd=tmp_path)
    assert f"better compares {compared(written)}" in " ".join(planned.stdout.split())


def compared(written: dict[str, Any]) -> str:
    """Return which way round a claim file with one factor, or none, compares, in words."""
    better = written["expect"]["better"]
    (levels,) = written.get("factors", {"": [""]}).values()
    first, second = (f"{arm}/{levels[0]}".removesuffix("/") for arm in better["arms"])
    more = " (and 1 more comparison like it)" if len(levels) > 1 else ""
    return f"{first} − {second}{more} in {better['metric']} ("


def test_which_way_round_is_said_when_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(CSV, encoding="utf-8")
    done = repro("new", "my/ours", "--results", "results.csv", cwd=tmp_path)
    says = (
        "What is judged is Ours-v2 − sgd: test_acc of Ours-v2 less test_acc of sgd. Above 0 it says that Ours-v2 has "
        "the higher test_acc. If that is not your claim, swap `arms` in [expect.better]."
    )
    assert says in " ".join(done.stdout.split())
    text = (tmp_path / "my" / "ours.toml").read_text(encoding="utf-8")
    assert says in " ".join(text.replace("\n#", "").split())


def test_a_lower_loss_is_the_other_arms_less_ours(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("optimizer;depth;run;step;val loss\n" + LOSSES, encoding="utf-8")
    assert repro("new", "my/ours", "--results", "losses.csv", cwd=tmp_path).returncode == 0
    written = tomllib.loads((tmp_path / "my" / "ours.toml").read_text(encoding="utf-8"))
    assert written["expect"]["better"]["arms"] == ["Adam", "AdamW-proposed"]
    assert written["factors"] == {"depth": ["20", "56"]}
    assert written["expect"]["better"]["each"] == ["depth"]
    assert written["results"]["separator"] == ";"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (CSV.replace("seed", "number"), "has no column that seems to tell seeds"),
        ("seed,acc\n0,1\n1,2\n", "has no column that seems to tell methods"),
        ("seed,method\n0,a\n1,b\n", "has no column of numbers to be judged"),
        ("", "is empty"),
    ],
)
def test_a_table_that_says_too_little_is_told_so(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "results.csv").write_text(text, encoding="utf-8")
    done = repro("new", "my/ours", "--results", "results.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert what in done.stderr
    assert not (tmp_path / "my").exists()


def test_results_outside_of_the_claims_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text(CSV, encoding="utf-8")
    done = repro("new", "my/ours", "--results", "results.csv", "--claims", "claims", cwd=tmp_path)
    assert done.returncode == 2
    assert "lies outside of the claims folder" in done.stderr


def test_what_tells_nothing_of_arms_is_left_to_the_author(tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text(LINES, encoding="utf-8")
    found = guess(tmp_path / "lines.jsonl")
    assert [(column.name, column.better) for column in found.columns] == [("f1", "higher"), ("oddity", None)]
