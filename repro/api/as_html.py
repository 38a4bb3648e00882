"""Verdicts and figures as pieces of HTML for notebooks; all text is escaped, and nothing is loaded from anywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from itertools import count

from repro.report.drawing.drawn import drawn
from repro.report.drawing.lines import legend
from repro.report.markdown import SHAPES
from repro.report.model import Figure, Result
from repro.report.model.safe_text import visible
from repro.startup.shipped import folder

_numbers = count()


def safe(text: str) -> str:
    """Return text of strangers as HTML that shows it."""
    return escape(visible(text))


def chip(result: Result | None, word: str) -> str:
    """Return a verdict's shape and word in its colour."""
    colour = colours()[result or "pending"]
    return (
        f'<span style="color:{colour};border:1px solid {colour};border-radius:1em;padding:0.1em 0.7em;'
        f'font-weight:600;background:#fff">{SHAPES[result]} {safe(word)}</span>'
    )


def paragraph(text: str, soft: bool = False) -> str:
    """Return a paragraph."""
    style = "margin:0.5em 0" + (";opacity:0.75" if soft else "")
    return f'<p style="{style}">{safe(text)}</p>'


def figure_html(figure: Figure) -> str:
    """Return a figure's drawings side by side, with its caption."""
    drawings = drawn(figure, f"_notebook-{next(_numbers)}", None)
    panels = []
    for panel, drawing in zip(figure.panels, drawings, strict=True):
        keys = "".join(
            f'<span style="margin-right:1em"><span style="color:{colours().get(entry.colour, "#000")}">━ </span>'
            f"{safe(entry.label)}</span>"
            for entry in legend(panel)
        )
        title = f"<div><b>{safe(panel.title)}</b></div>" if panel.title else ""
        panels.append(f'<div style="flex:1 1 20em;max-width:32em">{title}{drawing}<div>{keys}</div></div>')
    own = ";".join(f"--{name}:{value}" for name, value in colours().items())
    # Drawings have the page's colours by name; here they are those of a light page, whatever is around.
    return (
        f'<figure style="background:#fff;color:#1c2026;padding:0.6em;margin:0;{own}">'
        f"<b>{safe(figure.title)}</b>"
        f'<div style="display:flex;flex-wrap:wrap;gap:1em">{"".join(panels)}</div>'
        f"<figcaption>{safe(figure.caption)}</figcaption></figure>"
    )


def rows_html(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose cells are HTML already."""
    first = "".join(f'<th style="text-align:left">{safe(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td style={_CELL!r}>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{first}</tr></thead><tbody>{body}</tbody></table>"


_CELL = "text-align:left"


@cache
def colours() -> dict[str, str]:
    """Return name → colour on a light page, as the report's style sheet has it."""
    style = (folder("templates") / "report.css").read_text(encoding="utf-8")
    light = re.findall(r"--([\w-]+):\s*light-dark\((#\w+),", style)
    mixed = re.findall(r"--([\w-]+):\s*(color-mix\([^;]*\));", style)
    return dict([*light, *mixed])
