"""What a command writes about its run: rows of numbers, read while it writes them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from repro.command_spec import Reads
from repro.errors import mistake

Row = dict[str, float]

MOST_ROWS = 200_000
"""Of a run: a curve needs no more."""

LONGEST_LINE = 1 << 20


class RowReader:
    """Reads the lines that were added to a file since it looked last: JSON objects, or CSV with a head.

    Args:
        path: may not be there yet. A file that ends in .csv or .tsv is read as such.
        prints: it is a program's output: lines that are no JSON objects are passed over.
        beyond: what is there already is passed over, too, but for the head of a table.
    """

    def __init__(self, path: Path, *, prints: bool = False, beyond: bool = False) -> None:
        self.path = path
        self.prints = prints
        self.separator = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
        self.head: list[str] | None = None
        self.lines = 0
        self._place = 0
        self._part = b""
        if beyond:
            self._pass_over()

    def _pass_over(self) -> None:
        with suppress(FileNotFoundError):
            content = self.path.read_bytes()
            self._place = len(content)
            self.lines = content.count(b"\n")
            if self.separator is not None and self.lines:
                self._of_csv(content.split(b"\n", 1)[0].decode("utf-8", errors="replace").strip("\r\n\ufeff"))

    def new(self, *, last: bool = False) -> list[dict[str, float]]:
        """Return the rows of lines that are complete by now, or, `last`, of the rest, too.

        Raises:
            ReproError: a line that is no row, with its number and content.
        """
        try:
            size = self.path.stat().st_size
            if size < self._place:  # it was begun anew
                self._place, self._part, self.head, self.lines = 0, b"", None, 0
            with self.path.open("rb") as file:
                file.seek(self._place)
                added = file.read()
        except FileNotFoundError:
            return []
        self._place += len(added)
        *lines, self._part = (self._part + added).split(b"\n")
        if last and self._part:
            lines, self._part = [*lines, self._part], b""
        return [row for line in lines if (row := self._row(line)) is not None]

    def _row(self, line: bytes) -> Row | None:
        self.lines += 1
        text = line.decode("utf-8", errors="replace").strip("\r\n\ufeff")
        if not text.strip():
            return None
        if self.separator is not None:
            return self._of_csv(text)
        return self._of_json(text)

    def _of_json(self, text: str) -> Row | None:
        if self.prints and not text.lstrip().startswith("{"):
            return None
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            if self.prints:
                return None
            raise self._wrong(f"is no JSON: {error}", text) from None
        if not isinstance(found, dict):
            raise self._wrong("is no JSON object", text)
        return dict(_numbers(found))

    def _of_csv(self, text: str) -> Row | None:
        fields = next(csv.reader([text], delimiter=self.separator or ","))
        if self.head is None:
            self.head = [name.strip() for name in fields]
            if len(set(self.head)) < len(self.head):
                raise self._wrong("names a column twice", text)
            return None
        if fields == self.head:  # a command that goes on may write it again
            return None
        if len(fields) != len(self.head):
            raise self._wrong(f"has {len(fields)} fields, its head {len(self.head)}", text)
        return {
            name: number
            for name, field in zip(self.head, fields, strict=True)
            if (number := _number(field)) is not None
        }

    def _wrong(self, what: str, text: str) -> Exception:
        hint = 'a line for each evaluation, such as {"step": 100, "test_error": 0.25}'
        if self.separator is not None:
            hint = "a head, then a line of as many numbers for each evaluation"
        return mistake(f"{self.path.name} line {self.lines}", what, text[:200], hint)


def cut_torn_line(path: Path) -> None:
    """Take the end off a file whose writer was killed in the midst of a line, so that another can add to it."""
    try:
        with path.open("r+b") as file:
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
    except FileNotFoundError:
        pass


def _numbers(found: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, float]]:
    for name, value in found.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float):
            yield f"{within}{name}", float(value)
        elif isinstance(value, dict):
            yield from _numbers(value, f"{within}{name}/")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class Curve:
    """The rows of a run in the order of its steps.

    Rows of one step are one. A step that is not beyond those before it was done anew: what came after it goes. A row
    without a step belongs to the last one, or is a step of its own where none has said any. Without epochs, steps
    stand for them; a row that has none is of the last epoch that was named.
    """

    def __init__(self, reads: Reads) -> None:
        self.reads = reads
        self.rows: list[Row] = []
        self._counts = True

    def extend(self, found: Iterable[Row], over: Callable[[Row], bool]) -> bool:
        """Take in rows as they were written up to the first that ends the run; return whether one does.

        Raises:
            ReproError: a step that is none, or too many rows.
        """
        for row in found:
            if over(self.add(row)):
                return True
            if len(self.rows) > MOST_ROWS:
                what = f"has more than {MOST_ROWS:,} rows"
                raise mistake(self.reads.metrics, what, None, "have the command write fewer of them")
        return False

    @property
    def step(self) -> float:
        """The last step; 0 before the first row."""
        return self.rows[-1]["step"] if self.rows else 0.0

    @property
    def epoch(self) -> float:
        """The last epoch that was named, or the last step where none ever is."""
        told = next((row["epoch"] for row in reversed(self.rows) if "epoch" in row), None)
        return self.step if told is None else told

    def add(self, found: Row) -> Row:
        """Take in a row as it was written; return the row of its step.

        Raises:
            ReproError: a step that is none.
        """
        row = dict(found)
        step, epoch = row.pop(self.reads.step, None), row.pop(self.reads.epoch or "epoch", None)
        if self.reads.epoch is None:
            epoch = None
        if step is not None:
            if not 0 <= step < math.inf or step % 1:
                hint = "name the column that counts with `step` in [experiment.process]"
                raise mistake(
                    self.reads.metrics, f"{self.reads.step} is no whole number from 0 on", step, hint
                )
            self._counts = False
        else:
            step = self.step + 1 if self._counts else self.step
        while self.rows and self.rows[-1]["step"] > step:
            self.rows.pop()
        if not self.rows or self.rows[-1]["step"] < step:
            self.rows.append({"step": step})
        self.rows[-1] |= row | ({} if epoch is None else {"epoch": epoch})
        return self.rows[-1]

    def columns(self) -> dict[str, list[float]]:
        """Return columns of one length, "step" and "epoch" among them; NaN where a row has nothing."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        found = {name: [row.get(name, math.nan) for row in self.rows] for name in names}
        if "epoch" not in found:
            return {"step": found["step"], "epoch": found["step"], **found}
        last = 0.0
        for place, epoch in enumerate(found["epoch"]):
            last = found["epoch"][place] = epoch if math.isfinite(epoch) else last
        return found
