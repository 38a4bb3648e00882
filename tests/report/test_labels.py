"""Labels at the ends of lines: as near as they can be without lying on each other."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from repro.report.drawing.labels import End, place, stacked

heights = st.lists(st.floats(0, 200, allow_nan=False), min_size=1, max_size=9)


@given(heights)
def test_stacked_labels_are_the_least_squares_solution(wanted: list[float]) -> None:
    """Heights less the steps below them are an isotonic regression, of which scipy is the oracle."""
    apart = 12.0
    order = np.argsort(wanted, kind="stable")
    steps = apart * np.arange(len(wanted))
    expected = isotonic_regression(np.array(wanted)[order] - steps).x + steps
    found = np.array(stacked(wanted, apart, -1e6, 1e6))[order]
    assert found == pytest.approx(expected, abs=1e-6)


@given(heights)
def test_stacked_labels_stay_inside_where_there_is_room(wanted: list[float]) -> None:
    found = sorted(stacked(wanted, 12.0, 0.0, 200.0))
    assert found[0] >= 0
    assert found[-1] <= 200 + 1e-9
    assert all(high - low >= 12 - 1e-9 for low, high in pairwise(found))


def test_a_label_gives_way_to_a_curve_and_is_joined_to_its_end() -> None:
    end, far = End(50, 50, 30, 10), End(200, 90, 30, 10)
    free, _ = place([end, far], [], 0, 100, 250)
    assert (free.x, free.y, free.joined) == (54, 50, False)
    wall = np.array([[x, y] for x in range(50, 90) for y in range(40, 62)], dtype=float)
    aside, _ = place([end, far], [wall], 0, 100, 250)
    assert aside.joined
    assert not 40 < aside.y < 61 or aside.x + end.width < 50
