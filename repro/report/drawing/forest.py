"""Forest plots: where estimates and intervals lie among the regions that support and refute.

Positions are percent of the axis, so that a page draws them at any width with text of constant size.
Expectations share an axis when they share a unit and each still fills a readable part of it.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from repro.report.drawing.forest_axis import (
    Band,
    Scale,
    Tick,
    anchor,
    bands,
    drawable,
    landmarks,
    scale_of,
    ticks_of,
)
from repro.report.model import ExpectationResult, Part, Result, Unit
from repro.report.wording.deciders import foremost
from repro.report.wording.words import DIFFERENCES, PERCENT

_POINTS = "percentage points"
_UNIT_LABELS: dict[Unit, str] = {
    "error": "error, %",
    "share": "%",
    "points": _POINTS,
    "epochs": "epochs",
    "steps": "steps",
    "number": "",
    "log10": "times (logarithmic)",
    "log10-value": "value (logarithmic)",
    "count": "count",
    "ratio": "ratio (logarithmic)",
}
_SEEDS = re.compile(r", n = \d+$")
_MOST_TRACKS = 4
"""Of one expectation; of more, those with the same result are folded to the one that is least clear."""
_BOTH_ENDS = 3
"""An axis with more tracks is written above them, too."""
_SMALLEST_SHARE = 0.06  # an expectation squeezed into less of a shared axis gets an axis of its own


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

    `more`: tracks that are folded away since one with the same result, which tells more, stands in `tracks`. `n`: of
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


def forest(expectations: Sequence[ExpectationResult], *, fold: bool = True) -> list[Axis]:
    """Return the axes of a claim's forest plot; expectations without any estimate, or any region, have no place in it.

    `fold`: of many parts with the same result show the least clear one; otherwise all.
    """
    axes = []
    for group in _groups([one for one in expectations if list(drawable(one)) and list(landmarks(one))]):
        scale = scale_of(group)
        blocks = [_block(expectation, scale, fold) for expectation in group]
        axes.append(Axis(_label(group[0]), ticks_of(scale), blocks))
    return axes


def _label(expectation: ExpectationResult) -> str:
    if _in_points(expectation):
        return _POINTS
    return _UNIT_LABELS[expectation.unit]


def _in_points(expectation: ExpectationResult) -> bool:
    return expectation.unit == "points" or (expectation.unit in PERCENT and expectation.kind in DIFFERENCES)


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
    shared = scale_of(group)
    width = shared.end - shared.start
    scales = [scale_of([expectation]) for expectation in group]
    return all((scale.end - scale.start) / width >= _SMALLEST_SHARE for scale in scales)


def _block(expectation: ExpectationResult, scale: Scale, fold: bool) -> Block:
    reported = None
    if expectation.reported_value is not None and scale.inside(expectation.reported_value):
        at = scale(expectation.reported_value)
        reported = Tick(
            at,
            f"paper: {textwrap.shorten(expectation.reported or '', 24, placeholder=' …')}",
            anchor(at, 18),
        )
    shown, more = _folded(expectation) if fold else (expectation.parts, [])
    numbers = {part.n for part in expectation.parts if _SEEDS.search(part.estimate_text)}
    n = numbers.pop() if len(numbers) == 1 else None
    return Block(
        expectation,
        bands(expectation.supports, scale),
        bands(expectation.refutes, scale),
        reported,
        [_track(part, scale, n) for part in shown],
        [_track(part, scale, n) for part in more],
        n,
    )


def _folded(expectation: ExpectationResult) -> tuple[list[Part], list[Part]]:
    """Return the parts to be shown and those to be folded: of many with one result the foremost is shown."""
    if len(expectation.parts) <= _MOST_TRACKS:
        return list(expectation.parts), []
    alike: dict[Result | None, list[Part]] = {}
    for part in expectation.parts:
        alike.setdefault(part.result, []).append(part)
    first = {result: foremost(parts, expectation) for result, parts in alike.items()}
    shown = [part for part in expectation.parts if first[part.result] is part]
    return shown, [part for part in expectation.parts if first[part.result] is not part]


def _track(part: Part, scale: Scale, n: int | None) -> Track:
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
