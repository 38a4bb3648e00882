"""`python -m repro.cli` writes anew what `repro` tells before anything is imported: its help, and the list's costs."""

from __future__ import annotations

import json

from repro.claims import load_library
from repro.cli import cli
from repro.cli.list_command import cost_words
from repro.startup.answer import COLUMNS, HELP
from repro.startup.listing import COSTS
from repro.startup.shipped import folder


def help_text() -> str:
    """Return the help as click makes it."""
    with cli.make_context("repro", [], resilient_parsing=True, terminal_width=COLUMNS - 2) as context:
        return cli.get_help(context) + "\n"


def costs_text() -> str:
    """Return what the shipped claims cost at each scale, a line a claim."""
    costs = {claim.id: cost_words(claim) for claim in load_library(folder("claims")).claims}
    lines = [f"{json.dumps(name)}: {json.dumps(own)}" for name, own in costs.items() if own]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    with open(HELP, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
        file.write(help_text())
    (folder("claims") / COSTS).write_text(costs_text(), encoding="utf-8", newline="\n")
