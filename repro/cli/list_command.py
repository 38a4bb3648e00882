"""`repro list`."""

from __future__ import annotations

from pathlib import Path

import click

from repro.claims import Claim
from repro.cli import options
from repro.cli.wrapped import wrapped
from repro.startup.listing import Listed, as_text


@click.command("list")
@options.claims_option
@options.json_option
def command(claims_dir: Path | None, as_json: bool) -> None:
    """List the claims, by paper.

    \b
    Examples:
      repro list
      repro list --json
      repro list --claims my-claims
    """
    claims = [_listed(claim) for claim in options.library(claims_dir).claims]
    if as_json:
        shown = ("id", "title", "statement", "scales")
        options.print_json([{name: getattr(claim, name) for name in shown} for claim in claims])
    else:
        click.echo(wrapped(as_text(claims)), nl=False)


def _listed(claim: Claim) -> Listed:
    paper, base = claim.paper, claim.base
    publication = f"{paper.title} ({paper.venue} {paper.year})"
    return Listed(publication, paper.year, claim.id, base.title, base.statement, tuple(claim.at))
