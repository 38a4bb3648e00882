"""Is dropout an L2 penalty? The expected loss over all masks, enumerated, against the loss without dropout.

Inputs are dropped with probability 1/2 and doubled where kept. For a linear model under squared loss the difference is
Σ w² times the mean of x² (Srivastava et al., JMLR 15, 2014, Sec. 9.1); for other losses it is near that for small
weights only (Wager, Wang, Liang, NIPS 2013).
"""

from __future__ import annotations

import itertools
import math
from typing import Literal

Loss = Literal["squared", "logistic"]

INPUTS = ((1.0, 2.0, -1.0), (0.5, -1.0, 3.0), (-2.0, 1.0, 1.0), (1.5, 0.5, -0.5))
TARGETS = (1.0, -1.0, 1.0, -1.0)
WEIGHTS = (0.8, -0.5, 0.3)


def _loss(loss: Loss, output: float, target: float) -> float:
    return (target - output) ** 2 if loss == "squared" else math.log1p(math.exp(-target * output))


def penalty(*, loss: Loss = "squared", scale: float = 1.0) -> float:
    """Return how much dropout adds to the mean loss in expectation, at weights `scale` times the fixed ones."""
    added = 0.0
    for x, target in zip(INPUTS, TARGETS, strict=True):
        terms = [scale * w * value for w, value in zip(WEIGHTS, x, strict=True)]
        masked = [
            _loss(loss, sum(2 * t for t, kept in zip(terms, mask, strict=True) if kept), target)
            for mask in itertools.product((False, True), repeat=len(terms))
        ]
        added += sum(masked) / len(masked) - _loss(loss, sum(terms), target)
    return added / len(INPUTS)


def weighted_l2(*, scale: float = 1.0) -> float:
    """Return Σ w² times the mean of x²: an L2 penalty whose coefficients are the inputs' second moments."""
    moments = [sum(x[place] ** 2 for x in INPUTS) / len(INPUTS) for place in range(len(WEIGHTS))]
    return sum((scale * w) ** 2 * moment for w, moment in zip(WEIGHTS, moments, strict=True))


def l2_deviation(*, loss: Loss = "squared") -> float:
    """Return how far what dropout adds is from that L2 penalty, relative to the penalty."""
    return abs(penalty(loss=loss) / weighted_l2() - 1)


def growth(*, loss: Loss = "squared") -> float:
    """Return how many times more dropout adds at twice the weights: four times, were it an L2 penalty of any kind."""
    return penalty(loss=loss, scale=2.0) / penalty(loss=loss)


def coefficients(*, standardised: bool = False) -> float:
    """Return the largest over the smallest coefficient of that penalty: 1 where it is one λ for all weights."""
    columns = [list(column) for column in zip(*INPUTS, strict=True)]
    if standardised:
        sizes = [math.sqrt(sum(value**2 for value in column)) for column in columns]
        columns = [[value / size for value in column] for column, size in zip(columns, sizes, strict=True)]
    moments = [sum(value**2 for value in column) for column in columns]
    return max(moments) / min(moments)
