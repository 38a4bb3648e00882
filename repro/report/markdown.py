"""Report → Markdown for a pull request: the scale, a table of verdicts, and what lies behind each, folded.

GitHub's dialect (tables, `<details>`). Text of strangers stays text, see `text_in_markdown.plain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from repro.report.model import (
    Cell,
    ClaimReport,
    Deviation,
    ExpectationResult,
    PaperReport,
    Part,
    Report,
    Result,
    Table,
    Verdict,
)
from repro.report.model.safe_text import visible, web_address
from repro.report.model.text_in_markdown import in_link, plain
from repro.report.wording.caught import control_said
from repro.report.wording.costs import COLUMNS, cost, cost_table, stopped_runs
from repro.report.wording.meanings import meanings
from repro.report.wording.overview import idle, outcome
from repro.report.wording.plain import but, claim_because, statistics
from repro.report.wording.settling import settling
from repro.report.wording.text import duration, percent, plural
from repro.report.wording.typography import typeset
from repro.report.wording.whose import HEADS

SHAPES: Mapping[Result | None, str] = {"supported": "●", "refuted": "■", "inconclusive": "◆", None: "○"}
"""Shapes, so that verdicts are told apart without colour."""

USUAL_LEVEL = 0.95


def to_markdown(report: Report) -> str:
    """Return `report` as Markdown, compact enough for a comment; the same report gives the same text."""
    return "\n".join(_lines(typeset(report))) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"## {plain(outcome(report))}"
    yield ""
    yield f"At {plain(report.scale)} scale: {plain(report.coverage.text)}."
    yield ""
    told = meanings(report)
    yield from (f"- **{name}:** {plain(meaning)}" for name, meaning in told)
    yield from [""] if told else []
    yield f"> **{plain(report.scale_says)}**"
    for says in report.stand_ins:
        yield f"> **Not the paper’s data: {plain(says)}**"
    for missing in report.bring:
        yield f"> **Data is missing: {plain(missing)}**"
    for paper in report.papers:
        yield ""
        yield f"### {plain(paper.title)} ({paper.year})"
        address = web_address(paper.url)
        named = plain(f"{paper.venue} {paper.year}, {paper.identifier}")
        yield ""
        yield f"[{named}](<{in_link(address)}>)" if address else named
        yield ""
        waiting = idle(paper)
        judged = [claim for claim in paper.claims if claim not in waiting]
        if judged:
            rows = [[_chip(c.verdict), plain(c.title), _why(c)] for c in judged]
            yield from _table(["Verdict", "Claim", "Why"], rows)
        for claim in judged:
            yield from _claim(claim)
        if waiting:
            yield from _not_judged(waiting, paper, report.scale)
    yield ""
    yield from _provenance(report)


def _not_judged(waiting: Sequence[ClaimReport], paper: PaperReport, scale: str) -> Iterator[str]:
    """Yield the claims of a paper that are not judged at a scale, folded, and which commands judge them."""
    yield ""
    yield f"<details><summary>{plural(len(waiting), 'claim')} not judged at {plain(scale)} scale</summary>"
    yield ""
    yield from (f"- {plain(claim.title)}: {plain(claim.verdict.sentence)}" for claim in waiting)
    for other in paper.elsewhere:
        yield ""
        yield f"{len(other.claims)} from the {plain(other.scale)} scale on:"
        yield ""
        yield from _code(other.command)
    yield ""
    yield "</details>"


def _why(claim: ClaimReport) -> str:
    """Return why a claim stands as it does, and what would settle it, in plain words."""
    told = [claim_because(claim), *(f"{one.title}: {why}" for one, why in but(claim))]
    found, settled = " **But:** ".join(map(plain, told)), settling(claim)
    if settled is None:
        return found
    return f"{found} **What would settle it:** {plain(settled.text)} {plain(settled.command or '')}".rstrip()


def _statistics(claim: ClaimReport) -> Iterator[str]:
    """Yield what the statistics say of a claim, folded; nothing where the plain sentence says it all."""
    told = [claim.verdict.sentence] if claim.verdict.sentence != claim_because(claim) else []
    told += [f"{one.title}: {note}" for one in claim.expectations for note in statistics(one)]
    told += [f"Control “{one.title}”: {one.verdict.sentence}" for one in claim.controls if one.because]
    if told:
        yield ""
        yield "<details><summary>Statistics</summary>"
        yield ""
        yield from (f"- {plain(one)}" for one in told)
        yield ""
        yield "</details>"


def _claim(claim: ClaimReport) -> Iterator[str]:
    for change in claim.criteria_changes:
        yield ""
        yield f"> **{plain(claim.id)}: {plain(change.says)}**"
    yield ""
    # A blank line ends the HTML: what follows is Markdown again.
    yield f"<details><summary>{SHAPES[claim.verdict.result]} {plain(claim.title)}</summary>"
    yield ""
    yield f"{plain(claim.statement)} ({plain(claim.source)})"
    yield ""
    if claim.protocol is not None and not claim.protocol.of_paper:
        yield f"Not the paper’s protocol: {plain('; '.join(claim.protocol.reasons))}. Words are capped."
        yield ""
    for note in claim.code_notes:
        yield f"Note: {plain(note)}."
        yield ""
    for table in claim.tables:
        yield from _beside(table)
    yield from _table(
        ["Expectation", HEADS[claim.whose], "Ours", "Supports", "Refutes", "Verdict"],
        [row for expectation in claim.expectations for row in _expectation(expectation)],
    )
    for control in claim.controls:
        yield ""
        yield f"Control “{plain(control.title)}”: {plain(control_said(control))}"
    yield from _statistics(claim)
    if claim.deviations:
        yield ""
        yield from _table(
            [f"Differs from {_whose(claim)}", "There", "Here"],
            [[plain(row.what), plain(row.paper), _here(row)] for row in claim.deviations],
        )
    if claim.unknown:
        yield ""
        yield f"The paper leaves out: {plain(', '.join(claim.unknown))}."
    for review in claim.reviews:
        yield ""
        about = f" on {plain(review.about)}" if review.about else ""
        yield f"> Note by {plain(review.author)}, {plain(review.date)}{about}: {plain(review.text)}"
    yield ""
    yield from _code(claim.command)
    yield ""
    yield "</details>"


def _beside(table: Table) -> Iterator[str]:
    """Yield a table of the paper's with our columns beside each of its own."""
    yield f"**{plain(table.title)}**"
    yield ""
    head = ["", *(name for column in table.columns for name in (f"{plain(column)}: paper", "ours"))]
    rows = []
    for row in table.rows:
        label = plain(row.label) + (f" (ours: {plain(row.ours_label)})" if row.ours_label else "")
        rows.append([label, *(text for cell in row.cells for text in _pair(cell, table))])
    yield from _table(head, rows)
    yield ""
    read = any(_from_figure(cell, table) for row in table.rows for cell in row.cells)
    yield plain(table.source) + (" † Read from a figure." if read else "")
    yield ""


def _pair(cell: Cell, table: Table) -> tuple[str, str]:
    """Return a cell of the paper's and ours, with the difference and the verdict where there are any."""
    mark = " †" if _from_figure(cell, table) else ""
    ours = "—" if cell.ours is None else plain(cell.ours)
    if cell.difference is not None:
        ours += f", {plain(cell.difference)}"
    if cell.verdict is not None:
        ours += f" {_chip(cell.verdict)}"
    return (f"{plain(cell.reported)}{mark}" if cell.reported else "—"), ours


def _from_figure(cell: Cell, table: Table) -> bool:
    return bool(cell.reported) and (table.from_figure if cell.from_figure is None else cell.from_figure)


def _whose(claim: ClaimReport) -> str:
    """Return whose protocol deviations are from."""
    of_paper = claim.protocol is None or claim.protocol.of_paper
    return "the paper’s protocol" if of_paper else "the file’s own protocol"


def _here(row: Deviation) -> str:
    stands = " (stands in for the paper’s data)" if row.stand_in else ""
    direction = f". Likely direction: {plain(row.direction)}" if row.direction else ""
    return f"{plain(row.ours)}{stands}{direction}"


def _expectation(one: ExpectationResult) -> Iterator[list[str]]:
    """Yield the row of an expectation, and one for each part where there are several."""
    title = f"{plain(one.title)} ({one.role})"
    wider = next((part.refutation_level for part in one.parts if part.refutation_level), USUAL_LEVEL)
    level = "" if wider == USUAL_LEVEL else f" ({percent(wider)})"
    fixed = [plain(one.supports.text), plain(one.refutes.text) + level]
    reported = plain(one.reported) if one.reported else "—"
    several = len(one.parts) > 1
    ours = "" if several else _ours(one.parts[0]) if one.parts else "—"
    yield [title, reported, ours, *fixed, _chip(one.verdict)]
    if several:
        for part in one.parts:
            mark = SHAPES[part.result] if part.result else ""
            yield [f"— {plain(part.label)}", "", _ours(part), "", "", mark]


def _ours(part: Part) -> str:
    """Return an estimate with its interval, and the level where it is not the usual one."""
    unusual = part.estimate is not None and part.low != part.high and part.level != USUAL_LEVEL
    return plain(part.estimate_text) + (f" ({percent(part.level)})" if unusual else "")


def _provenance(report: Report) -> Iterator[str]:
    if report.machines:
        yield from _table(
            ["Machine", "Versions", "Commit", "Runs"],
            [
                [plain(m.description), plain(m.versions), plain(m.commit), str(m.runs)]
                for m in report.machines
            ],
        )
        yield ""
    costs = cost_table(report)
    if costs:
        yield "<details><summary>What each claim took, beside what was predicted for it</summary>"
        yield ""
        yield from _table(COLUMNS, [[plain(text) for text in row] for row in costs])
        yield ""
        yield "</details>"
        yield ""
    stopped = stopped_runs(claim for paper in report.papers for claim in paper.claims)
    took = (
        cost(report.cost, stopped) if report.cost else f"Time spent in runs: {duration(report.wall_seconds)}."
    )
    yield f"{took} All of it again:"
    yield ""
    yield from _code(report.command)
    yield ""
    yield (
        f"Made by repro {plain(report.tool_version)}, report format {report.schema_version}. An interval is "
        f"{USUAL_LEVEL:.0%} unless said otherwise. Below the paper’s scale nothing that was trained is ever "
        "supported, refuted or replicated; what is computed without training is judged at every scale."
    )


def _chip(verdict: Verdict) -> str:
    return f"{SHAPES[verdict.result]} **{plain(verdict.word)}**"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(row)} |"


def _code(text: str) -> Iterator[str]:
    """Yield a block of code that its own text cannot end."""
    shown = visible(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}sh"
    yield from shown.splitlines()
    yield fence
