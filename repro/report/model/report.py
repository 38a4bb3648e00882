"""The report, its papers and its claims: what `report.json` is at the top."""

from __future__ import annotations

from repro.report.model.background import (
    Control,
    Cost,
    CriteriaChange,
    CriteriaDifference,
    DataUsed,
    Deviation,
    Machine,
    Protocol,
    RecipeInFull,
    Recorded,
    Review,
    RunRow,
    Sensitivity,
    Span,
    SpecRow,
    Tuning,
)
from repro.report.model.evidence import Data, ExpectationResult, Figure, Table, Verdict, Whose

SCHEMA_VERSION = 2
"""Of `report.json`. A version only adds fields, each with a default that says "not told"."""


class Contrary(Data):
    """What another source says of the same thing."""

    by: str
    says: str
    where: str


class Checkable(Data):
    """Something of a paper that can be checked: the claims that do, or why there is none (`open`)."""

    where: str
    says: str
    claims: list[str]
    open: str | None
    note: str | None


class ClaimReport(Data):
    """A claim and everything that is known about it. `bring`: the data that its runs wait for, and how to bring it.

    `contrary`: what another source says of the same; `no_control`: why there is no control; `trains`: whether anything
    of it rests on training.
    `protocol`: whose protocol it is judged by; None where an older report did not tell. `code_notes`: what a user's
    code does that is no part of its identity, and in what the runs differ from one another: versions, data. `recorded`:
    the results that it is about, where these exist already. `ran`: when its runs ended; None where none tells.
    `recipe`: None where nothing is trained, or where an older report did not tell. `looks`: the numbers of seeds at
    which it is judged, one after the other while it is open; empty where nothing is trained at this scale, or where an
    older report did not tell.
    """

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
    stand_ins: list[str] = []
    spec_rows: list[SpecRow] = []
    reviews: list[Review] = []
    cost: Cost | None = None
    bring: list[str] = []
    contrary: Contrary | None = None
    no_control: str | None = None
    trains: bool = True
    protocol: Protocol | None = None
    code_notes: list[str] = []
    recorded: Recorded | None = None
    ran: Span | None = None
    recipe: RecipeInFull | None = None
    looks: list[int] = []

    @property
    def whose(self) -> Whose:
        """Whose sentence it checks, which all of its expectations tell."""
        return next((one.whose for one in self.expectations), "paper")


class OtherScale(Data):
    """Claims, by their ids, that are judged from this scale on, and the command that checks them."""

    scale: str
    claims: list[str]
    command: str


class PaperReport(Data):
    """A paper and its claims. `coverage`: how much of what is `checkable` in it has a claim, in words.

    `elsewhere`: the scales that judge those of its claims which the scale of the report does not. `whose`: whether it
    is a publication, or reading notes and lectures that all its claims are taken from.
    """

    id: str
    title: str
    authors: list[str]
    venue: str
    year: int
    identifier: str
    url: str | None
    bibtex_key: str
    claims: list[ClaimReport]
    version_read: str | None = None
    anchor: str = ""
    coverage: str | None = None
    checkable: list[Checkable] = []
    elsewhere: list[OtherScale] = []
    whose: Whose = "paper"


class Coverage(Data):
    """How many claims were judged; pending and failed ones never count against a claim.

    The rest is not judged at this scale, which awaits nothing for it.
    """

    total: int
    judged: int
    pending: int
    failed: int
    text: str


class Report(Data):
    """The whole report; deterministic for a given store.

    `ran`: when its runs ended. `as_of`: the last that the store tells of any of it, a run or new criteria (UTC, ISO
    8601); never the time at which the report was written, which would make two reports of one store differ.
    """

    schema_version: int = SCHEMA_VERSION
    tool_version: str
    scale: str
    scale_says: str
    coverage: Coverage
    papers: list[PaperReport]
    machines: list[Machine]
    wall_seconds: float
    command: str
    datasets: list[DataUsed] = []
    stand_ins: list[str] = []
    cost: Cost | None = None
    bring: list[str] = []
    ran: Span | None = None
    as_of: str | None = None
