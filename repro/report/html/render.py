"""Report → one self-contained HTML page: no network, complete without script, under a strict policy."""

from __future__ import annotations

import base64
import hashlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from repro.errors import mistake
from repro.report import as_csv
from repro.report.drawing import lines
from repro.report.drawing.drawn import drawn
from repro.report.drawing.forest import Axis, Block, forest
from repro.report.html.bibtex import bibtex, tool_bibtex
from repro.report.html.columns import table_columns
from repro.report.model import (
    ClaimReport,
    ExpectationResult,
    Figure,
    Report,
    RunRow,
    Sensitivity,
    Table,
    Verdict,
    safe_text,
)
from repro.report.wording import (
    caught,
    costs,
    differences,
    overview,
    paper_numbers,
    plain,
    registered,
    settling,
    text,
)
from repro.report.wording.typography import prose, typeset
from repro.startup import shipped

PAGE = "report.html.jinja"
STYLE = "report.css"
SCRIPT = "report.js"
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


def render_html(report: Report, *, templates: Path | None = None, kept: Path | None = None) -> str:
    """Return `report` as one HTML page; the same report gives the same bytes.

    Files in the folder `templates` (report.html.jinja, claim.html.jinja, report.css, report.js …) come
    before the shipped ones of the same name. Drawings are taken from the folder `kept`, and kept there.
    """
    environment = jinja_environment(templates, kept)
    style, script = template_source(environment, STYLE), template_source(environment, SCRIPT)
    try:
        return environment.get_template(PAGE).render(
            report=typeset(report),
            style=Markup(style),
            script=Markup(script),
            style_hash=policy_hash(style),
            script_hash=policy_hash(script),
        )
    except jinja2.TemplateError as error:
        raise mistake(_place(error), error.message or "the template cannot be rendered") from error
    except Exception as error:
        if templates is None:
            raise
        # A user's own template: whatever it does wrong is theirs to mend.
        raise mistake(_place(error), f"cannot be rendered: {type(error).__name__}: {error}") from error


def verdict_kind(verdict: Verdict) -> str:
    """Return what decides shape and colour: the result if there is one, else pending or failed."""
    if verdict.result is not None:
        return verdict.result
    return "failed" if verdict.status == "failed" else "pending"


def is_capped(verdict: Verdict) -> bool:
    """Tell whether the scale allows less than the result says, such as "holds" for "supported"."""
    return verdict.result is not None and verdict.word.strip().casefold() != verdict.result


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


def _compiled_templates() -> jinja2.BytecodeCache | None:
    """Return where Jinja keeps compiled templates, by their content: to compile them anew is a tenth of a report."""
    try:
        # By a name of their own: compiled for another environment, a template would leave the sandbox.
        return jinja2.FileSystemBytecodeCache(pattern="__repro_sandboxed_%s.cache")
    except (RuntimeError, OSError):
        return None  # no folder of the user's own among the temporary ones


def jinja_environment(templates: Path | None, kept: Path | None = None) -> jinja2.Environment:
    """Return the environment of all pages: files in the folder `templates` come before the shipped ones.

    Raises:
        ReproError: there is no folder `templates`.
    """
    if templates is not None and not templates.is_dir():
        raise mistake("templates", "no such folder", str(templates))
    folders = [shipped.folder("templates")] if templates is None else [templates, shipped.folder("templates")]
    # Templates of a user's are text from anybody: they see the report, and none of Python's own attributes.
    environment = ImmutableSandboxedEnvironment(
        loader=jinja2.ChoiceLoader(
            [jinja2.FileSystemLoader(folder, encoding="utf-8-sig") for folder in folders]
        ),
        autoescape=True,  # Jinja's own choice by file name would skip *.html.jinja
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        optimized=False,  # a page is rendered once: folding constants takes longer than it saves
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_compiled_templates(),
    )
    environment.filters |= {
        "web_address": safe_text.web_address,
        "duration": text.duration,
        "percent": text.percent,
        "prose": prose,
        "day": text.day,
        "period": text.period,
        "part_notes": part_notes,
        "kind": verdict_kind,
        "capped": is_capped,
        "forest": forest,
        "drawn": partial(_figure_view, kept=kept),
        "bibtex": bibtex,
        "evidence": _evidence,
        "groups": overview.groups,
        "idle": overview.idle,
        "idle_claim": overview.is_idle,
        "outcome": overview.outcome,
        "by_chance": overview.by_chance,
        "short_word": overview.short_word,
        "without_scale": overview.without_scale,
        "without_n": overview.without_n,
        "filters": overview.filters,
        "criteria_stand": registered.criteria_stand,
        "moment": text.moment,
        "because": plain.because,
        "claim_because": plain.claim_because,
        "settling": settling.settling,
        "paper_numbers": paper_numbers.paper_numbers,
        "differences": differences.differences,
        "differences_counted": differences.counted,
        "fate": caught.fate,
        "controls_said": caught.controls_said,
        "cost_parts": overview.cost,
        "strip": _strip,
        "flips": _flips,
        "columns": table_columns,
        "told_elsewhere": _told_elsewhere,
        "claim_coverage": claim_coverage,
        "cost": costs.cost,
        "cost_table": costs.cost_table,
        "listed_runs": listed_runs,
        "file_name": _file_name,
        "tool_bibtex": tool_bibtex,
    }
    environment.globals |= {"plural": text.plural, "cost_columns": costs.COLUMNS}
    environment.tests["of_another_protocol"] = is_of_another_protocol
    return environment


def _shown(value: Any) -> Any:
    """Everything that a template prints passes here before it is escaped."""
    if value is None:
        return ""
    return safe_text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _figure_view(figure: Figure, prefix: str, kept: Path | None) -> FigureView:
    drawings = [Markup(drawing) for drawing in drawn(figure, prefix, kept)]
    legends = [lines.legend(panel) for panel in figure.panels]
    shown = [legend for legend in legends if legend]
    tables = [as_csv.figure_csv(figure, paper=paper) for paper in (False, True)]
    csv, paper_csv = (table and as_csv.data_link(table) for table in tables)
    if shown and all(legend == shown[0] for legend in shown):
        return FigureView(drawings, shown[0], [[] for _ in legends], csv, paper_csv)
    return FigureView(drawings, [], legends, csv, paper_csv)


def _file_name(anchor: str) -> str:
    return anchor.replace("/", "-")


def _told_elsewhere(table: Table, place: int) -> bool:
    return any(row[place] for one in table.elsewhere for row in one.values)


def _flips(sensitivity: Sensitivity, claim: ClaimReport) -> list[Axis]:
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


def _strip(row: overview.Row) -> Block | None:
    """Return the regions, the paper's value and the estimate of a row of the overview; None where nothing is drawn."""
    if row.decider is None or row.part is None:
        return None
    axes = forest([row.decider.model_copy(update={"parts": [row.part]})])
    block = axes[0].blocks[0] if axes else None
    return block if block and (block.supports or block.refutes) else None


def _evidence(claims: Sequence[ClaimReport]) -> str:
    return as_csv.data_link(as_csv.expectations_csv(claims))


def template_source(environment: jinja2.Environment, name: str) -> str:
    """Return the text of a style sheet or script, fit to stand in a page.

    Raises:
        ReproError: it holds `</`, which would end its element.
    """
    assert environment.loader is not None
    source = environment.loader.get_source(environment, name)[0]
    if "</" in source:
        raise mistake(f"template {name}", "may not hold '</': it would end its own element")
    return source


def _place(error: Exception) -> str:
    """Say in which line of which template; Jinja puts its templates into the traceback."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"template {error.name}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"template {Path(f.filename).name}, line {f.lineno}" for f in frames if ".jinja" in f.filename]
    return lines[-1] if lines else f"template {PAGE}"


def policy_hash(source: str) -> str:
    """Return how the page's content security policy names the inline `source`."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
