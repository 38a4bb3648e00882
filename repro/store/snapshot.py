"""What was read of a large store, kept in one file: to open tens of thousands of small ones takes longer than all else.

The file says nothing that the store does not say, and may be deleted at any time. What it holds of a run or a reading
counts only while the file that this was read from is the same: of the same size, time of change and number. Damage that
leaves all three as they were is for `repro runs verify` to find, which reads every file.

Layout: a line of JSON with the length and checksum of the index, the index, then all columns of numbers and texts, each
once. Columns are read where they lie, when they are asked for.
"""

from __future__ import annotations

import json
import mmap
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from repro.errors import mistake
from repro.store.packed import Column, Stored
from repro.store.recent import Signature

FORMAT = 1

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
        self._columns: list[list[Any]] = []
        self._made: dict[int, Column] = {}
        self._names: list[list[str]] = []
        self._data: mmap.mmap | bytes = b""
        self._start = 0

    def find(self, place: str, signature: Signature | None) -> Packed | None:
        """Return an entry, if it is kept of a file of this signature."""
        found = self._entries().get(place)
        if found is None or signature is None or (found[0], found[1], found[2]) != signature:
            return None
        return self._packed(found)

    def __len__(self) -> int:
        return len(self._entries())

    def others(self, places: Iterable[str]) -> Iterator[tuple[str, Signature, Packed]]:
        """Yield the entries that are kept of other places than these."""
        for place in self._entries().keys() - set(places):
            found = self._entries()[place]
            yield place, (found[0], found[1], found[2]), self._packed(found)

    def write(self, entries: Iterable[tuple[str, Signature, Packed]]) -> None:
        """Write a file of these entries in place of the present one; a folder that cannot be written keeps it."""
        from repro.store import files

        columns: dict[tuple[str | None, bytes], int] = {}
        names: dict[tuple[str, ...], int] = {}
        index: dict[str, list[Any]] = {}
        for place, signature, (head, table) in entries:
            numbers = [columns.setdefault(_raw(column), len(columns)) for column in table.values()]
            index[place] = [*signature, head, names.setdefault(tuple(table), len(names)), *numbers]
        places, start = [], 0
        for code, content in columns:
            places.append([code, start, len(content), zlib.crc32(content)])
            start += len(content)
        whole = {"names": list(names), "columns": places, "entries": index}
        text = json.dumps(whole, separators=(",", ":")).encode()
        line = json.dumps({"format": FORMAT, "length": len(text), "crc": zlib.crc32(text)}).encode() + b"\n"
        with suppress(OSError):
            files.write(self._path, line, text, *(content for _, content in columns))

    def _entries(self) -> dict[str, list[Any]]:
        if self._index is None:
            self._index = {}
            with suppress(OSError, ValueError, KeyError, TypeError):
                self._index = self._read()
        return self._index

    def _read(self) -> dict[str, list[Any]]:
        from pydantic_core import from_json

        with self._path.open("rb") as file:
            first = file.readline(200)
            head = json.loads(first)
            if head["format"] != FORMAT:
                return {}
            text = file.read(head["length"])
            if zlib.crc32(text) != head["crc"]:
                return {}
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._start = len(first) + len(text)
        whole = from_json(text)
        self._names, self._columns = whole["names"], whole["columns"]
        entries: dict[str, list[Any]] = whole["entries"]
        return entries

    def _packed(self, found: Sequence[Any]) -> Packed:
        names = self._names[found[4]]
        return found[3], dict(zip(names, map(self._column, found[5:]), strict=True))

    def _column(self, number: int) -> Column:
        made = self._made.get(number)
        if made is None:
            code, start, length, crc = self._columns[number]
            made = self._made[number] = Stored(
                self._data, code, self._start + start, length, crc, self._damaged
            )
        return made

    def _damaged(self) -> None:
        hint = "delete it: nothing is lost, and the next command makes it anew"
        raise mistake(str(self._path), "does not match its checksum", hint=hint)


def _raw(column: Column) -> tuple[str | None, bytes]:
    """Return a column's type code and bytes; values that are no numbers as JSON."""
    if isinstance(column, Stored):
        return column.code, column.raw()
    code, values = column
    if code is not None:
        return code, bytes(values)
    return None, json.dumps(values).encode()
