"""Runs of a line: each, their mean, and a band where they are many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from repro.report.build.palette import Colour
from repro.report.build.spread import MOST_LINES, Named, RunLine
from repro.report.build.spread import spread as spread_of
from repro.report.model import Band, Series

NAMED = Named("relu", "relu", Colour(1, 0.5), "solid")


def spread(
    named: Named, lines: Sequence[tuple[list[float], list[float]]], target: float | None = None
) -> tuple[list[Series], list[Band]]:
    """Draw runs of one cell with seeds from 0 on."""
    runs = [
        RunLine(np.array(x), np.array(y), "relu/deep", seed, f"key-{seed}")
        for seed, (x, y) in enumerate(lines)
    ]
    return spread_of(named, runs, target)


def test_the_line_of_a_run_says_which_one_it_is() -> None:
    (first, second, mean), _ = spread(NAMED, [([0.0, 1.0], [0.9, 0.1]), ([0.0, 1.0], [0.8, 0.2])])
    assert (first.cell, first.seed, first.run) == ("relu/deep", 0, "key-0")
    assert (second.cell, second.seed, second.run) == ("relu/deep", 1, "key-1")
    assert (mean.cell, mean.seed, mean.run) == ("relu/deep", None, None)


def test_runs_that_stop_at_a_target_have_a_mean_of_when_each_error_is_reached() -> None:
    # One falls from 0.9 to 0.1 in 8 epochs, the other in 4: straight lines, so that every level is met half-way.
    slow = ([0.0, 8.0], [0.9, 0.1])
    fast = ([0.0, 2.0, 4.0], [0.9, 0.5, 0.1])
    series, bands = spread(NAMED, [slow, fast], target=0.1)
    assert [one.role for one in series] == ["seed", "seed", "mean"]
    assert bands == []
    mean = series[-1]
    assert (mean.x[0], mean.x[-1], mean.y[0], mean.y[-1]) == (0.0, 6.0, 0.9, 0.1)
    # level = 0.9 − 0.1 x at x = (slow + fast) / 2 with slow = 2 fast: epochs 6 at 0.1, so 0.9 − 0.8 x / 6.
    assert mean.y == pytest.approx([0.9 - 0.8 * x / 6 for x in mean.x], abs=1e-5)
    assert (mean.group, mean.shade, mean.name) == (1, 0.5, "relu")


def test_a_mean_of_runs_ends_where_one_of_them_never_came() -> None:
    series, _ = spread(NAMED, [([0.0, 1.0], [0.8, 0.2]), ([0.0, 1.0, 2.0], [0.8, 0.5, 0.6])], target=0.25)
    assert series[-1].role == "mean"
    assert series[-1].y[-1] == 0.5


def test_many_runs_are_a_band_of_nine_in_ten() -> None:
    values = np.random.default_rng(0).normal(size=(40, 3))
    series, (band,) = spread(NAMED, [([0.0, 1.0, 2.0], list(row)) for row in values])
    assert [one.role for one in series] == ["mean"]
    assert series[0].y == pytest.approx(values.mean(axis=0), rel=1e-5)
    assert band.y_low == pytest.approx(np.percentile(values, 5, axis=0), rel=1e-5)
    assert band.y_high == pytest.approx(np.percentile(values, 95, axis=0), rel=1e-5)
    assert (band.runs, band.x_low, band.x_high) == (40, [0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    few, none = spread(NAMED, [([0.0, 1.0, 2.0], list(row)) for row in values[:MOST_LINES]])
    assert (len(few), none) == (MOST_LINES + 1, [])


def test_many_runs_of_which_one_ended_early_are_a_band_of_what_they_share() -> None:
    lines = [([0.0, 1.0, 2.0], [3.0, 2.0, 1.0])] * 20 + [([0.0, 1.0], [3.0, 2.5])]
    (mean,), (band,) = spread(NAMED, lines)
    assert (mean.x, band.runs) == ([0.0, 1.0], 21)
    assert mean.y == pytest.approx([3.0, (20 * 2 + 2.5) / 21], rel=1e-5)


def test_of_no_runs_there_is_nothing() -> None:
    assert spread(NAMED, []) == ([], [])
    assert spread(NAMED, [([], [])], target=0.1) == ([], [])
