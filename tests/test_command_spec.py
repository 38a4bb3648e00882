"""A command's words, its placeholders, and what makes its run a new one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from repro.command_spec import (
    CommandSpec,
    Conduct,
    FilesSpec,
    Reads,
    filled,
    placeholders,
    run_from_json,
)
from repro.spec import Until

SPEC = CommandSpec(
    words=("python", "train.py", "--lr", "{lr}", "--seed", "{seed}", "--out", "{out}"),
    values={"lr": 0.1},
    folder=".",
    environment={"PYTHONHASHSEED": "0"},
    files=FilesSpec("train.py", "files-0123456789ab"),
    reads=Reads("metrics.jsonl", "step", "epoch"),
    seed=3,
    stop_at=Until("loss", 0.5),
)


def test_placeholders_are_names_in_braces_and_doubled_braces_are_none() -> None:
    assert placeholders(["a{x}b{y}", "{x}", "{{z}}", "{", "{}", "{1}"]) == ["x", "y"]


def test_words_are_filled_as_a_command_line_has_them() -> None:
    values = {"lr": 1e-05, "depth": 8.0, "flag": True, "tags": ["a b", "c"], "none": [], "x": "$HOME; ls"}
    assert filled(["--lr={lr}", "{depth}", "{flag}", "{tags}", "{none}", "{{x}}", "{x}"], values) == [
        *("--lr=1e-05", "8", "true", "a b", "c", "{x}", "$HOME; ls")
    ]


def test_every_part_of_a_spec_counts_and_plain_data_give_it_back() -> None:
    changed = [
        replace(SPEC, words=(*SPEC.words, "--fast")),
        replace(SPEC, values={"lr": 0.2}),
        replace(SPEC, folder="code"),
        replace(SPEC, environment={}),
        replace(SPEC, files=FilesSpec("train.py", "files-ba9876543210")),
        replace(SPEC, reads=Reads("log.csv", "step", "epoch")),
        replace(SPEC, seed=4),
        replace(SPEC, stop_at=None),
    ]
    assert len({SPEC.key, *(spec.key for spec in changed)}) == 1 + len(changed)
    for spec in (SPEC, *changed):
        again = run_from_json(json.loads(json.dumps(spec.as_json())))
        assert again == spec
        assert again.key == spec.key


def test_how_a_command_is_treated_survives_json() -> None:
    conduct = Conduct(("loss",), {"acc": 100.0}, ("data",), 60.0, ("--resume",), "last.pt", 100, True, 2)
    assert Conduct.from_json(json.loads(json.dumps(asdict(conduct)))) == conduct
