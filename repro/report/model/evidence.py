"""What was found, as plain data: verdicts, expectations, the paper's tables, figures.

Numbers are raw (errors are fractions); all text is untrusted, see model.py.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

Result = Literal["supported", "refuted", "inconclusive"]
Status = Literal["complete", "pending", "failed"]
Whose = Literal["paper", "notes"]
"""Whose sentence is checked: a publication's, or that of reading notes and lectures about one."""
Unit = Literal[
    "error", "epochs", "number", "log10", "log10-value", "count", "points", "ratio", "share", "steps"
]
"""What numbers of an expectation are in. Fractions are shown in percent, logarithms as what they are of: "log10" as so
many times, "log10-value" as a plain number. "points" is a share less another."""
"""Errors and shares are fractions, shown in percent."""


class Data(BaseModel):
    """Frozen plain data; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Verdict(Data):
    """What can be said: `word` is what is printed, capped by the scale; `result` is None where nothing was judged.

    `result` is the machine's term, the same at every scale: below the paper's, "refuted" is what `word` calls "does not
    hold at smoke scale", and says nothing of the paper.
    """

    word: str
    result: Result | None
    status: Status
    sentence: str


class Part(Data):
    """One comparison of an expectation: estimate and interval, or why there is none.

    `low` and `high` are the interval at `level`, which supports; those of `refutation_level`, stricter where more than
    one comparison could refute the claim, refute. An end is None where the interval goes on; all three of refutation
    are None where nothing was estimated, or where an older report did not tell. `n` is the smallest number of seeds in
    any cell. `bound` tells that censoring makes the estimate a bound. `result` is the machine's term for the region
    that the interval lies in, at any scale; what may be said of a claim is a verdict's `word`. `reported` is the number
    that the paper prints for this very part, where each has its own. `weights`: cell → its weight in the contrast, of
    mean logarithms for a ratio; `moment` of the metric, as metrics.csv has it. Older reports tell neither. `seeds`: on
    how many it rests in words, where recorded results lack some that were declared, or cells have different ones.
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
    refutation_low: float | None = None
    refutation_high: float | None = None
    refutation_level: float | None = None
    reported: str | None = None
    weights: dict[str, float] = {}
    moment: str = ""
    seeds: str = ""


class Region(Data):
    """A union of intervals for drawing and the words for it; None is an open end. `brief`: in signs, "≥ 2 pp"."""

    text: str
    intervals: list[tuple[float | None, float | None]]
    brief: str = ""


class OtherConvention(Data):
    """What another convention of counting gives, in words; `would_do`: whether that is the number claimed, if known."""

    convention: str
    text: str
    would_do: bool | None


class ExpectationResult(Data):
    """An expectation, judged: one row of the report.

    Sentences that stand beside the verdict and decide nothing: `resolves` says what the seeds can tell apart,
    `compatibility` whether the paper's number is what runs like ours would give (at the paper's scale only),
    `sampling_note` what a finite test set adds, `robustness_note` where runs do not look normal. None where there is
    nothing to say. `settles`: what would settle an open one, in plain words, `settles_seeds` how many seeds that takes,
    where a number of seeds does, and `settles_never` that none does that anybody trains. `interval_notes` explain what
    else than the spread of the runs moved the intervals. `exact`: computed without training; `convention` says how
    things were counted, `otherwise` what other conventions give. `known_beforehand`: values that were known when the
    criterion was written. `metric`: the name of what is compared; empty in older reports. `whose`: who prints
    `reported` and each part's number.
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
    robustness_note: str | None = None
    exact: bool = False
    convention: str | None = None
    otherwise: list[OtherConvention] = []
    known_beforehand: str | None = None
    settles: str | None = None
    settles_seeds: int | None = None
    settles_never: bool = False
    interval_notes: list[str] = []
    metric: str = ""
    whose: Whose = "paper"


class Cell(Data):
    """A cell of a paper's table: the number as printed, ours beside it.

    `region` and `verdict` are those of the expectation about this very cell, which `expectation` links to; None where
    there is none. Where it has several parts, the verdict is of the cell's own part. `from_figure`: the printed number
    was read from a figure; None: not told, as its table. `net`: which net `ours` is of, where it is not the row's.
    """

    metric: str
    reported: str | None
    ours: str | None
    difference: str | None
    n: int
    expectation: str | None = None
    region: str | None = None
    verdict: Verdict | None = None
    from_figure: bool | None = None
    net: str | None = None


class Row(Data):
    """A row of a paper's table; `ours_label` names our cell, and `net` what it trains and on what data."""

    label: str
    ours_label: str | None
    cells: list[Cell]
    note: str | None
    net: str | None = None


class Elsewhere(Data):
    """What an independent reproduction reports for a paper's table: `values` by row and column, None where silent."""

    label: str
    source: str
    note: str | None
    values: list[list[str | None]]


class Table(Data):
    """A paper's table as printed with our columns added. `from_figure`: its numbers were read from a figure."""

    id: str
    title: str
    source: str
    columns: list[str]
    rows: list[Row]
    anchor: str = ""
    from_figure: bool = False
    elsewhere: list[Elsewhere] = []


Drawn = Annotated[float, AfterValidator(lambda value: float(f"{value:.6g}"))]
"""A number to be drawn: six significant digits are more than any figure shows."""


class Series(Data):
    """A line of a figure. `group` and `shade` decide its colour, `style` the dash pattern.

    `group` is the same for the lines of one arm, in all figures of a claim, the paper's lines included; `shade` goes
    from 0, the lowest level, to 1, the highest. `name`: what the line is called at its end, where its panel and its
    dashes say the rest; empty in older reports.
    role "seed": one run, thin; "mean": over seeds, bold; "reference": read from the paper. `cell` is that of the line,
    `seed` and `run`, its key, those of a single run; None where it is of several, and in older reports.
    """

    label: str
    group: int
    style: Literal["solid", "dashed", "dotted"]
    role: Literal["seed", "mean", "reference"]
    x: list[Drawn]
    y: list[Drawn]
    shade: float = 0.0
    name: str = ""
    cell: str | None = None
    seed: int | None = None
    run: str | None = None


class Band(Data):
    """Where nine of ten runs lie, in the place of the runs where they are many: between two edges, with places each.

    It belongs to the mean of the same label. `runs`: how many there are.
    """

    label: str
    group: int
    shade: float
    style: Literal["solid", "dashed", "dotted"]
    runs: int
    x_low: list[Drawn]
    y_low: list[Drawn]
    x_high: list[Drawn]
    y_high: list[Drawn]


class Tile(Data):
    """A small picture: base64 of its RGB bytes, what it shows, and whether it stands apart from those that follow."""

    pixels: str
    width: int
    height: int
    caption: str
    gap: bool = False


class Panel(Data):
    """One set of axes, or `tiles`: lines of small pictures. `y_percent`: values are fractions, shown in percent;
    limits: None is left to the data. Of many runs, `bands` say where they lie.
    """

    title: str
    x_label: str
    y_label: str
    y_percent: bool = False
    y_log: bool = False
    y_limits: tuple[float | None, float | None] = (None, None)
    x_limits: tuple[float | None, float | None] = (None, None)
    x_categories: list[str] | None = None
    target: float | None = None
    series: list[Series]
    tiles: list[list[Tile]] = []
    bands: list[Band] = []


class Figure(Data):
    """A figure as data: panels, the finding in words (alternative text), and the explanation of bands."""

    id: str
    anchor: str
    title: str
    alt: str
    caption: str
    panels: list[Panel]
