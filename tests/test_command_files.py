"""What a command's runs rest on: its files by content, in a git repository and without one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.source_code import Code, files_of_command

WORDS = ["python", "train.py", "--config", "config.yaml", "{seed}"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    (made / "pkg").mkdir(parents=True)
    write(made, "train.py", "import pkg.net\nimport torch\n")
    write(made, "pkg/__init__.py", "")
    write(made, "pkg/net.py", "width = 3\n")
    write(made, "config.yaml", "lr: 1\n")
    write(made, "README.md", "hello\n")
    return made


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def files(folder: Path, *inputs: str) -> Code:
    return files_of_command(WORDS, folder, inputs, "here", folder / "claims")


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)


def test_named_files_and_what_scripts_import_count_and_no_others(folder: Path) -> None:
    found = files(folder)
    assert set(found.files) == {"train.py", "config.yaml", "pkg/__init__.py", "pkg/net.py"}
    assert found.packages == ("torch",)
    (note,) = found.unseen
    assert note == (
        "files other than those that the command names and what they import (the folder work is in no git repository; "
        "name others with `inputs`)"
    )
    before = found.version
    write(folder, "README.md", "bye\n")
    write(folder, "pkg/net.py", "width = 3  # a comment\n")
    assert files(folder).version == before
    write(folder, "pkg/net.py", "width = 4\n")
    assert files(folder).version != before


def test_a_module_after_m_is_a_file_that_is_named(folder: Path) -> None:
    found = files_of_command(["python", "-m", "pkg.net", "{seed}"], folder, [], "here")
    assert set(found.files) == {"pkg/net.py"}


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_an_interpreter_is_no_file_of_the_command_and_a_program_of_ones_own_is_one(
    folder: Path, tmp_path: Path
) -> None:
    def of(program: str) -> set[str]:
        return set(
            files_of_command([program, "train.py", "{seed}"], folder, (), "here", folder / "claims").files
        )

    scripts = of("python")
    write(tmp_path, "elsewhere/bin/python", "binary\n")
    write(folder, "env/pyvenv.cfg", "")
    write(folder, "env/bin/python", "a copy\n")
    (folder / "env/bin/python3").symlink_to(tmp_path / "elsewhere/bin/python")
    outside = str(tmp_path / "elsewhere/bin/python")
    assert all(of(name) == scripts for name in (outside, "../elsewhere/bin/python", "env/bin/python"))
    assert of("env/bin/python3") == scripts
    write(folder, "run.sh", "exec python train.py\n")
    write(folder, "python", "a file that a PATH does not find\n")
    assert of("./run.sh") == scripts | {"run.sh"}
    assert of(str(folder / "run.sh")) == scripts | {"run.sh"}
    assert of("python") == scripts


def test_inputs_are_files_folders_and_patterns(folder: Path) -> None:
    write(folder, "data/a.csv", "1\n")
    write(folder, "data/deep/b.bin", "2\n")
    assert set(files(folder, "data", "*.md").files) - set(files(folder).files) == {
        *("data/a.csv", "data/deep/b.bin", "README.md")
    }
    with pytest.raises(ReproError, match=r"here\.inputs: names no file .*data/\*\.txt"):
        files(folder, "data/*.txt")


def test_in_a_repository_all_tracked_files_count_by_what_lies_there(folder: Path) -> None:
    write(folder, "claims/p/c.toml", "title = 'x'\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    write(folder, "untracked.txt", "1\n")
    found = files(folder)
    assert set(found.files) == {"train.py", "config.yaml", "pkg/__init__.py", "pkg/net.py", "README.md"}
    assert found.unseen == ()
    first = found.version
    write(folder, "README.md", "changed\n")
    dirty = files(folder).version
    assert dirty != first, "a change that is not committed"
    git(folder, "commit", "-qam", "two")
    assert files(folder).version == dirty, "the same content, committed"
    write(folder, "claims/p/c.toml", "title = 'y'\n")
    git(folder, "commit", "-qam", "a commit that changes nothing that counts")
    assert files(folder).version == dirty
    assert set(files(folder, "config.yaml").files) == {
        "train.py",
        "config.yaml",
        "pkg/__init__.py",
        "pkg/net.py",
    }
    write(folder, "new.txt", "1\n")
    git(folder, "add", "new.txt")
    assert files(folder).version != dirty


@pytest.mark.skipif(os.name != "posix", reason="a program without an ending")
def test_a_repository_that_somebody_sent_executes_nothing(folder: Path, tmp_path: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", ".")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path / 'executed'}\n", encoding="utf-8")
    program.chmod(0o755)
    write(folder, ".gitattributes", "* filter=evil diff=evil\n")
    names = (
        "core.fsmonitor",
        "filter.evil.clean",
        "filter.evil.smudge",
        "diff.evil.textconv",
        "diff.external",
    )
    for name in names:
        git(folder, "config", name, str(program))
    write(folder, "README.md", "changed\n")
    (tmp_path / "executed").unlink(missing_ok=True)
    assert "README.md" in files(folder).files
    assert not (tmp_path / "executed").exists()
