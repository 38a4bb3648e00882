"""Numbers as papers print them: "34", "253,440", "0.27M", "3.6 billion", "18%", and what their last digit leaves open."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PRINTED = re.compile(
    r"([~≈]?)\s*([-−]?)(\d[\d,]*)(?:\.(\d+))?\s*(k|M|G|thousand|million|billion|%|pp|×|times|)"
)
_MAGNITUDES = {
    "k": 1e3,
    "thousand": 1e3,
    "M": 1e6,
    "million": 1e6,
    "G": 1e9,
    "billion": 1e9,
    "%": 0.01,
    "pp": 0.01,
}


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A printed number in plain units: a share is a fraction.

    Attributes:
        value: as printed.
        low, high: what it stands for, half a unit of its last digit to either side.
        about: it is marked as about so much, which leaves open more than its last digit does.
    """

    value: float
    low: float
    high: float
    about: bool = False


def read_printed(text: str) -> PrintedNumber | None:
    """Return a printed number, or None where the text is none."""
    match = _PRINTED.fullmatch(text.strip())
    if match is None:
        return None
    about, sign, whole, decimals, unit = match.groups()
    factor = _MAGNITUDES.get(unit, 1.0) * (-1 if sign else 1)
    value = float(f"{whole.replace(',', '')}.{decimals or 0}")
    half = 0.5 * 10.0 ** -len(decimals or "")
    ends = sorted(plain(end * factor) for end in (value - half, value + half))
    return PrintedNumber(plain(value * factor), ends[0], ends[1], bool(about))


def plain(value: float) -> float:
    """Return a number without what binary arithmetic has added to it: twelve digits are more than any paper prints."""
    return float(f"{value:.12g}")
