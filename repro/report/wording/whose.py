"""Whose sentence a claim is, in words: a publication's, or that of reading notes and lectures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from repro.claims import ClaimFile
from repro.report.model import PaperReport, Report, Whose
from repro.report.wording.text import plural

PRINTS: Mapping[Whose, str] = {"paper": "the paper prints", "notes": "the notes print"}
HEADS: Mapping[Whose, str] = {"paper": "Paper", "notes": "Notes"}
NUMBERS: Mapping[Whose, str] = {"paper": "The paper’s numbers", "notes": "The notes’ numbers"}


def whose(file: ClaimFile) -> Whose:
    """Return whose sentence a claim file checks, by what its source was read from."""
    return "notes" if file.source.read_from == "teaching material" else "paper"


def number_head(report: Report) -> str:
    """Return the head of the column of numbers that sources print, for all claims of a report."""
    kinds = {paper.whose for paper in report.papers}
    return HEADS[kinds.pop()] if len(kinds) == 1 else "Source"


def claims_of(papers: Sequence[PaperReport]) -> str:
    """Count claims by whose they are: "87 claims of 5 papers and 18 of reading notes"."""
    published = [paper for paper in papers if paper.whose == "paper"]
    noted = sum(len(paper.claims) for paper in papers if paper.whose == "notes")
    claims = plural(sum(len(paper.claims) for paper in published), "claim")
    of_papers = f"{claims} of {plural(len(published), 'paper')}"
    if not noted:
        return of_papers
    return (
        f"{of_papers} and {noted:,} of reading notes"
        if published
        else f"{plural(noted, 'claim')} of reading notes"
    )
