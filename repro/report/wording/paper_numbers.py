"""The paper's numbers beside ours, for a claim whose file holds no table of the paper's: made of its expectations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from repro.report.model import ClaimReport, ExpectationResult, Part, Result
from repro.report.wording.overview import as_printed, split_estimate


@dataclass(frozen=True, slots=True)
class PaperNumber:
    """A number of the paper's beside ours.

    Attributes:
        expectation: that is about it.
        label: of the comparison, "" for an only one.
        paper: as printed, "" where it stands in an earlier row.
        note: how it is to be read, "" where that is not said.
        ours: without its interval, "" where there is none.
        interval: "[9.1, 20.7]", or "".
        result: of the comparison; None where it was not judged.
    """

    expectation: ExpectationResult
    label: str
    paper: str
    note: str
    ours: str
    interval: str
    result: Result | None


def paper_numbers(claim: ClaimReport) -> list[PaperNumber]:
    """Return a row for each number that the paper prints and an expectation is about; none for what has a table."""
    return [] if claim.tables else [number for one in claim.expectations for number in _numbers(one)]


def _numbers(one: ExpectationResult) -> Iterator[PaperNumber]:
    each = [part for part in one.parts if part.reported]
    if each:
        yield from (_number(one, part, part.reported or "") for part in each)
    elif one.reported and one.parts:
        for place, part in enumerate(one.parts):
            yield _number(one, part, one.reported if place == 0 else "")
    elif one.reported:
        yield PaperNumber(one, "", one.reported, one.reported_note or "", "", "", None)


def _number(one: ExpectationResult, part: Part, paper: str) -> PaperNumber:
    ours, interval = split_estimate(part.estimate_text) if part.estimate is not None else ("", "")
    label = part.label if len(one.parts) > 1 else ""
    note = (one.reported_note or "") if paper else ""
    return PaperNumber(one, label, paper, note, as_printed(ours, paper), interval, part.result)
