"""The report's data as CSV, and CSV as links that work without network or script."""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from repro.report.model import ClaimReport, Figure, Panel
from repro.report.model.safe_text import visible

if TYPE_CHECKING:
    import pandas as pd


def figure_csv(figure: Figure, *, paper: bool = False) -> str:
    """Return the points of our runs in `figure`, or of the paper's lines: a row for each place on a panel's x axis, a
    column for each line; "" where there are none.

    Runs that share a label are told apart by number, "run 1", "run 2" …, and their mean is left out; where runs are too
    many to be drawn, mean and band stand for them. Categories are written by name. The paper's places are vertices of
    its plot and none of ours: one table of both would be mostly commas.
    """
    columns: dict[str, None] = {}
    rows: dict[str, dict[float, dict[str, float]]] = {}
    for panel in figure.panels:
        count: Counter[str] = Counter()
        for series in [one for one in panel.series if one.role == ("reference" if paper else "seed")]:
            count[series.label] += 1
            name = f"{series.label}, paper" if paper else f"{series.label}, run {count[series.label]}"
            _add(rows, columns, panel, name, series.x, series.y)
        for band in [] if paper else panel.bands:
            mean = next(one for one in panel.series if (one.role, one.label) == ("mean", band.label))
            named = f"{band.label}, {band.runs} runs"
            _add(rows, columns, panel, f"{named}, mean", mean.x, mean.y)
            _add(rows, columns, panel, f"{named}, 5% of them", band.x_low, band.y_low)
            _add(rows, columns, panel, f"{named}, 95% of them", band.x_high, band.y_high)
    if not rows:
        return ""
    order = {panel.title: i for i, panel in enumerate(figure.panels)}
    categories = {panel.title: panel.x_categories for panel in figure.panels}
    return _written(
        ["panel", "x", *columns],
        [
            [title, _place(categories[title], x), *map(rows[title][x].get, columns)]
            for title in sorted(rows, key=order.__getitem__)
            for x in sorted(rows[title])
        ],
        _brief,
    )


def _add(
    rows: dict[str, dict[float, dict[str, float]]],
    columns: dict[str, None],
    panel: Panel,
    name: str,
    x: Sequence[float],
    y: Sequence[float],
) -> None:
    """Add the points of a line to the rows of its panel, in a column of that name."""
    columns[name] = None
    own = rows.setdefault(panel.title, {})
    for place, value in zip(x, y, strict=False):
        own.setdefault(place, {})[name] = round(value, 4) if panel.y_percent else value


def expectations_csv(claims: Iterable[ClaimReport]) -> str:
    """Return one row for each part of each expectation of `claims`; errors are fractions.

    `result` is the machine's term for the region that a part lies in, `verdict` the word that its expectation may bear
    at this scale.
    """
    rows: list[list[object]] = []
    for claim in claims:
        for one in claim.expectations:
            # A page's claims are typeset, and data have the sign of a keyboard.
            reported = one.reported and one.reported.replace("−", "-")
            fixed = [claim.id, one.id, one.role, one.kind, one.unit, reported]
            regions = [one.supports.text, one.refutes.text]
            for part in one.parts:
                numbers = [part.estimate, part.low, part.high, part.level, part.n, part.bound]
                wider = [part.refutation_low, part.refutation_high, part.refutation_level]
                said = [part.result, one.verdict.word]
                rows.append([*fixed, part.label, *numbers, *regions, *said, *wider])
    names = "claim expectation role kind unit reported part estimate low high level n bound"
    last = ["supports when", "refuted when", "result", "verdict"]
    wider_names = ["refutation low", "refutation high", "refutation level"]
    return _written([*names.split(), *last, *wider_names], rows, _exact)


def table_csv(table: pd.DataFrame) -> Iterator[bytes]:
    """Yield a table's CSV, some thousand rows at a time: pandas' own takes five times as long. NaN is left out."""
    yield _lines([[_quoted(str(name)) for name in table]])
    for first in range(0, len(table), _ROWS):
        rows = table.iloc[first : first + _ROWS]
        yield _lines(zip(*(_texts(rows[name]) for name in table), strict=True))


_ROWS = 10_000


def _texts(column: pd.Series[Any]) -> list[str]:
    if column.dtype == "category":
        texts = [*map(_quoted, column.cat.categories), ""]  # -1 is the code of none
        return [texts[code] for code in column.cat.codes.tolist()]
    values = column.tolist()
    if column.dtype.kind == "f":
        return ["" if math.isnan(value) else f"{value:.10g}" for value in values]
    return list(map(str, values)) if column.dtype.kind in "bi" else list(map(_quoted, values))


def _quoted(text: str) -> str:
    """Return a text as a field of CSV (RFC 4180)."""
    return '"' + text.replace('"', '""') + '"' if _SPECIAL.search(text) else text


_SPECIAL = re.compile(r'[",\r\n]')


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    return "".join([",".join(row) + "\n" for row in rows]).encode()


def data_link(text: str) -> str:
    """Return `text` as a `data:` address for a link with a `download` attribute."""
    return "data:text/csv;charset=utf-8," + quote(text, safe=",;:.-+=()/")


def _place(categories: Sequence[str] | None, x: float) -> object:
    if categories is not None and x.is_integer() and 0 <= x < len(categories):
        return categories[int(x)]
    return x


def _written(header: Sequence[str], rows: Iterable[Sequence[object]], number: Callable[[float], str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name, number) for name in header])
    writer.writerows([[_cell(value, number) for value in row] for row in rows])
    return out.getvalue()


def _exact(value: float) -> str:
    return f"{value:.6g}"


def _brief(value: float) -> str:
    """Four digits are more than a figure shows (report.json has more); most are errors, below 1."""
    text = f"{value:.4g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _cell(value: object, number: Callable[[float], str]) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return number(value)
    text = visible(str(value))
    # spreadsheets run cells that look like formulas; numbers were written above
    return "'" + text if isinstance(value, str) and text.startswith(("=", "+", "-", "@", "\t")) else text
