"""One comparison as power needs it: how far runs spread, and how far numbers lie from the bars."""

from __future__ import annotations

import math
from dataclasses import dataclass

from repro.judging.criteria import Criteria, Refutation
from repro.judging.evidence import Evidence
from repro.judging.verdicts import Result
from repro.stats import (
    SCREEN,
    Piece,
    Region,
    Spread,
    decision_power,
    detectable_difference,
    if_known,
    observed_spread,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number lies in a region: how far from the nearer end, how wide its piece is, at which level decided."""

    distance: float
    width: float
    level: float
    either_side: bool
    refutes: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison as power needs it: its spread, and where our estimate and the paper's number lie.

    `between`: the whole interval lies between the regions, so that more runs would most likely not decide it.
    """

    label: str
    log: bool
    spread: Spread
    observed: int
    ours: Place | None
    paper: Place | None
    result: Result | None
    support: Place
    between: bool = False

    def power(self, place: Place, n: int, distance: float | None = None) -> float:
        """Return the probability that n seeds decide it there, or where the distance is another one.

        In units of the spread, that is: in a region with two ends the other end is farther or nearer with it.
        """
        at = place.distance if distance is None else distance
        width = place.width * (at / place.distance if place.distance else 1.0)
        return decision_power(
            self.spread.sds, self.spread.weights, at, n,
            level=place.level, slack=self.spread.slack, width=width, either_side=place.either_side,
        )  # fmt: skip

    def near(self, place: Place, distance: float, power: float, most: int) -> int:
        """Return about how many seeds decide a distance, where it is not beyond `most`."""
        beyond = distance - self.spread.slack
        if beyond <= 0:
            return most
        return if_known(
            self.spread.sds, self.spread.weights, beyond, level=place.level, power=power, most=most
        )

    def detectable(self, place: Place, n: int, power: float) -> float:
        """Return the distance that n seeds decide with so much power."""
        return detectable_difference(
            self.spread.sds, self.spread.weights, n,
            level=place.level, power=power, slack=self.spread.slack, width=place.width,
            either_side=place.either_side,
        )  # fmt: skip


def comparison(
    found: Evidence, bars: Criteria, how: Refutation, paper: float | None, result: Result | None
) -> Comparison | None:
    """Return a comparison as power needs it; None where the runs do not tell their spread.

    Args:
        found: the runs that are there.
        bars: what decides.
        how: at which level it refutes; one that is clear is taken as if it were the only one that is not.
        paper: the paper's number, in the unit of the estimate.
        result: where it has been judged.
    """
    if not found.defined:
        return None
    part = found.estimand
    samples, weights = [found.samples[a] for a in part.weights], list(part.weights.values())
    spread = observed_spread(samples, weights, log=part.log, paired=found.paired)
    if spread is None:
        return None
    level = 1 - (1 - SCREEN / 2) * bars.share if how.level is None else how.level

    def place(number: float | None) -> Place | None:
        if number is None or (part.log and number <= 0):
            return None
        return _place(bars.supports, number, bars.support_level, part.log, refutes=False) or _place(
            bars.refutes, number, level, part.log, refutes=True, opposed=how.opposed
        )

    here = found.interval(bars.support_level, bars.supports)
    ours = place(here.estimate)
    theirs = place(paper)
    if any(one is not None and not math.isfinite(one.distance) for one in (ours, theirs)):
        return None
    support = Place(
        0.0, _widest(bars.supports, part.log), bars.support_level, len(bars.supports.pieces) > 1, False
    )
    around = Region((Piece(here.low, here.high),))
    between = not (around.overlaps(bars.supports) or around.overlaps(bars.refutes))
    return Comparison(part.label, part.log, spread, found.n, ours, theirs, result, support, between)


def _place(
    region: Region, number: float, level: float, log: bool, *, refutes: bool, opposed: bool = False
) -> Place | None:
    for piece in region.pieces:
        if piece.covers(number, number):
            ends = [_apart(number, end, log) for end in (piece.low, piece.high)]
            both = opposed or len(region.pieces) > 1
            return Place(min(ends), ends[0] + ends[1], level, both, refutes)
    return None


def _widest(region: Region, log: bool) -> float:
    return max(_apart(piece.low, piece.high, log) for piece in region.pieces)


def _apart(one: float, other: float, log: bool) -> float:
    if math.isinf(one) or math.isinf(other):
        return math.inf
    if not log:
        return abs(one - other)
    return abs(math.log(one) - math.log(other)) if one > 0 and other > 0 else math.inf
