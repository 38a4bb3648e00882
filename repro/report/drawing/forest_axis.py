"""The axis of a forest plot: from values of a unit to percent of its width."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repro.report.drawing import ticks
from repro.report.model import ExpectationResult, Part, Region, Unit
from repro.report.wording.words import LOGARITHMS, PERCENT, number

_MARGIN = 0.07
_THINNEST = 4.0  # percent of an axis: thinner, a region would hide behind the estimate in it
CHARACTER = 2.1  # percent of an axis on the narrowest phone, 350 px, that a character of a label takes


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the axis."""

    start: float
    width: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled place on the axis; `anchor` keeps labels at the ends inside the plot."""

    at: float
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From values of a unit to percent of the axis; ratios are laid out by their logarithm, as logarithms are."""

    start: float
    end: float
    unit: Unit

    @property
    def log(self) -> bool:
        """Whether equal factors are equally far apart."""
        return self.unit == "ratio" or self.unit in LOGARITHMS

    def transform(self, value: float) -> float:
        """Return where a value lies before the axis is cut to size: in points, or as a logarithm."""
        if self.unit == "ratio":
            return math.log10(value) if value > 0 else -math.inf
        return 100 * value if self.unit in PERCENT else value

    def __call__(self, value: float) -> float:
        """Return the percent of a value; of one that lies outside, of the nearer end."""
        return self.percent(self.transform(value))

    def percent(self, transformed: float) -> float:
        """Return the percent of what `transform` has made."""
        share = (transformed - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def inside(self, value: float) -> bool:
        """Tell whether a value lies on the axis."""
        return self.start <= self.transform(value) <= self.end


def drawable(expectation: ExpectationResult) -> Iterable[float]:
    """Estimates that the axis of their unit has a place for."""
    for part in expectation.parts:
        value = part.estimate
        if value is not None and math.isfinite(value) and (value > 0 or expectation.unit != "ratio"):
            yield value


def scale_of(group: Sequence[ExpectationResult]) -> Scale:
    """Return the scale that expectations of one unit share: estimates, bars and the paper's numbers lie on it."""
    unit = group[0].unit
    raw = Scale(0.0, 1.0, unit)
    core = [raw.transform(value) for one in group for value in drawable(one)]
    core += [raw.transform(value) for one in group for value in landmarks(one)]
    core = [value for value in core if math.isfinite(value)]
    low, high = min(core), max(core)
    largest = max(abs(low), abs(high))
    if high - low <= 1e-6 * largest or largest < 1e-12:
        # one number, but for rounding: an axis needs room around it
        room = 0.05 * largest if largest > 1e-12 else 0.5
        low, high = low - room, high + room
    span = high - low
    # intervals may stretch the axis up to threefold; a wider one would squeeze all else, and gets an arrow
    ends = [raw.transform(end) for one in group for part in one.parts for end in _ends(part)]
    low = min([low, *(max(end, low - span) for end in ends)])
    high = max([high, *(min(end, high + span) for end in ends)])
    margin = _MARGIN * (high - low)
    return Scale(low - margin, high + margin, unit)


def _ends(part: Part) -> Iterable[float]:
    yield from (end for end in (part.low, part.high) if end is not None)


def landmarks(expectation: ExpectationResult) -> Iterable[float]:
    """Yield the ends of the regions, and the paper's number."""
    if expectation.reported_value is not None:
        yield expectation.reported_value
    for region in (expectation.supports, expectation.refutes):
        for interval in region.intervals:
            yield from (end for end in interval if end is not None)


def bands(region: Region, scale: Scale) -> list[Band]:
    """Return the stretches of the axis that a region takes."""
    bands = []
    for low, high in region.intervals:
        start = 0.0 if low is None else scale(low)
        end = 100.0 if high is None else scale(high)
        if (
            low is not None
            and high is not None
            and end - start < _THINNEST
            and scale.inside((low + high) / 2)
        ):
            middle = min(max((start + end) / 2, _THINNEST / 2), 100 - _THINNEST / 2)
            start, end = middle - _THINNEST / 2, middle + _THINNEST / 2
        if end > start:
            bands.append(Band(round(start, 2), round(end - start, 2)))
    return bands


def ticks_of(scale: Scale) -> list[Tick]:
    """Return as many ticks as have room on a phone."""
    found: list[Tick] = []
    for most in (5, 4, 3, 2, 1):
        found = [_tick(scale, at, label) for at, label in _places(scale, most)]
        if _fit(found):
            return found
    return found[:1]


def _places(scale: Scale, most: int) -> list[tuple[float, str]]:
    """Return the transformed places of round values, and how these are written: about `most`, two at the least."""
    if not scale.log:
        return [(value, _number(value, scale.unit)) for value in ticks.even(scale.start, scale.end, most)]
    powers = range(math.ceil(scale.start), math.floor(scale.end) + 1)
    if len(powers) > 3:
        step = math.ceil(len(powers) / (most + 1))
        return [(power, number(power, "log10")) for power in powers if power % step == 0]
    low, high = 10**scale.start, 10**scale.end
    values = ticks.logarithmic(low, high)
    if len(values) >= 2:
        values = values[:: max(1, math.ceil(len(values) / (most + 1)))]
    else:
        values = [value for value in ticks.even(low, high, most) if value > 0]
    return [(math.log10(value), _number(value, scale.unit)) for value in values]


def _fit(found: Sequence[Tick]) -> bool:
    """Tell whether no label runs into the next one."""
    spans = []
    for tick in found:
        width = len(tick.label) * CHARACTER
        start = tick.at - {"start": 0.0, "middle": width / 2, "end": width}[tick.anchor]
        spans.append((start, start + width))
    return all(before[1] + CHARACTER < after[0] for before, after in itertools.pairwise(spans))


def _tick(scale: Scale, at: float, label: str) -> Tick:
    position = scale.percent(at)
    return Tick(position, label, anchor(position, len(label) * CHARACTER / 2))


def _number(value: float, unit: Unit) -> str:
    rounded = round(value, 10) + 0.0
    if unit == "count" and abs(rounded) >= 1e9:
        text = f"{rounded / 1e9:.6g}·10⁹"
    elif unit == "count" and abs(rounded) >= 1e6:
        text = f"{rounded / 1e6:.6g}M"
    elif 0 < abs(value) < 1e-3:
        return number(value, "number")
    else:
        text = f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.6g}"
    return text.replace("-", "−")


def anchor(at: float, margin: float) -> str:
    """Return on which side of a place its label begins; `margin` is the percent that half a label needs."""
    return "start" if at < margin else "end" if at > 100 - margin else "middle"
