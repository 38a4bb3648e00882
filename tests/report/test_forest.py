"""Forest plots: marks, intervals and regions on one axis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.report.drawing.forest import forest
from repro.report.model import ExpectationResult, Unit
from tests.support import report_samples as samples


def _expectation(
    estimate: float | None,
    low: float | None,
    high: float | None,
    supports: tuple[float | None, float | None] = (2.0, None),
    refutes: tuple[float | None, float | None] = (None, 1.0),
    unit: Unit = "number",
    reported: float | None = None,
) -> ExpectationResult:
    return samples.expectation(
        "c", "e", "title", unit, [samples.part("all", "text", estimate, low, high, None)],
        samples.verdict(None, ""), ("", [supports]), ("", [refutes]),
        reported="printed" if reported is not None else None, reported_value=reported,
    )  # fmt: skip


def test_positions_are_linear_and_regions_reach_the_ends() -> None:
    [axis] = forest([_expectation(3.0, 2.5, 3.5, reported=4.0)])
    [block] = axis.blocks
    [track] = block.tracks
    assert track.at is not None
    assert block.reported is not None
    unit = (block.reported.at - track.at) / 1.0
    assert track.at - track.low == pytest.approx(0.5 * unit, abs=0.02)
    [supports], [refutes] = block.supports, block.refutes
    assert supports.start == pytest.approx(track.at - unit, abs=0.02)
    assert supports.start + supports.width == pytest.approx(100)
    assert refutes.start == 0
    assert refutes.width == pytest.approx(track.at - 2 * unit, abs=0.02)
    assert not track.low_open
    assert not track.high_open


def test_open_and_overlong_intervals_end_in_arrows() -> None:
    [axis] = forest([_expectation(1.5, None, 1e6)])
    [track] = axis.blocks[0].tracks
    assert (track.low, track.low_open) == (0.0, True)
    assert (track.high, track.high_open) == (100.0, True)


def test_ratios_are_laid_out_by_their_logarithm() -> None:
    [axis] = forest([_expectation(1.0, 0.5, 2.0, unit="ratio", supports=(4.0, None), refutes=(None, 0.25))])
    [track] = axis.blocks[0].tracks
    assert track.at is not None
    assert track.at - track.low == pytest.approx(track.high - track.at, abs=0.02)
    assert forest([_expectation(0.0, None, None, unit="ratio")]) == []


def test_units_and_magnitudes_have_axes_of_their_own() -> None:
    small = _expectation(3.0, 2.5, 3.5)
    error = _expectation(0.03, 0.025, 0.035, (0.02, None), (None, 0.01), unit="error")
    huge = _expectation(3e6, 2e6, 4e6, (2e6, None), (None, 1e6))
    assert [len(axis.blocks) for axis in forest([small, error, huge, small])] == [2, 1, 1]
    assert forest([error])[0].label == "error, %"
    assert {tick.label for tick in forest([error])[0].ticks} >= {"1", "2", "3"}


def test_what_was_never_measured_is_not_drawn() -> None:
    assert forest([_expectation(None, None, None)]) == []
    assert forest([]) == []


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(
    estimate=finite, half=st.floats(0, 1e6), edge=finite, unit=st.sampled_from(["number", "error", "count"])
)
def test_a_mark_lies_in_a_band_exactly_if_its_value_lies_in_the_region(
    estimate: float, half: float, edge: float, unit: Unit
) -> None:
    [axis] = forest(
        [_expectation(estimate, estimate - half, estimate + half, (edge, None), (None, edge), unit)]
    )
    [block] = axis.blocks
    [track] = block.tracks
    assert track.at is not None
    assert 0 <= track.low <= track.at <= track.high <= 100
    [band] = block.supports
    assert (track.at >= band.start - 0.011) if estimate >= edge else (track.at <= band.start + 0.011)
    assert len(axis.ticks) >= 1
