"""docs/own-paper.md on commands and weights: its claims lint, and what its script writes is what they read."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from repro.claims.schema_command import Process
from repro.claims.schema_weights import Weights
from repro.claims.vocabulary import Moment
from repro.command_spec import AT_RUN, CommandSpec
from repro.planning.costs import Costs
from repro.planning.plan import make_plan
from repro.spec import RunSpec
from repro.worker.machine import THREADS
from tests.support.helpers import PAPER, World, toml

PAGE = (Path(__file__).parents[1] / "docs/own-paper.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def blocks(title: str) -> list[str]:
    found = re.findall(r"(?<=\n\n)(?: {4}\S.*\n(?:\n(?= {4}))*)(?: {4}.*\n(?:\n(?= {4}))*)*", section(title))
    return [textwrap.dedent(block) for block in found]


COMMANDS = blocks("Your own training command")


def claim_text() -> str:
    return next(block for block in COMMANDS if block.startswith("# claims/mypaper"))


@pytest.fixture
def folder(world: World) -> World:
    paper = world.root / "mypaper/paper.toml"
    paper.parent.mkdir(parents=True)
    paper.write_text("".join(f"{key} = {toml(value)}\n" for key, value in PAPER.items()), encoding="utf-8")
    return world


def test_the_claim_about_a_command_lints_and_makes_the_runs_that_it_says(folder: World) -> None:
    (folder.root / "mypaper/dropout-helps.toml").write_text(claim_text(), encoding="utf-8")
    (folder.root.parent / "train.py").write_text("import argparse\n", encoding="utf-8")
    assert folder.problems() == []
    claim = folder.claim("mypaper/dropout-helps")
    spec = claim.untuned("paper")["with"]
    assert isinstance(spec, CommandSpec)
    assert spec.values == {"dropout": 0.2, "epochs": 20}


def test_the_lines_for_a_script_write_what_the_claim_reads(tmp_path: Path) -> None:
    lines = next(block for block in COMMANDS if block.startswith("parser.add_argument"))
    head = "import argparse, json, pathlib\nparser = argparse.ArgumentParser()\n"
    body = lines.replace("...", "args = parser.parse_args()\nepoch, accuracy = 1, 97.5")
    (tmp_path / "train.py").write_text(head + body, encoding="utf-8")
    subprocess.run([sys.executable, "train.py", "--seed", "3", "--out", "."], cwd=tmp_path, check=True)
    row = json.loads((tmp_path / "metrics.jsonl").read_text(encoding="utf-8"))
    process = tomllib.loads(claim_text())["experiment"]["process"]
    assert row == {"step": 1, process["columns"]["accuracy"]["column"]: 97.5}


def test_every_key_of_a_command_is_on_the_page() -> None:
    text = section("Your own training command")
    for key in Process.model_fields:
        assert re.search(rf"\b{key}\b", text), key
    for name in AT_RUN:
        assert f"`{{{name}}}`" in text, name
    for name in THREADS:
        assert name in text, name


def test_the_claim_about_weights_lints(folder: World) -> None:
    block, commands = blocks("Weights that exist already")
    data = tomllib.loads(block)
    for files in data["weights"]["files"].values():
        for name in files:
            path = folder.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode())
    (folder.root / "mypaper/residual-nets-err-less.toml").write_text(block, encoding="utf-8")
    assert folder.problems() == []
    assert [line.split()[:2] for line in commands.splitlines()] == [["repro", "lint"], ["repro", "check"]]
    # Nets that exist are measured: nothing is trained, and nothing takes as long as training would.
    required = folder.requirements("paper", name="mypaper/residual-nets-err-less")
    plan = make_plan([required], folder.store)
    assert (plan.runs, {len(found) for found in required.measured.values()}) == (0, {3})
    assert not any(job.trains for job in plan.jobs)
    spec = required.needs[0].spec
    assert isinstance(spec, RunSpec)
    assert Costs().wall_seconds(spec) < Costs().wall_seconds(replace(spec, weights=None)) / 10
    assert set(Weights.model_fields) == set(data["weights"])
    assert '`at = ["last"]`' in section("Weights that exist already")
    assert "last" in Moment.__args__
