"""Labels at the ends of lines: beside each end where it has room, never one on another.

All places are pixels of the drawing, from its lower left corner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

GAP = 4.0
"""Between the end of a line and its label."""

LEADER = 9.0
"""A label that lies farther from its end is joined to it by a thin line."""

_SAME_EDGE = 6.0

Box: TypeAlias = tuple[float, float, float, float]
"""Left, lower, right and upper edge."""


@dataclass(frozen=True, slots=True)
class End:
    """Where a line ends, and how large its label is."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Place:
    """The left end of a label, at half its height, and whether a line joins it to its end."""

    x: float
    y: float
    joined: bool


def place(
    ends: Sequence[End], curves: Sequence[NDArray[np.float64]], bottom: float, top: float, right: float
) -> list[Place]:
    """Return a place for each label.

    Lines that end farthest to the right have theirs one below the other in a column beside it; of other lines each has
    the nearest place around its end where no label and few points of curves lie.

    Args:
        ends: of the lines.
        curves: points of all curves (N, 2), close to each other.
        bottom, top, right: of the axes; labels may stand to the right of them.
    """
    if not ends:
        return []
    edge = max(end.x for end in ends)
    column = [number for number, end in enumerate(ends) if end.x >= edge - _SAME_EDGE]
    found: dict[int, Place] = {}
    heights = stacked(
        [ends[number].y for number in column], max(ends[number].height for number in column), bottom, top
    )
    for number, y in zip(column, heights, strict=True):
        found[number] = Place(edge + GAP + 2, y, abs(y - ends[number].y) > LEADER)
    boxes = [_box(found[number], ends[number]) for number in column]
    points = np.concatenate(curves) if curves else np.empty((0, 2))
    for number in sorted(set(range(len(ends))) - set(column), key=lambda number: -ends[number].x):
        found[number] = _beside(ends[number], boxes, points, bottom, top, right)
        boxes.append(_box(found[number], ends[number]))
    return [found[number] for number in range(len(ends))]


def stacked(wanted: Sequence[float], apart: float, bottom: float, top: float) -> list[float]:
    """Return heights nearest to those wanted (least squares) that are at least `apart`, in their order.

    They stay between `bottom` and `top` where there is room. Neighbours that would collide are pooled (isotonic
    regression by pooling adjacent violators).
    """
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    pools: list[list[float]] = []  # sum of wanted heights less the steps below, and how many
    for step, number in enumerate(order):
        pools.append([wanted[number] - step * apart, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    levels = [total / count for total, count in pools for _ in range(int(count))]
    highest = top - (len(order) - 1) * apart
    kept = [max(min(level, highest), bottom) for level in levels]
    return [
        height
        for _, height in sorted((number, kept[step] + step * apart) for step, number in enumerate(order))
    ]


def _beside(
    end: End,
    boxes: Sequence[tuple[float, float, float, float]],
    points: NDArray[np.float64],
    bottom: float,
    top: float,
    right: float,
) -> Place:
    best, least = Place(end.x + GAP, end.y, joined=False), math.inf
    for ring in range(8):
        for x, sign in (
            (end.x + GAP, 1),
            (end.x + GAP, -1),
            (end.x - end.width / 2, 1),
            (end.x - end.width / 2, -1),
        ):
            y = end.y + sign * ring * 0.6 * end.height
            place_ = Place(x, y, joined=ring * 0.6 * end.height > LEADER)
            low_x, low_y, high_x, high_y = _box(place_, end)
            taken = sum(
                low_x < box[2] and box[0] < high_x and low_y < box[3] and box[1] < high_y for box in boxes
            )
            inside = (
                (points[:, 0] > low_x)
                & (points[:, 0] < high_x)
                & (points[:, 1] > low_y)
                & (points[:, 1] < high_y)
            )
            outside = low_y < bottom or high_y > top or high_x > right
            cost = 1000.0 * taken + 500.0 * outside + float(inside.sum()) + 1.5 * ring
            if cost < least:
                best, least = place_, cost
    return best


def _box(place_: Place, end: End) -> Box:
    return place_.x, place_.y - end.height / 2, place_.x + end.width, place_.y + end.height / 2
