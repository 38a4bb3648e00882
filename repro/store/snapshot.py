"""What was read of a large store, kept in one file: to open tens of thousands of small ones takes longer than all else.

The file says nothing that the store does not say, and may be deleted at any time. What it holds of a run or a reading
counts only while the file that this was read from is the same: of the same size, time of change and number. Damage that
leaves all three as they were is for `repro runs verify` to find, which reads every file.

Layout: a line of JSON with the length and checksum of the index, the index, then all columns of numbers and texts, each
once. Columns are read where they lie, when they are asked for. Of the rest of an entry the index names the parts, which
most runs share: a recipe, a machine.
"""

from __future__ import annotations

import json
import mmap
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias

from repro.errors import mistake
from repro.store.packed import Column, Stored
from repro.store.recent import Signature

FORMAT = 4

FEWEST = 500
"""Entries worth a file of their own: fewer are read as fast one by one."""

STALE_SHARE = 0.05
"""The file is written anew where more than this share of what was read had to be read from the store."""

Packed: TypeAlias = tuple[dict[str, Any], Mapping[str, Column]]
"""An entry: what is no table, as plain data, and the columns of its table."""


class Snapshot:
    """The entries of a store by the place of their file, such as ``readings/0f3a….json``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index: dict[str, list[Any]] | None = None
        self._codes: list[str | None] = []
        self._starts = self._crcs = array("q")
        self._made: dict[int, Column] = {}
        self._names: list[list[str]] = []
        self._parts: list[Any] = []
        self._data: mmap.mmap | bytes = b""

    def take(self, place: str, signature: Signature | None) -> Packed | None:
        """Return an entry, if it is kept of a file of this signature. It is then the caller's: it is given once."""
        found = self._entries().pop(place, None)
        if found is None or signature is None or (found[0], found[1], found[2]) != signature:
            return None
        return self._packed(found)

    def rest(self) -> Iterator[tuple[str, Signature, Packed]]:
        """Yield the entries that were not taken."""
        for place, found in self._entries().items():
            yield place, (found[0], found[1], found[2]), self._packed(found)

    def write(self, entries: Iterable[tuple[str, Signature, Packed]]) -> None:
        """Write a file of these entries in place of the present one; a folder that cannot be written keeps it."""
        from repro.store import files

        # Columns of one name lie together: most of a history is never asked for, and is then not read from the disk.
        tables: dict[str, dict[tuple[str | None, bytes], int]] = {}
        names: dict[tuple[str, ...], int] = {}
        parts = _Parts()
        kept = []
        for place, signature, (head, table) in entries:
            columns = [(name, _raw(column)) for name, column in table.items()]
            for name, raw in columns:
                alike = tables.setdefault(name, {})
                alike.setdefault(raw, len(alike))
            kept.append(
                (place, [*signature, parts.of(head), names.setdefault(tuple(table), len(names))], columns)
            )
        first = dict(zip(tables, accumulate(map(len, tables.values()), initial=0), strict=False))
        raws = [raw for alike in tables.values() for raw in alike]
        whole = {
            "names": list(names),
            "parts": parts.values,
            "codes": [code for code, _ in raws],
            "lengths": [len(content) for _, content in raws],
            "crcs": [zlib.crc32(content) for _, content in raws],
            "entries": {
                place: [*entry, *(first[name] + tables[name][raw] for name, raw in columns)]
                for place, entry, columns in kept
            },
        }
        text = json.dumps(whole, separators=(",", ":")).encode()
        line = json.dumps({"format": FORMAT, "length": len(text), "crc": zlib.crc32(text)}).encode() + b"\n"
        with suppress(OSError):
            files.write(self._path, line, text, *(content for _, content in raws))

    def _entries(self) -> dict[str, list[Any]]:
        if self._index is None:
            self._index = {}
            with suppress(OSError, ValueError, KeyError, TypeError):
                self._index = self._read()
        return self._index

    def _read(self) -> dict[str, list[Any]]:
        from pydantic_core import from_json

        with self._path.open("rb") as file:
            line = file.readline(200)
            head = json.loads(line)
            if head["format"] != FORMAT:
                return {}
            text = file.read(head["length"])
            if zlib.crc32(text) != head["crc"]:
                return {}
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        whole = from_json(text)
        self._names, self._codes, self._parts = whole["names"], whole["codes"], whole["parts"]
        self._starts = array("q", accumulate(whole["lengths"], initial=len(line) + len(text)))
        self._crcs = array("q", whole["crcs"])
        entries: dict[str, list[Any]] = whole["entries"]
        return entries

    def _packed(self, found: Sequence[Any]) -> Packed:
        names, parts = self._names[found[4]], self._parts
        head = {
            name: {inner: parts[one] for inner, one in number.items()}
            if isinstance(number, dict)
            else parts[number]
            for name, number in found[3].items()
        }
        return head, _Columns(names, array("i", found[5:]), self._column)

    def _column(self, number: int) -> Column:
        made = self._made.get(number)
        if made is None:
            start, end = self._starts[number], self._starts[number + 1]
            crc, code = self._crcs[number], self._codes[number]
            made = self._made[number] = Stored(self._data, code, start, end - start, crc, self._damaged)
        return made

    def _damaged(self) -> None:
        hint = "delete it: nothing is lost, and the next command makes it anew"
        raise mistake(str(self._path), "does not match its checksum", hint=hint)


class _Columns(Mapping[str, Column]):
    """The columns of an entry, each made when it is asked for: of most, nobody asks."""

    __slots__ = ("_column", "_names", "_numbers")

    def __init__(self, names: Sequence[str], numbers: Sequence[int], column: Callable[[int], Column]) -> None:
        self._names, self._numbers, self._column = names, numbers, column

    def __getitem__(self, name: str) -> Column:
        try:
            return self._column(self._numbers[self._names.index(name)])
        except ValueError:
            raise KeyError(name) from None

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Parts:
    """The parts of entries, each once, by their text: 1, 1.0 and true are equal, and not the same."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[str, int] = {}

    def of(self, head: Mapping[str, Any]) -> dict[str, Any]:
        """Return `head` with numbers in the place of its values, and of those of the tables in it."""
        return {
            name: {inner: self._number(one) for inner, one in value.items()}
            if isinstance(value, dict)
            else self._number(value)
            for name, value in head.items()
        }

    def _number(self, value: object) -> int:
        text = json.dumps(value)
        if text not in self._numbers:
            self._numbers[text] = len(self.values)
            self.values.append(value)
        return self._numbers[text]


def _raw(column: Column) -> tuple[str | None, bytes]:
    """Return a column's type code and bytes; values that are no numbers as JSON."""
    if isinstance(column, Stored):
        return column.code, column.raw()
    code, values = column
    if code is not None:
        return code, bytes(values)
    return None, json.dumps(values).encode()
