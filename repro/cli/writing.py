"""Judging what the store holds, and writing the report's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.claims import Claim, Library
from repro.cli.summary import summarise, tell
from repro.cli.wrapped import wrapped
from repro.errors import ReproError, mistake
from repro.experiment.basis import drift
from repro.experiment.request import Request
from repro.experiment.user_data import with_known_data
from repro.judging.judgement import judge_claims
from repro.judging.looks import Look
from repro.planning.schedule import Schedule
from repro.report.build.metrics import metrics_table
from repro.report.build.report import build_report
from repro.report.earlier import earlier, forms_there, set_aside
from repro.report.formats import FILES, METRICS, Format, write_report
from repro.report.index import write_index
from repro.report.model import Report
from repro.report.model.safe_text import visible
from repro.startup.listing import VERDICTS, last_verdicts
from repro.store import Store, files

if TYPE_CHECKING:
    import pandas as pd

REPORTS = Path("reports")
"""Where reports lie unless said otherwise, one folder a scale and an index of them."""


def publish(
    request: Request,
    schedule: Schedule,
    out: Path | None,
    forms: Sequence[Format],
    templates: Path | None,
    as_json: bool,
    verbose: bool = False,
) -> Report:
    """Judge one state of the store, write the report's files, print the summary or the report as JSON, and return it.

    What is printed and returned is of the claims of `schedule`. What is written is of these and of those that the
    report in the folder had, so that a check of some claims never destroys the report of all. Without `out` the files
    lie in `reports/SCALE`, and the index of `reports` is brought up to date.
    """
    schedule = schedule.settled()
    with request.store.still():
        looks = schedule.looks()
        report, frame = judge(request, schedule, looks)
        folder = out or REPORTS / request.scale
        page = report
        grown = _with_earlier(request, folder)
        if len(grown.claims) > len(request.claims):
            others = replace(schedule, claims=grown.claims)
            page, frame = judge(grown, others, others.looks())
        written = write(page, folder, forms, templates, frame, request.store.drawn)
        if out is None:
            _refresh(REPORTS)
        _keep_verdicts(report, schedule.store)
        schedule.store.keep_snapshot()
        if as_json:
            click.echo(report.model_dump_json(indent=2))
        else:
            summarise(report, verbose=verbose)
            _tell_drift(looks, request.store)
            tell(report, written, page.coverage.total - report.coverage.total)
    return report


def _keep_verdicts(report: Report, store: Store) -> None:
    """Leave the words of each claim's verdict for `repro list`; what says nothing does not undo an earlier one."""
    known = dict(last_verdicts(store.root))
    new = {
        claim.id: claim.verdict.word
        for paper in report.papers
        for claim in paper.claims
        if claim.verdict.result
    }
    if new.items() - known.items():
        with suppress(OSError):  # a list without them is a list all the same
            files.write(store.root / VERDICTS, json.dumps(known | new, indent=1, sort_keys=True).encode())


def _with_earlier(request: Request, folder: Path) -> Request:
    """Return the request with the claims that the report in `folder` has, too, as far as their files are sound."""
    before = earlier(folder)
    if before.scale != request.scale:
        return request
    asked = {claim.id: claim for claim in request.claims}
    others = _readable(
        request.library,
        [name for name in request.library.files if name in before.claims and name not in asked],
    )
    known = {claim.id: claim for claim in with_known_data(others, request.scale, request.store)} | asked
    claims = sorted(known.values(), key=lambda claim: (claim.paper.year, claim.id))
    selection = [] if len(claims) == len(request.library.files) else [claim.id for claim in claims]
    return replace(request, claims=claims, selection=selection)


def _readable(library: Library, names: Sequence[str]) -> list[Claim]:
    """Return claims whose files are sound; the others are told of.

    Their mistakes are no reason to withhold what was asked for, which may have taken hours.
    """
    found: list[Claim] = []
    for name in names:
        try:
            found += library.read([name])
        except ReproError:
            file = visible(str(library.files[name]))
            what = f"{visible(name)} is no longer in the report: its file has mistakes (repro lint {file})."
            click.echo(what, err=True)
    return found


def judge(request: Request, schedule: Schedule, looks: Sequence[Look]) -> tuple[Report, pd.DataFrame]:
    """Return the report and the tidy metrics of what the store holds now, variants included."""
    required = [look.requirements for look in looks]
    variants = schedule.variants(looks)
    judgement = judge_claims(required, request.store, variants)
    table = metrics_table(judgement.collected.frame, [*required, *(item for _, item in variants)])
    return build_report(request, judgement), table


def write(
    report: Report,
    folder: Path,
    forms: Sequence[Format],
    templates: Path | None,
    frame: pd.DataFrame | None = None,
    kept: Path | None = None,
    untouched: Path | None = None,
) -> list[Path]:
    """Write the report's files and return them, those of other formats that an earlier report left there included.

    An earlier report that says more is set aside, and that is told. The file `untouched` is what is rendered.

    Raises:
        ReproError: the folder cannot be written.
    """
    try:
        # Only runs give the metrics of each; those that lie in another folder are of another report.
        other = untouched is not None and folder.resolve() != untouched.parent.resolve()
        stale = other and "csv" in forms_there(folder) and (folder / METRICS).is_file()
        if stale or earlier(folder).says_more_than(report):
            aside = set_aside(folder)
            what = f"The report that was in {folder} says more, or other things, than this one: it is kept in {aside}"
            click.echo(wrapped(what), err=True)
        there = [form for form in forms_there(folder) if folder / FILES[form] != untouched]
        forms = list(dict.fromkeys([*forms, *there]))
        return write_report(report, folder, forms, frame=frame, templates=templates, kept=kept)
    except OSError as error:
        hint = "choose a writable folder with --out DIR; the runs are safe in the store"
        raise mistake(str(folder), f"the report cannot be written: {error.strerror}", hint=hint) from None


def _refresh(folder: Path) -> None:
    """Bring the index of a folder up to date; that it cannot be written is no reason to lose a check."""
    try:
        write_index(folder)
    except (OSError, ReproError) as error:
        click.echo(f"The index of {folder} was not written: {error}", err=True)


def _tell_drift(looks: Sequence[Look], store: Store) -> None:
    changes = list(drift([look.requirements for look in looks], store))
    if changes:
        told = "; ".join(changes)
        click.echo(
            wrapped(visible(f"Since these runs were made: {told}. See repro show CLAIM --why.")), err=True
        )
