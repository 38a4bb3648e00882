"""Regions of the line: what supports a claim, what refutes it, and whether an interval lies inside."""

from __future__ import annotations

import math
from dataclasses import dataclass

from repro.stats.samples import Interval


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of the line. An infinite end has nothing beyond it, so it counts as included."""

    low: float
    high: float
    includes_low: bool = True
    includes_high: bool = True

    def covers(self, low: float, high: float) -> bool:
        """Return whether all of [low, high] lies inside; nan lies nowhere."""
        above = low > self.low or (low == self.low and (self.includes_low or math.isinf(low)))
        below = high < self.high or (high == self.high and (self.includes_high or math.isinf(high)))
        return above and below and low <= high


@dataclass(frozen=True, slots=True)
class Region:
    """A union of disjoint pieces of the line, in ascending order, in the estimand's unit.

    Build one with `at_least`, `at_most`, `within` or `outside`, which include their ends; their
    `complement` does not.
    """

    pieces: tuple[Piece, ...]

    @classmethod
    def at_least(cls, bar: float) -> Region:
        """Return [bar, ∞). Raises ValueError unless `bar` is finite."""
        _check(bar, bar)
        return cls((Piece(bar, math.inf),))

    @classmethod
    def at_most(cls, bar: float) -> Region:
        """Return (−∞, bar]. Raises ValueError unless `bar` is finite."""
        _check(bar, bar)
        return cls((Piece(-math.inf, bar),))

    @classmethod
    def within(cls, low: float, high: float) -> Region:
        """Return [low, high]; "no difference" is within(−margin, margin).

        A 95% interval inside it is an equivalence test of two one-sided tests at 2.5% each, stricter than the
        usual TOST at 5% a side, which is a 90% interval (Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987).
        Raises ValueError unless the ends are finite and in order.
        """
        _check(low, high)
        return cls((Piece(low, high),))

    @classmethod
    def outside(cls, low: float, high: float) -> Region:
        """Return (−∞, low] ∪ [high, ∞). Raises ValueError unless the ends are finite and low < high."""
        _check(low, high)
        if low == high:
            raise ValueError(f"outside({low!r}, {high!r}) leaves nothing out, so every number would do")
        return cls((Piece(-math.inf, low), Piece(high, math.inf)))

    def complement(self) -> Region:
        """Return the rest of the line; what this region includes of its ends, the rest does not."""
        gaps = []
        low, includes_low = -math.inf, True
        for piece in self.pieces:
            if piece.low > low or (includes_low and not piece.includes_low and math.isfinite(low)):
                gaps.append(Piece(low, piece.low, includes_low, not piece.includes_low))
            low, includes_low = piece.high, not piece.includes_high
        if low < math.inf:
            gaps.append(Piece(low, math.inf, includes_low, True))
        return Region(tuple(gaps))

    @property
    def ends(self) -> tuple[float, ...]:
        """The finite ends, in ascending order."""
        ends = [end for piece in self.pieces for end in (piece.low, piece.high)]
        return tuple(end for end in ends if math.isfinite(end))

    def overlaps(self, other: Region) -> bool:
        """Return whether two regions share more than a point."""
        return any(max(a.low, b.low) < min(a.high, b.high) for a in self.pieces for b in other.pieces)

    def contains(self, interval: Interval) -> bool:
        """Return whether the whole interval, ends included, lies inside one piece of the region."""
        return any(piece.covers(interval.low, interval.high) for piece in self.pieces)

    def admits(self, number: float) -> bool:
        """Return whether a number known without error lies in the region (exact claims)."""
        return any(piece.covers(number, number) for piece in self.pieces)


def _check(low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"the ends of a region are finite and in order, not {low!r} and {high!r}")
