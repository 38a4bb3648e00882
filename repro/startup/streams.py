"""Standard streams that outlast their readers: a pipe that closes, a full disk or no stream at all end no command."""

from __future__ import annotations

import io
import os
import sys

TYPE_CHECKING = False  # typing's own takes longer to import than all else here
if TYPE_CHECKING:
    from typing import Any


class Lasting(io.RawIOBase):
    """Passes on what is written until that fails; the rest goes nowhere.

    Attributes:
        lost: why writing failed, other than by a reader that went away; None where all is well.
    """

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._over = False
        self.lost: OSError | None = None

    def write(self, data: object) -> int:
        """Write, or lose, all of `data`."""
        content = memoryview(data).cast("B")  # type: ignore[arg-type]
        left = content
        try:
            while left and not self._over:
                left = left[self._raw.write(left) or 0 :]
        except BrokenPipeError:
            self._over = True
        except OSError as error:
            # Windows tells of a pipe without a reader by "invalid argument".
            self._over = True
            self.lost = None if os.name == "nt" and error.errno == 22 else error
        return len(content)

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Tell whether it is a terminal."""
        return self._raw.isatty()


def outlast() -> tuple[Lasting, Lasting]:
    """Make standard output and error so, and return what is below them.

    What is closed is opened on nothing first, or the next file that is opened would be taken for it. A character that
    the encoding lacks is written as its number.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    output, sys.stdout = _lasting(sys.stdout, 1)
    errors, sys.stderr = _lasting(sys.stderr, 2)
    return output, errors


def _lasting(stream: object, number: int) -> tuple[Lasting, io.TextIOWrapper]:
    if isinstance(stream, io.TextIOWrapper):
        stream.flush()
        below: Any = stream.buffer
        encoding, through = stream.encoding, stream.write_through
    else:
        below, encoding, through = io.FileIO(number, "w", closefd=False), "utf-8", False
    raw = Lasting(getattr(below, "raw", below))
    return raw, io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=raw.isatty() or number == 2,
        write_through=through,
    )
