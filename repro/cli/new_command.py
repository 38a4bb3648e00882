"""`repro new`."""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from repro.claims.json_schema import file_schema
from repro.cli.wrapped import wrapped
from repro.command_spec import AT_RUN, placeholders
from repro.errors import mistake
from repro.experiment.request import typed
from repro.startup.shipped import folder
from repro.store.files import write_text


@click.command("new")
@click.argument("claim_id", metavar="PAPER/CLAIM")
@click.option(
    "--claims",
    "claims_dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of claims to write into. Default: claims; with --results, the working folder.",
)
@click.option(
    "--results",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A table of results that exist already (CSV, JSON Lines, Parquet): nothing is trained.",
)
@click.option(
    "--command",
    "line",
    metavar="LINE",
    help="Your own training command, with placeholders in braces for what arms set, {seed} and {out}.",
)
def command(claim_id: str, claims_dir: Path | None, results: Path | None, line: str | None) -> None:
    """Write a claim file to start from: it runs in seconds once its TODOs are written.

    With --results, what the table's columns seem to mean is written into the file, for you to check. Existing claims
    are never overwritten. JSON Schemas for editors lie beside, and are written anew; the first line of a claim file
    names its own.

    \b
    Examples:
      repro new lecun1998/tanh-scaling
      repro new mypaper/wider-is-better --claims my-claims
      repro new mypaper/ours-is-better --results results.csv
      repro new mypaper/ours-is-better --command "python train.py --lr {lr} --seed {seed} --out {out}"
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*", claim_id):
        raise mistake(
            "PAPER/CLAIM",
            "is a paper and a claim, each in lower-case letters, digits and dashes",
            claim_id,
            "such as lecun1998/tanh",
        )
    if results is not None and line is not None:
        hint = "results are there already: give one of the two"
        raise mistake("--command", "makes runs, and --results need none", line, hint)
    root = claims_dir or Path("claims" if results is None else ".")
    paper_id, name = claim_id.split("/")
    target = root / paper_id / f"{name}.toml"
    if target.exists():
        raise mistake(str(target), "exists already", hint="choose another name, or edit it")
    way_round = None
    if line is not None:
        text = _by_command(line, root)
    elif results is None:
        text = (folder("templates") / "claim.toml").read_text(encoding="utf-8")
    else:
        text, way_round = _about(results, root, target)
    paper = target.with_name("paper.toml")
    try:
        if not paper.exists():
            about = (folder("templates") / "paper.toml").read_text(encoding="utf-8")
            write_text(paper, about.replace("PAPER", paper_id))
            click.echo(f"wrote {paper}")
        for kind in ("claim", "paper"):
            schema = json.dumps(file_schema(kind), indent=1, ensure_ascii=False)
            write_text(root / f"{kind}.schema.json", f"{schema}\n")
        write_text(target, text)
    except OSError as error:
        raise mistake(
            str(target), f"cannot be written: {error.strerror}", hint="choose a folder with --claims"
        ) from None
    click.echo(f"wrote {target}")
    if way_round is not None:
        click.echo(f"\n{wrapped(way_round)}")
    click.echo(
        f"\nWrite what says TODO, then:\n  repro lint {typed(str(root if results is None else target))}\n"
        f"  repro check {claim_id} --claims {typed(str(root))}{'' if line is None else ' --scale paper'}"
    )


_METRICS = (
    '"metrics.jsonl"          # the file in {out} with a line for each evaluation: JSON, or CSV as in log.csv'
)
_PRINTED = '"stdout"                 # it prints lines of JSON: the command has no {out} to write files into'


def _by_command(line: str, root: Path) -> str:
    """Return a claim file about the runs of a command that is typed in the working folder."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise mistake("--command", f"cannot be read: {error}", line, "close its quotes") from None
    if not words:
        raise mistake(
            "--command", "names no program", line, 'such as "python train.py --seed {seed} --out {out}"'
        )
    own = [name for name in placeholders(words) if name not in AT_RUN]
    settings = _table(own) if own else "{ flags = [] }"
    text = (folder("templates") / "command.toml").read_text(encoding="utf-8")
    known = {
        "COMMAND": json.dumps(words, ensure_ascii=False),
        "METRICS": _METRICS if "out" in placeholders(words) else _PRINTED,
        "FOLDER": Path(os.path.relpath(Path.cwd(), root.resolve())).as_posix(),
        "ARMS": f"ours = {settings}\nbaseline = {settings}",
        "BASELINE": settings,
    }
    for name, value in known.items():
        text = text.replace(name, value)
    return text


def _table(names: Sequence[str]) -> str:
    settings = ", ".join(f'{name} = "TODO"' for name in names)
    return f"{{ {settings} }}"


def _about(results: Path, root: Path, target: Path) -> tuple[str, str]:
    """Return a claim file about a table of results, and which way round it compares."""
    from repro.recorded.guess import guess, separator_of
    from repro.recorded.scaffold import direction, scaffold

    if not results.is_file():
        raise mistake(
            "--results", "is no file", str(results), "name a table of results: CSV, JSON Lines, Parquet"
        )
    if not results.resolve().is_relative_to(root.resolve()):
        hint = f"put it below {root}, or name a folder that holds it: --claims DIR"
        raise mistake("--results", "lies outside of the claims folder", str(results), hint)
    beside = Path(os.path.relpath(results.resolve(), target.parent.resolve())).as_posix()
    template = (folder("templates") / "recorded.toml").read_text(encoding="utf-8")
    found = guess(results)
    return scaffold(found, template, beside, separator_of(results)), direction(found)
