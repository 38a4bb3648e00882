"""`python -m repro.cli` writes anew what is told before anything is imported: the help, and the list of claims."""

from __future__ import annotations

from repro.claims import load_library
from repro.cli import cli
from repro.cli.list_command import cost_words
from repro.startup import prepared
from repro.startup.answer import COLUMNS, HELP
from repro.startup.listing import parsed, prepared_text
from repro.startup.shipped import folder


def help_text() -> str:
    """Return the help as click makes it."""
    with cli.make_context("repro", [], resilient_parsing=True, terminal_width=COLUMNS - 2) as context:
        return cli.get_help(context) + "\n"


def listing_text() -> str:
    """Return what `repro list` tells of the shipped claims, each with what its scales cost."""
    claims = {claim.id: claim for claim in load_library(folder("claims")).claims}
    found = parsed(folder("claims")) or []
    for listed in found:
        listed.costs = cost_words(claims[listed.id])
    return prepared_text(found, folder("claims"))


if __name__ == "__main__":
    with open(HELP, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
        file.write(help_text())
    (folder("claims") / prepared.FILE).write_text(listing_text(), encoding="utf-8", newline="\n")
