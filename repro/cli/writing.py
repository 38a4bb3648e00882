"""Judging what the store holds, writing the report's files, and the summary on standard output."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from repro.claims import Library
from repro.demand import Demand
from repro.errors import mistake
from repro.metrics import collect
from repro.report.build import build_report
from repro.report.model import Report
from repro.report.render import write_html
from repro.store import Store
from repro.verdicts import judge_claim

if TYPE_CHECKING:
    import pandas as pd

MARKS = {"supported": "●", "refuted": "■", "inconclusive": "◆", None: "○"}
"""Shapes, so that verdicts are told apart without colour."""

COLOURS = {"supported": "green", "refuted": "red", "inconclusive": "yellow", None: None}


def judge(
    library: Library, scale: str, demands: Sequence[Demand], store: Store, command: str
) -> tuple[Report, pd.DataFrame]:
    """Return the report and the tidy metrics of what the store holds now."""
    frame = collect(demands, store)
    verdicts = [judge_claim(item, frame, store) for item in demands]
    return build_report(library, scale, demands, verdicts, frame, store, command), frame


def write_report(report: Report, frame: pd.DataFrame, folder: Path) -> None:
    """Write index.html, report.json and metrics.csv.

    Raises:
        ReproError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_html(report, folder / "index.html")
        (folder / "report.json").write_text(
            report.model_dump_json(indent=1) + "\n", encoding="utf-8", newline="\n"
        )
        frame.to_csv(folder / "metrics.csv", index=False, lineterminator="\n")
    except OSError as error:
        hint = "choose a writable folder with --out DIR; the runs are safe in the store"
        raise mistake(str(folder), f"the report cannot be written: {error.strerror}", hint=hint) from None


def summarise(report: Report, folder: Path) -> None:
    """Print one verdict a claim with its sentence, and where the report is."""
    for paper in report.papers:
        click.echo(f"\n{paper.title} ({paper.year})")
        for claim in paper.claims:
            verdict = claim.verdict
            word = click.style(
                f"{MARKS[verdict.result]} {verdict.word}", fg=COLOURS[verdict.result], bold=True
            )
            click.echo(f"  {word}  {claim.title}  [{claim.id}]")
            click.echo(f"      {verdict.sentence}")
    click.echo(f"\n{report.coverage.text}. {report.scale_says}")
    click.echo(f"Report: {folder / 'index.html'}")
