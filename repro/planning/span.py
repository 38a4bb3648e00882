"""A number that is not known yet, with its range."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A number that is not known yet: what it may be at least, what is likely, and what it may be at most."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def __mul__(self, factor: float) -> Span:
        return Span(self.low * factor, self.likely * factor, self.high * factor)

    def or_longer(self, other: Span) -> Span:
        """Return the larger one of each number."""
        return Span(max(self.low, other.low), max(self.likely, other.likely), max(self.high, other.high))

    def less(self, done: float) -> Span:
        """Return what is left of the span, none of its numbers below 0."""
        return Span(*(max(0.0, number - done) for number in (self.low, self.likely, self.high)))

    def up_to(self, most: float) -> Span:
        """Return the span with no number above `most`."""
        return Span(min(self.low, most), min(self.likely, most), min(self.high, most))


def exactly(number: float) -> Span:
    """Return the span of a number that is known."""
    return Span(number, number, number)
