"""Archives that somebody else made: opened into a folder, where only what may lie in a store comes to lie.

The names that a store has are the only ones taken; with them, nothing can be written elsewhere. No member is
followed, executed or trusted: sizes are counted while they are read, and each file is held against the export's list.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from repro.errors import Problem, ReproError, mistake

LIST = "export.json"
"""Path → SHA-256 of every other file of an export."""

_KEY = "[0-9a-f]{24}"
NAMES = re.compile(
    rf"store\.json|export\.json|criteria\.jsonl|seen\.jsonl|results\.jsonl|readings/{_KEY}\.json"
    rf"|runs/{_KEY}/(run\.json|weights-[a-z0-9-]{{1,40}}\.pt)"
    r"|environments/[0-9a-f]{64}\.json"
    rf"|checkpoints/{_KEY}/step-[0-9]{{10}}\.checkpoint"
)
"""The files of a store that travel."""

LARGEST_TEXT = 256 << 20
LARGEST_STATE = 16 << 30
"""Bytes of one file: of JSON, and of weights or a state."""

SHOWN = 20
"""So many bad names are listed, at most."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class _Member:
    name: str
    kind: str
    size: int
    open: Callable[[], IO[bytes] | None]


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """Give the folder of an export, or of a store; an archive is unpacked into one that is gone afterwards.

    Raises:
        ReproError: it is none, was cut short, or holds what no export holds; nothing was written elsewhere.
    """
    if source.is_dir():
        if (source / LIST).is_file():
            _check_list(source, source)
        yield source
        return
    if source.exists() and not source.is_file():
        raise mistake(str(source), "is no ordinary file", hint=_HINT)
    with tempfile.TemporaryDirectory(prefix="repro-import-") as name:
        folder = Path(name)
        try:
            with _members(source) as members:
                _unpack(source, members, folder)
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            what = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise mistake(str(source), f"is no whole archive: {what}", hint=_HINT) from None
        except OSError as error:
            raise mistake(str(source), f"cannot be unpacked: {error.strerror or error}") from None
        _check_list(source, folder)
        yield folder


_HINT = "bring the file over again; `repro runs export` writes .tar, .tar.gz and .zip files, and folders"


_ZIP = b"PK"


@contextmanager
def _members(source: Path) -> Iterator[list[_Member]]:
    with source.open("rb") as file:
        head = file.read(len(_ZIP))
    # By how it begins: a tar file ends as a zip file does where the last weights in it, which are one, are small.
    if head == _ZIP:
        with zipfile.ZipFile(source) as packed:
            yield [
                _Member(
                    info.orig_filename,
                    "a link" if info.external_attr >> 16 & 0o170000 == 0o120000 else "a file",
                    info.file_size,
                    lambda info=info: packed.open(info),  # type: ignore[misc]
                )
                for info in packed.infolist()
            ]
        return
    with tarfile.open(source) as tar:
        yield [
            _Member(
                info.name,
                "a file" if info.isreg() else "a link" if info.islnk() or info.issym() else "no file",
                info.size,
                lambda info=info: tar.extractfile(info),  # type: ignore[misc]
            )
            for info in tar.getmembers()
        ]


def _unpack(source: Path, members: list[_Member], folder: Path) -> None:
    problems = list(_refused(members))
    if problems:
        shown = [Problem(f"{source}: {name!r}", what) for name, what in problems[:SHOWN]]
        if len(problems) > SHOWN:
            shown.append(Problem(str(source), f"{len(problems) - SHOWN} more of the kind"))
        raise ReproError(*shown)
    total, free = sum(member.size for member in members), shutil.disk_usage(folder).free
    if total > free:
        raise mistake(str(source), f"unpacks to {total:,} bytes; {free:,} are free in {folder.parent}")
    for member in members:
        path = folder / member.name
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = member.open()
        assert stream is not None
        left = member.size
        with stream, path.open("xb") as file:
            while chunk := stream.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise mistake(f"{source}: {member.name!r}", "is larger than the archive says")
                file.write(chunk)
        if left:
            raise mistake(f"{source}: {member.name!r}", "was cut short", hint=_HINT)


def _refused(members: list[_Member]) -> Iterator[tuple[str, str]]:
    seen = set()
    for member in members:
        largest = LARGEST_TEXT if member.name.endswith((".json", ".jsonl")) else LARGEST_STATE
        if member.kind != "a file":
            yield member.name, f"is {member.kind}; an export holds plain files only"
        elif NAMES.fullmatch(member.name) is None:
            yield member.name, "is not the name of a file of an export"
        elif member.name in seen:
            yield member.name, "is there twice"
        elif member.size > largest:
            yield member.name, f"is too large: {member.size:,} bytes"
        seen.add(member.name)


def _check_list(source: Path, folder: Path) -> None:
    try:
        listed = dict(json.loads((folder / LIST).read_bytes())["files"])
    except FileNotFoundError:
        raise mistake(str(source), f"is no whole export: {LIST}, its list, is missing", hint=_HINT) from None
    except (ValueError, TypeError, KeyError, RecursionError):
        raise mistake(str(source), f"is no whole export: {LIST}, its list, cannot be read") from None
    # File managers leave hidden files in a folder that was looked at.
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    found = {path.relative_to(folder).as_posix() for path in paths} - {LIST}
    wrong = [(name, "is missing") for name in listed.keys() - found]
    wrong += [(name, "is not in the export's list") for name in found - listed.keys()]
    for name in found & listed.keys():
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != listed[name]:
                wrong.append((name, "is not as it was exported"))
    if wrong:
        raise ReproError(*(Problem(f"{source}: {name}", what, hint=_HINT) for name, what in sorted(wrong)))
