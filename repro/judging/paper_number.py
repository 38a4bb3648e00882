"""The number that a paper prints, as a number with the range that its printing and its reading leave open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from repro.claims import Expectation
from repro.claims.printed import PrintedNumber, read_printed, read_range

Notation = Literal["number", "percent", "logarithm"]
"""How a printed number is one of ours: as it stands; in percent where ours are fractions, also without a sign of it; or
as what ours are the decimal logarithm of, unless it is said to be in decades."""


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


def paper_number(expectation: Expectation, notation: Notation) -> PaperNumber | None:
    """Return what the paper prints for an expectation; None where it prints no number, or one that has no logarithm.

    `reported` ("4.4 pp", "6×", "<0.1%") is printed in `notation`; `uncertainty.reading_error`, in the same unit, is
    either one number ("0.1") or a range ("whole epochs: 6.0 to 7.4").
    """
    percent = notation == "percent"
    printed = read_printed(expectation.reported, percent=percent)
    if printed is None:
        return None
    found = _with_reading_error(printed, expectation.uncertainty.reading_error or "", percent)
    return _logarithm(found) if notation == "logarithm" and not _in_decades(printed) else found


def printed_value(text: str | None, notation: Notation) -> float | None:
    """Return a printed number in the unit of our estimates; None where there is none."""
    printed = read_printed(text, percent=notation == "percent")
    if printed is None:
        return None
    if notation != "logarithm" or _in_decades(printed):
        return printed.value
    return math.log10(printed.value) if printed.value > 0 else None


def _with_reading_error(printed: PrintedNumber, error: str, percent: bool) -> PaperNumber:
    value, tolerance = printed.value, (printed.high - printed.low) / 2
    if math.isinf(tolerance):
        return PaperNumber(value, printed.low, printed.high)
    ends = read_range(error, percent=percent)
    if ends is not None:
        return PaperNumber(value, min(ends[0], value), max(ends[1], value))
    read = read_printed(error, percent=percent)
    if read is not None:
        tolerance = max(tolerance, read.value)
    return PaperNumber(value, value - tolerance, value + tolerance, tolerance)


def _in_decades(printed: PrintedNumber) -> bool:
    return printed.unit.startswith("decade")


def _logarithm(number: PaperNumber) -> PaperNumber | None:
    if number.value <= 0:
        return None
    low, high = (math.log10(end) if end > 0 else -math.inf for end in (number.low, number.high))
    return PaperNumber(math.log10(number.value), low, high)
