"""Shells complete names of claims and papers, scales and forms, quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from repro.cli import cli
from tests.support.helpers import BASE, World, changed


def completed(*arguments: str) -> list[str]:
    *before, begun = arguments
    found = ShellComplete(cli, {}, "repro", "_REPRO_COMPLETE").get_completions(before, begun)
    return [item.value for item in found]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("check", "alexnet/relu"), ["alexnet/relu-speed"]),
        (("show", "relu-sp"), ["alexnet/relu-speed"]),
        (("plan", "--paper", "vg"), ["vgg"]),
        (("check", "--scale", "re"), ["recorded", "reduced"]),
        (("report", "--format", "html,js"), ["html,json"]),
        (("runs", "list", "vgg/rec"), ["vgg/receptive-field"]),
        (("check", "no-such"), []),
    ],
)
def test_names_are_completed(arguments: tuple[str, ...], found: list[str]) -> None:
    assert completed(*arguments) == found


def test_names_are_those_of_the_folder_that_is_named(world: World) -> None:
    world.write(BASE, "own/claim")
    assert completed("list", "--claims", str(world.root), "o") == ["own/claim"]
    world.write(changed(BASE, title=3, statement=None), "own/wrong")
    assert completed("list", "--claims", str(world.root), "own/w") == ["own/wrong"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_is_told_what_to_do(shell: str, tmp_path: Path) -> None:
    assert b"_REPRO_COMPLETE" in run(tmp_path, f"{shell}_source").stdout


def test_completing_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, repro.__main__ as m\nsys.argv = ['repro']\n"
        "try:\n    m.main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)\n"
        "print('HEAVY', *heavy)\n"
    )
    done = run(tmp_path, "bash_complete", code, COMP_WORDS="repro check alexnet/relu", COMP_CWORD="2")
    assert done.stdout.splitlines() == [b"plain,alexnet/relu-speed", b"HEAVY"]


def run(
    cwd: Path, instruction: str, code: str = "from repro.__main__ import main; main()", **more: str
) -> subprocess.CompletedProcess[bytes]:
    told = {**os.environ, "_REPRO_COMPLETE": instruction, **more}
    code = f"import sys; sys.argv = ['repro']\n{code}"
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, env=told, capture_output=True, check=False)
