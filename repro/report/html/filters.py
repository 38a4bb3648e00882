"""What templates of the page ask of a report, by the names that render.py gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from repro.report import as_csv
from repro.report.drawing import lines
from repro.report.drawing.drawn import drawn
from repro.report.drawing.forest import Axis, forest
from repro.report.model import (
    ClaimReport,
    ExpectationResult,
    Figure,
    RunRow,
    Sensitivity,
    Table,
    Verdict,
    safe_text,
)
from repro.report.wording import plain, text

MOST_RUNS = 200
"""Of a claim, that a page lists when they have finished; `report.json` has all."""


_NAMED_PARTS = 4  # a note shared by more parts counts them instead


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure ready for the page: a drawing a panel (empty where there is nothing to show).

    Panels with the same lines share `legend`; otherwise each has one of its own in `legends`. `csv` and `paper_csv` are
    links to the points of our lines and of the paper's; empty where there are none.
    """

    drawings: list[Markup]
    legend: list[lines.LegendEntry]
    legends: list[list[lines.LegendEntry]]
    csv: str
    paper_csv: str

    @property
    def empty(self) -> bool:
        """Tell whether no panel has anything to show."""
        return not any(self.drawings)


def verdict_kind(verdict: Verdict) -> str:
    """Return what decides shape and colour: the result if there is one, else pending or failed."""
    if verdict.result is not None:
        return verdict.result
    return "failed" if verdict.status == "failed" else "pending"


def is_of_another_protocol(claim: ClaimReport) -> bool:
    """Tell whether a claim is judged by a protocol that is not declared to be the paper's."""
    return claim.protocol is not None and not claim.protocol.of_paper


def part_notes(expectation: ExpectationResult) -> list[str]:
    """Return the notes on an expectation's parts, each once with the parts that share it.

    A note that holds for all parts needs no names, and none that the plain sentence already tells.
    """
    sharing: dict[str, list[str]] = {}
    for part in expectation.parts:
        if part.note:
            sharing.setdefault(part.note, []).append(part.label)
    sentence = plain.because(expectation).casefold()
    notes = []
    for note, labels in sharing.items():
        names = "; ".join(label for label in labels if label)
        if len(labels) > _NAMED_PARTS:
            names = f"{len(labels)} of {len(expectation.parts)} comparisons"
        if len(labels) < len(expectation.parts) and names:
            notes.append(f"{names}: {note}")
        elif note.casefold() not in sentence:
            notes.append(note)
    return notes


def claim_coverage(claim: ClaimReport) -> str:
    """Say how much of a claim was judged, on how many seeds and runs: "3 of 4 expectations judged …"."""
    judged = sum(one.verdict.result is not None for one in claim.expectations)
    parts = [f"{judged} of {text.plural(len(claim.expectations), 'expectation')} judged"]
    if claim.seeds:
        parts.append(f"{text.plural(len(claim.seeds), 'seed')} a cell")
    if claim.runs:
        done = sum(run.outcome in ("finished", "diverged") for run in claim.runs)
        stopped = sum(run.outcome == "stopped" for run in claim.runs)
        parts.append(f"{done:,} of {text.plural(len(claim.runs) - stopped, 'run')} there")
        if stopped:
            parts.append(f"{stopped:,} more stopped early, in tuning")
    return " · ".join(parts)


def listed_runs(runs: Sequence[RunRow]) -> Sequence[RunRow]:
    """Return the runs that a page lists: all where they are few; of many, those that did not finish, and some."""
    if len(runs) <= MOST_RUNS:
        return runs
    unusual = [run for run in runs if run.outcome != "finished"]
    usual = [run for run in runs if run.outcome == "finished"]
    return [*unusual, *usual[: max(0, MOST_RUNS - len(unusual))]]


def shown(value: Any) -> Any:
    """Everything that a template prints passes here before it is escaped."""
    if value is None:
        return ""
    return safe_text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def figure_view(figure: Figure, prefix: str, kept: Path | None) -> FigureView:
    """Return a figure with its drawings, whose ids begin with `prefix`; they are kept in a folder, if one is named."""
    drawings = [Markup(drawing) for drawing in drawn(figure, prefix, kept)]
    legends = [lines.legend(panel) for panel in figure.panels]
    shown = [legend for legend in legends if legend]
    tables = [as_csv.figure_csv(figure, paper=paper) for paper in (False, True)]
    csv, paper_csv = (table and as_csv.data_link(table) for table in tables)
    if shown and all(legend == shown[0] for legend in shown):
        return FigureView(drawings, shown[0], [[] for _ in legends], csv, paper_csv)
    return FigureView(drawings, [], legends, csv, paper_csv)


def file_name(anchor: str) -> str:
    """Return an anchor as the name of a file."""
    return anchor.replace("/", "-")


def told_elsewhere(table: Table, place: int) -> bool:
    """Tell whether a column of a table has numbers of other sources."""
    return any(row[place] for one in table.elsewhere for row in one.values)


def flips(sensitivity: Sensitivity, claim: ClaimReport) -> list[Axis]:
    """Return the forest plot of a sensitivity: each expectation on its own regions, a track for each point's part."""
    by_id = {one.id: one for one in claim.expectations}
    judged = []
    for place, name in enumerate(sensitivity.ids):
        parts = [
            part.model_copy(update={"label": ", ".join(filter(None, [point.label, part.label]))})
            for point in sensitivity.points
            for part in (point.parts[place] if point.parts else [])
        ]
        if name in by_id:
            judged.append(by_id[name].model_copy(update={"parts": parts}))
    return forest(judged, fold=False)


def evidence_link(claims: Sequence[ClaimReport]) -> str:
    """Return a link to the expectations of claims as CSV."""
    return as_csv.data_link(as_csv.expectations_csv(claims))
