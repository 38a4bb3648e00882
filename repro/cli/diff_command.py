"""`repro diff`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from repro.cli import options
from repro.cli.styled import styled
from repro.errors import mistake
from repro.report.diff.compare import compare
from repro.report.model import Verdict
from repro.report.model.comparison import ClaimChange, Comparison, InputChange
from repro.report.model.loading import read_report
from repro.report.model.safe_text import visible

_LISTED = 4  # lines of a difference that a terminal shows


@click.command("diff")
@click.argument("before", metavar="A", type=click.Path(path_type=Path))
@click.argument("after", metavar="B", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="FILE", type=click.Path(path_type=Path), help="Also write a page, such as diff.html."
)
@click.option(
    "--fail-on",
    type=click.Choice(["changed"]),
    help="Exit with 1 where a verdict changed. Words that only the scale caps differently are no change.",
)
@options.json_option
def command(before: Path, after: Path, out: Path | None, fail_on: str | None, as_json: bool) -> int:
    """Set two reports side by side: which verdicts changed, and which input explains it.

    A and B are report folders or report.json files, from any machine, commit, scale or version of repro. Exit codes:
    0 compared, whatever changed; 1 the --fail-on condition is met; 2 a report cannot be read.

    \b
    Examples:
      repro diff old/reports/smoke reports/smoke
      repro diff laptop/report.json server/report.json --out diff.html
      repro diff main.json branch.json --fail-on changed --json
    """
    found = compare(read_report(before), read_report(after), (str(before), str(after)))
    if out is not None:
        _write(found, out)
    if as_json:
        click.echo(found.model_dump_json(indent=2))
    else:
        for line in _lines(found):
            click.echo(line)
        if out is not None:
            click.echo(f"Page: {out}")
    return 1 if fail_on and found.changed else 0


def _write(found: Comparison, out: Path) -> None:
    from repro.report.html.pages import render_page
    from repro.store.files import write_text

    try:
        write_text(out, render_page("diff.html.jinja", comparison=found))
    except OSError as error:
        raise mistake(
            str(out), f"the page cannot be written: {error.strerror}", hint="name another file"
        ) from None


def _lines(found: Comparison) -> Iterator[str]:
    for name, side in (("before", found.before), ("after", found.after)):
        described = f"{side.scale} scale, {side.coverage.text}, repro {side.tool_version}"
        yield visible(f"{name}: {side.name} ({described})")
    for change in found.inputs:
        yield from _input(change, "  ")
    for claim in found.claims:
        yield ""
        yield from _claim(claim)
    yield f"\n{visible(found.text)}."


def _claim(claim: ClaimChange) -> Iterator[str]:
    sign = click.style("≠", bold=True) if claim.changed else "="
    yield f"{sign} {visible(claim.id)}: {_verdict(claim.before)} → {_verdict(claim.after)}"
    yield visible(f"    {claim.explanation}")
    for change in claim.expectations:
        yield f"    {visible(change.title)} ({change.role}): {_verdict(change.before)} → {_verdict(change.after)}"
        for part in change.parts:
            label = f"{part.label}: " if part.label else ""
            numbers = f"{part.before or 'not there'} → {part.after or 'not there'}"
            yield visible(f"      {label}{numbers}  [{part.says}]")
    for input_change in claim.inputs:
        yield from _input(input_change, "    ")


def _input(change: InputChange, indent: str) -> Iterator[str]:
    yield visible(f"{indent}{change.says}")
    for sign, lines in (("−", change.before), ("+", change.after)):
        for line in lines[:_LISTED]:
            yield visible(f"{indent}  {sign} {line}")
        if len(lines) > _LISTED:
            yield f"{indent}  {sign} and {len(lines) - _LISTED} more; --json and --out list them all"


def _verdict(verdict: Verdict | None) -> str:
    return styled(verdict) if verdict else "not there"
