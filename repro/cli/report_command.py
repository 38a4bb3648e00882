"""`repro report`."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import click

from repro.cli import options, requested
from repro.cli.summary import summarise, tell
from repro.cli.writing import publish, write
from repro.errors import mistake
from repro.planning.schedule import Schedule
from repro.report.formats import USUAL, Format
from repro.report.model.contract import report_schema
from repro.report.model.loading import FILE, read_report


@click.command("report")
@requested.request_options
@click.option(
    "--from",
    "source",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Render this report.json, of whatever version and machine, instead of the store.",
)
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Report folder. Default: reports/SCALE; with --from, where FILE lies.",
)
@options.format_option
@options.templates_option
@options.verbose_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of report.json, and nothing else.")
@options.json_option
def command(
    asked: requested.Asked,
    source: Path | None,
    out: Path | None,
    forms: tuple[Format, ...],
    templates: Path | None,
    verbose: bool,
    schema: bool,
    as_json: bool,
) -> None:
    """Write the report again from what the store holds. Runs nothing; what is missing is shown as pending.

    With --from it is rendered from a report.json instead, as HTML unless --format says otherwise.

    \b
    Examples:
      repro report
      repro report --scale smoke --out shared/smoke
      repro report --paper resnet --json
      repro report --format html,markdown,junit
      repro report --format html,json,csv,badge,ro-crate
      repro report --from shared/smoke/report.json --format markdown --out .
      repro report --schema
    """
    if schema:
        options.print_json(report_schema())
    elif source is not None:
        _render(source, out, forms or ("html",), templates, as_json, verbose)
    else:
        request = asked.with_data(asked.request())
        schedule = Schedule(request.claims, request.scale, request.store)
        publish(request, schedule, out, forms or USUAL, templates, as_json, verbose)


def _render(
    source: Path,
    out: Path | None,
    forms: tuple[Format, ...],
    templates: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    for field in fields(requested.Asked):
        if options.said(field.name):
            what = "renders a whole report; claims, scale, data and store cannot be chosen with it"
            hint = "leave out CLAIM, --paper, --scale, --data, --stand-in, --claims and --store"
            raise mistake("--from", what, hint=hint)
    report = read_report(source)
    file = source / FILE if source.is_dir() else source
    written = write(report, out or file.parent, forms, templates, untouched=file)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        summarise(report, verbose=verbose)
        tell(report, written)
