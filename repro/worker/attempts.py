"""The attempts at an output, as a worker makes them: begun, gone on from, ended; and the rows that they wrote."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.command_spec import STDOUT, Conduct, Reads
from repro.spec import Until
from repro.store.outputs import Output
from repro.worker.rows import Curve, Row, RowReader, cut_torn_line

LAST_LINES = 20
"""Of its output, shown where it fails."""


@dataclass(frozen=True)
class Attempt:
    """What earlier attempts have left that another one goes on from.

    Attributes:
        rows: what they wrote.
        sessions: where and with what they were made, oldest first.
        seconds: what they took, until their last sign of life.
    """

    rows: Sequence[Row] = ()
    sessions: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0


class Attempts:
    """The attempts at an output.

    Args:
        output: where it lies.
        reads: how it is read.
    """

    def __init__(self, output: Output, reads: Reads) -> None:
        self.output = output
        self.reads = reads
        self.stdout = output.written(STDOUT)
        self.stderr = output.home / "stderr.txt"
        self.written = output.written(reads.metrics)
        self._printed_before = 0

    def reader(self, *, beyond: bool = False) -> RowReader:
        """Return a reader of what the command writes about its run; `beyond` what is there already."""
        return RowReader(self.written, prints=self.reads.metrics == STDOUT, beyond=beyond)

    def rows(self, note: Mapping[str, Any]) -> list[Row]:
        """Return all rows that the command wrote, as it wrote them.

        Raises:
            ReproError: a line that is no row.
            ValueError: those of an earlier attempt are there no more.
        """
        found = self.reader().new(last=True)
        if self.output.is_whole(note, self.reads.metrics):
            return found
        if note["of"] != self.reads.metrics:
            raise ValueError(f"{self.reads.metrics} was begun anew, and what it held was not kept")
        return [*note["rows"], *found]

    def earlier(self, conduct: Conduct) -> Attempt | None:
        """Return what earlier attempts have left that can be gone on from; None where the run is to begin anew.

        Raises:
            ReproError: a line that is no row.
            ValueError: what they have left cannot be read.
        """
        note = self.output.note()
        if note is None or not self.output.can_go_on(conduct):
            return None
        cut_torn_line(self.written)
        rows, curve = self.rows(note), Curve(self.reads)
        curve.extend(rows, lambda row: False)
        session = {**note["session"], "to_step": int(curve.step)}
        return Attempt(rows, [*note["sessions"], session], note["seconds"] + self._took(note))

    def _took(self, note: Mapping[str, Any]) -> float:
        places = (self.stdout, self.written, self.output.out)
        last = max(path.stat().st_mtime for path in places if path.exists())
        return max(0.0, last - float(note["began"]))

    def begin(self, earlier: Attempt | None, session: Mapping[str, Any]) -> None:
        """Make the folders ready for an attempt, and note it.

        Args:
            earlier: what it goes on from; None: it begins anew, and what is there goes.
            session: where and with what it is made.
        """
        before = {}
        if earlier is None:
            shutil.rmtree(self.output.home, ignore_errors=True)
        else:
            before = self.output.sizes(self.output.note())
        self.output.out.mkdir(parents=True, exist_ok=True)
        self.stdout.touch()
        self._printed_before = self.stdout.stat().st_size
        self.stderr.write_bytes(b"")
        self.output.put_note(
            {
                "began": time.time(),
                "session": dict(session),
                "sessions": list(earlier.sessions) if earlier else [],
                "seconds": earlier.seconds if earlier else 0.0,
                "rows": list(earlier.rows) if earlier else [],
                "of": self.reads.metrics,
                "before": before,
                "ended": None,
                "files": {},
            }
        )

    def end(self, target: Until | None) -> None:
        """Note that an attempt ended, by itself or at a target: there is no more of the output."""
        note = self.output.note()
        assert note is not None, "it was begun"
        ended = {
            "target": None if target is None else target.as_json(),
            "seconds": note["seconds"] + time.time() - note["began"],
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self.output.put_note(note | {"ended": ended, "files": self.output.hashes(self.reads.metrics)})

    def last_lines(self) -> str:
        """Return the end of what the command printed, for people."""
        kinds = (("errors", self.stderr, 0, 900), ("output", self.stdout, self._printed_before, 300))
        tails = [(name, _tail(path, LAST_LINES, begin)[-most:]) for name, path, begin, most in kinds]
        parts = [f"The last lines of its {name}:\n{tail}" for name, tail in tails if tail]
        return "\n".join(parts) or "It printed nothing."

    def last_error(self) -> str:
        """Return the last line of its errors."""
        return _tail(self.stderr, 1).strip()


def _tail(path: Path, lines: int, begin: int = 0) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(begin, size - 64_000))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    # A progress bar writes one line over and over.
    return "\n".join(line.rsplit("\r", 1)[-1][:300] for line in text.rstrip().splitlines()[-lines:])
