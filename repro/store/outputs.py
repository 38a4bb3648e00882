"""What commands have written: a folder each, kept as the command left it, so that it can be read in another way.

A note beside it tells of the attempts at it. An output that came to its end is read, and read anew where a claim reads
it otherwise; the command is not run again for that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.command_spec import STDOUT, CommandSpec, Conduct
from repro.store import files

HASHED_BYTES = 64 << 20
"""Files of an output that are larger are no tables of numbers, and can be read anew only if they were read before."""


@dataclass(frozen=True)
class Output:
    """The folder of an output; it may be absent.

    Its note has, of the last attempt, "began" and "session" (where and with what), and "ended": None until it has, then
    "target" (what it was ended at; None: it came to its own end), "seconds" of all attempts and "finished". "sessions"
    and "seconds" are of those before. "before": file → what it held as the attempt began, see :meth:`is_whole`. "rows"
    are those that earlier attempts wrote into the file "of". "files": file → hash of its content at the end.
    """

    home: Path

    @property
    def out(self) -> Path:
        """The folder that the command is given to write into."""
        return self.home / "out"

    def written(self, name: str) -> Path:
        """Return the place of a file of the output, or of what was printed."""
        return self.home / "stdout.txt" if name == STDOUT else self.out / name

    def note(self) -> dict[str, Any] | None:
        """Return what is known of the attempts; None where there was none.

        Raises:
            ValueError: it cannot be read.
        """
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ValueError(str(error)) from None
        if not isinstance(note, dict) or not note.keys() >= _NOTED:
            raise ValueError("is not a note of this version")
        return note

    def put_note(self, note: Mapping[str, Any]) -> None:
        """Write the note."""
        files.write_text(self._note, json.dumps(note))

    def serves(self, spec: CommandSpec) -> bool:
        """Tell whether a run can be read of it as it lies there, without the command being run."""
        try:
            note = self.note()
        except ValueError:
            return False
        if note is None or note["ended"] is None:
            return False
        wanted = None if spec.stop_at is None else spec.stop_at.as_json()
        if note["ended"]["target"] not in (None, wanted):
            return False
        name = spec.reads.metrics
        as_left = hash_of(self.written(name)) == note["files"].get(name)
        return as_left and (name == note["of"] or self.is_whole(note, name))

    def can_go_on(self, conduct: Conduct) -> bool:
        """Tell whether there is something that an attempt that did not end can be gone on from."""
        if conduct.resume is None:
            return False
        if conduct.resume_needs is not None:
            return (self.out / conduct.resume_needs).is_file()
        return self.out.is_dir() and any(self.out.iterdir())

    def is_whole(self, note: Mapping[str, Any], name: str) -> bool:
        """Tell whether a file has what all attempts wrote: none that goes on has begun it anew."""
        before = note["before"].get(name)
        if before is None:
            return True
        return bool(before["whole"]) and hash_of(self.written(name), before["bytes"]) == before["sha256"]

    def sizes(self, note: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
        """Return what its files hold now, for the note of an attempt that goes on; `note` is of the one before."""
        return {
            name: {
                "bytes": self.written(name).stat().st_size,
                "sha256": digest,
                "whole": note is None or self.is_whole(note, name),
            }
            for name, digest in self.hashes(None if note is None else note["of"]).items()
        }

    def hashes(self, also: str | None) -> dict[str, str]:
        """Return file → hash of its content, of the smaller files and of one that is named."""
        names = {STDOUT, *self._small(), *([] if also is None else [also])}
        found = {name: hash_of(self.written(name)) for name in sorted(names)}
        return {name: digest for name, digest in found.items() if digest is not None}

    def _small(self) -> Iterator[str]:
        for path in self.out.rglob("*"):
            if path.is_file() and path.stat().st_size <= HASHED_BYTES:
                yield path.relative_to(self.out).as_posix()

    @property
    def _note(self) -> Path:
        return self.home / "attempt.json"


_NOTED = frozenset(("began", "session", "ended", "sessions", "seconds", "before", "rows", "of", "files"))


def hash_of(path: Path, first: int | None = None) -> str | None:
    """Return the SHA-256 of a file's content, or of its `first` bytes; None where it is not there, or has fewer."""
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            left = path.stat().st_size if first is None else first
            while left > 0:
                part = file.read(min(left, 1 << 20))
                if not part:
                    return None
                found.update(part)
                left -= len(part)
    except OSError:
        return None
    return found.hexdigest()
