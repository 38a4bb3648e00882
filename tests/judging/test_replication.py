"""The paper's number beside ours: prediction intervals by hand and by simulation, printed numbers, test sets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats

from repro.claims import Expectation
from repro.judging.paper_number import Notation, paper_number
from repro.report.model import ExpectationResult
from repro.stats import Sample, contrast_prediction, prediction_interval
from tests.support.helpers import BASE, TEST_IMAGES, World, changed

SPREAD = (-2.0, -1.0, 0.0, 1.0, 2.0)  # sd √2.5
GAP = {**BASE["expect"]["gap"], "metric": "err", "at_least": 0.02, "reported": "4.4 pp"}
ERROR_CLAIM = changed(BASE, metrics={"err": {"kind": "final", "of": "test_error"}}, expect__gap=GAP)
VALUE = {
    "kind": "value",
    "title": "The deep net's error",
    "metric": "err",
    "arm": "plain",
    "levels": {"depth": "deep"},
    "within": [0.05, 0.09],
    "reported": "6.61%",
    "role": "decides",
    "why": "A reason.",
}
SURE = "uncertainty"


def told(world: World, item: dict[str, Any], deep: float, scale: float = 0.001) -> ExpectationResult:
    """Return the expectation as reported at the paper's scale, for runs around `deep` and 2% error."""
    metrics = {"err": {"kind": "final", "of": "test_error"}}
    world.write(changed(BASE, metrics=metrics, expect={"gap": item}))

    def run(cell: Any, seed: int) -> dict[str, Any]:
        mean = deep if cell.address == "plain/deep" else 0.02
        return {"test_error": mean + scale * SPREAD[seed], "train_error": 0.0}

    world.fill(run, scale="paper")
    return world.report("paper").papers[0].claims[0].expectations[0]


# --- the statistic


def test_one_cell_is_the_prediction_of_a_run() -> None:
    cell = Sample((1.0, 2.0, 3.0, 7.0), (), 0.1)
    for m in (1, 5):
        one = prediction_interval(cell, level=0.9, m=m)
        same = contrast_prediction([cell], [1.0], level=0.9, m=m)
        assert (same.estimate, same.low, same.high, same.df) == pytest.approx(
            (one.estimate, one.low, one.high, 3)
        )


def test_a_difference_by_hand() -> None:
    # Variances 1 and 4 of 3 runs each, for one new run a cell: parts 1·4/3 and 4·4/3, df = 5² / (1/2 + 16/2).
    first, second = Sample((4.0, 5.0, 6.0)), Sample((0.0, 2.0, 4.0))
    df = 25 / 8.5
    reach = scipy.stats.t.ppf(0.975, df) * math.sqrt(20 / 3)
    interval = contrast_prediction([first, second], [1, -1], level=0.95)
    assert (interval.low, interval.high, interval.df) == pytest.approx((3 - reach, 3 + reach, df))
    five = contrast_prediction([first, second], [1, -1], level=0.95, m=5)
    assert five.high - 3 == pytest.approx(reach * math.sqrt((1 / 3 + 1 / 5) / (4 / 3)))
    half = contrast_prediction([Sample(first.values, (), 0.4), second], [1, -1], level=0.95)
    assert half.high - interval.high == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("sds", "n", "m"), [((1, 1), 5, 1), ((1, 3), 5, 1), ((1, 2, 1, 2), 5, 1), ((1, 1), 10, 5)]
)
def test_a_new_contrast_falls_inside_as_often_as_promised(sds: tuple[float, ...], n: int, m: int) -> None:
    rng = np.random.default_rng(11)
    weights = (1, -1) * (len(sds) // 2)
    spread = np.array(sds)[:, None]
    inside = []
    for _ in range(4000):
        ours = spread * rng.standard_normal((len(sds), n))
        new = (spread * rng.standard_normal((len(sds), m))).mean(1) @ np.array(weights)
        interval = contrast_prediction([Sample(tuple(c)) for c in ours.tolist()], weights, level=0.95, m=m)
        inside.append(interval.low <= new <= interval.high)
    # Welch–Satterthwaite errs by less than a point here; the rest is the error of 4000 repetitions.
    assert np.mean(inside) == pytest.approx(0.95, abs=0.01 + 3.5 * math.sqrt(0.95 * 0.05 / 4000))


def test_a_ratio_is_predicted_on_logs() -> None:
    slow, fast = (4.0, 8.0, 6.0), (1.0, 2.0, 3.0)
    logs = [Sample(tuple(math.log(v) for v in values)) for values in (slow, fast)]
    plain = contrast_prediction(logs, [1, -1], level=0.95)
    ratio = contrast_prediction([Sample(slow), Sample(fast)], [1, -1], level=0.95, log=True)
    assert (ratio.low, ratio.high) == pytest.approx((math.exp(plain.low), math.exp(plain.high)))


def test_little_or_censored_data_predict_little() -> None:
    one = contrast_prediction([Sample((1.0,)), Sample((1.0, 2.0))], [1, -1], level=0.95)
    assert (one.low, one.high) == (-math.inf, math.inf)
    late = contrast_prediction(
        [Sample((5.0, 9.0), (False, True)), Sample((1.0, 2.0))], [1, -1], level=0.95, log=True
    )
    assert late.bound == "from_below"
    assert late.high == math.inf
    assert 0 < late.low < math.inf
    ties = contrast_prediction([Sample((1.0, 1.0)), Sample((2.0, 2.0))], [1, -1], level=0.95)
    assert (ties.low, ties.high) == (-1.0, -1.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: contrast_prediction([Sample((1.0, 2.0))], [1.0], level=0.95, m=0),
        lambda: contrast_prediction([Sample((1.0, 2.0))], [1.0, 1.0], level=0.95),
        lambda: contrast_prediction([Sample((1.0, 2.0))], [0.0], level=0.95),
        lambda: contrast_prediction([Sample((1.0, 2.0))], [1.0], level=1.0),
    ],
)
def test_mistakes_of_the_caller(call: Any) -> None:
    with pytest.raises(ValueError, match=r"not|with"):
        call()


# --- what the paper prints


@pytest.mark.parametrize(
    ("printed", "error", "notation", "expected"),
    [
        ("6.43%", None, "percent", (0.0643, 0.06425, 0.06435)),
        ("4.4 pp", "0.1", "percent", (0.044, 0.043, 0.045)),
        ("4.4 pp", "0.01", "percent", (0.044, 0.0435, 0.0445)),
        ("−4.1 pp", None, "percent", (-0.041, -0.0415, -0.0405)),
        ("6×", "whole epochs: 6.0 to 7.4", "number", (6, 6, 7.4)),
        ("6×", None, "number", (6, 5.5, 6.5)),
        ("1.62", "0.02", "number", (1.62, 1.60, 1.64)),
        ("1,234", None, "number", (1234, 1233.5, 1234.5)),
        ("<0.1%", None, "percent", (0.001, -math.inf, 0.001)),
        (">50", None, "number", (50, 50, math.inf)),
        ("~6", None, "number", (6, 5, 7)),
        ("6 epochs", "1 epoch", "number", (6, 5, 7)),
        ("3.6 billion", "0.1 billion", "number", (3.6e9, 3.5e9, 3.7e9)),
        ("1.2e-3", None, "number", (0.0012, 0.00115, 0.00125)),
        ("100×", "10 to 1000", "logarithm", (2, 1, 3)),
        ("2.2 decades", "0.1", "logarithm", (2.2, 2.1, 2.3)),
        ("0.01×", None, "logarithm", (-2, math.log10(0.005), math.log10(0.015))),
    ],
)
def test_a_printed_number_has_a_range(
    printed: str, error: str | None, notation: Notation, expected: tuple[float, float, float]
) -> None:
    item = Expectation.model_validate({**VALUE, "reported": printed, SURE: {"reading_error": error}})
    number = paper_number(item, notation)
    assert number is not None
    assert (number.value, number.low, number.high) == pytest.approx(expected)


@pytest.mark.parametrize("printed", [None, "±0.2"])
def test_what_is_no_number_is_not_compared(printed: str | None) -> None:
    assert paper_number(Expectation.model_validate({**VALUE, "reported": printed}), "percent") is None


@pytest.mark.parametrize("printed", ["0×", "−2"])
def test_what_has_no_logarithm_is_not_compared_with_one(printed: str) -> None:
    assert paper_number(Expectation.model_validate({**VALUE, "reported": printed}), "logarithm") is None


# --- in a report


def test_a_contrast_of_cells_is_one_run_of_each(world: World) -> None:
    # Both cells have sd √2.5 · 0.1 pp: ± t(8) · √(2 · 2.5 · (1 + 1/5)) · 0.1 pp, and half an image a cell.
    one = told(world, {**GAP, SURE: {"of": "single run", "reading_error": "0.1"}}, 0.062)
    reach = scipy.stats.t.ppf(0.975, 8) * math.sqrt(6) * 0.1 + 100 / TEST_IMAGES
    low, high = 4.2 - reach, 4.2 + reach
    assert one.compatibility == (
        f"Single runs like ours, one a cell, would give {low:.2f} to {high:.2f} pp (95% prediction interval, "
        f"{high - low:.1f} pp wide); the paper’s 4.4 pp (reading error ±0.1) is compatible."
    )


def test_the_verdict_does_not_follow(world: World) -> None:
    one = told(world, {**GAP, SURE: {"of": "single run"}}, 0.20)
    assert one.compatibility is not None
    assert one.compatibility.endswith("the paper’s 4.4 pp is not compatible.")
    assert one.verdict.result == "supported"


@pytest.mark.parametrize(
    ("sure", "lead", "m"),
    [
        ({"of": "single run"}, "A single run like ours would give ", 1),
        ({"of": "mean ± sd of n", "n": 5, "sd": "0.16"}, "The mean of 5 runs like ours would give ", 5),
        ({"of": "mean of n", "n": 3}, "The mean of 3 runs like ours would give ", 3),
        ({"of": "mean of n", "n": 1}, "A single run like ours would give ", 1),
        (
            {"of": "unknown"},
            "The paper does not say what its number is of; taken for a single run: a single run like ours would "
            "give ",
            1,
        ),
    ],
)
def test_what_the_number_is_of_decides_what_is_predicted(
    world: World, sure: dict[str, Any], lead: str, m: int
) -> None:
    one = told(world, {**VALUE, SURE: sure}, 0.066)
    sd = math.sqrt(max(2.5 * 0.1**2, (100 / TEST_IMAGES) ** 2 / 12))
    reach = scipy.stats.t.ppf(0.975, 4) * sd * math.sqrt(1 / m + 1 / 5) + 50 / TEST_IMAGES
    assert one.compatibility is not None
    assert one.compatibility.startswith(f"{lead}{6.6 - reach:.2f} to {6.6 + reach:.2f}% (95%")
    assert one.compatibility.endswith("the paper’s 6.61% is compatible.")


def test_the_best_of_five_is_lower_than_one_run(world: World) -> None:
    item = {**VALUE, "reported": "6.43%"}
    best = told(world, {**item, SURE: {"of": "best of n", "n": 5}}, 0.066)
    assert best.compatibility is not None
    assert best.compatibility.startswith("The best of 5 runs like ours would give ")
    rng = np.random.default_rng(2)
    ours = rng.standard_normal((100_000, 5))
    pivot = (rng.standard_normal((100_000, 5)).min(1) - ours.mean(1)) / ours.std(1, ddof=1)
    sd = math.sqrt(2.5) * 0.1
    low, high = (
        6.6 + sd * np.quantile(pivot, q) + s * 50 / TEST_IMAGES for q, s in ((0.025, -1), (0.975, 1))
    )
    shown = best.compatibility.removeprefix("The best of 5 runs like ours would give ").split("%")[0]
    assert [float(end) for end in shown.split(" to ")] == pytest.approx([low, high], abs=0.015)


@pytest.mark.parametrize("sure", [{"of": "best of n", "n": 5}, {"of": "best of n"}])
def test_bests_without_a_known_law_are_said_so(world: World, sure: dict[str, Any]) -> None:
    item = {**GAP, SURE: sure} if "n" in sure else {**VALUE, SURE: sure}
    said = told(world, item, 0.066).compatibility
    assert said is not None
    assert said.endswith("is made of bests: what runs like ours would give is not known.")


def test_several_comparisons_are_named(world: World) -> None:
    item = {**VALUE, "each": ["depth"], SURE: {"of": "single run"}}
    del item["levels"]
    said = told(world, item, 0.066).compatibility
    assert said is not None
    assert said.startswith("The paper’s 6.61% against what a single run like ours would give: shallow ")
    assert "wide), not compatible; deep " in said
    assert said.endswith("wide), compatible.")


def test_below_the_papers_scale_nothing_is_said(world: World) -> None:
    world.write(ERROR_CLAIM)
    world.fill(lambda cell, seed: {"test_error": 0.1 + 0.001 * SPREAD[seed]})
    one = world.report().papers[0].claims[0].expectations[0]
    assert one.verdict.result is not None
    assert one.compatibility is None


def test_orderings_have_no_number_of_their_own(world: World) -> None:
    item = {
        "kind": "ordering", "title": "t", "metric": "err", "arms": ["residual", "plain"], "at_least": 0.0,
        "levels": {"depth": "deep"}, "reported": "3 pp", "role": "decides", "why": "w",
    }  # fmt: skip
    assert told(world, item, 0.066).compatibility is None


# --- the test set


def test_a_values_test_set_is_binomial(world: World) -> None:
    # √(0.066 · 0.934 / 500) = 1.110 points, times 1.96.
    assert told(world, VALUE, 0.066).sampling_note == (
        "The test set of 500 images adds a sampling error of ±2.2 pp (95%) that more seeds do not reduce."
    )


def test_a_contrasts_test_sets_add_up_as_if_apart(world: World) -> None:
    # √(0.0657 · 0.9343 … + 0.02 · 0.98) / √500 · 1.96 = √(0.061644 + 0.0196) / 22.36 · 1.96 = 2.50 points
    assert told(world, GAP, 0.066).sampling_note == (
        "The test set of 500 images adds a sampling error of at most ±2.5 pp (95%) that more seeds do not reduce. "
        "Of one pair of nets it would be ±1.8 pp if the better one failed only where the other fails, too (McNemar); "
        "which images a net fails on is not kept."
    )


def test_ratios_of_errors_have_it_as_a_factor(world: World) -> None:
    item = {
        "kind": "ratio", "title": "t", "metric": "err", "arms": ["plain", "residual"], "at_least": 2.0,
        "levels": {"depth": "deep"}, "role": "decides", "why": "w",
    }  # fmt: skip
    # √((1 − 0.066) / (0.066 · 500) + 0.98 / (0.02 · 500)) · 1.96 = √(0.0283 + 0.098) · 1.96 = 0.697, e^0.697 = 2.0
    said = told(world, item, 0.066, scale=0.0001).sampling_note
    assert said is not None
    assert "at most a factor of 2.0 (95%)" in said


def test_no_error_still_has_a_sampling_error(world: World) -> None:
    said = told(world, VALUE, 0.0, scale=0.0).sampling_note
    assert said is not None
    assert "±0.39 pp" in said, "as for one image of 500: 1.96 · √(0.002 · 0.998 / 500)"


def test_training_errors_have_no_test_set(world: World) -> None:
    world.write(changed(ERROR_CLAIM, metrics__err__of="train_error"))
    world.fill(lambda cell, seed: {"train_error": 0.1 + 0.001 * SPREAD[seed]})
    assert world.report().papers[0].claims[0].expectations[0].sampling_note is None
