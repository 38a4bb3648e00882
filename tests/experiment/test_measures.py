"""One run → one number, by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims import Metric
from repro.experiment.measures import Measurement, from_history
from repro.experiment.reductions import from_readings, from_rows
from tests.support.helpers import TEST_IMAGES, TRAIN_IMAGES, layer_rows, run_record, spec_of

REACH = Metric(kind="first_reach", of="train_error", at_most=0.25)
NAN, INF = math.nan, math.inf


def final(of: str, **more: Any) -> Metric:
    return Metric(kind="final", of=of, **more)  # type: ignore[arg-type]


def probe(reduce: str, **more: Any) -> Metric:
    return Metric(kind="probe", probe="p", at=["last"], reduce=reduce, **more)  # type: ignore[arg-type]


# --- final


@pytest.mark.parametrize(
    ("of", "value", "resolution"),
    [
        ("train_error", 0.2, 1 / TRAIN_IMAGES),
        ("test_error", 0.3, 1 / TEST_IMAGES),
        ("running_error", 0.25, 1 / TRAIN_IMAGES),
        ("train_loss", 0.7, 0.0),
        ("test_loss", 0.8, 0.0),
    ],
)
def test_final_is_the_last_evaluation_not_the_best(of: str, value: float, resolution: float) -> None:
    run = run_record(spec_of(), **{of: [0.9, 0.01, value]})
    assert from_history(final(of), run) == Measurement(value, resolution)


def test_a_diverged_runs_error_is_chance_and_its_loss_that_of_guessing() -> None:
    run = run_record(spec_of(), outcome="diverged", train_error=[0.9, 0.1], train_loss=[2.3, NAN])
    assert from_history(final("train_error"), run) == Measurement(0.9, 1 / TRAIN_IMAGES, diverged=True)
    measured = from_history(final("train_loss"), run)
    assert measured.value == pytest.approx(math.log(10))
    assert measured.diverged


def test_logs_of_losses_and_of_errors_with_their_resolution() -> None:
    run = run_record(spec_of(), train_loss=1e-3, train_error=0.01, test_error=0.0)
    assert from_history(final("train_loss", transform="log10"), run).value == pytest.approx(-3)
    error = from_history(final("train_error", transform="log10"), run)
    assert error.value == pytest.approx(-2)
    # 0.01 ± half an image of 1000.
    assert error.resolution == pytest.approx(math.log10(0.0105 / 0.0095))
    # No wrong answer at all: the log is not defined, and must not pass for a very small one.
    assert math.isnan(from_history(final("test_error", transform="log10"), run).value)
    assert math.isnan(
        from_history(final("train_loss", transform="log10"), run_record(spec_of(), train_loss=0.0)).value
    )


# --- first_reach


def reach(errors: list[float], **more: Any) -> Measurement:
    return from_history(REACH, run_record(spec_of(), train_error=errors, **more))


def test_the_crossing_is_read_on_the_line_between_two_evaluations() -> None:
    # From 0.45 at epoch 1 to 0.20 at epoch 2: 0.25 lies at four fifths of the way.
    measured = reach([0.9, 0.45, 0.20, 0.30, 0.1])
    assert measured.value == pytest.approx(1.8)
    assert measured.resolution == 1.0
    assert not measured.censored


def test_the_crossing_of_alexnets_figure_1() -> None:
    # ReLU: 26.36% at epoch 5, 24.83% at epoch 6 → 5.89 (shared/papers/alexnet.csv).
    assert reach([0.9, 0.4719, 0.3767, 0.3209, 0.2895, 0.2636, 0.2483]).value == pytest.approx(
        5.89, abs=0.005
    )


def test_reaching_exactly_the_target_counts() -> None:
    assert reach([0.9, 0.5, 0.25]).value == pytest.approx(2.0)


def test_a_net_that_starts_at_the_target_needs_no_time() -> None:
    assert reach([0.2, 0.1]) == Measurement(0.0)


def test_a_running_error_that_is_not_defined_at_the_start_is_no_line_to_cross() -> None:
    metric = Metric(kind="first_reach", of="running_error", at_most=0.25)
    measured = from_history(metric, run_record(spec_of(), running_error=[NAN, 0.2, 0.1]))
    assert (measured.value, measured.resolution) == (1.0, 1.0)


def test_never_reaching_is_censored_at_the_budget() -> None:
    # 100 steps of 64 images out of 1000 are 6.4 epochs, however far the history goes.
    assert reach([0.9, 0.5]) == Measurement(6.4, censored=True)
    epochs = run_record(spec_of(steps=None, epochs=12), train_error=[0.9, 0.5])
    assert from_history(REACH, epochs) == Measurement(12.0, censored=True)


def test_a_diverged_run_is_censored_at_the_budget_though_it_ended_early() -> None:
    for done in (20, 0):
        run = run_record(spec_of(), outcome="diverged", steps_done=done, train_error=[0.9, 0.9])
        assert from_history(REACH, run) == Measurement(6.4, censored=True, diverged=True)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_a_crossing_lies_between_the_evaluations_around_it(errors: list[float]) -> None:
    measured = reach(errors)
    first = next((i for i, error in enumerate(errors) if error <= 0.25), None)
    assert measured.censored == (first is None)
    if first:
        assert first - 1 <= measured.value <= first
    elif first == 0:
        assert measured.value == 0


# --- rows of a probe

ROWS = layer_rows(4.0, 1.0, 2.0, 16.0, 3.0, stages=(1, 1, 2, 3, 3))


@pytest.mark.parametrize(
    ("reduce", "value"),
    [
        ("value", 4.0),
        ("mean", 5.2),
        ("median", 3.0),
        ("min", 1.0),
        ("max", 16.0),
        ("first_stage_over_last_stage", 2.5 / 9.5),
    ],
)
def test_reductions(reduce: str, value: float) -> None:
    assert from_rows(probe(reduce), ROWS).value == pytest.approx(value)
    assert from_rows(probe(reduce, transform="log10"), ROWS).value == pytest.approx(math.log10(value))


@pytest.mark.parametrize("reduce", ["value", "mean", "median", "min", "max"])
def test_infinite_values_are_kept_as_such(reduce: str) -> None:
    assert from_rows(probe(reduce), layer_rows(INF, INF)).value == INF


@pytest.mark.parametrize("reduce", ["mean", "median", "min", "max", "first_stage_over_last_stage"])
@pytest.mark.parametrize("place", range(3))
def test_one_value_that_is_no_number_makes_the_measurement_none(reduce: str, place: int) -> None:
    values = [1.0, 2.0, 3.0]
    values[place] = NAN
    rows = layer_rows(*values, stages=(1, 2, 2) if place else (1, 1, 2))
    assert math.isnan(from_rows(probe(reduce), rows).value)


@pytest.mark.parametrize("reduce", ["mean", "median", "first_stage_over_last_stage"])
def test_readings_of_a_cell_are_each_reduced_by_themselves(reduce: str) -> None:
    """Nets of other sizes, and stages elsewhere, among them."""
    alike = [layer_rows(1.0, 2.0, 30.0), layer_rows(4.0, 5.0, NAN)]
    others = [layer_rows(1.0, 2.0, 30.0, stages=(1, 2, 2)), layer_rows(6.0, 7.0)]
    for readings in (alike, alike + others[:1], alike + others):
        found = [one.value for one in from_readings(probe(reduce), readings)]
        assert found == pytest.approx(
            [from_rows(probe(reduce), rows).value for rows in readings], nan_ok=True
        )


def test_dead_nets_have_no_stage_ratio_and_do_not_pass_for_healthy() -> None:
    ratio = probe("first_stage_over_last_stage", transform="log10")
    assert math.isnan(from_rows(ratio, layer_rows(0.0, 0.0)).value)
    assert math.isnan(from_rows(ratio, layer_rows(INF, INF)).value)
    # Gradients that vanish, or explode, beyond what a double can tell.
    assert from_rows(ratio, layer_rows(0.0, 1.0)).value == -324
    assert from_rows(ratio, layer_rows(1.0, 0.0)).value == 324
    assert from_rows(ratio, layer_rows(1.0, 1.0, 100.0)).value == pytest.approx(-2)


def test_logs_stay_finite_at_the_ends_of_double_precision() -> None:
    log = probe("value", transform="log10")
    assert from_rows(log, layer_rows(0.0)).value == -324
    assert from_rows(log, layer_rows(5e-324)).value == pytest.approx(-323.3, abs=0.01)
    assert from_rows(log, layer_rows(INF)).value == 324
    assert math.isnan(from_rows(log, layer_rows(NAN)).value)


@pytest.mark.parametrize(
    ("reduce", "values", "value", "resolution"),
    [
        ("mean", [0.0, 1.0, 1.0, 0.0, 1.0], 0.6, 0.2),
        ("mean", [1.0, 1.0], 1.0, 0.5),
        ("sum", [0.0, 1.0, 1.0], 2.0, 1.0),
        ("value", [1.0], 1.0, 1.0),
        ("mean", [0.5, 1.0], 0.75, 0.0),
    ],
)
def test_a_probe_of_zeros_and_ones_has_a_resolution_of_its_own(
    reduce: str, values: list[float], value: float, resolution: float
) -> None:
    metric = Metric.model_validate(
        {"kind": "probe", "probe": "weight_gradient_norm", "at": ["last"], "reduce": reduce}
    )
    found = from_rows(metric, [{"value": each, "stage": 0, "layer": i} for i, each in enumerate(values)])
    assert (found.value, found.resolution) == (pytest.approx(value), pytest.approx(resolution))
