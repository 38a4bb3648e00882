"""Is a residual block of so many layers more than a linear layer? ResNet, Sec. 3.2."""

from __future__ import annotations

import random

Vector = list[int]


def nonlinearity(*, layers: int, size: int = 6, pairs: int = 20) -> int:
    """Return how far f(x) = F(x) + x is from adding up: the largest entry of f(x + y) − f(x) − f(y).

    F has `layers` weight layers with a ReLU between every two, random integer weights, and no biases. Integers make it
    exact: zero for all pairs of vectors is what a linear layer gives.
    """
    numbers = random.Random(0)

    def vector() -> Vector:
        return [numbers.randint(-9, 9) for _ in range(size)]

    weights = [[vector() for _ in range(size)] for _ in range(layers)]

    def block(x: Vector) -> Vector:
        y = x
        for place, matrix in enumerate(weights):
            y = [sum(w * value for w, value in zip(row, y, strict=True)) for row in matrix]
            if place + 1 < layers:
                y = [max(0, value) for value in y]
        return [a + b for a, b in zip(y, x, strict=True)]

    worst = 0
    for _ in range(pairs):
        x, y = vector(), vector()
        both = block([a + b for a, b in zip(x, y, strict=True)])
        apart = [abs(s - a - b) for s, a, b in zip(both, block(x), block(y), strict=True)]
        worst = max(worst, *apart)
    return worst
