"""Checks of what a claim shows: the paper's numbers, tables, figures, and their reference curves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from repro.claims.cells import all_cells
from repro.claims.curves import read_curves
from repro.claims.findings import Finding, arm_of, known
from repro.claims.schema import ClaimFile
from repro.claims.schema_expectations import Expectation
from repro.claims.schema_metrics import Metric
from repro.errors import ReproError, suggestion


def tables(file: ClaimFile, scale: str) -> Iterator[Finding]:
    """Find rows, columns and moments that refer to nothing."""
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
            for metric in sorted((row.reported.keys() | row.read_from.keys()) - set(table.metrics)):
                yield from known(place, "column", metric, table.metrics)
            if row.cell is not None:
                yield from _cell(f"{place}.cell", row.cell, file, scale)
        labels = [row.label for row in table.rows]
        for reproduction in table.reproductions:
            for label, values in reproduction.values.items():
                place = f"table.{name}.reproductions.{reproduction.label}"
                yield from known(place, "row", label, labels)
                for metric in values:
                    yield from known(f"{place}.{label}", "column", metric, table.metrics)


def _cell(place: str, cell: str, file: ClaimFile, scale: str) -> Iterator[Finding]:
    """Find a cell that is none; a lesser scale may have fewer levels than the paper: there, levels may be absent."""
    addresses = [one.address for one in all_cells(file)]
    if cell not in addresses and (scale == "paper" or arm_of(cell) not in file.arms):
        yield place, "unknown cell", repr(cell), suggestion(cell, addresses)


def figures(file: ClaimFile, scale: str, path: Path, root: Path | None) -> Iterator[Finding]:
    """Find figures of nothing, and reference curves that cannot be drawn."""
    for name, figure in file.figure.items():
        place = f"figure.{name}"
        for column in figure.of:
            yield from known(f"{place}.of", "column", column, file.columns)
        if figure.metric is not None:
            yield from known(f"{place}.metric", "metric", figure.metric, file.metrics)
            metric = file.metrics.get(figure.metric)
            if metric is not None and metric.kind != "probe":
                what = f"a figure of {figure.kind} shows what a probe has read"
                yield f"{place}.metric", what, repr(figure.metric), "use a metric of kind probe"
            elif metric is not None and figure.kind in ("layers", "images"):
                yield from known(f"{place}.at", "moment of its metric", figure.at, metric.at)
        if figure.kind == "moments" and not file.factors:
            yield place, "a figure of moments has the first factor on its axis", None, "add [factors]"
        if figure.panel is not None:
            parts = {**file.factors, "arm": None} | ({"of": None} if figure.kind == "curves" else {})
            yield from known(f"{place}.panel", "factor", figure.panel, parts)
        for cell in figure.cells:
            yield from _cell(f"{place}.cells", cell, file, scale)
        if figure.reference is not None:
            yield from _reference(f"{place}.reference.file", path, figure.reference.file, root)


def _reference(place: str, claim: Path, name: str, root: Path | None) -> Iterator[Finding]:
    try:
        read_curves(claim, name, root)
    except ReproError as error:
        for problem in error.problems:
            yield place, problem.what, problem.received or repr(name), problem.hint


def printed(place: str, expectation: Expectation, metric: Metric | None) -> Iterator[Finding]:
    """Find a printed number in a unit that nobody knows."""
    known_here = (
        f"{expectation.title} {metric.title if metric else ''} {metric.unit if metric else ''}".lower()
    )
    for word in re.findall(r"[^\W\d_]{2,}", re.sub(r"\(.*?\)", "", expectation.reported or "")):
        if not _UNITS.fullmatch(word.lower()) and word.lower() not in known_here:
            hint = """such as "6.43%", "1.2 pp", "6×", "3.6 billion"; a unit of its own belongs in the metric's title"""
            yield place, f"is in a unit that is not known: {word!r}", repr(expectation.reported), hint
            return


_UNITS = re.compile(
    "pp|percent(age)?|points?|times|fold|thousand|[mb]illion|trillion|([gm]?flop|param|parameter)s|sd|ms|to|of|and|in|"
    "(epoch|step|iteration|layer|image|second|minute|hour|day|nat|bit)s?"
)
