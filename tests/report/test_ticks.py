"""Ticks of the forest plots, against matplotlib's."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from matplotlib.ticker import LogLocator, MaxNLocator

from repro.report.drawing import ticks

widths = st.floats(-3, 4).map(lambda power: 10**power)


@settings(max_examples=300, deadline=None)
@given(st.floats(-100, 100), widths, st.sampled_from([4, 5]))
def test_even_ticks_are_those_of_matplotlib(low: float, width: float, most: int) -> None:
    high = low + width
    theirs = MaxNLocator(nbins=most, steps=[1, 2, 5, 10]).tick_values(low, high)
    # An end that is round but for rounding may fall on either side.
    near = 1e-9 * width
    assume(all(min(abs(tick - low), abs(tick - high)) > near for tick in theirs))
    expected = [tick for tick in theirs if low <= tick <= high]
    assert ticks.even(low, high, most) == pytest.approx(expected, rel=1e-9, abs=near)


@settings(max_examples=300, deadline=None)
@given(st.floats(-4, 4), st.floats(0.5, 8))
def test_logarithmic_ticks_are_those_of_matplotlib(start: float, decades: float) -> None:
    low, high = 10**start, 10 ** (start + decades)
    theirs = LogLocator(base=10, subs=(1, 2, 5)).tick_values(low, high)
    assume(all(min(abs(tick / low - 1), abs(tick / high - 1)) > 1e-9 for tick in theirs))
    ours = ticks.logarithmic(low, high)
    assume(len(ours) >= 2)  # where matplotlib goes over to even ticks by itself
    assert ours == pytest.approx([tick for tick in theirs if low <= tick <= high])


def test_ticks_of_round_axes() -> None:
    assert ticks.even(0.0, 10.0, 5) == [0, 2, 4, 6, 8, 10]
    assert ticks.even(0.3, 0.9, 5) == pytest.approx([0.4, 0.6, 0.8])
    assert ticks.logarithmic(0.3, 6.0) == [0.5, 1, 2, 5]
    assert ticks.logarithmic(2.1, 4.9) == []
    assert all(math.isfinite(tick) for tick in ticks.even(-1e9, 1e9, 5))
