"""Numbers held small: what a report keeps in mind of ten thousand histories and readings, as bytes instead of objects.

Columns come back as the lists that were packed, of the same types and to the last bit. Equal columns, such as the
epochs of runs that differ in the seed, are held once.
"""

from __future__ import annotations

import json
import struct
import zlib
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Stored:
    """A column that lies in a file: unpacked, and held against its checksum, whenever it is asked for."""

    __slots__ = ("_crc", "_damaged", "_data", "_length", "_start", "code")

    def __init__(
        self, data: Any, code: str | None, start: int, length: int, crc: int, damaged: Callable[[], None]
    ) -> None:
        self._data, self.code, self._start, self._length = data, code, start, length
        self._crc, self._damaged = crc, damaged

    def raw(self) -> bytes:
        """Return the bytes as they lie there."""
        content = bytes(self._data[self._start : self._start + self._length])
        if zlib.crc32(content) != self._crc:
            self._damaged()
        return content

    def values(self) -> list[Any]:
        """Return what was packed; values that are no numbers lie there as JSON."""
        return list(_values(self))

    def __len__(self) -> int:
        return len(_values(self)) if self.code is None else self._length // _BYTES


@lru_cache(maxsize=256)
def _values(column: Stored) -> list[Any]:
    """Unpack a column: the metrics of a run ask for the same few one after the other."""
    raw = column.raw()
    return json.loads(raw) if column.code is None else array(column.code, raw).tolist()


Column: TypeAlias = tuple[str, bytes] | tuple[None, tuple[Any, ...]] | Stored
"""Type code of an array and its bytes; values that are no numbers, or of several types, as they are."""

_CODES = {frozenset({float}): "d", frozenset({int}): "q"}
_BYTES = 8
"""Of a number of either."""


class Packer:
    """Packs columns; those packed by one packer share what is equal."""

    def __init__(self) -> None:
        self._columns: dict[Column, Column] = {}
        self._parts: dict[str, Any] = {}

    def history(self, columns: Mapping[str, list[Any]]) -> Mapping[str, list[Any]]:
        """Pack a run's history; one that is no history stays as it is."""
        if not isinstance(columns, dict) or not all(isinstance(values, list) for values in columns.values()):
            return columns
        return History({name: self._column(values) for name, values in columns.items()})

    def spec(self, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a run's spec whose parts are shared with those of the runs that have the same."""
        if not isinstance(spec, dict):
            return spec
        # By their text: 1, 1.0 and True are equal, and not the same.
        return {name: self._parts.setdefault(str(part), part) for name, part in spec.items()}

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """Pack a reading's rows; rows that do not all have the same fields stay as they are."""
        names = set(map(tuple, rows)) if set(map(type, rows)) == {dict} else set()
        if len(names) != 1 or names == {()}:
            return rows
        columns = zip(*(row.values() for row in rows), strict=True)
        return Rows(dict(zip(names.pop(), map(self._column, columns), strict=True)))

    def _column(self, values: Sequence[Any]) -> Column:
        types = frozenset(map(type, values))
        code = _CODES.get(types)
        if code is not None:
            try:
                packed: Column = code, array(code, values).tobytes()
                return self._columns.setdefault(packed, packed)
            except OverflowError:
                pass  # an integer beyond 64 bits
        if types == {str}:
            packed = None, tuple(values)
            return self._columns.setdefault(packed, packed)
        # Not shared: values of other types may be equal and yet not the same, as 1 and True are.
        return None, tuple(values)


def _unpacked(column: Column) -> list[Any]:
    if isinstance(column, Stored):
        return column.values()
    if column[0] is None:
        return list(column[1])
    return array(column[0], column[1]).tolist()


def _length(column: Column) -> int:
    if isinstance(column, Stored):
        return len(column)
    return len(column[1]) if column[0] is None else len(column[1]) // _BYTES


class History(Mapping[str, list[Any]]):
    """A history whose columns are unpacked as they are asked for."""

    __slots__ = ("columns",)

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns = columns

    def __getitem__(self, name: str) -> list[Any]:
        return _unpacked(self.columns[name])

    def __contains__(self, name: object) -> bool:
        return name in self.columns

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return repr(dict(self))


class Rows(Sequence[Mapping[str, Any]]):
    """Rows that are made as they are asked for; a column is had without making them."""

    __slots__ = ("columns",)

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self.columns = columns

    def column(self, name: str) -> list[Any]:
        """Return what each row holds under `name`."""
        return _unpacked(self.columns[name])

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        columns = zip(*map(_unpacked, self.columns.values()), strict=True)
        return (dict(zip(self.columns, values, strict=True)) for values in columns)

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        return list(self)[place]

    def __len__(self) -> int:
        return _length(self.columns[next(iter(self.columns))])

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, list | Rows) else NotImplemented

    def __hash__(self) -> int:
        raise TypeError("rows are compared by what they hold")

    def __repr__(self) -> str:
        return repr(list(self))


def length_of(columns: Mapping[str, list[Any]], name: str) -> int:
    """Return how many values a column of a history holds, without unpacking it."""
    return _length(columns.columns[name]) if isinstance(columns, History) else len(columns[name])


def matrix_of(readings: Sequence[Sequence[Mapping[str, Any]]], name: str) -> NDArray[np.float64] | None:
    """Return what the rows of each reading hold under `name`, as numbers, a line a reading; None where the readings
    have different numbers of rows.
    """
    import numpy as np

    lines = [_doubles(rows, name) for rows in readings]
    if len(set(map(len, lines))) > 1:
        return None
    return np.frombuffer(b"".join(lines)).reshape(len(lines), -1)


def common_column(readings: Sequence[Sequence[Mapping[str, Any]]], name: str) -> list[Any] | None:
    """Return what the rows of all readings hold under `name`; None where they do not hold the same."""
    first = column_of(readings[0], name)
    held = {id(rows.columns[name]) if isinstance(rows, Rows) else id(rows) for rows in readings}
    same = len(held) == 1 or all(column_of(rows, name) == first for rows in readings)
    return first if same else None


def _doubles(rows: Sequence[Mapping[str, Any]], name: str) -> bytes:
    held = _held(rows.columns[name]) if isinstance(rows, Rows) else None
    return array("d", map(float, column_of(rows, name))).tobytes() if held is None else held


def _held(column: Column) -> bytes | None:
    """Return a column of doubles as it is held; None for any other."""
    if isinstance(column, Stored):
        return column.raw() if column.code == "d" else None
    return column[1] if column[0] == "d" else None


def numbers_of(history: Mapping[str, Sequence[float | None]], name: str) -> NDArray[np.float64]:
    """Return a column of a history as an array; None reads as nan."""
    import numpy as np

    held = _held(history.columns[name]) if isinstance(history, History) else None
    return np.array(history[name], dtype=float) if held is None else np.frombuffer(held)


def value_at(history: Mapping[str, Sequence[float]], name: str, row: int) -> float:
    """Return one value of a column of a history, the rest of which is left packed."""
    held = _held(history.columns[name]) if isinstance(history, History) else None
    return history[name][row] if held is None else float(_DOUBLE.unpack_from(held, row * _BYTES)[0])


_DOUBLE = struct.Struct("d")


def fields_of(rows: Sequence[Mapping[str, Any]]) -> Collection[str]:
    """Return the names under which the first row of a reading holds something, without making it."""
    return rows.columns if isinstance(rows, Rows) else rows[0]


def column_of(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return what each row of a reading holds under `name`, whether its rows are packed or not."""
    return rows.column(name) if isinstance(rows, Rows) else [row[name] for row in rows]
