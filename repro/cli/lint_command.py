"""`repro lint`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from repro.claims import Claim, notices
from repro.claims.checks_columns import large_bars
from repro.claims.checks_completeness import incomplete
from repro.claims.effective import silent_differences
from repro.claims.library import load_library
from repro.claims.loading import read_claim, read_paper
from repro.claims.reviews import claim_of
from repro.cli import options
from repro.cli.project import claims_of_project
from repro.cli.wrapped import wrapped
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.experiment.recorded import recorded
from repro.recorded.seeds import excuse
from repro.report.model.safe_text import visible
from repro.report.wording.compared import what_is_judged
from repro.report.wording.text import plural
from repro.startup.listing import NOTES
from repro.startup.shipped import folder


@click.command("lint")
@click.argument("paths", metavar="[FILE|DIR]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--schema",
    metavar="[claim|paper|notes]",
    is_flag=False,
    flag_value="claim",
    help="Print the JSON Schema of claim files (or of paper.toml, or of readers' notes), and nothing else.",
)
@options.json_option
def command(paths: tuple[Path, ...], schema: str | None, as_json: bool) -> int:
    """Check claim files and report every problem at once, with key path and suggestion.

    Nothing is run, and no code of a claims folder is imported; results that were recorded are read. Without paths, the
    shipped claims are checked. A claim without a control, or whose data file is not there, can be run and is a problem
    here. Notes on standard error are no problems: they say what caps the words of verdicts, in what arms differ
    unsaid, what no identity of code covers, and of results what is compared and what they lack.

    \b
    Examples:
      repro lint
      repro lint my-claims
      repro lint my-claims/lecun98/tanh-scaling.toml --json
      repro lint --schema > claim.schema.json
    """
    if schema is not None:
        _print_schema(schema)
        return 0
    problems: list[Problem] = []
    count = 0
    for path in paths or (Path(claims_of_project() or folder("claims")),):
        try:
            found = _lint(path)
            count += len(found)
        except ReproError as error:
            problems.extend(error.problems)
            continue
        for claim in filter(None, found):
            try:
                problems.extend(incomplete(claim))
                for notice in (*notices(claim), *_silent(claim), *_of_results(claim)):
                    click.echo(wrapped(f"Note: {visible(notice)}"), err=True)
            except ReproError as error:
                problems.extend(error.problems)
    if as_json:
        options.print_json(
            [
                {"where": p.where, "what": p.what, "received": p.received, "hint": p.hint}
                for p in dict.fromkeys(problems)
            ]
        )
    elif problems:
        raise ReproError(*dict.fromkeys(problems))
    else:
        click.echo(f"{plural(count, 'claim')}, no problems.")
    return 2 if problems else 0


MOST_NOTES = 20
"""Of one file of results; more are counted."""


def _print_schema(name: str) -> None:
    from repro.claims.json_schema import FILES, file_schema

    if name not in FILES:
        raise mistake("--schema", "no such kind of file", name, suggestion(name, FILES))
    options.print_json(file_schema(name))


def _of_results(claim: Claim) -> Iterator[str]:
    """Yield what is odd about the results that a claim is about; raises ReproError with what is wrong."""
    place = f"{claim.path.parent.name}/{claim.path.name}"
    yield from (f"{place}: {note}" for note in large_bars(claim.base))
    if claim.recorded:
        found = recorded(claim)
        results = found.results
        if not results.digest:
            yield f"{place}: {results.place} is not there yet: the claim is pending"
        yield from (f"{place}: {what_is_judged(claim.base, name)}" for name in claim.base.expect)
        line = excuse(results.seeds, results.seeds.wanting)
        way_out = [f"where that cannot be mended, {line} in [results] says so"] if line else []
        notes = (*results.seeds.wanting.values(), *way_out, *results.notes, *found.odd)
        yield from (f"{place}: {note}" for note in notes[:MOST_NOTES])
        if len(notes) > MOST_NOTES:
            yield f"{place}: and {len(notes) - MOST_NOTES:,} more of the results"


def _silent(claim: Claim) -> Iterator[str]:
    place = f"{claim.path.parent.name}/{claim.path.name}"
    return (f"{place}: {text}" for text in silent_differences(claim.base, claim.names))


def _lint(path: Path) -> Sequence[Claim | None]:
    """Return the claims that a path names; raises ReproError with all that is wrong, of their paper, too."""
    if path.is_dir():
        return load_library(path).claims
    if not path.is_file():
        named = Path(claims_of_project() or folder("claims")) / f"{path}.toml"
        hint = f"that claim is in the file {named}" if named.is_file() else "check the path"
        raise mistake(str(path), "is neither a claim file nor a folder of claims", hint=hint)
    if path.name == "paper.toml":
        read_paper(path)
        return ()
    if path.name.endswith(NOTES):
        path = claim_of(path)
    problems: list[Problem] = []
    paper = claim = None
    try:
        paper = read_paper(path.with_name("paper.toml"))
    except ReproError as error:
        problems += error.problems
    try:
        claim = read_claim(path, path.parent.parent, paper)
    except ReproError as error:
        problems += error.problems
    if problems:
        raise ReproError(*problems)
    return (claim,)
