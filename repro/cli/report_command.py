"""`repro report`."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from repro.cli import options
from repro.cli.writing import publish, summarise, tell, write
from repro.errors import mistake
from repro.planning.schedule import Schedule
from repro.report.formats import USUAL, Format
from repro.report.model.contract import report_schema
from repro.report.model.loading import FILE, read_report
from repro.store import Store


@click.command("report")
@options.selection
@options.data_options
@options.claims_option
@options.store_option
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
@click.option("--schema", is_flag=True, help="Print the JSON Schema of report.json, and nothing else.")
@options.json_option
def command(
    claim_ids: tuple[str, ...],
    paper: str | None,
    scale: str,
    data: tuple[str, ...],
    stand_ins: tuple[str, ...],
    claims_dir: Path | None,
    store_dir: Path,
    source: Path | None,
    out: Path | None,
    forms: tuple[Format, ...],
    templates: Path | None,
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
      repro report --from shared/smoke/report.json --format markdown --out .
      repro report --schema
    """
    if schema:
        options.print_json(report_schema())
    elif source is not None:
        _render(source, out, forms or ("html",), templates, as_json)
    else:
        library, claims, known = options.chosen(claims_dir, claim_ids, paper, scale)
        store = Store(store_dir)
        schedule = Schedule(options.with_data(claims, known, data, stand_ins, store), known, store)
        places = options.places(claims_dir, store_dir)
        again = options.again(claims, claim_ids, paper, known, places)
        publish(library, schedule, again, places, out, forms or USUAL, templates, as_json)


def _render(
    source: Path, out: Path | None, forms: tuple[Format, ...], templates: Path | None, as_json: bool
) -> None:
    context = click.get_current_context()
    for name in ("claim_ids", "paper", "scale", "data", "stand_ins", "claims_dir", "store_dir"):
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            what = "renders a whole report; claims, scale, data and store cannot be chosen with it"
            hint = "leave out CLAIM, --paper, --scale, --data, --stand-in, --claims and --store"
            raise mistake("--from", what, hint=hint)
    report = read_report(source)
    file = source / FILE if source.is_dir() else source
    written = write(report, out or file.parent, forms, templates, untouched=file)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        summarise(report)
        tell(report, written)
