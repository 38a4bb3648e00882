"""Lines that fit a narrow terminal; on a wide one, and in a file or a pipe, a line is a line."""

from __future__ import annotations

import textwrap

from repro.startup.answer import COLUMNS, columns


def wrapped(text: str) -> str:
    """Return `text` with its lines broken between words where the terminal is narrower than usual."""
    width = columns()
    if width >= COLUMNS:
        return text
    return "\n".join(_broken(line, width) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    lines = textwrap.wrap(
        line.strip(),
        width=max(width, len(indent) + 20),
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines)
