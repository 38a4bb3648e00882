"""`repro list`."""

from __future__ import annotations

from pathlib import Path

import click

from repro.cli import options
from repro.cli.wrapped import wrapped
from repro.startup.listing import as_text, listed
from repro.startup.shipped import folder


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
    claims = listed(folder("claims") if claims_dir is None else claims_dir)
    if claims is None:
        options.library(claims_dir)  # says everything that is wrong
    if as_json:
        shown = ("id", "title", "statement", "scales")
        options.print_json([{name: getattr(claim, name) for name in shown} for claim in claims or ()])
    else:
        click.echo(wrapped(as_text(claims or ())), nl=False)
