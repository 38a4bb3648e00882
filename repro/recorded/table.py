"""Tables of recorded results: CSV, JSON Lines and Parquet → columns of plain values, each with its line."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from repro.errors import Problem, ReproError, mistake

MOST_BYTES = 100 << 20
"""Of one file. The longest logs that are judged by a few steps have less."""

MOST_ROWS = 5_000_000

Value = str | float | int | None
"""What stands in a table; None where nothing was recorded."""


@dataclass(frozen=True)
class Table:
    """Columns of one file, all of one length.

    Attributes:
        where: the file, as it is named in errors.
        columns: name → values.
        rows: what each row is called in errors, such as "line 12".
        names: all columns that the file has, those that nobody asked for among them.
    """

    where: str
    columns: Mapping[str, Sequence[Value]]
    rows: Sequence[str]
    names: Sequence[str]


Wanted = Collection[str] | None
"""Columns to be read; None reads all."""


def text_of(content: bytes, where: str) -> str:
    """Return the text of a file.

    Raises:
        ReproError: it is empty, binary, or no UTF-8.
    """
    if not content.strip():
        raise mistake(where, "is empty", hint="is it the right file? was it written to its end?")
    for mark, kind in _OTHERS.items():
        if content.startswith(mark):
            raise mistake(where, f"is {kind}, and no text", hint="export it as CSV or JSON Lines")
    if b"\0" in content[:4096]:
        raise mistake(
            where, "is binary, and no text", repr(content[:8]), "export it as CSV or JSON Lines, in UTF-8"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        hint = "save it as UTF-8"
        raise mistake(
            f"{where}: line {line}", "cannot be read as UTF-8", content[error.start : error.end], hint
        ) from None


_OTHERS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"\x1f\x8b": "compressed by gzip",
    b"\xff\xfe": "in UTF-16",
    b"\xfe\xff": "in UTF-16",
    b"\x93NUMPY": "an array of NumPy",
    b"\x80": "a pickle",
}


def read_csv(content: bytes, where: str, separator: str = ",", wanted: Wanted = None) -> Table:
    """Return a table of texts; an empty field is None.

    Raises:
        ReproError: no table that is separated so: every line that is wrong.
    """
    lines = csv.reader(io.StringIO(text_of(content, where), newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(lines)]
        _check_header(header, where, separator)
        places = {name: place for place, name in enumerate(header) if wanted is None or name in wanted}
        columns: dict[str, list[Value]] = {name: [] for name in places}
        rows: list[str] = []
        problems: list[Problem] = []
        for fields in lines:
            if not fields:
                continue
            if len(fields) != len(header):
                what = f"has {len(fields)} fields, where the header has {len(header)}"
                hint = "a field with the separator in it stands in quotes"
                problems.append(
                    Problem(f"{where}: line {lines.line_num}", what, repr(separator.join(fields)), hint)
                )
                continue
            for name, place in places.items():
                columns[name].append(sys.intern(fields[place].strip()) or None)
            rows.append(f"line {lines.line_num}")
            _check_rows(len(rows), where)
    except csv.Error as error:
        raise mistake(
            f"{where}: line {lines.line_num}", f"is no CSV: {error}", hint="check the quotes"
        ) from None
    if problems:
        raise ReproError(*problems)
    if not rows:
        raise mistake(where, "has a header and no rows", hint="was it written to its end?")
    return Table(where, columns, rows, header)


def _check_header(header: list[str], where: str, separator: str) -> None:
    if len(header) == 1:
        for other, name in ((";", "semicolons"), ("\t", "tabs"), (",", "commas")):
            if other != separator and other in header[0]:
                hint = f"set separator = {json.dumps(other)} in [results]; numbers have a decimal point"
                raise mistake(
                    where, f"has one column only: it seems to be separated by {name}", header[0], hint
                )
    twice = sorted({name for name in header if header.count(name) > 1 and name})
    if twice:
        hint = "name each column differently"
        raise ReproError(
            *(Problem(f"{where}: line 1", "names a column twice", repr(name), hint) for name in twice)
        )
    if not any(header):
        raise mistake(f"{where}: line 1", "is no header", hint="the first line names the columns")


def _check_rows(count: int, where: str) -> None:
    if count > MOST_ROWS:
        raise mistake(
            where, f"has more than {MOST_ROWS:,} rows", hint="keep the steps that are judged, or a file a run"
        )


def read_jsonl(content: bytes, where: str, wanted: Wanted = None) -> Table:
    """Return a table of what the objects say, one a line; columns are all keys of any, None where one has no such key.

    Raises:
        ReproError: a line is no object, or not to its end.
    """
    found: list[dict[str, Value]] = []
    rows: list[str] = []
    names: dict[str, None] = {}
    for number, line in enumerate(text_of(content, where).split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{where}: line {number}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            hint = "each line is one object; was the last one written to its end?"
            raise mistake(place, "is no JSON", _short(line), hint) from None
        if not isinstance(row, dict):
            raise mistake(
                place, "is no object", _short(line), 'such as {"seed": 0, "step": 10, "accuracy": 0.7}'
            )
        names |= dict.fromkeys(row)
        found.append({name: value for name, value in row.items() if wanted is None or name in wanted})
        rows.append(f"line {number}")
        _check_rows(len(rows), where)
    chosen = [name for name in names if wanted is None or name in wanted]
    return Table(where, {name: [row.get(name) for row in found] for name in chosen}, rows, list(names))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


def read_parquet(content: bytes, where: str, wanted: Wanted = None) -> Table:
    """Return a table of Parquet; numbers are floats, what is null is None.

    Raises:
        ReproError: pyarrow is not installed, or it is no Parquet.
    """
    try:
        from pyarrow import ArrowException, BufferReader, parquet
    except ImportError:
        hint = 'pip install "repro-claims[parquet]", or export it as CSV'
        raise mistake(where, "is Parquet, which takes the package pyarrow", hint=hint) from None
    try:
        file = parquet.ParquetFile(BufferReader(content), page_checksum_verification=True)
        names = list(file.schema_arrow.names)
        _check_rows(file.metadata.num_rows, where)
        read = file.read(columns=[name for name in names if wanted is None or name in wanted])
        columns = {name: read.column(name).to_pylist() for name in read.column_names}
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise mistake(
            where, "is no Parquet file that can be read", str(error)[:100], "write it again"
        ) from None
    if not read.num_rows:
        raise mistake(where, "has no rows", hint="was it written to its end?")
    rows = [f"row {number}" for number in range(1, read.num_rows + 1)]
    return Table(where, columns, rows, names)


def readers(separator: str) -> Mapping[str, Callable[[bytes, str, Wanted], Table]]:
    """Return format → reader of one file."""
    return {
        "csv": lambda content, where, wanted: read_csv(content, where, separator, wanted),
        "jsonl": read_jsonl,
        "parquet": read_parquet,
    }
