"""The report as plain data: `report.json` is the contract, every rendering derives from it.

Numbers are raw (errors are fractions); `*_text` and sentences are ready to print. All text may come from
claim files or machines and is untrusted: renderings escape it.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

SCHEMA_VERSION = 1

Result = Literal["supported", "refuted", "inconclusive"]
Status = Literal["complete", "pending", "failed"]
Unit = Literal["error", "epochs", "number", "log10", "count", "ratio"]


class Data(BaseModel):
    """Frozen plain data; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Verdict(Data):
    """What can be said: `word` is what is printed, capped by the scale; `result` is None where nothing was judged."""

    word: str
    result: Result | None
    status: Status
    sentence: str


class Part(Data):
    """One comparison of an expectation: estimate and interval, or why there is none.

    `low` and `high` are None where the interval has no end on that side. `n` is the smallest number of
    seeds in any cell. `bound` tells that censoring makes the estimate a bound.
    """

    label: str
    estimate: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    bound: Literal["none", "from_below", "from_above", "both"]
    result: Result | None
    estimate_text: str
    note: str | None = None


class Region(Data):
    """A union of intervals for drawing and the words for it; None is an open end."""

    text: str
    intervals: list[tuple[float | None, float | None]]


class ExpectationResult(Data):
    """An expectation, judged: one row of the report.

    Sentences that stand beside the verdict and decide nothing: `resolves` says what the seeds can tell apart,
    `compatibility` whether the paper's number is what runs like ours would give (at the paper's scale only),
    `sampling_note` what a finite test set adds. None where there is nothing to say.
    """

    id: str
    anchor: str
    title: str
    kind: str
    role: Literal["decides", "context"]
    unit: Unit
    reported: str | None
    reported_value: float | None
    reported_note: str | None
    supports: Region
    refutes: Region
    why: str
    verdict: Verdict
    parts: list[Part]
    resolves: str | None = None
    compatibility: str | None = None
    sampling_note: str | None = None


class Cell(Data):
    """A cell of a paper's table: the number as printed, ours beside it."""

    metric: str
    reported: str | None
    ours: str | None
    difference: str | None
    n: int


class Row(Data):
    """A row of a paper's table."""

    label: str
    ours_label: str | None
    cells: list[Cell]
    note: str | None


class Table(Data):
    """A paper's table as printed with our columns added."""

    id: str
    title: str
    source: str
    columns: list[str]
    rows: list[Row]


Drawn = Annotated[float, AfterValidator(lambda value: float(f"{value:.6g}"))]
"""A number to be drawn: six significant digits are more than any figure shows."""


class Series(Data):
    """A line of a figure. `group` decides colour (same group, same colour), `style` the dash pattern.

    role "seed": one run, thin; "mean": over seeds, bold; "reference": read from the paper.
    """

    label: str
    group: int
    style: Literal["solid", "dashed", "dotted"]
    role: Literal["seed", "mean", "reference"]
    x: list[Drawn]
    y: list[Drawn]


class Panel(Data):
    """One set of axes. `y_percent`: values are fractions, shown in percent; `y_limits`: None is left to the data."""

    title: str
    x_label: str
    y_label: str
    y_percent: bool = False
    y_log: bool = False
    y_limits: tuple[float | None, float | None] = (None, None)
    x_categories: list[str] | None = None
    target: float | None = None
    series: list[Series]


class Figure(Data):
    """A figure as data: panels, the finding in words (alternative text), and the explanation of bands."""

    id: str
    anchor: str
    title: str
    alt: str
    caption: str
    panels: list[Panel]


class Deviation(Data):
    """One row of the ledger: where the run protocol differs from the paper's."""

    what: str
    paper: str
    ours: str


class Tuning(Data):
    """What tuning did for one cell: mean of the criterion at each learning rate, and the choice."""

    cell: str
    criterion: str
    rates: list[float]
    values: list[float | None]
    censored: list[bool]
    chosen: float | None
    state: Literal["settled", "open", "pending"]


class RunRow(Data):
    """A run behind a claim."""

    key: str
    cell: str
    purpose: str
    seed: int
    outcome: Literal["finished", "diverged", "failed", "pending"]
    steps: int | None
    wall_seconds: float | None
    device: str | None
    note: str | None = None


class Machine(Data):
    """Where runs were carried out."""

    description: str
    versions: str
    commit: str
    runs: int


class CriteriaChange(Data):
    """An entry of the ledger of criteria: since when these criteria stand, and what was known then.

    `lines` are the criteria, one line each.
    """

    first_seen: str
    runs_then: int
    digest: str
    current: bool
    lines: list[str] = []


class CriteriaDifference(Data):
    """A change of criteria made after runs existed: the lines of either version that the other has not."""

    says: str
    old: list[str]
    new: list[str]


class Control(Data):
    """A sabotaged variant and what the criteria made of it; `passed` is None where it was not run."""

    id: str
    title: str
    why: str
    verdict: Verdict
    passed: bool | None
    text: str


class Point(Data):
    """A point of a sensitivity: each expectation's estimate and verdict there."""

    label: str
    estimates: list[str]
    verdicts: list[Verdict]


class Sensitivity(Data):
    """Expectations judged over a grid of protocols; the first point is the claim's own."""

    id: str
    title: str
    why: str
    expectations: list[str]
    points: list[Point]
    text: str


class ClaimReport(Data):
    """A claim and everything that is known about it."""

    id: str
    anchor: str
    title: str
    statement: str
    quote: str | None
    source: str
    verdict: Verdict
    seeds: list[int]
    expectations: list[ExpectationResult]
    tables: list[Table]
    figures: list[Figure]
    deviations: list[Deviation]
    unknown: list[str]
    ambiguities: list[str]
    notes: list[str]
    controls: list[Control]
    sensitivities: list[Sensitivity] = []
    tuning: list[Tuning]
    runs: list[RunRow]
    criteria: list[CriteriaChange]
    criteria_changes: list[CriteriaDifference] = []
    wall_seconds: float
    claim_path: str
    claim_text: str
    command: str


class PaperReport(Data):
    """A paper and its claims."""

    id: str
    title: str
    authors: list[str]
    venue: str
    year: int
    identifier: str
    url: str | None
    bibtex_key: str
    claims: list[ClaimReport]


class Coverage(Data):
    """How many claims were judged; pending and failed ones never count against a claim."""

    total: int
    judged: int
    pending: int
    failed: int
    text: str


class Report(Data):
    """The whole report; deterministic for a given store."""

    schema_version: int = SCHEMA_VERSION
    tool_version: str
    scale: str
    scale_says: str
    coverage: Coverage
    papers: list[PaperReport]
    machines: list[Machine]
    wall_seconds: float
    command: str
