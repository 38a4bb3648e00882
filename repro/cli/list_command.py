"""`repro list`."""

from __future__ import annotations

from pathlib import Path

import click

from repro.cli import options


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
    found = options.library(claims_dir)
    if as_json:
        options.print_json(
            [
                {
                    "id": claim.id,
                    "title": claim.base.title,
                    "statement": claim.base.statement,
                    "scales": list(claim.at),
                }
                for claim in found.claims
            ]
        )
        return
    for paper_id, paper in found.papers.items():
        click.echo(f"{paper.title} ({paper.venue} {paper.year})")
        for claim in found.select(paper=paper_id):
            click.echo(f"  {claim.id}\n      {claim.base.statement}\n      scales: {', '.join(claim.at)}")
