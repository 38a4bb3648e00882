"""`repro index`."""

from __future__ import annotations

from pathlib import Path

import click

from repro.cli import options
from repro.errors import mistake
from repro.report.index import PAGE, write_index
from repro.report.model.safe_text import visible


@click.command("index")
@click.argument("folder", metavar="[DIR]", default=Path("reports"), type=click.Path(path_type=Path))
@options.json_option
def command(folder: Path, as_json: bool) -> None:
    """Write a page that lists all reports below a folder: DIR/index.html. Default: reports.

    check and report do so for reports/ whenever they write into it. Reports that cannot be read are named.

    \b
    Examples:
      repro index
      repro index shared/reports --json
    """
    try:
        entries = write_index(folder)
    except OSError as error:
        hint = "choose a writable folder"
        raise mistake(str(folder), f"the index cannot be written: {error.strerror}", hint=hint) from None
    if as_json:
        options.print_json(
            [
                {
                    "name": entry.name,
                    "link": entry.link,
                    "scale": entry.report.scale if entry.report else None,
                    "coverage": entry.report.coverage.text if entry.report else None,
                    "problems": list(entry.problems),
                }
                for entry in entries
            ]
        )
        return
    for entry in entries:
        described = (
            f"{entry.report.scale} scale, {entry.report.coverage.text}" if entry.report else "cannot be read"
        )
        click.echo(visible(f"{entry.name}: {described}"))
        for problem in entry.problems:
            click.echo(visible(f"  {problem}"), err=True)
    click.echo(f"Index: {folder / PAGE}")
