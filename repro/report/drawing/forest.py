"""Forest plots: where estimates and intervals lie among the regions that support and refute.

Positions are percent of the axis, so that a page draws them at any width with text of constant size.
Expectations share an axis when they share a unit and each still fills a readable part of it.
"""

from __future__ import annotations

import itertools
import math
import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repro.report.drawing import ticks
from repro.report.model import ExpectationResult, Part, Region, Unit
from repro.report.wording.words import DIFFERENCES, PERCENT

_UNIT_LABELS: dict[Unit, str] = {
    "error": "error, %",
    "share": "%",
    "epochs": "epochs",
    "steps": "steps",
    "number": "",
    "log10": "decades (log₁₀)",
    "count": "count",
    "ratio": "ratio (logarithmic)",
}
_POINTS = "percentage points"
_SEEDS = re.compile(r", n = \d+$")
_MOST_TRACKS = 4
"""Of one expectation; of more, those with the same result are folded to the one that is least clear."""
_BOTH_ENDS = 3
"""An axis with more tracks is written above them, too."""
_SMALLEST_SHARE = 0.06  # an expectation squeezed into less of a shared axis gets an axis of its own
_MARGIN = 0.07
_CHARACTER = 2.1  # percent of an axis on the narrowest phone, 350 px, that a character of a label takes


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
class Track:
    """A part of an expectation: its estimate and interval; an end that lies outside is an arrow.

    `text`: estimate and interval, with their n where the block does not say it.
    """

    part: Part
    text: str
    at: float | None
    low: float
    high: float
    low_open: bool
    high_open: bool


@dataclass(frozen=True, slots=True)
class Block:
    """An expectation on its axis: regions behind, the paper's value, a track for each part.

    `more`: tracks that are folded away since one with the same result, which is less clear, stands in `tracks`. `n`: of
    all parts, where it is the same; None where it is not, or where nothing was repeated.
    """

    expectation: ExpectationResult
    supports: list[Band]
    refutes: list[Band]
    reported: Tick | None
    tracks: list[Track]
    more: list[Track]
    n: int | None


@dataclass(frozen=True, slots=True)
class Axis:
    """Expectations that share a scale."""

    label: str
    ticks: list[Tick]
    blocks: list[Block]

    @property
    def is_long(self) -> bool:
        """Tell whether the axis is to be written above its tracks, too."""
        return sum(len(block.tracks) for block in self.blocks) > _BOTH_ENDS

    @property
    def has_reported(self) -> bool:
        """Tell whether a value of the paper is marked on this axis."""
        return any(block.reported is not None for block in self.blocks)


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values of a unit to percent of the axis; ratios are laid out by their logarithm."""

    start: float
    end: float
    log: bool
    factor: float

    def transform(self, value: float) -> float:
        if self.log:
            return math.log10(value) if value > 0 else -math.inf
        return value * self.factor

    def __call__(self, value: float) -> float:
        return self.percent(self.transform(value))

    def percent(self, transformed: float) -> float:
        share = (transformed - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def inside(self, value: float) -> bool:
        return self.start <= self.transform(value) <= self.end


def forest(expectations: Sequence[ExpectationResult], *, fold: bool = True) -> list[Axis]:
    """Return the axes of a claim's forest plot; expectations without any estimate, or any region, have no place in it.

    `fold`: of many parts with the same result show the least clear one; otherwise all.
    """
    axes = []
    for group in _groups([one for one in expectations if list(_drawable(one)) and list(_landmarks(one))]):
        scale = _scale(group)
        blocks = [_block(expectation, scale, fold) for expectation in group]
        axes.append(Axis(_label(group[0]), _ticks(scale, group[0].unit), blocks))
    return axes


def _label(expectation: ExpectationResult) -> str:
    if _in_points(expectation):
        return _POINTS
    return _UNIT_LABELS[expectation.unit]


def _in_points(expectation: ExpectationResult) -> bool:
    return expectation.unit in PERCENT and expectation.kind in DIFFERENCES


def _drawable(expectation: ExpectationResult) -> Iterable[float]:
    """Estimates that the axis of their unit has a place for."""
    for part in expectation.parts:
        value = part.estimate
        if value is not None and math.isfinite(value) and (value > 0 or expectation.unit != "ratio"):
            yield value


def _groups(expectations: Sequence[ExpectationResult]) -> list[list[ExpectationResult]]:
    groups: list[list[ExpectationResult]] = []
    for expectation in expectations:
        for group in groups:
            alike = (group[0].unit, _in_points(group[0])) == (expectation.unit, _in_points(expectation))
            if alike and _readable([*group, expectation]):
                group.append(expectation)
                break
        else:
            groups.append([expectation])
    return groups


def _readable(group: Sequence[ExpectationResult]) -> bool:
    shared = _scale(group)
    width = shared.end - shared.start
    scales = [_scale([expectation]) for expectation in group]
    return all((scale.end - scale.start) / width >= _SMALLEST_SHARE for scale in scales)


def _scale(group: Sequence[ExpectationResult]) -> _Scale:
    unit = group[0].unit
    raw = _Scale(0.0, 1.0, log=unit == "ratio", factor=100.0 if unit in ("error", "share") else 1.0)
    core = [raw.transform(value) for one in group for value in _drawable(one)]
    core += [raw.transform(value) for one in group for value in _landmarks(one)]
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
    return _Scale(low - margin, high + margin, raw.log, raw.factor)


def _ends(part: Part) -> Iterable[float]:
    yield from (end for end in (part.low, part.high) if end is not None)


def _landmarks(expectation: ExpectationResult) -> Iterable[float]:
    if expectation.reported_value is not None:
        yield expectation.reported_value
    for region in (expectation.supports, expectation.refutes):
        for interval in region.intervals:
            yield from (end for end in interval if end is not None)


def _block(expectation: ExpectationResult, scale: _Scale, fold: bool) -> Block:
    reported = None
    if expectation.reported_value is not None and scale.inside(expectation.reported_value):
        at = scale(expectation.reported_value)
        reported = Tick(
            at,
            f"paper: {textwrap.shorten(expectation.reported or '', 24, placeholder=' …')}",
            _anchor(at, 18),
        )
    shown, more = _folded(expectation) if fold else (expectation.parts, [])
    numbers = {part.n for part in expectation.parts if _SEEDS.search(part.estimate_text)}
    n = numbers.pop() if len(numbers) == 1 else None
    return Block(
        expectation,
        _bands(expectation.supports, scale),
        _bands(expectation.refutes, scale),
        reported,
        [_track(part, scale, n) for part in shown],
        [_track(part, scale, n) for part in more],
        n,
    )


def _folded(expectation: ExpectationResult) -> tuple[list[Part], list[Part]]:
    """Return the parts to be shown and those to be folded: of many with one result the least clear one is shown."""
    if len(expectation.parts) <= _MOST_TRACKS:
        return list(expectation.parts), []
    least = {}
    for part in sorted(expectation.parts, key=lambda part: -_margin(part, expectation.supports)):
        least[part.result] = part
    shown = [part for part in expectation.parts if least[part.result] is part]
    return shown, [part for part in expectation.parts if least[part.result] is not part]


def _margin(part: Part, supports: Region) -> float:
    """Return how far the estimate lies inside the region that supports; below 0 outside, lowest where there is none."""
    if part.estimate is None or not math.isfinite(part.estimate):
        return -math.inf
    value, margin = part.estimate, -math.inf
    for low, high in supports.intervals:
        ends = (value - low if low is not None else math.inf, high - value if high is not None else math.inf)
        margin = max(margin, min(ends))
    return margin


def _bands(region: Region, scale: _Scale) -> list[Band]:
    bands = []
    for low, high in region.intervals:
        start = 0.0 if low is None else scale(low)
        end = 100.0 if high is None else scale(high)
        if end > start:
            bands.append(Band(start, round(end - start, 2)))
    return bands


def _track(part: Part, scale: _Scale, n: int | None) -> Track:
    text = part.estimate_text if n is None else _SEEDS.sub("", part.estimate_text)
    estimate = part.estimate
    shown = estimate is not None and math.isfinite(scale.transform(estimate))
    if estimate is None or not shown:
        return Track(part, text, None, 0.0, 0.0, low_open=False, high_open=False)
    low_open = part.low is None or not scale.inside(part.low)
    high_open = part.high is None or not scale.inside(part.high)
    return Track(
        part,
        text,
        scale(estimate),
        0.0 if part.low is None else scale(part.low),
        100.0 if part.high is None else scale(part.high),
        low_open,
        high_open,
    )


def _ticks(scale: _Scale, unit: Unit) -> list[Tick]:
    """Return as many ticks as have room on a phone."""
    found: list[Tick] = []
    for most in (5, 4, 3, 2, 1):
        found = [_tick(scale, at, value, unit) for at, value in _places(scale, most)]
        if _fit(found):
            return found
    return found[:1]


def _places(scale: _Scale, most: int) -> list[tuple[float, float]]:
    """Return round values with their transformed places, about `most` of them and two at the least."""
    if not scale.log:
        return [(value, value) for value in ticks.even(scale.start, scale.end, most)]
    low, high = 10**scale.start, 10**scale.end
    values = ticks.logarithmic(low, high)
    if len(values) >= 2:
        values = values[:: max(1, math.ceil(len(values) / (most + 1)))]
    else:
        values = [value for value in ticks.even(low, high, most) if value > 0]
    return [(math.log10(value), value) for value in values]


def _fit(found: Sequence[Tick]) -> bool:
    """Tell whether no label runs into the next one."""
    spans = []
    for tick in found:
        width = len(tick.label) * _CHARACTER
        start = tick.at - {"start": 0.0, "middle": width / 2, "end": width}[tick.anchor]
        spans.append((start, start + width))
    return all(before[1] + _CHARACTER < after[0] for before, after in itertools.pairwise(spans))


def _tick(scale: _Scale, at: float, value: float, unit: Unit) -> Tick:
    position, label = scale.percent(at), _number(value, unit)
    return Tick(position, label, _anchor(position, len(label) * _CHARACTER / 2))


def _number(value: float, unit: Unit) -> str:
    rounded = round(value, 10) + 0.0
    if unit == "count" and abs(rounded) >= 1e9:
        text = f"{rounded / 1e9:.6g}·10⁹"
    elif unit == "count" and abs(rounded) >= 1e6:
        text = f"{rounded / 1e6:.6g}M"
    else:
        text = f"{rounded:,.0f}" if abs(rounded) >= 1000 else f"{rounded:.6g}"
    return text.replace("-", "−")


def _anchor(at: float, margin: float) -> str:
    return "start" if at < margin else "end" if at > 100 - margin else "middle"
