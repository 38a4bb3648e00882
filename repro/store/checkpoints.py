"""Checkpoint files of interrupted runs, written and found again. The store knows nothing of what a state holds.

A file is a line of JSON, the header, and the state's bytes. The one before stays until the new one is whole, and
stands in for it should it be found damaged. A state of no bytes was left behind by an export: the header still tells
how far the run had come, and nothing goes on from it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from repro.store.files import free_name, write

KEPT = 2
"""The newest, and the one before."""

LONGEST_HEADER = 1 << 24


@dataclass(frozen=True)
class Checkpoint:
    """What the header of a checkpoint tells.

    Attributes:
        key, spec: of the run, the RunSpec as plain data.
        step: steps done.
        steps: steps planned.
        version: of the state's content; one of another version is not gone on from.
        sessions: where and with what the steps were done, oldest first, as in `RunRecord.provenance`.
        stopped: the history so far of a run that was stopped because no more of it was needed; None of one that was
            interrupted, or is under way.
        wall_seconds: what it took so far.
    """

    key: str
    spec: Mapping[str, Any]
    step: int
    steps: int
    version: int
    sessions: Sequence[Mapping[str, Any]]
    stopped: Mapping[str, Sequence[float]] | None = None
    wall_seconds: float = 0.0


class CheckpointFolder:
    """The checkpoints of one run. Whoever writes holds the run's lock.

    Args:
        folder: may be absent.
        damaged: called with what cannot be used.
    """

    def __init__(self, folder: Path, damaged: list[str]) -> None:
        self.folder = folder
        self.damaged = damaged

    def files(self) -> list[Path]:
        """Return the files, newest first."""
        return sorted(self.folder.glob("step-*.checkpoint"), reverse=True)

    def newest(self) -> Checkpoint | None:
        """Return the header of the newest that has its full length, without reading the state."""
        for path in self.files():
            try:
                return _header(path)[0]
            except (OSError, ValueError) as error:
                self.damaged.append(f"checkpoints/{self.folder.name}/{path.name} {error}")
        return None

    def complete(self, *, set_aside: bool = False) -> Iterator[tuple[Path, Checkpoint, bytes]]:
        """Yield those that match their checksum, newest first, each with its state; name, or set aside, the others."""
        for path in self.files():
            try:
                checkpoint, state = read(path)
            except (OSError, ValueError) as error:
                if set_aside:
                    self.set_aside(path, str(error))
                else:
                    self.damaged.append(f"checkpoints/{self.folder.name}/{path.name} {error}")
            else:
                yield path, checkpoint, state

    def put(self, checkpoint: Checkpoint, state: bytes | memoryview) -> None:
        """Write a checkpoint atomically; afterwards all but the newest two go.

        Raises:
            OSError: it cannot be written; the earlier ones are as they were.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"step-{checkpoint.step:010}.checkpoint"
        write(path, header(checkpoint, state), state)
        for old in [*self.files()[KEPT:], *self.folder.glob("*.part-*")]:
            old.unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove all of them: nothing goes on from there any more."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def set_aside(self, path: Path, why: str) -> None:
        """Put a checkpoint that cannot be used where it is not looked for, and tell."""
        name = f"checkpoints/{self.folder.name}/{path.name}"
        try:
            path.rename(free_name(path, "aside"))
        except OSError as error:
            why += f"; it could not be set aside ({error.strerror})"
        self.damaged.append(f"{name} {why}")


def header(checkpoint: Checkpoint, state: bytes | memoryview) -> bytes:
    """Return the line that a file begins with; the state's bytes follow."""
    content = asdict(checkpoint)
    head = {"sha256": _digest(content, state), "bytes": len(state), "content": content}
    return json.dumps(head).encode() + b"\n"


def read(path: Path) -> tuple[Checkpoint, bytes]:
    """Return a checkpoint's header and state.

    Raises:
        ValueError: it was cut short or does not match its checksum; the message goes on after the file's name.
    """
    checkpoint, head, offset = _header(path)
    with path.open("rb") as file:
        file.seek(offset)
        state = file.read()
    if _digest(head["content"], state) != head["sha256"]:
        raise ValueError("does not match its checksum")
    return checkpoint, state


class _UnusableError(ValueError):
    """A header that can be read and makes no sense."""


def _header(path: Path) -> tuple[Checkpoint, dict[str, Any], int]:
    from repro.store.contract import wrong_with  # pydantic, not before something is read

    with path.open("rb") as file:
        line = file.readline(LONGEST_HEADER)
    try:
        head = json.loads(line)
        content = head["content"]
        if (wrong := wrong_with("checkpoint", content)) is not None:
            raise _UnusableError(wrong)
        checkpoint = Checkpoint(**content)
        size = len(line) + int(head["bytes"])
    except _UnusableError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("has a header that cannot be read") from None
    if path.stat().st_size != size:
        raise ValueError("was cut short")
    if checkpoint.key != path.parent.name:
        raise ValueError(f"is of another run, {checkpoint.key}")
    return checkpoint, head, len(line)


def _digest(content: Mapping[str, Any], state: bytes | memoryview) -> str:
    whole = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    whole.update(state)
    return whole.hexdigest()
