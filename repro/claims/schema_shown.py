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
    cell: str | None = None
    reported: dict[str, str] = {}
    read_from: dict[str, ReadFrom] = {}
    note: str | None = None


class Reproduction(Frozen):
    """What an independent reproduction reports for rows of a table: row label → metric → number as printed."""

    label: str
    source: str
    note: str | None = None
    values: dict[str, dict[str, Printed]] = Field(min_length=1)


class Table(Frozen):
    """A table (or the ends of a figure's curves) of the paper, as printed, with the cells that answer it."""

    title: str
    source: Source
    metrics: list[str] = Field(min_length=1)
    at: Moment | None = None
    uncertainty: Reported = Reported()
    rows: list[TableRow] = Field(min_length=1)
    reproductions: list[Reproduction] = []


class Reference(Frozen):
    """Curves of the paper as a CSV file beside the claim: columns `panel`, `series`, `x`, `y`, `style`.

    A column `arm` may say which arm a line is of, where its name does not begin with that of an arm.
    """

    file: str
    x: str
    y: str


class Figure(Frozen):
    """A figure in the manner of the paper's own, with the paper's curves as reference.

    kind "curves": history columns `of` against epochs, of `cells` where given; a panel each arm, level of a factor, or
    column (`panel` = "arm", a factor, "of"). "layers": a probe metric layer by layer, in network
    order and sorted. "moments": a reduced probe metric by factor level, one panel a moment. "images": the pictures
    that a probe keeps in its rows, of the first seed of each cell, or of `cells`.
    """

    kind: Literal["curves", "layers", "moments", "images"]
    title: str
    of: list[str] = []
    metric: str | None = None
    at: Moment = "last"
    panel: str | None = None
    cells: list[str] = []
    reference: Reference | None = None
    target: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        key = "of" if self.kind == "curves" else "metric"
        if not getattr(self, key):
            raise ValueError(f"a figure of {self.kind} needs `{key}`")
        kinds = {"curves": "of panel cells target", "layers": "metric at", "moments": "metric"}
        used = (kinds | {"images": "metric at cells"})[self.kind]
        no_others(self, f"a figure of {self.kind}", f"{used} kind title reference")
        return self
