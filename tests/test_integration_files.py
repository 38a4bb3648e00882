"""The hook and the action: they name commands and options that exist, and do what they say on a machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from repro.cli import COMMANDS
from tests.support.command import OWN_CLAIMS
from tests.support.forks import python

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / ".github/actions/check/action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def test_the_hook_lints_the_folder_that_is_named() -> None:
    (hook,) = HOOKS
    program, command = hook["entry"].split()
    assert (program, command in COMMANDS) == ("repro", True)
    assert hook["pass_filenames"] is False
    assert re.search(hook["files"], "claims/p/c.toml")
    assert not re.search(hook["files"], "claims/my_nets.py")


def test_no_input_of_the_action_becomes_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        for value in step["env"].values():
            assert re.fullmatch(r"\$\{\{ inputs\.([\w-]+) \}\}", value)[1] in ACTION["inputs"]  # type: ignore[index]


@pytest.mark.skipif(os.name != "posix" or shutil.which("bash") is None, reason="the action runs bash")
def test_the_steps_lint_check_and_write_summary_and_badge(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "repro"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{python()}" -m repro "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    given = {"claims": str(OWN_CLAIMS), "scale": "exact", "fail-on": "refuted pending", "install": ""}
    inputs = {name: str(entry["default"]) for name, entry in ACTION["inputs"].items()} | given
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    told = os.environ | {"PATH": path, "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    for step in ACTION["runs"]["steps"][1:]:
        own = {name: inputs[re.findall(r"[\w-]+", value)[1]] for name, value in step["env"].items()}
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", step["run"]],
            cwd=tmp_path,
            env=told | own,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert "at exact scale" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "repro lint" not in (tmp_path / "summary.md").read_text(encoding="utf-8")
    lint = ACTION["runs"]["steps"][1]["run"]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", lint], cwd=tmp_path, env=told | {"CLAIMS": "nowhere"}, check=False
    )
    assert done.returncode == 2
    assert "    Error: nowhere" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    ET.parse(tmp_path / "reports" / "check" / "badge.svg")
