"""What a verdict rests on: the expectation that decided it, and the comparison that tells most of that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from repro.report.model import ClaimReport, ExpectationResult, Part, Verdict


def decider(claim: ClaimReport) -> ExpectationResult | None:
    """Return the expectation that a claim's verdict and its sentence rest on; None where nothing decides it.

    Of those that came out as the claim did, one that was trained says more than one that was computed.
    """
    return deciding(claim.verdict, claim.expectations)


def deciding(verdict: Verdict, expectations: Sequence[ExpectationResult]) -> ExpectationResult | None:
    """Return the same of a verdict and the expectations that it rests on."""
    candidates = [one for one in expectations if one.role == "decides" and one.parts]
    chosen = [one for one in candidates if one.verdict.result == verdict.result] or candidates
    return min(chosen, key=lambda one: one.exact, default=None)


def telling(one: ExpectationResult) -> Part | None:
    """Return the comparison that tells most of an expectation: one that came out as it did.

    The first that is refuted or open (of those that are open, one that seems to be refuted); where all are supported,
    the one that is least so.
    """
    known = [part for part in one.parts if part.estimate is not None]
    same = [part for part in known if part.result == one.verdict.result] or known
    if one.verdict.result == "supported":
        return min(same, key=lambda part: _room(part, one), default=None)
    if one.verdict.result == "inconclusive":
        same.sort(key=lambda part: not seems_refuted(part, one))
    return same[0] if same else None


def seems_refuted(part: Part, one: ExpectationResult) -> bool:
    """Tell whether the interval shown lies in what refutes, though the wider one that refutes does not."""
    return part.result == "inconclusive" and any(
        (low is None or (part.low is not None and part.low >= low))
        and (high is None or (part.high is not None and part.high <= high))
        for low, high in one.refutes.intervals
    )


def _room(part: Part, one: ExpectationResult) -> float:
    """Return how far a supported part's interval stays inside the region; infinite where the region has no ends."""
    rooms = [
        min(
            math.inf if low is None or part.low is None else part.low - low,
            math.inf if high is None or part.high is None else high - part.high,
        )
        for low, high in one.supports.intervals
    ]
    return max(rooms, default=math.inf)
