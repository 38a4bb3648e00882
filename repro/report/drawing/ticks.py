"""Round places for the ticks of an axis: 1, 2 or 5 times a power of ten."""

from __future__ import annotations

import math

ROUND = (1, 2, 5)


def even(low: float, high: float, most: int) -> list[float]:
    """Return multiples of the smallest round step that divides [low, high] into at most `most` stretches.

    Where that leaves fewer than two of them inside, of the next smaller step that does not.
    """
    finest = (high - low) / most
    power = math.floor(math.log10(finest))
    steps = [digit * 10.0**exponent for exponent in (power - 1, power, power + 1) for digit in ROUND]
    enough = next(place for place, step in enumerate(steps) if step >= finest)
    inside: list[float] = []
    for step in reversed(steps[: enough + 1]):
        inside = [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
        if len(inside) >= 2:
            break
    return inside


def logarithmic(low: float, high: float) -> list[float]:
    """Return every round number in [low, high]; both are above 0."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [value for power in powers for digit in ROUND if low <= (value := digit * 10.0**power) <= high]
