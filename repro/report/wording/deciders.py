"""What a verdict rests on: the expectation that decided it, and the comparison that tells most of that."""

from __future__ import annotations

import math
from collections.abc import Sequence

from repro.report.model import ClaimReport, ExpectationResult, Part, Region, Verdict


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
    """Return the comparison that tells most of an expectation: one that came out as it did, see :func:`foremost`."""
    known = [part for part in one.parts if part.estimate is not None]
    same = [part for part in known if part.result == one.verdict.result] or known
    return foremost(same, one) if same else None


def foremost(parts: Sequence[Part], one: ExpectationResult) -> Part:
    """Return the part that tells most of those of `one` that came out alike.

    Of supported ones the one that is least so, of refuted ones the one that is most so; of open ones one that seems to
    be refuted, else the one that has farthest to go.
    """
    if parts[0].result == "refuted":
        return max(parts, key=lambda part: _room(part, one.refutes))
    return min(parts, key=lambda part: (not seems_refuted(part, one), _room(part, one.supports)))


def seems_refuted(part: Part, one: ExpectationResult) -> bool:
    """Tell whether the interval shown lies in what refutes, though the wider one that refutes does not."""
    return part.result == "inconclusive" and any(
        (low is None or (part.low is not None and part.low >= low))
        and (high is None or (part.high is not None and part.high <= high))
        for low, high in one.refutes.intervals
    )


def _room(part: Part, region: Region) -> float:
    """Return how far a part's interval stays inside a region, below 0 where it does not; infinite without ends.

    An open end of the interval, or no number, leaves none.
    """
    if part.estimate is None or not math.isfinite(part.estimate):
        return -math.inf
    rooms = [
        min(
            math.inf if low is None else -math.inf if part.low is None else part.low - low,
            math.inf if high is None else -math.inf if part.high is None else high - part.high,
        )
        for low, high in region.intervals
    ]
    return max(rooms, default=math.inf)
