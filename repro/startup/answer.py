"""What the command line answers before it imports anything: its own help, and the list of the shipped claims.

An answer is the one that the command itself gives; where that is not certain, there is none, and the command runs.
"""

from __future__ import annotations

import os
import sys

from repro.startup.project import has_settings

HELP = os.path.join(os.path.dirname(os.path.dirname(__file__)), "cli", "help.txt")
"""What click makes of `repro --help` at 80 columns; `python -m repro.cli` writes it, a test compares."""

COLUMNS = 80
"""On a wider terminal the help looks the same."""


def answer(arguments: list[str]) -> str | None:
    """Return what `repro` prints for these command line arguments, the program's own name first, or None."""
    program, *rest = arguments
    if rest in (["--help"], ["-h"]) and os.path.basename(program) == "repro" and columns() >= COLUMNS:
        with open(HELP, encoding="utf-8") as file:
            return file.read()
    if rest == ["list"] and columns() >= COLUMNS and not has_settings():
        from repro.startup.listing import as_text, last_verdicts, shipped

        claims = shipped()
        return as_text(claims, last_verdicts(".repro")) if claims else None
    return None


def columns() -> int:
    """Return the terminal's width as `shutil.get_terminal_size` does, which is slow to import."""
    try:
        return int(os.environ["COLUMNS"]) or COLUMNS
    except (KeyError, ValueError):
        pass
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or COLUMNS  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return COLUMNS
