"""Where recorded results lie: a claim's file or folder → its files, and what the place of each says of it.

Files lie in the claims folder; nothing else is opened, whatever a claim file names (SECURITY.md).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repro.claims.schema_results import SUFFIXES, Results, pattern_names
from repro.errors import mistake
from repro.recorded.event_files import read_events
from repro.recorded.table import MOST_BYTES, Table, Wanted, readers

MOST_FILES = 20_000
"""Below a folder of results; what lies deeper than `DEEPEST` is passed over."""

DEEPEST = 12


@dataclass(frozen=True)
class Source:
    """One file of results.

    Attributes:
        path: on the disk.
        name: relative to the claim file, as it is named in errors.
        fixed: what its place says of all of its rows: "arm", "seed", or a factor.
    """

    path: Path
    name: str
    fixed: Mapping[str, str] = field(default_factory=dict)


def place_of(results: Results, claim: Path, root: Path) -> Path:
    """Return where results lie.

    Raises:
        ReproError: outside of the claims folder.
    """
    path = claim.parent / results.place
    if not path.resolve().is_relative_to(root.resolve()):
        hint = f"put it below {root}, or name a claims folder that holds it: --claims DIR"
        raise mistake(f"{claim}: results", "lies outside of the claims folder", results.place, hint)
    return path


def sources(results: Results, claim: Path, root: Path) -> list[Source]:
    """Return the files of results in order of name; none where they are not there yet.

    Raises:
        ReproError: a place outside of the claims folder, no ordinary file, or a folder with no file of the pattern.
    """
    path = place_of(results, claim, root)
    if not path.exists():
        return []
    where = f"{claim}: results"
    if results.file is not None:
        if not path.is_file():
            raise mistake(
                where, "is no ordinary file", results.file, "results in many files lie in a `folder`"
            )
        return [Source(path, results.file)]
    if not path.is_dir():
        raise mistake(where, "is no folder", results.folder, "one table of results is a `file`")
    assert results.pattern is not None, "checked when the file was read"
    pattern = Pattern(results.pattern)
    found = []
    seen: list[str] = []
    for file in below(path, where):
        inner = file.relative_to(path).as_posix()
        fixed = pattern.read(inner)
        seen.append(inner)
        if fixed is not None:
            found.append(Source(file, f"{results.folder}/{inner}", fixed))
    if seen and not found:
        hint = f"{len(seen):,} files are there, such as {seen[0]}"
        raise mistake(f"{claim}: results.pattern", "fits no file of the folder", results.pattern, hint)
    return found


def below(folder: Path, where: str) -> Iterator[Path]:
    """Yield the files below a folder in order of name; hidden ones are passed over.

    Raises:
        ReproError: there are too many, one is a link out of the folder, or a folder cannot be read.
    """
    count, home = 0, folder.resolve()
    waiting = [(folder, 0)]
    while waiting:
        here, depth = waiting.pop()
        try:
            inner = sorted(path for path in here.iterdir() if not path.name.startswith("."))
        except OSError as error:
            raise mistake(f"{where}: {here.name}", f"cannot be read: {error.strerror or error}") from None
        for path in inner:
            if path.is_file():
                count += 1
                if not path.resolve().is_relative_to(home):
                    raise mistake(
                        f"{where}: {path.name}",
                        "is a link out of the folder",
                        hint="put the file itself there",
                    )
                if count > MOST_FILES:
                    raise mistake(
                        where, f"holds more than {MOST_FILES:,} files", hint="name a folder with fewer"
                    )
                yield path
        if depth < DEEPEST:
            waiting += [
                (path, depth + 1) for path in reversed(inner) if path.is_dir() and not path.is_symlink()
            ]


class Pattern:
    """A pattern of places or names: what stands in braces is read, ``*`` does not matter, the rest must be there."""

    def __init__(self, text: str) -> None:
        self.names = pattern_names(text)
        found = []
        for part in re.split(r"(\{[^{}]+\}|\*)", text.strip("/")):
            if part == "*":
                found.append("[^/]*")
            else:
                found.append("([^/]+?)" if part.startswith("{") else re.escape(part))
        self._fits = re.compile("".join(found))

    def read(self, text: str) -> dict[str, str] | None:
        """Return name → what stands there; None where the text does not fit, or has two values of one name."""
        match = self._fits.fullmatch(text)
        if match is None:
            return None
        pairs = list(zip(self.names, match.groups(), strict=True))
        found = dict(pairs)
        return found if all(found[name] == value for name, value in pairs) else None


def content_of(source: Source, where: str) -> bytes:
    """Return what a file holds.

    Raises:
        ReproError: it cannot be read, or is too large.
    """
    try:
        with source.path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise mistake(f"{where}: {source.name}", f"cannot be read: {error.strerror or error}") from None
    if len(content) > MOST_BYTES:
        what = f"is too large: more than {MOST_BYTES >> 20} MB"
        raise mistake(f"{where}: {source.name}", what, hint="keep the steps that are judged, or a file a run")
    return content


def table_of(source: Source, content: bytes, results: Results, wanted: Wanted) -> Table:
    """Return the table that a file is; raises ReproError where it is none that can be read."""
    kind = results.format or _format(source.name)
    if kind is None:
        hint = 'set format = "csv", "jsonl", "parquet" or "tensorboard" in [results]'
        raise mistake(source.name, "has a name that does not tell its format", source.path.suffix, hint)
    if kind == "tensorboard":
        return read_events(content, source.name, wanted)
    separator = "\t" if source.name.endswith(".tsv") else results.separator
    return readers(separator)[kind](content, source.name, wanted)


def _format(name: str) -> str | None:
    if "tfevents" in name.rpartition("/")[2]:
        return "tensorboard"
    return next((kind for suffix, kind in SUFFIXES.items() if name.lower().endswith(suffix)), None)


class Digest:
    """SHA-256 over names and contents of files, one after the other."""

    def __init__(self) -> None:
        self._whole = hashlib.sha256()

    def add(self, name: str, content: bytes) -> None:
        """Take in one file."""
        self._whole.update(f"{len(name.encode())}:{name}:{len(content)}:".encode())
        self._whole.update(content)

    def text(self) -> str:
        """Return 64 hexadecimal digits."""
        return self._whole.hexdigest()
