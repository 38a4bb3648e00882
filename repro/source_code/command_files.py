"""The identity of a command: the content of the files that its runs rest on. Nothing is executed.

Always counted are the files that its words name, what Python scripts among them import from their folder, and the
`inputs` that are declared. The program, its first word, is one of them only where it lies in the working folder or the
claims folder, and in no environment there: an interpreter is what a run is made with, as its packages are. Without
declared inputs, all tracked files of the working folder count in a git repository, as they lie there, committed or not:
a commit that changes none of them changes nothing, and any edit of one does.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from repro.errors import mistake
from repro.source_code.identity import Code, State, digest_of, script_code, state_of

HASHED = "files-"
"""What the version of a command's files begins with."""

MOST_FILES = 50_000
"""Of one command: each is looked at whenever anything is planned."""


def files_of_command(
    words: Sequence[str], folder: Path, inputs: Sequence[str], where: str, claims_folder: Path | None = None
) -> Code:
    """Return what a command's runs rest on, as it lies there now.

    Args:
        words: the command, with its placeholders.
        folder: where it runs.
        inputs: files, folders and patterns such as ``data/*.csv``, relative to `folder`.
        where: the place of the command in its claim file.
        claims_folder: its claim files are no part of what a command rests on.

    Returns:
        Names are relative to `folder`, with forward slashes; `unseen` says what is not covered.

    Raises:
        ReproError: the folder or an input is not there, cannot be read, or is too much.
    """
    if not folder.is_dir():
        raise mistake(f"{where}.folder", "is no folder", str(folder), "it is relative to the claims folder")
    notes: list[str] = []
    counted: dict[Path, None] = {}
    packages: set[str] = set()
    for script in _named(words, folder, claims_folder):
        counted[script] = None
        if script.suffix == ".py":
            code = script_code(script)
            counted |= dict.fromkeys(script.parent / name for name in code.files)
            packages |= set(code.packages)
            # What it reads are files of its run, or of those that count.
            notes += [note for note in code.unseen if ": reads " not in note]
    for pattern in inputs:
        found = list(_matching(folder, pattern))
        if not found:
            hint = "name files or folders below the working folder, or patterns such as data/*.csv"
            raise mistake(f"{where}.inputs", "names no file", pattern, hint)
        counted |= dict.fromkeys(found)
    if not inputs:
        tracked = _tracked(folder)
        if tracked is None:
            why = f"the folder {folder.name} is in no git repository; name others with `inputs`"
            notes.append(f"files other than those that the command names and what they import ({why})")
        counted |= dict.fromkeys(path for path in tracked or () if not _is_claim_file(path, claims_folder))
    if len(counted) > MOST_FILES:
        hint = "declare what counts with `inputs`"
        raise mistake(where, f"rests on more than {MOST_FILES:,} files", len(counted), hint)
    try:
        files = {_name(path, folder): digest_of(path) for path in counted}
    except OSError as error:
        raise mistake(where, f"{error.filename} cannot be read: {error.strerror}") from None
    combined = hashlib.sha256("".join(f"{name}\0{files[name]}\n" for name in sorted(files)).encode())
    return Code(f"{HASHED}{combined.hexdigest()[:12]}", files, tuple(sorted(packages)), tuple(notes))


def is_path(program: str) -> bool:
    """Tell whether the first word of a command says where its program lies; else it is looked for, as shells do."""
    return os.sep in program or (os.altsep is not None and os.altsep in program)


def is_environment(program: str, folder: Path, claims_folder: Path | None = None) -> bool:
    """Tell whether the first word of a command is a path of something that is installed, and no file of the author's.

    That is what lies outside of the working folder and the claims folder, links followed, or in an environment of
    Python's or conda's within them.
    """
    if "{" in program or not is_path(program):
        return False
    found = (folder / program).resolve()
    own = [root.resolve() for root in (folder, claims_folder) if root is not None]
    home = found.parent.parent
    made = (home / "pyvenv.cfg").is_file() or (home / "conda-meta").is_dir()
    return made or not any(found.is_relative_to(root) for root in own)


def _named(words: Sequence[str], folder: Path, claims_folder: Path | None) -> Iterator[Path]:
    """Yield the files that words name: a path, or the module after -m."""
    for place, word in enumerate(words):
        if place == 0 and (not is_path(word) or is_environment(word, folder, claims_folder)):
            continue  # a name is looked for where programs are installed
        if place and words[place - 1] == "-m":
            parts = folder.joinpath(*word.split("."))
            candidates = [parts.with_name(f"{parts.name}.py"), parts / "__main__.py"]
        else:
            candidates = [folder / word]
        yield from (path for path in candidates if "{" not in word and path.is_file())


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        found = sorted(folder.glob(pattern)) if any(sign in pattern for sign in "*?[") else [folder / pattern]
    except (ValueError, NotImplementedError):  # a pattern that is none
        found = []
    for path in found:
        if path.is_dir():
            yield from (Path(top, name) for top, _, names in sorted(os.walk(path)) for name in sorted(names))
        elif path.is_file():
            yield path


def _name(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path, folder)).as_posix()


def _is_claim_file(path: Path, claims_folder: Path | None) -> bool:
    return claims_folder is not None and path.suffix == ".toml" and path.parent.parent == claims_folder


def _tracked(folder: Path) -> list[Path] | None:
    """Return the files of a folder that git tracks and that are there; None where it is in no repository."""
    index = _index(folder)
    if index is None:
        return None
    return [path for path in _listed(folder, state_of(index)) if path.is_file()]


@lru_cache(maxsize=64)
def _index(folder: Path) -> Path | None:
    found = _git(folder, "rev-parse", "--git-path", "index")
    return None if found is None else folder / found.decode().strip()


@lru_cache(maxsize=64)
def _listed(folder: Path, _index_state: State) -> tuple[Path, ...]:
    found = _git(folder, "ls-files", "-z", "--cached") or b""
    return tuple(folder / os.fsdecode(name) for name in found.split(b"\0") if name)


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git says of a folder's repository, of which nothing is executed; None where there is none."""
    # A repository may name a program to ask about changes: that of one which somebody sent must not run.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=", "-C", str(folder), *arguments]
    # Within a hook of git's own, these would name another repository.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            command, capture_output=True, check=True, timeout=60, stdin=subprocess.DEVNULL, env=env
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
