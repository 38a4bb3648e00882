"""The part of a claim file that is shown: the paper's tables as printed, and figures in the manner of its own."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from repro.claims.vocabulary import (
    Frozen,
    Moment,
    Printed,
    ReadFrom,
    Reported,
    Source,
    no_others,
)


class TableRow(Frozen):
    """A printed row: its label, our cell, and the numbers as printed, by metric.

    `read_from` names, by metric, what a number was read from where it is another kind of place than the table's source.
    """

    label: str
    """What the paper calls the row."""
    cell: str | None = None
    """Our cell (``arm/level``) that answers it."""
    reported: dict[str, str] = {}
    """Metric → the number as printed."""
    read_from: dict[str, ReadFrom] = {}
    """Metric → what a number was read from, where that is another kind of place than the table's source."""
    note: str | None = None
    """What a reader must know of the row."""


class Reproduction(Frozen):
    """What an independent reproduction reports for rows of a table: row label → metric → number as printed."""

    label: str
    """Who."""
    source: str
    """Where they report it."""
    note: str | None = None
    """How it came about."""
    values: dict[str, dict[str, Printed]] = Field(min_length=1)
    """Row label → metric → the number as printed."""


class Table(Frozen):
    """A table (or the ends of a figure's curves) of the paper, as printed, with the cells that answer it."""

    title: str
    """The paper's own."""
    source: Source
    """Where it is."""
    metrics: list[str] = Field(min_length=1)
    """Its columns, as metrics of this file."""
    at: Moment | None = None
    """The moment, of metrics that are read at several."""
    uncertainty: Reported = Reported()
    """What its numbers are numbers of."""
    rows: list[TableRow] = Field(min_length=1)
    """As printed, in their order."""
    reproductions: list[Reproduction] = []
    """What independent reproductions report."""


class Reference(Frozen):
    """Curves of the paper as a CSV file beside the claim: columns `panel`, `series`, `x`, `y`, `style`.

    A column `arm` may say which arm a line is of, where its name does not begin with that of an arm.
    """

    file: str
    """A CSV file beside the claim."""
    x: str
    """Its column of the horizontal axis."""
    y: str
    """Its column of the vertical axis."""


_EVERY_FIGURE = "kind title reference"

FIGURE_KEYS = {
    "curves": f"of panel cells target {_EVERY_FIGURE}",
    "layers": f"metric at {_EVERY_FIGURE}",
    "moments": f"metric {_EVERY_FIGURE}",
    "images": f"metric at cells {_EVERY_FIGURE}",
}
"""Kind → the keys that it makes use of."""

FIGURE_NEEDS = {"curves": ["of"], "layers": ["metric"], "moments": ["metric"], "images": ["metric"]}
"""Kind → the keys that it cannot do without."""


class Figure(Frozen):
    """A figure in the manner of the paper's own, with the paper's curves as reference.

    kind "curves": history columns `of` against epochs, of `cells` where given; a panel each arm, level of a factor, or
    column (`panel` = "arm", a factor, "of"). "layers": a probe metric layer by layer, in network
    order and sorted. "moments": a reduced probe metric by factor level, one panel a moment. "images": the pictures
    that a probe keeps in its rows, of the first seed of each cell, or of `cells`.
    """

    kind: Literal["curves", "layers", "moments", "images"]
    """What is drawn."""
    title: str
    """The figure's."""
    of: list[str] = []
    """Of curves: the history columns."""
    metric: str | None = None
    """Of layers, moments and images: the probe metric."""
    at: Moment = "last"
    """Of layers and images: the moment."""
    panel: str | None = None
    """Of curves, a panel each: "arm", a factor, or "of"."""
    cells: list[str] = []
    """Only these cells."""
    reference: Reference | None = None
    """The paper's own curves."""
    target: float | None = None
    """A line across curves, such as an error that is to be reached."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for key in FIGURE_NEEDS[self.kind]:
            if not getattr(self, key):
                raise ValueError(f"a figure of {self.kind} needs `{key}`")
        no_others(self, f"a figure of {self.kind}", FIGURE_KEYS[self.kind])
        return self
