"""The report's data as CSV, and CSV as links that work without network or script."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from repro.report.model import ClaimReport, Figure
from repro.report.text import visible


def figure_csv(figure: Figure) -> str:
    """Return the points of all lines of `figure`, one row a point; categories are written by name."""
    rows: list[list[object]] = []
    for panel in figure.panels:
        for series in panel.series:
            for x, y in zip(series.x, series.y, strict=False):
                rows.append([panel.title, series.label, series.role, _place(panel.x_categories, x), y])
    return _written(["panel", "series", "role", "x", "y"], rows)


def expectations_csv(claims: Iterable[ClaimReport]) -> str:
    """Return one row for each part of each expectation of `claims`; errors are fractions."""
    rows: list[list[object]] = []
    for claim in claims:
        for one in claim.expectations:
            fixed = [claim.id, one.id, one.role, one.kind, one.unit, one.reported]
            regions = [one.supports.text, one.refutes.text]
            for part in one.parts:
                numbers = [part.estimate, part.low, part.high, part.level, part.n, part.bound]
                rows.append([*fixed, part.label, *numbers, *regions, part.result, one.verdict.word])
    names = "claim expectation role kind unit reported part estimate low high level n bound"
    return _written([*names.split(), "supports when", "refuted when", "result", "verdict"], rows)


def data_link(text: str) -> str:
    """Return `text` as a `data:` address for a link with a `download` attribute."""
    return "data:text/csv;charset=utf-8," + quote(text, safe=",;:.-+=()/")


def _place(categories: Sequence[str] | None, x: float) -> object:
    if categories is not None and x.is_integer() and 0 <= x < len(categories):
        return categories[int(x)]
    return x


def _written(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = visible(str(value))
    # spreadsheets run cells that look like formulas; numbers were written above
    return "'" + text if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t")) else text
