"""Intervals of errors stay within what an error can be; a ratio of nothing to nothing says so."""

from __future__ import annotations

import math

import pytest

from repro.judging.limits import possible
from repro.stats import Interval
from tests.support.helpers import BASE, World, changed

ERRORS = {"err": {"kind": "final", "of": "test_error", "unit": "error"}}
WORDS = {"title": "t", "metric": "err", "role": "decides", "why": "w"}


def claim(**expectation: object) -> dict[str, object]:
    return changed(BASE, metrics=ERRORS, factors=None, expect={"gap": {**WORDS, **expectation}})


@pytest.mark.parametrize(
    ("weights", "low", "high", "expected"),
    [
        ((1.0,), -0.1, 0.2, (0.0, 0.2)),
        ((1.0,), 0.9, 1.3, (0.9, 1.0)),
        ((1.0, -1.0), -1.4, 0.2, (-1.0, 0.2)),
        ((1.0, -1.0), -0.3, 0.3, (-0.3, 0.3)),
        ((1.0,), -math.inf, math.inf, (-math.inf, math.inf)),
    ],
)
def test_what_a_weighted_sum_of_shares_can_be(
    weights: tuple[float, ...], low: float, high: float, expected: tuple[float, float]
) -> None:
    found = possible(Interval(estimate=0.1, low=low, high=high, level=0.95, df=3.0), weights)
    assert (found.low, found.high) == expected
    assert found.estimate == 0.1


def test_no_error_at_all_has_an_interval_that_begins_at_zero(world: World) -> None:
    world.write(claim(kind="value", arm="plain", at_most=0.001))
    world.fill(lambda cell, seed: {"test_error": 0.0})
    (part,) = world.expectation("gap").parts
    assert part.interval is not None
    assert part.interval.low == 0.0 < part.interval.high
    (told,) = world.report().papers[0].claims[0].expectations[0].parts
    assert "−" not in told.estimate_text


def test_a_ratio_of_zeros_says_that_it_has_no_estimate_and_why(world: World) -> None:
    world.write(claim(kind="ratio", arms=["plain", "residual"], at_least=1.5))
    world.fill(lambda cell, seed: {"test_error": 0.0})
    judged = world.expectation("gap")
    assert judged.result == "inconclusive"
    (part,) = judged.parts
    assert part.note == "all values of plain and of residual are zero: the ratio is not defined"
    sentence = world.report().papers[0].claims[0].expectations[0].verdict.sentence
    assert part.note in sentence
