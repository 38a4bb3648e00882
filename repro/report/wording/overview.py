"""The overview's line below a verdict: the paper's number beside ours."""

from __future__ import annotations

from dataclasses import dataclass

from repro.report.model import ClaimReport, ExpectationResult

_SHOWN = 3  # more comparisons than this are counted instead


@dataclass(frozen=True, slots=True)
class Facing:
    """The paper's number and ours for the same expectation, which `title` and `anchor` name."""

    title: str
    anchor: str
    paper: str
    ours: str


def facing(claim: ClaimReport) -> Facing | None:
    """Return the paper's number that says most about a claim beside ours; None where the paper prints none.

    A deciding expectation comes before context; one that needs training before what is computed without.
    """
    candidates = [one for one in claim.expectations if one.reported and not one.exact and _measured(one)]
    candidates.sort(key=lambda one: one.role != "decides")
    if not candidates:
        return None
    best = candidates[0]
    return Facing(best.title, best.anchor, best.reported or "", _ours(best))


def _measured(one: ExpectationResult) -> bool:
    return any(part.estimate is not None for part in one.parts)


def _ours(one: ExpectationResult) -> str:
    if len(one.parts) == 1:
        return one.parts[0].estimate_text
    if len(one.parts) > _SHOWN:
        return f"{len(one.parts)} comparisons"
    return "; ".join(f"{part.label}: {part.estimate_text}" for part in one.parts)
