"""Forest plots: marks, intervals and regions on one axis."""

from __future__ import annotations

import itertools
from typing import Any

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
    assert forest([error])[0].label == "percentage points"
    assert {tick.label for tick in forest([error])[0].ticks} >= {"1", "2", "3"}


def test_what_was_never_measured_is_not_drawn() -> None:
    assert forest([_expectation(None, None, None)]) == []
    assert forest([]) == []


def _joint(*values: tuple[float, Any], kind: str = "value") -> ExpectationResult:
    one = _expectation(3.0, 2.5, 3.5)
    parts = [
        samples.part(f"part {i}", str(value), value, value - 0.1, value + 0.1, result)
        for i, (value, result) in enumerate(values)
    ]
    return one.model_copy(
        update={"parts": [part.model_copy(update={"n": 5}) for part in parts], "kind": kind}
    )


def test_many_parts_are_folded_to_one_of_each_result() -> None:
    """The region is 2 and above: inside, the smallest is least clear; outside, it is the clearest."""
    joint = _joint(
        (3.0, "supported"), (2.2, "supported"), (4.0, "supported"), (1.5, "refuted"), (0.5, "refuted")
    )
    [axis] = forest([joint])
    [block] = axis.blocks
    assert [track.part.label for track in block.tracks] == ["part 1", "part 4"]
    assert [track.part.label for track in block.more] == ["part 0", "part 2", "part 3"]
    [whole] = forest([joint], fold=False)[0].blocks
    assert (len(whole.tracks), whole.more) == (5, [])
    [few] = forest([_joint((3.0, "supported"), (2.2, "supported"))])[0].blocks
    assert (len(few.tracks), few.more) == (2, [])


def test_seeds_are_counted_once_where_all_parts_have_as_many() -> None:
    [block] = forest([_joint((3.0, None), (2.2, None))])[0].blocks
    assert (block.n, [track.text for track in block.tracks]) == (5, ["3.0", "2.2"])
    joint = _joint((3.0, None), (2.2, None))
    uneven = [joint.parts[0].model_copy(update={"n": 4, "estimate_text": "3.0, n = 4"}), joint.parts[1]]
    [block] = forest([joint.model_copy(update={"parts": uneven})])[0].blocks
    assert (block.n, [track.text for track in block.tracks]) == (None, ["3.0, n = 4", "2.2, n = 5"])
    computed = [part.model_copy(update={"estimate_text": "3"}) for part in joint.parts]
    [block] = forest([joint.model_copy(update={"parts": computed})])[0].blocks
    assert (block.n, block.tracks[0].text) == (None, "3"), "what is computed has no seeds"


def test_differences_of_errors_are_in_points_on_an_axis_of_their_own() -> None:
    error = _expectation(0.03, 0.025, 0.035, (0.02, None), (None, 0.01), unit="error")
    error, gap = (error.model_copy(update={"kind": kind}) for kind in ("value", "difference"))
    assert [axis.label for axis in forest([error, gap])] == ["error, %", "percentage points"]
    assert not forest([error])[0].is_long
    assert forest([_joint(*[(3.0, None)] * 4)])[0].is_long


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


@pytest.mark.parametrize(
    ("low", "high"), [(211_988_000.0, 214_012_000.0), (265_000.0, 275_000.0), (0.0, 1.0)]
)
def test_labels_of_an_axis_have_room_on_a_phone(low: float, high: float) -> None:
    """On an axis of 350 px a letter of 13 px takes about 7.4: labels keep their distance, and stay inside."""
    one = _expectation(low, low, high, (low, high), (None, low - 1), unit="count")
    (axis,) = forest([one])
    assert len(axis.ticks) >= 2
    spans = []
    for tick in axis.ticks:
        width = 100 * 7.0 * len(tick.label) / 350
        start = tick.at - {"start": 0, "middle": width / 2, "end": width}[tick.anchor]
        spans.append((start, start + width))
    assert all(first[1] < second[0] for first, second in itertools.pairwise(spans))
    assert spans[0][0] >= 0
    assert spans[-1][1] <= 100


def test_a_region_thinner_than_the_mark_in_it_is_still_seen() -> None:
    exact = _expectation(64.0, 64.0, 64.0, supports=(64 - 1e-9, 64 + 1e-9), refutes=(None, 64 - 1e-9))
    [band] = forest([exact])[0].blocks[0].supports
    assert band.width == 4.0
    assert band.start + band.width / 2 == pytest.approx(50.0, abs=0.1)
    [wide] = forest([_expectation(64.0, 64.0, 64.0, supports=(60.0, 68.0))])[0].blocks[0].supports
    assert wide.width > 8
