"""A verdict on a terminal: shape, word and colour, harmless whoever wrote it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from repro.report.markdown import SHAPES
from repro.report.model import Result, Verdict
from repro.report.model.safe_text import visible

_COLOURS: Mapping[Result | None, str | None] = {
    "supported": "green",
    "refuted": "red",
    "inconclusive": "yellow",
    None: None,
}


def styled(verdict: Verdict) -> str:
    """Return "● holds at smoke scale" with its colour."""
    text = visible(f"{SHAPES[verdict.result]} {verdict.word}")
    if os.environ.get("NO_COLOR"):
        return text  # no-color.org: set to anything, it asks for none
    return click.style(text, fg=_COLOURS[verdict.result], bold=True)


def dimmed(text: str) -> str:
    """Return text that stands behind what was said before it."""
    return text if os.environ.get("NO_COLOR") else click.style(text, dim=True)
