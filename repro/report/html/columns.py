"""The columns of a paper's table: what the paper printed, ours beside it, and only what some row has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from repro.report.model import Table

_MEASURED = re.compile(r"^[−\d.,·⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+(%| pp|×| epochs| steps|)(?= \[|$)")


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one metric; `start` is the place of the first of them in a row.

    `unit` stands behind all of our numbers and none of the paper's: it belongs into the head, once for both.
    """

    title: str
    heads: list[str]
    start: int
    unit: str = ""

    def ours(self, text: str | None) -> str | None:
        """Return our number as the paper prints its own: without the unit that the head tells."""
        return text if text is None or not self.unit else text.replace(self.unit, "", 1)


@dataclass(frozen=True, slots=True)
class Columns:
    """The head of the first column, and a group for each metric."""

    first: str
    groups: list[Group]


def table_columns(table: Table) -> Columns:
    """Return the columns that `table` needs: a difference and a verdict only where a row has one."""
    width = len(table.rows[0].cells) if table.rows else len(table.columns)
    labelled = len(table.columns) == width + 1
    titles = table.columns[1:] if labelled else table.columns
    groups: list[Group] = []
    start = 1
    for place, title in enumerate(titles):
        cells = [row.cells[place] for row in table.rows]
        heads = ["paper", "ours"]
        heads += ["difference"] if any(cell.difference for cell in cells) else []
        heads += ["verdict"] if any(cell.verdict for cell in cells) else []
        unit = _unit([cell.ours for cell in cells], [cell.reported for cell in cells])
        groups.append(Group(_headed(title, unit, table.title), heads, start, unit))
        start += len(heads)
    return Columns(table.columns[0] if labelled else "What", groups)


def _unit(ours: list[str | None], printed: list[str | None]) -> str:
    """Return the unit that all of ours have and none of the printed numbers; "" where there is none."""
    told = {found[1] for text in ours if text and (found := _MEASURED.match(text))}
    if len(told) != 1 or "" in told or not any(printed):
        return ""
    unit = told.pop()
    return "" if any(unit.strip() in (text or "") for text in printed) else unit


def _headed(title: str, unit: str, of: str) -> str:
    """Return a column's title with its unit, unless it or the title of the table tells it already."""
    name = unit.strip()
    return title if not name or name in title or name in of else f"{title} ({name})"
