"""`repro report`."""

from __future__ import annotations

from pathlib import Path

import click

from repro.agenda import Agenda
from repro.cli import options
from repro.cli.writing import publish
from repro.store import Store


@click.command("report")
@options.selection
@options.claims_option
@options.store_option
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Report folder. Default: reports/SCALE."
)
@options.json_option
def command(
    claim_ids: tuple[str, ...],
    paper: str | None,
    scale: str,
    claims_dir: Path | None,
    store_dir: Path,
    out: Path | None,
    as_json: bool,
) -> None:
    """Write the report again from what the store holds. Runs nothing; what is missing is shown as pending.

    \b
    Examples:
      repro report
      repro report --scale smoke --out shared/smoke
      repro report --paper resnet --json
    """
    library, claims, known = options.chosen(claims_dir, claim_ids, paper, scale)
    store = Store(store_dir)
    agenda = Agenda(claims, known, store)
    places = options.places(claims_dir, store_dir)
    again = options.again(claims, claim_ids, paper, known, places)
    publish(library, agenda, again, places, out or Path("reports") / known, as_json)
