"""Checks of what a claim shows: the paper's tables, its figures, and their reference curves."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path

from repro.claims.cells import all_cells
from repro.claims.findings import Finding, arm_of, known
from repro.claims.schema import ClaimFile
from repro.errors import suggestion


def tables(file: ClaimFile, scale: str) -> Iterator[Finding]:
    """Find rows, columns and moments that refer to nothing."""
    addresses = [cell.address for cell in all_cells(file)]
    for name, table in file.table.items():
        for metric in table.metrics:
            yield from known(f"table.{name}.metrics", "metric", metric, file.metrics)
            moments = file.metrics[metric].at if metric in file.metrics else []
            if table.at is not None and moments:
                yield from known(f"table.{name}.at", "moment of its metric", table.at, moments)
            elif len(moments) > 1:
                what = f"metric {metric!r} has several moments"
                yield f"table.{name}", what, ", ".join(moments), "name one of them with `at`"
        for row in table.rows:
            place = f"table.{name}.rows.{row.label}"
            for metric in sorted(row.reported.keys() - set(table.metrics)):
                yield from known(place, "column", metric, table.metrics)
            # A lesser scale may have fewer levels than the paper: there, levels may be absent.
            absent = row.cell is not None and row.cell not in addresses
            if row.cell is not None and absent and (scale == "paper" or arm_of(row.cell) not in file.arms):
                yield f"{place}.cell", "unknown cell", repr(row.cell), suggestion(row.cell, addresses)
        labels = [row.label for row in table.rows]
        for reproduction in table.reproductions:
            for label, values in reproduction.values.items():
                place = f"table.{name}.reproductions.{reproduction.label}"
                yield from known(place, "row", label, labels)
                for metric in values:
                    yield from known(f"{place}.{label}", "column", metric, table.metrics)


def figures(file: ClaimFile, path: Path) -> Iterator[Finding]:
    """Find figures of nothing, and reference curves that cannot be drawn."""
    for name, figure in file.figure.items():
        place = f"figure.{name}"
        if figure.metric is not None:
            yield from known(f"{place}.metric", "metric", figure.metric, file.metrics)
            metric = file.metrics.get(figure.metric)
            if metric is not None and metric.kind != "probe":
                what = f"a figure of {figure.kind} shows what a probe has read"
                yield f"{place}.metric", what, repr(figure.metric), "use a metric of kind probe"
            elif metric is not None and figure.kind == "layers":
                yield from known(f"{place}.at", "moment of its metric", figure.at, metric.at)
        if figure.kind == "moments" and not file.factors:
            yield place, "a figure of moments has the first factor on its axis", None, "add [factors]"
        if figure.panel is not None:
            yield from known(f"{place}.panel", "factor", figure.panel, {**file.factors, "arm": None})
        if figure.reference is not None:
            yield from _reference(f"{place}.reference.file", path.parent / figure.reference.file)


def _reference(place: str, path: Path) -> Iterator[Finding]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        yield place, "cannot be read", repr(str(path)), "put a CSV file there, in UTF-8"
        return
    reader = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    absent = [name for name in REFERENCE_COLUMNS if name not in (reader.fieldnames or [])]
    if absent:
        hint = f"the columns are {', '.join(REFERENCE_COLUMNS)}"
        yield place, f"lacks columns: {', '.join(absent)}", repr(str(path)), hint
        return
    for number, row in enumerate(reader, start=1):
        try:
            good = math.isfinite(float(row["x"])) and math.isfinite(float(row["y"]))
        except (TypeError, ValueError):
            good = False
        if not good or row["style"] not in ("solid", "dashed", "dotted"):
            hint = "x and y are numbers; style is solid, dashed or dotted"
            yield place, f"row {number} cannot be drawn", repr(",".join(map(str, row.values()))), hint
            return


REFERENCE_COLUMNS = ("panel", "series", "x", "y", "style")
"""Of the CSV files that hold a paper's curves."""
