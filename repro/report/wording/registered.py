"""When the criteria of a report's claims were written: before their runs, after them, or nobody knows."""

from __future__ import annotations

from repro.report.model import ClaimReport, Report
from repro.report.wording.overview import basis

SAID = {
    "ledger": "Regions and numbers of seeds stand in the claim file, each region with its reason. A ledger in the "
    "store says when they were first seen, and which runs or results existed then.",
    "of": "Of the {total} claims here that are judged on runs or results: {parts}.",
    "before": "{count} had their present criteria before any of these existed",
    "after": "{count} got them when some existed already, which their pages say",
    "untold": "of {count} the ledger does not tell",
}
"""What is said, by what the ledger tells."""


def criteria_stand(report: Report) -> str:
    """Say how many of the claims that are judged on runs or results had their criteria before these existed."""
    judged = [
        claim
        for paper in report.papers
        for claim in paper.claims
        if claim.verdict.result is not None and basis(claim) != "computed"
    ]
    stood = [_stood(claim) for claim in judged]
    parts = [
        SAID[how].format(count=stood.count(how)) for how in ("before", "after", "untold") if how in stood
    ]
    of = SAID["of"].format(total=len(judged), parts="; ".join(parts))
    return f"{SAID['ledger']} {of}" if judged else SAID["ledger"]


def _stood(claim: ClaimReport) -> str:
    present = next((entry for entry in claim.criteria if entry.current), None)
    if present is None:
        return "untold"
    return "after" if present.runs_then else "before"
