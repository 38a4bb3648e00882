"""The forms that a report is written in, all of them made from the same data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from repro.report import crate
from repro.report.as_csv import expectations_csv, table_csv
from repro.report.badge import to_badge
from repro.report.html.render import render_html
from repro.report.junit import to_junit
from repro.report.markdown import to_markdown
from repro.report.model import Report
from repro.report.model.loading import FILE
from repro.report.summary import to_summary
from repro.store.files import write, write_text

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["html", "json", "csv", "markdown", "junit", "badge", "ro-crate", "summary"]

FORMATS: tuple[Format, ...] = get_args(Format)

USUAL: tuple[Format, ...] = ("html", "json", "csv")
"""What is written unless said otherwise."""

FILES: dict[Format, str] = {
    "html": "index.html",
    "json": FILE,
    "csv": "expectations.csv",
    "markdown": "report.md",
    "junit": "junit.xml",
    "badge": "badge.svg",
    "ro-crate": crate.FILE,
    "summary": "summary.svg",
}
"""Where each lies in a report's folder."""

METRICS = "metrics.csv"


def write_report(
    report: Report,
    folder: Path,
    forms: Sequence[Format] = USUAL,
    *,
    frame: pd.DataFrame | None = None,
    templates: Path | None = None,
    kept: Path | None = None,
) -> list[Path]:
    """Write `report` into `folder` in each of `forms` and return the files.

    Args:
        report: what was judged.
        folder: made if need be.
        forms: csv has a row for each part of each expectation; errors are fractions.
        frame: the tidy metrics of each run, which csv writes beside; None where only the report is at hand.
        templates: of the page, before the shipped ones.
        kept: where the page's drawings are kept from one report to the next; None draws them anew.

    Raises:
        OSError: the folder cannot be written.
    """
    written = []
    others = [FILES[form] for form in dict.fromkeys(forms) if form != "ro-crate"]
    others += [METRICS] if frame is not None and "csv" in forms else []
    for form in dict.fromkeys(forms):
        path = folder / FILES[form]
        write_text(path, rendered(report, form, templates, kept, others))
        written.append(path)
        if form == "csv" and frame is not None:
            write(folder / METRICS, *table_csv(frame))
            written.append(folder / METRICS)
    return written


def rendered(  # noqa: PLR0911 - one a form
    report: Report,
    form: Format,
    templates: Path | None = None,
    kept: Path | None = None,
    others: Sequence[str] = (),
) -> str:
    """Return `report` in one form; `others` are the files that lie beside it."""
    match form:
        case "html":
            return render_html(report, templates=templates, kept=kept)
        case "json":
            return report.model_dump_json() + "\n"
        case "csv":
            return expectations_csv(claim for paper in report.papers for claim in paper.claims)
        case "markdown":
            return to_markdown(report)
        case "junit":
            return to_junit(report)
        case "badge":
            return to_badge(report)
        case "ro-crate":
            return crate.to_crate(report, others)
        case "summary":
            return to_summary(report)
