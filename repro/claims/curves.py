"""A paper's own curves, read from its figures into a CSV file beside the claim."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from repro.claims.files import MOST_BYTES_OF_CURVES, beside, read_text
from repro.claims.plain import MOST
from repro.errors import Problem, ReproError

COLUMNS = ("panel", "series", "x", "y", "style")

STYLES = ("solid", "dashed", "dotted")


def read_curves(claim: Path, name: str, root: Path | None) -> Sequence[Mapping[str, str]]:
    """Return the rows of a file of curves; lines that begin with # are comments.

    Raises:
        ReproError: it lies outside of the claims folder, cannot be read, lacks a column, or has a row that cannot be
            drawn.
    """
    path = beside(claim, name, root)
    try:
        lines = read_text(path, MOST_BYTES_OF_CURVES).splitlines()
    except ReproError as error:
        hint = "put a CSV file there, in UTF-8"
        problems = [
            Problem(name, f"cannot be read: it {p.what}", repr(str(path)), hint) for p in error.problems
        ]
        raise ReproError(*problems) from None
    try:
        reader = csv.DictReader(line for line in lines if not line.startswith("#"))
        fields, rows = reader.fieldnames or [], list(reader)
    except csv.Error as error:
        raise ReproError(
            Problem(name, f"is no CSV: {error}", None, "put a CSV file there, in UTF-8")
        ) from None
    absent = [column for column in COLUMNS if column not in fields]
    if absent:
        hint = f"the columns are {', '.join(COLUMNS)}"
        raise ReproError(Problem(name, f"lacks columns: {', '.join(absent)}", repr(str(path)), hint))
    for number, row in enumerate(rows, start=1):
        if not _can_be_drawn(row):
            received = repr(",".join(map(str, row.values())))
            hint = "x and y are numbers; style is solid, dashed or dotted"
            raise ReproError(Problem(name, f"row {number} cannot be drawn", received, hint))
    return rows


def _can_be_drawn(row: Mapping[str, str]) -> bool:
    try:
        numbers = abs(float(row["x"])) <= MOST and abs(float(row["y"])) <= MOST
    except (TypeError, ValueError):
        return False
    return numbers and row["style"] in STYLES and None not in row.values()
