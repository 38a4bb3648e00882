"""TensorBoard's event files, read without TensorBoard: the scalars of one file → a table of steps.

Source: TensorFlow's record format (length, masked checksum of it, data, masked checksum of them) around protocol
buffer messages `Event { double wall_time = 1; int64 step = 2; Summary summary = 5; }`, `Summary { repeated Value
value = 1; }`, `Value { string tag = 1; float simple_value = 2; TensorProto tensor = 8; }` and `TensorProto { DataType
dtype = 1; bytes tensor_content = 4; repeated float float_val = 5; repeated double double_val = 6; }`
(tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto and tensor.proto).
A checksum is CRC-32C, rotated and shifted (tensorflow/core/lib/hash/crc32c.h, "masked").
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from repro.errors import ReproError, mistake
from repro.recorded.table import Table, Value, Wanted

STEP = "step"

_FLOAT, _DOUBLE = 1, 2
"""Of `DataType`."""

Field = tuple[int, int | bytes]
"""Number of a field, and its value: a whole number, or bytes that are a text, a message or a fixed number."""


def read_events(content: bytes, where: str, wanted: Wanted = None) -> Table:
    """Return the scalars of an event file: a row for each event, a column for each tag, and the column "step".

    A record that is cut short ends the file: a run that was killed leaves one.

    Raises:
        ReproError: it is no event file, is damaged, or holds no scalars.
    """
    events: list[tuple[int, dict[str, float]]] = []
    names: dict[str, None] = {STEP: None}
    try:
        for number, (record, check) in enumerate(_records(content, where), start=1):
            step, scalars = _event(record)
            names |= dict.fromkeys(scalars)
            kept = {tag: value for tag, value in scalars.items() if wanted is None or tag in wanted}
            if kept:
                # Of pictures and histograms, which are long, nothing is read.
                if checksum(record) != check:
                    raise _damaged(where, number)
                events.append((step, kept))
    except (ValueError, struct.error, UnicodeDecodeError):
        raise mistake(
            where, "is no event file of TensorBoard", hint="such as events.out.tfevents.…"
        ) from None
    if len(names) == 1:
        raise mistake(where, "is an event file without scalars", hint="were they logged by add_scalar?")
    chosen = [name for name in names if name != STEP and (wanted is None or name in wanted)]
    columns: dict[str, list[Value]] = {name: [kept.get(name) for _, kept in events] for name in chosen}
    columns[STEP] = [step for step, _ in events]
    return Table(where, columns, [f"step {step}" for step, _ in events], list(names))


def _records(content: bytes, where: str) -> Iterator[tuple[bytes, int]]:
    """Yield each record with its checksum."""
    at = number = 0
    while at + 12 <= len(content):
        number += 1
        length, check = struct.unpack_from("<QI", content, at)
        if checksum(content[at : at + 8]) != check:
            if at == 0:
                raise ValueError  # no event file at all
            raise _damaged(where, number)
        end = at + 12 + length
        if end + 4 > len(content):
            return
        (check,) = struct.unpack_from("<I", content, end)
        yield content[at + 12 : end], check
        at = end + 4


def _damaged(where: str, number: int) -> ReproError:
    what = f"is damaged: record {number} is not what its checksum says"
    return mistake(where, what, hint="copy it again from where it was written")


def _table_of_crc() -> Iterator[int]:
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
        yield rest


_CRC = tuple(_table_of_crc())


def checksum(data: bytes) -> int:
    """Return the masked CRC-32C of some bytes (RFC 3720, appendix B.4, has values to check it by)."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest = _CRC[(rest ^ byte) & 0xFF] ^ rest >> 8
    rest ^= 0xFFFFFFFF
    return ((rest >> 15 | rest << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _event(record: bytes) -> tuple[int, dict[str, float]]:
    step, scalars = 0, dict[str, float]()
    for number, value in _fields(record):
        if number == 2 and isinstance(value, int):
            step = value
        elif number == 5 and isinstance(value, bytes):
            scalars |= dict(_summary(value))
    return step, scalars


def _summary(message: bytes) -> Iterator[tuple[str, float]]:
    for number, value in _fields(message):
        if number != 1 or not isinstance(value, bytes):
            continue
        tag, scalar = "", None
        for inner, content in _fields(value):
            if not isinstance(content, bytes):
                continue
            if inner == 1:
                tag = content.decode()
            elif inner == 2:
                scalar = _shortest(content)
            elif inner == 8:
                scalar = _tensor(content)
        if tag and scalar is not None:
            yield tag, scalar


def _shortest(content: bytes) -> float:
    """Return the number with the fewest digits that a float of 32 bits stands for: 71.2, not 71.19999694824219."""
    (value,) = struct.unpack("<f", content)
    if not math.isfinite(value):
        return float(value)
    return next(
        near for near in (float(f"{value:.{n}g}") for n in range(6, 10)) if struct.pack("<f", near) == content
    )


def _tensor(message: bytes) -> float | None:
    """Return a tensor of one number; None for what is none."""
    fields = dict(_fields(message))
    kind = fields.get(1)
    for own, size, kinds in ((5, 4, _FLOAT), (6, 8, _DOUBLE)):
        for content in (fields.get(own), fields.get(4)):
            if kind == kinds and isinstance(content, bytes) and len(content) == size:
                return _shortest(content) if size == 4 else float(struct.unpack("<d", content)[0])
    return None


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        length = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            length, at = _varint(message, at)
        if length is None or at + length > len(message):
            raise ValueError("no protocol buffer message")
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise ValueError("no protocol buffer message")
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
