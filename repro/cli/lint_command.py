"""`repro lint`."""

from __future__ import annotations

from pathlib import Path

import click

from repro.claims.loading import load_library, read_claim, read_paper
from repro.claims.reviews import NOTES, claim_of
from repro.cli import options
from repro.errors import Problem, ReproError, mistake
from repro.report.wording.text import plural
from repro.startup.shipped import folder


@click.command("lint")
@click.argument("paths", metavar="[FILE|DIR]...", nargs=-1, type=click.Path(path_type=Path))
@options.json_option
def command(paths: tuple[Path, ...], as_json: bool) -> int:
    """Check claim files and report every problem at once, with key path and suggestion.

    Nothing is run, and no code of a claims folder is imported. Without paths, the shipped claims are checked.

    \b
    Examples:
      repro lint
      repro lint my-claims
      repro lint my-claims/lecun98/tanh-scaling.toml --json
    """
    problems: list[Problem] = []
    count = 0
    for path in paths or (folder("claims"),):
        try:
            count += _lint(path)
        except ReproError as error:
            problems.extend(error.problems)
    if as_json:
        options.print_json(
            [{"where": p.where, "what": p.what, "received": p.received, "hint": p.hint} for p in problems]
        )
    elif problems:
        raise ReproError(*problems)
    else:
        click.echo(f"{plural(count, 'claim')}, no problems.")
    return 2 if problems else 0


def _lint(path: Path) -> int:
    if path.is_dir():
        return len(load_library(path).claims)
    if not path.is_file():
        raise mistake(str(path), "is neither a claim file nor a folder of claims", hint="check the path")
    if path.name == "paper.toml":
        read_paper(path)
        return 0
    if path.name.endswith(NOTES):
        path = claim_of(path)
    read_claim(path, path.parent.parent, None)
    return 1
