"""Files that are there whole or not at all, and JSON that carries its checksum.

What is written is on the disk, not only on its way, when these return: a machine that loses its power keeps it.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def sealed(content: Mapping[str, Any]) -> str:
    """Return content as JSON with its checksum."""
    # A round trip through JSON first, so that what is hashed is what a reader will see.
    body = as_text(json.loads(json.dumps(content)))
    return f"{_head(_sha256(body.encode()))}{body}}}"


def unsealed(text: bytes) -> dict[str, Any]:
    """Return what :func:`sealed` wrote.

    Raises:
        ValueError: it does not match its checksum, or is nothing of the kind.
    """
    try:
        whole = parsed(text)
        body = dict(whole["content"])
        # The bytes as they lie there; in another order of keys or other white space, what they say.
        head = _head(whole["sha256"]).encode()
        as_written = text.startswith(head) and whole["sha256"] == _sha256(text[len(head) : -1])
        intact = as_written or whole["sha256"] == digest(body)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not intact:
        raise ValueError("does not match its checksum")
    return body


def parsed(text: bytes) -> Any:
    """Return JSON's data as the standard library reads it, to the last bit of each number, in a seventh of its time."""
    from pydantic_core import from_json  # not before something is read: start-up does without

    try:
        return from_json(text)
    except ValueError:
        return json.loads(text)  # halves of surrogate pairs, deep nesting; otherwise it is damaged


def digest(content: object) -> str:
    """Return the SHA-256 of plain data."""
    return _sha256(as_text(content).encode())


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _head(checksum: str) -> str:
    return f'{{"sha256": "{checksum}", "content": '


def as_text(content: object) -> str:
    """Return plain data as JSON with sorted keys, in which a value that is no number equals itself."""
    return json.dumps(content, sort_keys=True)


def write(path: Path, *chunks: bytes | memoryview) -> None:
    """Write a file in one atomic step: it has the new content, or is as it was."""
    part = part_of(path)
    try:
        write_synced(part, *chunks)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8 in one atomic step; its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, text.encode())


def write_synced(path: Path, *chunks: bytes | memoryview) -> None:
    """Write a file that nobody looks for yet, down to the disk."""
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring names down to the disk; Windows does so by itself."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def append_lines(path: Path, lines: Sequence[bytes]) -> None:
    """Append lines, or, where there is no room, nothing; one that an earlier writer left unfinished stays its own."""
    with path.open("a+b") as file:
        before = file.seek(0, os.SEEK_END)
        begun = b""
        if before:
            file.seek(-1, os.SEEK_END)
            begun = b"" if file.read(1) == b"\n" else b"\n"
        try:
            file.write(begun + b"".join(line + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):
                os.ftruncate(file.fileno(), before)
            raise


def part_of(path: Path) -> Path:
    """Return a name beside `path` that nobody else writes to. (Folders of `tempfile` are closed to others.)"""
    return path.with_name(f"{path.name}.part-{uuid.uuid4().hex[:12]}")


def free_name(path: Path, what: str) -> Path:
    """Return the first name that is free of `path`.damaged-1, -2 …, or whatever `what` is."""
    number = 1
    while (aside := path.with_name(f"{path.name}.{what}-{number}")).exists():
        number += 1
    return aside


@contextmanager
def held(path: Path, *, seconds: float = 0.0) -> Iterator[bool]:
    """Hold a lock file; gives False where another process or thread holds it so long. The dead hold nothing.

    Raises:
        OSError: the file system knows no locks, or cannot write.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except NotImplementedError as error:
        raise OSError(None, str(error)) from None
    try:
        yield True
    finally:
        lock.release()
