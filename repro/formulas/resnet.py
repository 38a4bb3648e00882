"""Multiply-adds of ResNet's nets from their tables (arXiv:1512.03385v1), by other conventions too."""

from __future__ import annotations

from typing import Literal

Stride = Literal["1x1", "3x3"]

BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
FILTERS = (64, 128, 256, 512)
SIDES = (56, 28, 14, 7)
EXPANSION = 4


def table_1(
    *, depth: int, shortcut: str = "B", stride_in: Stride = "1x1", classifier: bool = True, stem: bool = True
) -> int:
    """Return the multiply-adds of Table 1's net on 224×224.

    Args:
        depth: 18, 34, 50, 101 or 152.
        shortcut: "A" (no projections), "B" (where dimensions grow) or "C" (everywhere).
        stride_in: the layer of a bottleneck that halves the map: its first 1×1 (Sec. 3.3), or its 3×3, as later code.
        classifier, stem: whether the last layer, and the first of 7×7, count.
    """
    total = 112**2 * 49 * 3 * 64 if stem else 0
    before = 64
    for stage, (count, filters, side) in enumerate(zip(BLOCKS[depth], FILTERS, SIDES, strict=True)):
        out = filters * (EXPANSION if depth >= 50 else 1)
        for block in range(count):
            halves = block == 0 and stage > 0
            if depth >= 50:
                first = (2 * side) ** 2 if halves and stride_in == "3x3" else side**2
                total += first * before * filters + side**2 * (9 * filters**2 + filters * out)
            else:
                total += side**2 * 9 * (before * filters + filters**2)
            if shortcut == "C" or (shortcut == "B" and before != out):
                total += side**2 * before * out
            before = out
    return total + (before * 1000 if classifier else 0)


def block(*, design: Literal["basic", "bottleneck"], filters: int = 64, projection: bool = False) -> int:
    """Return the multiply-adds at one place of the map of a block of Fig. 5, or its weights, which are as many.

    "basic": two 3×3 layers on `filters` maps. "bottleneck": 1×1, 3×3 and 1×1 between four times as many maps.
    `projection`: a 1×1 convolution stands in for the identity shortcut.
    """
    if design == "basic":
        return 2 * 9 * filters**2 + (filters**2 if projection else 0)
    wide = EXPANSION * filters
    return 2 * wide * filters + 9 * filters**2 + (wide**2 if projection else 0)
