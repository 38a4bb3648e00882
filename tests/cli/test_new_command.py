"""`repro new --command`: a claim file about runs of somebody's own command, to start from."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from repro.claims import load_library
from repro.cli.new_command import command
from repro.command_spec import CommandSpec
from repro.errors import ReproError

LINE = "python train.py --lr {lr} --name 'a b' --seed {seed} --out {out}"


def test_it_lints_once_its_todos_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import argparse\n", encoding="utf-8")
    done = CliRunner().invoke(command, ["mypaper/ours", "--command", LINE], catch_exceptions=False)
    assert "repro check mypaper/ours --claims claims --scale paper" in done.output
    assert done.exit_code == 0, done.output
    with pytest.raises(ReproError, match="is a placeholder"):
        load_library(tmp_path / "claims")
    for path in (tmp_path / "claims/mypaper").glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace('ours = { lr = "TODO" }', "ours = { lr = 0.1 }", 1).replace('"TODO"', "0.5")
        path.write_text(text.replace("TODO: ", "").replace("TODO", "2020"), encoding="utf-8")
    (claim,) = load_library(tmp_path / "claims").claims
    spec = claim.untuned("paper")["ours"]
    assert isinstance(spec, CommandSpec)
    assert spec.words == (
        "python",
        "train.py",
        "--lr",
        "{lr}",
        "--name",
        "a b",
        "--seed",
        "{seed}",
        "--out",
        "{out}",
    )
    assert (spec.folder, spec.values) == ("..", {"lr": 0.1})


def test_a_command_without_a_folder_to_write_into_prints_what_it_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text("import argparse\n", encoding="utf-8")
    arguments = ["mypaper/ours", "--command", "python train.py --seed {seed} {flags}"]
    CliRunner().invoke(command, arguments, catch_exceptions=False)
    for path in (tmp_path / "claims/mypaper").glob("*.toml"):
        text = path.read_text(encoding="utf-8").replace(
            'ours = { flags = "TODO" }', 'ours = { flags = "-x" }', 1
        )
        path.write_text(text.replace("TODO: ", "").replace("TODO", "2020"), encoding="utf-8")
    (claim,) = load_library(tmp_path / "claims").claims
    spec = claim.untuned("paper")["ours"]
    assert isinstance(spec, CommandSpec)
    assert spec.reads.metrics == "stdout"


@pytest.mark.parametrize(("line", "says"), [("python 'x", "close its quotes"), ("  ", "names no program")])
def test_a_line_that_is_no_command_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReproError, match=says):
        CliRunner().invoke(command, ["mypaper/ours", "--command", line], catch_exceptions=False)
