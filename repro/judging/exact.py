"""Numbers that need no training: their values as far as they are there, and what other conventions of counting give."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from repro.claims import Claim, Expectation
from repro.claims.printed import read_printed
from repro.experiment.estimands import Estimand, estimands, otherwise
from repro.experiment.requirements import Requirements
from repro.judging.frame import Collected
from repro.stats import Region


@dataclass(frozen=True, slots=True)
class ExactNumber:
    """An estimand's value, or why it is not there; `failed` where computing it went wrong."""

    value: float | None
    note: str | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class OtherNumber:
    """What another convention gives for one part of an expectation, and whether that would do; None: not computed."""

    convention: str
    part: str
    value: float | None
    would_do: bool | None


def plain(value: float) -> float:
    """Return a number without what binary arithmetic has added to it: twelve digits are more than any paper prints."""
    return float(f"{value:.12g}")


def exact_number(part: Estimand, metric: str, required: Requirements, collected: Collected) -> ExactNumber:
    """Return a weighted sum of exact numbers, or their ratio where the estimand is on the log scale."""
    values: list[tuple[float, float]] = []
    for address, weight in part.weights.items():
        number = collected.exact.get((metric, address))
        if number is None:
            return _absent(address, metric, required, collected)
        values.append((number, weight))
    if part.log:
        if any(value <= 0 for value, _ in values):
            return ExactNumber(math.nan, "a ratio with a number that is not above zero is not defined")
        return ExactNumber(plain(math.prod(value**weight for value, weight in values)))
    return ExactNumber(plain(math.fsum(value * weight for value, weight in values)))


def _absent(address: str, metric: str, required: Requirements, collected: Collected) -> ExactNumber:
    keys = [need.reading.key for need in required.exact if (need.metric, need.address) == (metric, address)]
    reasons = [reason for key in keys if (reason := collected.absent.get(key))]
    if reasons:
        return ExactNumber(None, reasons[0].splitlines()[0], failed=True)
    return ExactNumber(None, "not computed yet" if keys else _not_computable(required.claim))


def _not_computable(claim: Claim) -> str:
    if claim.names.absent:
        told = "; ".join(f"{name} ({why})" for name, why in claim.names.absent.items())
        return f"what it is computed of is not implemented here: {told}"
    return "the shape of the dataset is not known without running its code"


def own_region(expectation: Expectation, part: Estimand) -> Region:
    """Return the supporting region of one part: where numbers are printed, that of its own."""
    if not expectation.printed:
        return expectation.supports
    number = read_printed(expectation.printed[next(iter(part.weights))])
    assert number is not None, "checked when the file was read"
    return Region.within(plain(number.low), plain(number.high))


def other_numbers(
    expectation: Expectation, required: Requirements, collected: Collected
) -> Iterator[tuple[Estimand, str, Estimand, ExactNumber]]:
    """Yield (part, convention, the same part by that convention, its value) for each convention that is named."""
    file = required.claim.base
    parts = estimands(file, expectation)
    for label, (metric, theirs) in zip(expectation.otherwise, otherwise(file, expectation), strict=True):
        for part, other in zip(parts, theirs, strict=False):
            yield part, label, other, exact_number(other, metric, required, collected)
