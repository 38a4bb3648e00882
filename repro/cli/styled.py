"""A verdict on a terminal: shape, word and colour, harmless whoever wrote it."""

from __future__ import annotations

from collections.abc import Mapping

import click

from repro.report.markdown import SHAPES
from repro.report.model import Result, Verdict
from repro.report.text import visible

_COLOURS: Mapping[Result | None, str | None] = {
    "supported": "green",
    "refuted": "red",
    "inconclusive": "yellow",
    None: None,
}


def styled(verdict: Verdict) -> str:
    """Return "● holds at smoke scale" with its colour."""
    return click.style(
        visible(f"{SHAPES[verdict.result]} {verdict.word}"), fg=_COLOURS[verdict.result], bold=True
    )
