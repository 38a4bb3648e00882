"""The folder of a run that a command carries out, and what is known there of attempts that did not come to an end."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.command_spec import STDOUT, CommandSpec, Conduct
from repro.errors import ReproError
from repro.store import files
from repro.worker.rows import Curve, Row, RowReader, cut_torn_line

LAST_LINES = 20
"""Of its output, shown where it fails."""


@dataclass(frozen=True)
class Attempt:
    """What earlier attempts at a run have left.

    Attributes:
        rows: what they wrote.
        sessions: where and with what they were made, oldest first, each with the steps from which to which it came.
        seconds: what they took, until their last sign of life.
        complete: whether the last one came to its own end, so that nothing of it need be done again.
    """

    rows: Sequence[Row] = ()
    sessions: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0
    complete: bool = False


class CommandFolder:
    """The places of a run's files.

    `attempt.json` tells of an attempt as it began: what earlier ones wrote, since the command may begin its file anew.
    """

    def __init__(self, home: Path, spec: CommandSpec) -> None:
        self.home = home
        self.out = home / "out"
        self.stdout = home / "stdout.txt"
        self.stderr = home / "stderr.txt"
        self.reads = spec.reads
        self.prints = spec.reads.metrics == STDOUT
        self.written = self.stdout if self.prints else self.out / spec.reads.metrics
        self._note = home / "attempt.json"

    def reader(self) -> RowReader:
        """Return a reader of what the command writes about its run."""
        return RowReader(self.written, prints=self.prints)

    def earlier(self, conduct: Conduct) -> Attempt | None:
        """Return what earlier attempts have left that can be used; None where the run is to begin anew.

        Raises:
            ValueError: what they have left cannot be read.
        """
        if not self._note.is_file():
            return None
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            if not note["complete"] and not self._can_go_on(conduct):
                return None
            return self._attempt(note)
        except (KeyError, TypeError, ReproError) as error:
            raise ValueError(str(error)) from None

    def _can_go_on(self, conduct: Conduct) -> bool:
        if conduct.resume is None:
            return False
        if conduct.resume_needs is not None:
            return (self.out / conduct.resume_needs).is_file()
        return self.out.is_dir() and any(self.out.iterdir())

    def _attempt(self, note: Mapping[str, Any]) -> Attempt:
        if not note["complete"]:
            cut_torn_line(self.written)
        curve = Curve(self.reads, note["rows"])
        for row in self.reader().new(last=True):
            curve.add(row)
        signs = [path.stat().st_mtime for path in (self.stdout, self.written, self.out) if path.exists()]
        took = max(0.0, max(signs) - note["began"])
        session = {**note["session"], "to_step": int(curve.step)}
        return Attempt(curve.rows, [*note["sessions"], session], note["seconds"] + took, note["complete"])

    def clear(self) -> None:
        """Remove what is there."""
        shutil.rmtree(self.home, ignore_errors=True)

    def begin(self, earlier: Attempt, session: Mapping[str, Any]) -> None:
        """Make the folders ready for an attempt, and note it.

        Args:
            earlier: what it goes on from.
            session: where and with what it is made, from which step on.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        self.stdout.write_bytes(b"")
        self.stderr.write_bytes(b"")
        note = {
            "rows": list(earlier.rows),
            "sessions": list(earlier.sessions),
            "seconds": earlier.seconds,
            "session": dict(session),
            "began": time.time(),
            "complete": False,
        }
        files.write_text(self._note, json.dumps(note))

    def complete(self) -> None:
        """Note that the command came to its own end."""
        note = json.loads(self._note.read_text(encoding="utf-8"))
        files.write_text(self._note, json.dumps(note | {"complete": True}))

    def forget(self) -> None:
        """Drop the note: the run is kept elsewhere. What the command wrote stays."""
        self._note.unlink(missing_ok=True)

    def last_lines(self) -> str:
        """Return the end of what the command printed, for people."""
        kinds = (("errors", self.stderr, 900), ("output", self.stdout, 300))
        tails = [(name, _tail(path, LAST_LINES)[-most:]) for name, path, most in kinds]
        parts = [f"the last lines of its {name}:\n{tail}" for name, tail in tails if tail]
        return "\n".join(parts) or "it printed nothing"

    def last_error(self) -> str:
        """Return the last line of its errors."""
        return _tail(self.stderr, 1).strip()


def _tail(path: Path, lines: int) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 64_000))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    # A progress bar writes one line over and over.
    return "\n".join(line.rsplit("\r", 1)[-1][:300] for line in text.rstrip().splitlines()[-lines:])
