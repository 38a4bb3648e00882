"""The number that a paper prints, as a number with the range that its printing and its reading leave open."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from repro.claims import Expectation

_PRINTED = re.compile(r"\s*([<>~≈]?)\s*([-−]?\d[\d,]*(?:\.(\d+))?)\s*(.*)", re.DOTALL)
_RANGE = re.compile(r"([-−]?\d+(?:\.\d+)?)\s*(?:to|–|\.\.)\s*([-−]?\d+(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MAGNITUDE = re.compile(
    r"(million|billion|trillion|thousand|[kKMG]\b|[·×x*]?\s*10[\^⁰¹²³⁴⁵⁶⁷⁸⁹⁻]|[eE][-+]?\d)"
)


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


def paper_number(item: Expectation, percent: bool) -> PaperNumber | None:
    """Return what the paper prints for an expectation; None where that is no plain number.

    Args:
        item: with `reported` ("4.4 pp", "6×", "<0.1%") and `uncertainty.reading_error` in the same unit, either
            one number ("0.1") or a range ("whole epochs: 6.0 to 7.4").
        percent: the paper prints percent or percentage points, and our estimates are fractions.
    """
    match = _PRINTED.match(item.reported or "")
    if match is None or _MAGNITUDE.match(match.group(4)):
        return None
    sign, digits, decimals, _ = match.groups()
    unit = 100.0 if percent else 1.0
    value = _plain(digits) / unit
    if sign in ("<", ">"):
        return PaperNumber(value, *((-math.inf, value) if sign == "<" else (value, math.inf)))
    last = 10.0 ** -len(decimals or "") / unit
    # "About" leaves open at least the whole last digit.
    tolerance = last if sign else last / 2
    read = item.uncertainty.reading_error or ""
    ends = _RANGE.search(read)
    if ends is not None:
        low, high = sorted(_plain(end) / unit for end in ends.groups())
        return PaperNumber(value, min(low, value), max(high, value))
    error = _NUMBER.match(read)
    if error is not None:
        tolerance = max(tolerance, float(error.group()) / unit)
    return PaperNumber(value, value - tolerance, value + tolerance, tolerance)


def _plain(digits: str) -> float:
    return float(digits.replace(",", "").replace("−", "-"))
