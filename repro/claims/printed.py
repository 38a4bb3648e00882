"""Numbers as papers print them, read in one place: "34", "89,578", "0.27M", "3.6 billion", "1.2e-3", "4.4 pp", "<0.1%".

Everything that rests on a printed number asks here: regions, tables, the sizes of nets, and what a report draws.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

_SUPERSCRIPTS = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_POWER = r"(?:\^\s*(?P<power>[-+−]?\d+)|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
_DIGITS = r"[-−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_NUMBER = re.compile(
    rf"""
    \s*(?P<mark>[<>~≈≤≥]?)\s*
    (?: (?P<only>[-−]?)10{_POWER.replace("power", "power_only").replace("raised", "raised_only")}
      | (?P<digits>{_DIGITS})(?![.,]?\d)
        (?: [eE](?P<exponent>[-+]?\d+)\b
          | \s*[·×x*]\s*10{_POWER}
          | (?P<magnitude>\s*(?:(?:thousand|million|billion|trillion)\b|[kKMG](?=\b|FLOP)))
        )?
    )
    (?P<unit>.*)
    """,
    re.VERBOSE | re.DOTALL,
)
_MAGNITUDES = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "K": 3, "M": 6, "G": 9}
_PERCENT = re.compile(r"%|pp\b|percent")
_TO = r"\s*(?:to\b|–|—|-|\.\.)\s*"
_RANGE = re.compile(rf"(?P<low>{_DIGITS}){_TO}(?P<high>{_DIGITS})(?![.,]?\d)")


@dataclass(frozen=True, slots=True)
class PrintedNumber:
    """A printed number in plain units: a percentage is a fraction.

    Attributes:
        value: as printed; the middle of a range.
        low, high: what it may stand for: half a unit of its last digit to either side, a whole one where it is marked
            "about", the ends of a range; infinite below "<0.1" and above ">50".
        about: it is marked as about so much, which may leave open even more.
        unit: what follows the number and its magnitude: "", "%", "pp", "×", "epochs", "(6.61±0.16)".
        exponent: of ten, by which the digits were multiplied for "0.27M", "3.6 billion" or "1.2e-3".
        decimals: digits after the point.
        magnitude: as printed: "M", " billion".
    """

    value: float
    low: float
    high: float
    about: bool = False
    unit: str = ""
    exponent: int = 0
    decimals: int = 0
    magnitude: str = ""

    def like_it(self, number: float) -> str:
        """Return another number as this one is printed, and in full where that would hide that they differ."""
        if self.exponent <= 0:
            return f"{number:,}"
        ours, printed = (f"{n / 10.0**self.exponent:.{self.decimals}f}" for n in (number, self.value))
        return f"{number:,}" if ours == printed else f"{ours}{self.magnitude}"


def read_printed(text: str | None, *, percent: bool = False) -> PrintedNumber | None:
    """Return the number that a printed text begins with; None where it begins with none, as "—" and "±0.2" do.

    Args:
        text: as printed.
        percent: a number without "%" or "pp" is in percent, too, as in a column of errors.
    """
    ends = _RANGE.match((text or "").strip())
    if ends is not None:
        unit = (text or "").strip()[ends.end() :].strip()
        low, high = _ends(ends, percent or _in_percent(unit))
        return PrintedNumber((low + high) / 2, low, high, unit=unit)
    match = _NUMBER.fullmatch(text or "")
    if match is None:
        return None
    unit = match["unit"].strip()
    magnitude = (match["magnitude"] or "").rstrip()
    power = next(
        filter(None, (match[n] for n in ("exponent", "power", "raised", "power_only", "raised_only"))), None
    )
    exponent = int(power.translate(_SUPERSCRIPTS).replace("−", "-")) if power else 0
    exponent += _MAGNITUDES.get(magnitude.strip(), 0)
    hundredths = _in_percent(unit) or (percent and not exponent)
    digits = match["digits"] or f"{match['only']}1"
    decimals = len(digits.partition(".")[2])
    number = _decimal(digits).scaleb(exponent)
    about = match["mark"] in ("~", "≈")
    reach = Decimal(10 if about else 5).scaleb(exponent - decimals - 1)
    value, low, high = (_float(n, hundredths) for n in (number, number - reach, number + reach))
    if match["mark"] in ("<", "≤"):
        low, high = -math.inf, value
    if match["mark"] in (">", "≥"):
        low, high = value, math.inf
    return PrintedNumber(value, low, high, about, unit, exponent, decimals, magnitude)


def read_range(text: str, *, percent: bool = False) -> tuple[float, float] | None:
    """Return the first range in a text: "whole epochs: 6.0 to 7.4" → (6.0, 7.4)."""
    match = _RANGE.search(text)
    return None if match is None else _ends(match, percent or _in_percent(text[match.end() :].strip()))


def _ends(match: re.Match[str], hundredths: bool) -> tuple[float, float]:
    low, high = sorted(_float(_decimal(match[name]), hundredths) for name in ("low", "high"))
    return low, high


def _in_percent(unit: str) -> bool:
    return _PERCENT.match(unit) is not None


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace(",", "").replace("−", "-"))


def _float(number: Decimal, hundredths: bool) -> float:
    return float(number) / 100 if hundredths else float(number)
