"""Numbers, regions and verdicts in words: numbers rounded by their uncertainty, verdicts capped by the scale."""

from __future__ import annotations

import math
from collections.abc import Callable

from repro.claims import SCALES, Expectation, Metric, below
from repro.claims.printed import read_printed
from repro.experiment.requirements import Requirements
from repro.judging.paper_number import Notation
from repro.judging.verdicts import ClaimVerdict, ExpectationVerdict, PartVerdict
from repro.report.model import Result, Status, Unit
from repro.stats import Region

STAND_IN = "on stand-in data"
"""Caps the words like a lesser scale: what was trained was not trained on the paper's data."""

PERCENT: tuple[Unit, ...] = ("error", "points", "share")
"""Fractions that are shown in percent."""

LOGARITHMS: tuple[Unit, ...] = ("log10", "log10-value")
"""Decimal logarithms, which are shown as what they are of."""

AS_PRINTED = "each as printed, to half a unit of its last digit"
UNDECLARED = "by the file’s own protocol"
"""Caps the words of a protocol that its claim file does not declare to be the paper's."""

NARROW = 2e-3
"""A region so narrow, beside its middle, is told by its middle."""

DIFFERENCES = ("difference", "contrast", "ordering", "slope")

LESS = {(name, None) for name in ("augmented_minus_test_error", "block_left_out")} | {
    ("same_class_neighbours", "features-pixels")
}
"""Probes, with their option `space`, that return a share less another one."""


def unit_of(metric: Metric, kind: str) -> Unit:
    """Return the unit in which an expectation on `metric` is shown: a share less another one is in points."""
    if kind == "ratio":
        return "ratio"
    if metric.transform == "log10":
        compared = metric.since is not None or metric.reduce == "first_stage_over_last_stage"
        return "log10" if compared or kind in DIFFERENCES else "log10-value"
    unit = _own_unit(metric)
    less = metric.kind == "ensemble" or metric.minus is not None or metric.since is not None
    less |= (metric.probe, metric.options.get("space")) in LESS
    return "points" if less and unit in PERCENT else unit


def _own_unit(metric: Metric) -> Unit:
    if metric.unit != "number":
        return metric.unit
    if metric.of is not None and metric.of.endswith("error"):
        return "epochs" if metric.kind == "first_reach" else "error"
    own: dict[str, Unit] = {"static": "count", "warm_up": "steps", "ensemble": "error"}
    return own.get(metric.kind, "number")


def unit_as_printed(metric: Metric, expectation: Expectation) -> Unit:
    """Return the unit of an expectation: of a ratio that the paper prints in percent, percent."""
    printed = read_printed(expectation.reported)
    as_share = expectation.kind == "ratio" and metric.exact and printed is not None and printed.unit == "%"
    return "share" if as_share else unit_of(metric, expectation.kind)


def unit_at(verdict: ExpectationVerdict, required: Requirements) -> Unit:
    """Return the unit of a judged expectation; exact ones are of the paper's own protocol."""
    file = required.claim.base if verdict.exact else required.file
    return unit_as_printed(file.metrics[verdict.expectation.metric], verdict.expectation)


def notation(unit: Unit) -> Notation:
    """Return how papers print numbers of a unit: errors in percent, without a sign as in a column of them."""
    if unit in LOGARITHMS:
        return "logarithm"
    return "percent" if unit in ("error", "points") else "number"


def suffix(unit: Unit, kind: str) -> str:
    """Return what follows a number: % for errors, pp for points and differences of errors, and so on."""
    if unit in PERCENT:
        return " pp" if unit == "points" or kind in DIFFERENCES else "%"
    return {"epochs": " epochs", "steps": " steps", "ratio": "×", "log10": "×"}.get(unit, "")


def number(value: float, unit: Unit, half_width: float | None = None) -> str:
    """Return a number without its unit, with two digits of its uncertainty (three significant without one)."""
    if unit in LOGARITHMS:
        return _of_logarithm(value, half_width)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if unit == "count":
        return f"{round(value) + 0:,}".replace("-", "−")
    shown = value * 100 if unit in PERCENT else value
    spread = half_width * 100 if unit in PERCENT and half_width is not None else half_width
    if spread is None or not math.isfinite(spread) or spread <= 0:
        text = _three_digits(shown)
    else:
        places = max(0, 1 - math.floor(math.log10(spread)))
        # Six places would show nothing of a number that is all rounding.
        text = _three_digits(shown) if places > 6 and abs(shown) < 1e-3 else f"{shown:.{min(6, places)}f}"
    # A negative number that rounds to nothing is nothing.
    return text.replace("-", "−") if text.strip("-0.") else text.removeprefix("-")


def _three_digits(value: float) -> str:
    """Return a number with three significant digits; far from one, as a power of ten: 7.6·10⁻¹⁶."""
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"
    return _power(*f"{value:.1e}".split("e"))


def _of_logarithm(value: float, half_width: float | None) -> str:
    """Return what a decimal logarithm is of: "39,000" for 4.59 ± 0.19, "0.0063" for −2.2 without a width."""
    if math.isinf(value):
        return "∞" if value > 0 else "0"
    power = math.floor(value)
    if half_width is None or not math.isfinite(half_width) or half_width <= 0:
        mantissa = float(f"{10 ** (value - power):.2f}")
        return (
            _three_digits(float(f"{mantissa}e{power}"))
            if abs(power) < 300
            else _power(str(mantissa), str(power))
        )
    relative = math.sinh(min(half_width, 2.0) * math.log(10))
    digits = min(max(2, 1 - math.floor(math.log10(relative))), 6)
    mantissa = float(f"{10 ** (value - power):.{digits - 1}f}")
    if mantissa == 10.0:
        mantissa, power = 1.0, power + 1
    if -3 <= power < 6:
        return f"{float(f'{mantissa}e{power}'):,.{max(0, digits - 1 - power)}f}"
    return _power(str(mantissa), str(power))


def distance(value: float, unit: Unit, log: bool) -> str:
    """Return a distance in two digits with its unit: "1.2 pp", "a factor of 1.4" for one of natural logs."""
    if unit in LOGARITHMS:
        value, log = value * math.log(10), True
    if not log:
        return number(value, unit, value) + suffix(unit, "difference")
    factor = math.exp(min(value, 700.0))
    digits = 2 if factor < 1.095 else 1 if factor < 9.95 else 0
    return f"a factor of {round(factor, digits) if digits else float(f'{factor:.2g}'):,.{digits}f}"


def _power(mantissa: str, exponent: str) -> str:
    """Return "7.6·10⁻¹⁶" for the two sides of 7.6e-16."""
    power = "10" + str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", "−")
    return power if mantissa == "1" else f"{mantissa}·{power}"


def estimate(part: PartVerdict, unit: Unit, kind: str) -> str:
    """Return "14.9 pp [9.1, 20.7], n = 5", or why there is none."""
    interval = part.interval
    if interval is None:
        return "—"
    tail = suffix(unit, kind)
    if part.exact:
        return number(interval.estimate, unit) + tail
    half = (interval.high - interval.low) / 2
    low, high = number(interval.low, unit, half), number(interval.high, unit, half)
    if math.isnan(interval.estimate):
        middle = "not defined"
    else:
        sign = {"from_below": "at least ", "from_above": "at most "}.get(interval.bound, "")
        spread = half if math.isfinite(half) else None
        middle = sign + number(interval.estimate, unit, spread) + tail
    return f"{middle} [{low}, {high}], n = {part.n}"


def needs(expectation: Expectation, unit: Unit) -> str:
    """Return what supports an expectation in words."""
    return AS_PRINTED if expectation.printed else bounds(expectation.supports, unit, expectation.kind)


def end(value: float, unit: Unit) -> str:
    """Return an end of a region without its unit, with all the digits that were written; of a logarithm with three."""
    if unit in LOGARITHMS:
        return _of_logarithm(value, None)
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    shown = value * 100 if unit in PERCENT else value
    size = abs(shown)
    if size and not 1e-3 <= size < (1e15 if unit == "count" else 1e6):
        return _power(*f"{shown:.11e}".split("e"))
    return f"{float(f'{shown:.12g}'):,.12g}".replace("-", "−")


def refuting(expectation: Expectation, unit: Unit) -> str:
    """Return what refutes an expectation in words."""
    return "any other number" if expectation.printed else bounds(expectation.refutes, unit, expectation.kind)


def bounds(region: Region, unit: Unit, kind: str) -> str:
    """Return a region in words: "at least 2 pp", or "more than 2 pp" where it does not include its end.

    One that is narrow beside its middle is told by that: "64 to within 10⁻⁹".
    """
    narrow = _narrow(region, unit)
    if narrow is not None:
        middle, reach = narrow
        return f"{middle}{suffix(unit, kind)} to within {reach}"
    return region_in_words(region, lambda value: end(value, unit), suffix(unit, kind))


def region_in_words(
    region: Region, write: Callable[[float], str], tail: str, apart: str = "below {} or above {}"
) -> str:
    """Return a region in words, its ends as `write` writes them, `tail` after them."""
    ends = list(map(write, region.ends))
    first = region.pieces[0]
    if len(ends) == 2:
        return f"{('between {} and {}' if len(region.pieces) == 1 else apart).format(*ends)}{tail}"
    if math.isinf(first.high):
        return f"{'at least' if first.includes_low else 'more than'} {ends[0]}{tail}"
    return f"{'at most' if first.includes_high else 'less than'} {ends[0]}{tail}"


def brief(region: Region, unit: Unit, kind: str) -> str:
    """Return a region in signs, for a table: "≥ 2 pp", "0.1 to 10×", "< 0.01 or > 100×", "64 ± 10⁻⁹"."""
    ends, tail = [end(value, unit) for value in region.ends], suffix(unit, kind)
    first = region.pieces[0]
    narrow = _narrow(region, unit)
    if narrow is not None:
        return f"{narrow[0]} ± {narrow[1]}{tail}"
    if len(ends) == 2:
        return (
            f"{ends[0]} to {ends[1]}{tail}"
            if len(region.pieces) == 1
            else f"< {ends[0]} or > {ends[1]}{tail}"
        )
    if math.isinf(first.high):
        return f"{'≥' if first.includes_low else '>'} {ends[0]}{tail}"
    return f"{'≤' if first.includes_high else '<'} {ends[0]}{tail}"


def _narrow(region: Region, unit: Unit) -> tuple[str, str] | None:
    """Return the middle of a region that is narrow beside it, and how far it reaches; None for any other."""
    first = region.pieces[0]
    width = first.high - first.low
    if unit in LOGARITHMS or len(region.pieces) > 1 or not 0 < width < NARROW * abs(first.high + first.low):
        return None
    # Ends such as 63.999999999 have lost digits to rounding: three of their distance are kept.
    return end(first.low + width / 2, unit), end(float(f"{width / 2:.3g}"), unit)


def reading_error(text: str) -> str:
    """Return a reading error in words: "±0.05" for a number, and what else is written as it stands."""
    return f"read to {text}" if read_printed(text) is None else f"reading error ±{text}"


def word(result: Result | None, status: Status, scale: str | None) -> str:
    """Return the verdict's word.

    `scale` is what caps it, see :func:`cap`: a scale, or words of another reason; None for the claim's own scale and
    data.
    """
    if result is None:
        return {"failed": "failed to run", "pending": "pending", "complete": "not judged here"}[status]
    if scale is None:
        return result
    capped = {"supported": "holds", "refuted": "does not hold", "inconclusive": "undecided"}[result]
    return f"{capped} at {scale} scale" if scale in SCALES else f"{capped} {scale}"


def cap(required: Requirements, *, lesser: bool, trained: bool) -> str | None:
    """Return what caps a verdict's words: that others recorded what it rests on; a lesser scale; at the claim's own,
    data that stand in; whose protocol it is.

    Args:
        required: what was judged.
        lesser: the scale is less than the verdict's own.
        trained: the verdict rests on runs, not on numbers computed without any.
    """
    if trained and required.recorded is not None:
        return f"as recorded by {required.recorded.results.by}, not trained here"
    if trained and required.file.weights is not None:
        return f"with nets trained elsewhere, by {required.file.weights.by}"
    if lesser:
        return required.scale
    if trained and required.stand_ins:
        return STAND_IN
    return None if required.claim.protocol.is_paper else UNDECLARED


def claim_cap(verdict: ClaimVerdict, required: Requirements) -> str | None:
    """Return what caps the words of a claim's verdict."""
    trained = any(not e.exact for e in verdict.expectations if e.expectation.role == "decides")
    return cap(required, lesser=verdict.capped, trained=trained)


def expectation_cap(verdict: ExpectationVerdict, required: Requirements) -> str | None:
    """Return what caps the words of an expectation's verdict."""
    trained = not (verdict.exact or verdict.recorded)
    found = cap(required, lesser=trained and below(required.scale, "paper"), trained=not verdict.exact)
    return found or (UNDECLARED if verdict.expectation.protocol == "own" else None)
