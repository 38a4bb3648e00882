"""The rows of a report's tables for pandas; docs/own-paper.md says what each column is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from repro.report import model
from repro.report.wording.compared import compared

if TYPE_CHECKING:
    import pandas as pd

UNITS = {"error": "fraction", "points": "fraction", "share": "fraction", "number": "", "log10-value": "log10"}
"""Unit of the report → what tables call it, where that is something else: as in `metrics.csv`."""

VERDICTS = (
    *("claim", "expectation", "role", "kind", "metric", "moment", "part", "compares", "cells"),
    *(
        "estimate",
        "low",
        "high",
        "level",
        "n",
        "unit",
        "reported",
        "result",
        "word",
        "claim_word",
        "sentence",
    ),
)
CURVES = (
    *("claim", "figure", "panel", "series", "line", "role", "cell", "seed", "run"),
    *("x", "y", "x_label", "y_label", "unit"),
)


def table(rows: Iterator[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Return rows as a table with these columns, also where there are no rows."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=list(columns))
    # None of them is a fraction of a seed: with numbers that may be missing, tables are joined by it.
    return frame.astype({"seed": "Int64"}) if "seed" in columns else frame


def comparisons(claim: model.ClaimReport) -> Iterator[dict[str, Any]]:
    """Yield a row for each comparison of each expectation of a claim."""
    for one in claim.expectations:
        head: dict[str, Any] = {"claim": claim.id, "expectation": one.id, "role": one.role, "kind": one.kind}
        head |= {"unit": UNITS.get(one.unit, one.unit), "reported": one.reported_value, "metric": one.metric}
        head |= {"word": one.verdict.word, "claim_word": claim.verdict.word, "sentence": one.verdict.sentence}
        for part in one.parts:
            numbers = {
                name: getattr(part, name) for name in ("estimate", "low", "high", "level", "n", "result")
            }
            what = compared(part.weights, log=one.kind == "ratio") if part.weights else ""
            told = {"part": part.label, "moment": part.moment, "compares": what, "cells": tuple(part.weights)}
            yield head | numbers | told


def points(claim: str, figure: model.Figure) -> Iterator[dict[str, Any]]:
    """Yield a row for each point of each line of a figure."""
    number = 0
    for panel in figure.panels:
        head = {"claim": claim, "figure": figure.id, "panel": panel.title}
        head |= {"x_label": panel.x_label, "y_label": panel.y_label.removesuffix(" (%)")}
        head["unit"] = "fraction" if panel.y_percent else ""
        for series in panel.series:
            number += 1
            line = {"series": number, "line": series.label, "role": series.role}
            line |= {"cell": series.cell, "seed": series.seed, "run": series.run}
            yield from (head | line | {"x": x, "y": y} for x, y in zip(series.x, series.y, strict=True))
