"""`repro runs`: what is in the store, and how it travels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from repro.cli import completing, options
from repro.cli.run_keys import keys_of, users
from repro.cli.run_rows import rows_of
from repro.cli.run_shown import run_data, run_lines
from repro.cli.wrapped import wrapped
from repro.errors import mistake
from repro.exchange import Merged, export, load, merge, opened, verify
from repro.exchange.verifying import Finding
from repro.judging.preregistration import FILE
from repro.report.model.loading import read_report
from repro.report.model.safe_text import visible
from repro.report.wording.text import plural
from repro.store import Store


@click.group("runs")
def command() -> None:
    """List, show, export, import and verify the runs of a store.

    \b
    Examples:
      repro runs list
      repro runs show 0134e151c1c0
      repro runs export results.tar.gz
      repro runs import results.tar.gz --store elsewhere
      repro runs verify
    """


@command.command("list")
@click.argument("claim_ids", metavar="[CLAIM]...", nargs=-1, shell_complete=completing.claims)
@options.claims_option
@options.store_option
@options.json_option
def list_command(claim_ids: tuple[str, ...], claims_dir: Path | None, store_dir: Path, as_json: bool) -> None:
    """List runs, and how each stands.

    Finished ones and those that diverged, unfinished ones, failures, and imported results that differ from ours.

    \b
    Examples:
      repro runs list
      repro runs list relu-speed
      repro runs list --json
    """
    store = _existing(store_dir)
    wanted = keys_of(claim_ids, claims_dir, store)
    of = users(claims_dir, store)
    rows = [row for row in rows_of(store) if wanted is None or row["key"] in wanted]
    rows = [{**row, "of": of.get(str(row["key"]), [])} for row in rows]
    if as_json:
        options.print_json(rows)
    else:
        for row in rows:
            needed = _of(of.get(str(row["key"]), []))
            click.echo(visible(f"{row['state']:<12} {row['key']}  {row['title']}: {row['says']}{needed}"))
        if not rows:
            click.echo("No runs.")
    _tell_damage(store)


@command.command("show")
@click.argument("key", metavar="KEY", shell_complete=completing.run_keys)
@options.store_option
@options.json_option
def show_command(key: str, store_dir: Path, as_json: bool) -> None:
    """Show one run: what was asked for, how it ended, and what it was made with.

    That is machine, system, driver, threads, versions, installed packages, and the state of the code. KEY is a run's
    key or the beginning of one, as `repro runs list` and the report tell it.

    \b
    Examples:
      repro runs show 0134e151c1c0
      repro runs show 0134e151c1c0 --json
    """
    store = _existing(store_dir)
    found = [name for name in store.run_keys() if name.startswith(key)]
    if len(found) != 1:
        what = f"is the beginning of {len(found)} runs" if found else "is no run's key"
        hint = "give more of it" if found else "see `repro runs list`"
        raise mistake("KEY", what, key, hint)
    record = store.run(found[0])
    if record is None:
        raise mistake(f"runs/{found[0]}", "is damaged", hint="see `repro runs verify`")
    if as_json:
        options.print_json(run_data(record, store))
    else:
        for line in run_lines(record, store):
            click.echo(wrapped(visible(line)))
    _tell_damage(store)


def _of(users: Sequence[str]) -> str:
    more = f" and {len(users) - 1} more" if len(users) > 1 else ""
    return f" ({users[0]}{more})" if users else ""


@command.command("export")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("which", metavar="[KEY|CLAIM]...", nargs=-1, shell_complete=completing.claims)
@click.option(
    "--no-weights",
    is_flag=True,
    help="Leave weights, and states of stopped tuning runs, out. New probes cannot be read, then.",
)
@options.claims_option
@options.store_option
@options.json_option
def export_command(
    target: Path,
    which: tuple[str, ...],
    no_weights: bool,
    claims_dir: Path | None,
    store_dir: Path,
    as_json: bool,
) -> None:
    """Write runs into a file or folder.

    Finished and unfinished ones, with readings and ledgers, into FILE.tar, .tar.gz or .zip, or a new folder.

    \b
    Examples:
      repro runs export all.tar.gz
      repro runs export speed.zip relu-speed
      repro runs export small.zip --no-weights
    """
    store = _existing(store_dir)
    done = export(store, target, keys_of(which, claims_dir, store), with_weights=not no_weights)
    if as_json:
        options.print_json(asdict(done))
    else:
        unfinished = f", {done.unfinished} unfinished" if done.unfinished else ""
        click.echo(
            f"{target}: {done.runs} runs{unfinished}, {done.readings} readings, {done.bytes:,} bytes of content"
        )
    _tell_damage(store)


@command.command("import")
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path, exists=True))
@options.store_option
@options.json_option
def import_command(source: Path, store_dir: Path, as_json: bool) -> int:
    """Take in an export, or another store.

    What is there is never overwritten. A run whose result differs from ours is kept beside ours, which stays in use.

    Exit codes: 0 all of it was taken in; 2 it cannot be read, or holds what no export holds; 3 some of it is damaged.

    \b
    Examples:
      repro runs import results.tar.gz
      repro runs import ../other/.repro --store .repro
    """
    store = Store(store_dir)
    store.prepare()
    with opened(source) as folder:
        merged = merge(folder, store)
    if as_json:
        options.print_json(asdict(merged))
    else:
        for line in _merged_lines(merged):
            click.echo(visible(line))
    return 3 if merged.refused else 0


@command.command("verify")
@click.option(
    "--report",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Also hold the ledger of criteria against this report.json, which somebody else may have kept.",
)
@options.store_option
@options.json_option
def verify_command(report: Path | None, store_dir: Path, as_json: bool) -> int:
    """Check all that is in the store.

    Every checksum and key, the chain of each ledger, that histories are complete, and that weights and checkpoints
    load. Changes nothing. Whoever seals a whole ledger anew leaves no trace in it: a report of before shows it, with
    --report.

    Exit codes: 0 nothing is damaged; 3 something is.

    \b
    Examples:
      repro runs verify
      repro runs verify --store /data/runs --json
      repro runs verify --report published/report.json
    """
    store = _existing(store_dir)
    found = verify(store, load)
    found += [] if report is None else _missing_of(report, store)
    count, unfinished = sum(1 for _ in store.runs()), sum(1 for _ in store.unfinished())
    damaged, unchecked = (sum(finding.kind == kind for finding in found) for kind in ("damaged", "unchecked"))
    if as_json:
        findings = [asdict(item) for item in found]
        data = {"runs": count, "unfinished": unfinished, "damaged": damaged, "unchecked": unchecked}
        options.print_json({**data, "findings": findings})
    else:
        for finding in found:
            click.echo(visible(f"{_SHOWN[finding.kind]}{finding.entry} {finding.says}"))
        entries = "entry" if damaged == 1 else "entries"
        click.echo(f"{count} runs, {unfinished} unfinished; {damaged or 'no'} damaged {entries}.")
        if unchecked:
            files = "1 file" if unchecked == 1 else f"{unchecked} files"
            click.echo(
                f"{files} could not be checked: that says nothing about them. Their checksums are those of what was "
                "written; whether they load is not known. The process's own message is above, if it left one."
            )
        if damaged:
            folder = store.root / "runs" / "KEY"
            click.echo(
                "What is damaged is not used, and `repro check` makes anew what it needs of it. To mend the rest, "
                f"delete the files named, but of a run its whole folder {folder}: the next check trains it again."
            )
    return 3 if damaged or unchecked else 0


def _missing_of(report: Path, store: Store) -> list[Finding]:
    """Return what a report tells of when criteria were fixed and the ledger does not, or tells otherwise."""
    said = {
        (line["claim"], line["digest"], line["first_seen"], line["runs_then"])
        for line in store.sound_lines(FILE)
    }
    return [
        Finding(
            FILE,
            f"does not say what {report} does: that criteria of {claim.id} ({change.digest[:12]}) were first seen at "
            f"{change.first_seen}, when it had {plural(change.runs_then, 'run')}",
        )
        for paper in read_report(report).papers
        for claim in paper.claims
        for change in claim.criteria
        if (claim.id, change.digest, change.first_seen, change.runs_then) not in said
    ]


_SHOWN: dict[str, str] = {
    "damaged": "DAMAGED  ",
    "unchecked": "not checked  ",
    "conflict": "conflict  ",
    "aside": "aside  ",
    "kept": "",
}


def _existing(store_dir: Path) -> Store:
    if not store_dir.is_dir():
        raise mistake(
            str(store_dir), "is no store: there is no such folder", hint="name one with --store DIR"
        )
    return Store(store_dir)


def _merged_lines(merged: Merged) -> Iterator[str]:
    for entry in merged.refused:
        yield f"Refused: {entry}"
    for name in merged.conflicts:
        yield f"Conflict: theirs differs from ours and is kept beside it as {name}; ours stays in use"
    for key in merged.busy:
        yield f"Left out, since a check has it in hand: {key}"
    new = ", ".join(f"{count} {what}" for what, count in merged.new.items() if count)
    completed = f", the weights of {len(merged.completed)} runs" if merged.completed else ""
    ledgers = f", {merged.lines} lines of ledgers" if merged.lines else ""
    yield f"New: {new or 'nothing'}{completed}{ledgers}. There already: {merged.known}."


def _tell_damage(store: Store) -> None:
    for entry in sorted(set(store.damaged)):
        click.echo(f"Damaged in the store, not used: {visible(entry)}", err=True)
