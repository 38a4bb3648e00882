"""Judging what the store holds, writing the report's files, and the summary on standard output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.agenda import Agenda
from repro.claims import Library
from repro.errors import mistake
from repro.metrics import collect
from repro.report.build import build_report
from repro.report.model import Report
from repro.report.render import write_html
from repro.verdicts import judge_claim

if TYPE_CHECKING:
    import pandas as pd

MARKS = {"supported": "●", "refuted": "■", "inconclusive": "◆", None: "○"}
"""Shapes, so that verdicts are told apart without colour."""

COLOURS = {"supported": "green", "refuted": "red", "inconclusive": "yellow", None: None}


def publish(
    library: Library, agenda: Agenda, command: str, places: str, folder: Path, as_json: bool
) -> Report:
    """Judge, write the report's files into `folder`, print the summary or the report as JSON, and return it."""
    agenda = agenda.settled()
    report, frame = judge(library, agenda, command, places)
    write_report(report, frame, folder)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    else:
        summarise(report, agenda, folder, places)
    return report


def judge(library: Library, agenda: Agenda, command: str, places: str) -> tuple[Report, pd.DataFrame]:
    """Return the report and the tidy metrics of what the store holds now, variants included."""
    store = agenda.store
    demands = [look.demand for look in agenda.looks()]
    changed = agenda.variants()
    frame = collect([*demands, *(item for _, item in changed)], store)
    verdicts = [judge_claim(item, frame, store) for item in demands]
    judged = [(variant, judge_claim(item, frame, store)) for variant, item in changed]
    return build_report(
        library, agenda.scale, demands, verdicts, frame, store, command, judged, places
    ), frame


def write_report(report: Report, frame: pd.DataFrame, folder: Path) -> None:
    """Write index.html, report.json and metrics.csv.

    Raises:
        ReproError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_html(report, folder / "index.html")
        (folder / "report.json").write_text(report.model_dump_json() + "\n", encoding="utf-8", newline="\n")
        frame.to_csv(folder / "metrics.csv", index=False, lineterminator="\n", float_format="%.10g")
    except OSError as error:
        hint = "choose a writable folder with --out DIR; the runs are safe in the store"
        raise mistake(str(folder), f"the report cannot be written: {error.strerror}", hint=hint) from None


def summarise(report: Report, agenda: Agenda, folder: Path, places: str) -> None:
    """Print a verdict and its sentence for each claim, its controls, further looks, and where the report is."""
    for paper in report.papers:
        click.echo(f"\n{paper.title} ({paper.year})")
        for claim in paper.claims:
            verdict = claim.verdict
            word = click.style(
                f"{MARKS[verdict.result]} {verdict.word}", fg=COLOURS[verdict.result], bold=True
            )
            click.echo(f"  {word}  {claim.title}  [{claim.id}]")
            click.echo(f"      {verdict.sentence}")
            for control in claim.controls:
                if control.passed is not None:
                    click.echo(f"      Control “{control.title}”: {control.text}")
            for failed in (e for e in claim.expectations if e.verdict.status == "failed"):
                click.echo(f"      {failed.title}: {failed.verdict.sentence}")
    for look in agenda.looks():
        if look.further is not None:
            name, seeds = look.demand.claim.id, len(look.demand.seeds)
            again = f"repro check {name} --scale {agenda.scale} --seeds {look.further}{places}"
            click.echo(f"\n{name} is open after {seeds} seeds; its next look takes {look.further}: {again}")
    click.echo(f"\n{report.coverage.text}. {report.scale_says}")
    click.echo(f"Report: {folder / 'index.html'}")
