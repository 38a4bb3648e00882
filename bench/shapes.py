"""The shapes of the shipped claims' deciding expectations, with truths that hold and truths of which one part is false.

Spreads are of the order that small runs have; distances are mostly two sds of the contrast. Shapes, bars and looks are
those of the claim files at the time of writing; nothing is read from runs.
"""

from __future__ import annotations

import math
from dataclasses import replace

from bench.cases import DEGRADES
from bench.truths import Case, Part, normal, ratio_of
from repro.stats import Region

UP = Region.at_least(0.0)


def _shape(
    kind: str,
    parts: tuple[Part, ...],
    sds: tuple[float, ...],
    holds: tuple[float, ...],
    fails: tuple[float, ...],
) -> Case:
    return Case(kind, "", parts, normal(*sds), (), (), holds, fails)


def _twice(first: int) -> Part:
    weights = tuple(float(i == first) - float(i == first + 1) for i in range(4))
    return Part(weights, Region.at_least(2.0), Region.at_most(1.5))


_REACH = 2 * 0.2 * math.sqrt(2)

FASTER = replace(
    _shape(
        "ReLU is twice as fast, two nets",
        (_twice(0), _twice(2)),
        (0.2,) * 4,
        (math.log(2) + _REACH, 0.0) * 2,
        (math.log(2) + _REACH, 0.0, math.log(1.5) - _REACH, 0.0),
    ),
    log=True,
    observe=ratio_of,
)


def _healthy(cell: int) -> Part:
    return Part(tuple(float(i == cell) for i in range(16)), Region.within(-1, 1), Region.outside(-2, 2))


_KEEPS = Part((0.0,) * 12 + (1.0, -1.0, 0.0, 0.0), Region.within(-1, 1), Region.outside(-2, 2))
_DIFFER = Part((0.0,) * 14 + (1.0, -1.0), Region.outside(-2, 2), Region.within(-1, 1))

GRADIENTS = replace(
    _shape(
        "gradients: 12 values, 2 differences",
        (*(_healthy(cell) for cell in range(12)), _KEEPS, _DIFFER),
        (0.3,) * 16,
        (*(0.0,) * 14, 2.85, 0.0),
        (*(0.0,) * 11, 2.6, 0.0, 0.0, 2.85, 0.0),
    ),
    sizes_of=(12, 1, 1),
)

_DEEP = 2 * math.sqrt(2)

DEGRADATION = replace(
    _shape(
        "plain nets degrade: 4 contrasts of 6 cells",
        tuple(Part(tuple(map(float, row)), UP) for row in DEGRADES),
        (1.0,) * 6,
        (_DEEP, 0.0, 0.0, _DEEP, _DEEP, 0.0),
        (_DEEP, 0.0, 0.0, _DEEP, -_DEEP, 0.0),
    ),
    sizes_of=(1,) * 4,
)

RESPONSES = replace(
    _shape(
        "responses: 2 differences and 1 between depths",
        # plain and residual, shallow; plain and residual, deep
        (
            Part((1.0, -1.0, 0.0, 0.0), UP),
            Part((0.0, 0.0, 1.0, -1.0), UP),
            Part((0.0, 1.0, 0.0, -1.0), UP),
        ),
        (1.0,) * 4,
        (2 * _DEEP, _DEEP, _DEEP, 0.0),
        (2 * _DEEP, _DEEP, -_DEEP, 0.0),
    ),
    sizes_of=(2, 1),
)

PROJECTIONS = _shape(
    "ordering of 4",
    tuple(Part(tuple(float(j == i + 1) - float(j == i) for j in range(4)), UP) for i in range(3)),
    (1.0,) * 4,
    (0.0, _DEEP, 2 * _DEEP, 3 * _DEEP),
    (0.0, _DEEP, 2 * _DEEP, _DEEP),
)

SHAPES = (FASTER, GRADIENTS, DEGRADATION, RESPONSES, PROJECTIONS)
