"""The columns of a paper's table: what the paper printed, ours beside it, and only what some row has."""

from __future__ import annotations

from dataclasses import dataclass

from repro.report.model import Table


@dataclass(frozen=True, slots=True)
class Group:
    """The columns of one metric; `start` is the place of the first of them in a row."""

    title: str
    heads: list[str]
    start: int


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
        groups.append(Group(title, heads, start))
        start += len(heads)
    return Columns(table.columns[0] if labelled else "Row", groups)
