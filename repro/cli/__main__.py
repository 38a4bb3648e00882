"""`python -m repro.cli` writes help.txt anew: what `repro --help` prints before click is imported."""

from __future__ import annotations

from repro.cli import cli
from repro.startup.answer import COLUMNS, HELP


def help_text() -> str:
    """Return the help as click makes it."""
    with cli.make_context("repro", [], resilient_parsing=True, terminal_width=COLUMNS - 2) as context:
        return cli.get_help(context) + "\n"


if __name__ == "__main__":
    with open(HELP, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
        file.write(help_text())
