"""The number that a paper prints, as a number with the range that its printing and its reading leave open."""

from __future__ import annotations

import math
from dataclasses import dataclass

from repro.claims import Expectation
from repro.claims.printed import read_printed, read_range


@dataclass(frozen=True, slots=True)
class PaperNumber:
    """A printed number, in the unit of our estimates.

    Attributes:
        value: as printed.
        low, high: what it may stand for: half a unit of its last digit or its reading error, whichever is more,
            to either side; an infinite end for "<0.1".
        tolerance: the half width of that range; 0 where it has two different or infinite sides.
    """

    value: float
    low: float
    high: float
    tolerance: float = 0.0


def paper_number(expectation: Expectation, percent: bool) -> PaperNumber | None:
    """Return what the paper prints for an expectation; None where it prints no number.

    Args:
        expectation: with `reported` ("4.4 pp", "6×", "<0.1%") and `uncertainty.reading_error` in the same unit, either
            one number ("0.1") or a range ("whole epochs: 6.0 to 7.4").
        percent: the paper prints percent or percentage points, and our estimates are fractions.
    """
    number = read_printed(expectation.reported, percent=percent)
    if number is None:
        return None
    value, tolerance = number.value, (number.high - number.low) / 2
    if math.isinf(tolerance):
        return PaperNumber(value, number.low, number.high)
    read = expectation.uncertainty.reading_error or ""
    ends = read_range(read, percent=percent)
    if ends is not None:
        return PaperNumber(value, min(ends[0], value), max(ends[1], value))
    error = read_printed(read, percent=percent)
    if error is not None:
        tolerance = max(tolerance, error.value)
    return PaperNumber(value, value - tolerance, value + tolerance, tolerance)
