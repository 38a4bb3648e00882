"""Detectable differences, seeds needed, prediction intervals and sampling error."""

import math

import numpy as np
import pytest
import scipy.stats

from repro.stats import (
    Sample,
    best_of_interval,
    binomial_se,
    contrast,
    detectable_difference,
    prediction_interval,
    seeds_needed,
    shared_images_se,
)


def sample_of(mean, sd):
    """Return five runs with exactly this mean and sd."""
    return Sample(tuple(mean + sd * z for z in (-1, -1, 0, 1, 1)))


def test_sample_sizes_that_textbooks_print():
    # Cohen (1988), G*Power: two-sided 5%, power 80%, d = 0.5: 64 a group, 34 for one sample; d = 0.8: 26 and 15
    assert seeds_needed((1, 1), (1, -1), 0.5, level=0.95) == 64
    assert seeds_needed((1,), (1,), 0.5, level=0.95) == 34
    assert seeds_needed((1, 1), (1, -1), -0.8, level=0.95) == 26
    assert seeds_needed((1,), (1,), 0.8, level=0.95) == 15


@pytest.mark.parametrize("n", [2, 3, 5, 20])
@pytest.mark.parametrize("level", [0.95, 1 - 0.05 / 24])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_one_cell_has_the_power_of_the_noncentral_t(n, level, power):
    distance = detectable_difference((2,), (1,), n, level=level, power=power)
    critical = scipy.stats.t.ppf((1 + level) / 2, n - 1)
    assert scipy.stats.nct.sf(critical, n - 1, distance / 2 * math.sqrt(n)) == pytest.approx(power, abs=1e-4)


@pytest.mark.parametrize(("sds", "n"), [((1, 1), 3), ((1, 5), 3), ((1, 1, 1, 1), 3), ((1, 2, 4, 8), 5)])
def test_several_cells_have_the_power_that_simulation_finds(sds, n):
    weights = (1, -1) * (len(sds) // 2)
    distance = detectable_difference(sds, weights, n, level=0.95)
    rng = np.random.default_rng(3)
    runs = np.array(sds)[:, None] * rng.standard_normal((4000, len(sds), n))
    runs[:, 0] += distance
    decided = [
        contrast([Sample(tuple(cell)) for cell in experiment], weights, level=0.95).low >= 0
        for experiment in runs.tolist()
    ]
    assert np.mean(decided) == pytest.approx(0.8, abs=3.5 * math.sqrt(0.8 * 0.2 / 4000))


def test_detectable_difference_of_little_and_of_nothing():
    assert math.isnan(detectable_difference((1,), (1,), 1, level=0.95))
    assert detectable_difference((0, 0), (1, -1), 3, level=0.95) == 0
    assert detectable_difference((0, 0), (1, -1), 3, level=0.95, slack=0.25) == 0.25
    usual = detectable_difference((1, 3), (1, -1), 3, level=0.95)
    assert detectable_difference((1, 3), (1, -1), 3, level=0.95, slack=0.25) == pytest.approx(usual + 0.25)
    assert detectable_difference((3, 1), (1, -1), 3, level=0.95) == usual
    assert detectable_difference((10, 30), (1, -1), 3, level=0.95) == pytest.approx(10 * usual)
    assert detectable_difference((1e-200, 3e-200), (1, -1), 3, level=0.95) == pytest.approx(1e-200 * usual)


def test_more_seeds_resolve_more():
    distances = [detectable_difference((1, 2), (1, -1), n, level=0.983) for n in range(2, 60)]
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize("distance", [0.3, 1.0, 2.5, 40.0])
def test_seeds_needed_is_the_first_that_suffices(distance):
    def detectable(n):
        return detectable_difference((1, 2), (1, -1), n, level=0.95)

    needed = seeds_needed((1, 2), (1, -1), distance, level=0.95)
    assert detectable(needed) <= distance
    assert needed == 2 or detectable(needed - 1) > distance


def test_seeds_that_cannot_be_had():
    assert seeds_needed((1, 1), (1, -1), 0.01, level=0.95) is None
    assert seeds_needed((1, 1), (1, -1), 0.0, level=0.95) is None
    assert seeds_needed((1, 1), (1, -1), 1.0, level=0.95, slack=1.0) is None
    assert seeds_needed((0, 0), (1, -1), 1.0, level=0.95) == 2


def test_prediction_interval_by_hand():
    # mean 2, sd 1, t(2 df) = 4.302653: ± 4.302653 · √(1 + 1/3) for a run, · √(1/5 + 1/3) for the mean of 5
    one = prediction_interval(Sample((1, 2, 3)), level=0.95)
    five = prediction_interval(Sample((1, 2, 3)), level=0.95, m=5)
    assert one.high - 2 == pytest.approx(4.968276, abs=1e-5)
    assert five.high - 2 == pytest.approx(3.142212, abs=1e-5)


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_best_of_one_is_one_run(n):
    sample = Sample(tuple(math.sin(7 * i) for i in range(n)))
    one, best = prediction_interval(sample, level=0.95), best_of_interval(sample, 1, 0.95)
    assert (best.low, best.high) == pytest.approx((one.low, one.high), rel=1e-8)
    assert best.estimate == pytest.approx(one.estimate)


@pytest.mark.parametrize(("n", "k"), [(3, 5), (5, 5), (10, 20)])
def test_best_of_several_against_simulation(n, k):
    rng = np.random.default_rng(4)
    ours = rng.standard_normal((200_000, n))
    pivot = (rng.standard_normal((200_000, k)).min(1) - ours.mean(1)) / ours.std(1, ddof=1)
    sample = Sample(tuple(ours[0]))
    interval = best_of_interval(sample, k, 0.95)
    mean, sd = ours[0].mean(), ours[0].std(ddof=1)
    for quantile, end in ((0.025, interval.low), (0.5, interval.estimate), (0.975, interval.high)):
        error = math.sqrt(quantile * (1 - quantile) / len(pivot))
        assert np.mean(pivot < (end - mean) / sd) == pytest.approx(quantile, abs=3.5 * error)


def test_highest_mirrors_lowest():
    values = (0.91, 0.93, 0.96)
    high = best_of_interval(Sample(values), 5, 0.95, "highest")
    low = best_of_interval(Sample(tuple(-v for v in values)), 5, 0.95)
    assert (high.low, high.high) == pytest.approx((-low.high, -low.low))


def test_compatibility_with_little_or_censored_data():
    for interval in (
        prediction_interval(Sample((1.0,)), level=0.95),
        best_of_interval(Sample(()), 5, 0.95),
        prediction_interval(Sample((1.0, math.nan)), level=0.95),
    ):
        assert (interval.low, interval.high) == (-math.inf, math.inf)
    watched = Sample((50.0, 60.0, 60.0), (False, True, True), 1.0)
    interval = prediction_interval(watched, level=0.95)
    assert (interval.bound, interval.high) == ("from_below", math.inf)
    assert prediction_interval(Sample(watched.values), level=0.95).low - interval.low == pytest.approx(0.5)


def test_sampling_error_of_the_test_set():
    # 6.43% of CIFAR-10's 10,000 test images: √(0.0643 · 0.9357 / 10000) = 0.245 points
    assert binomial_se(0.0643, 10_000) == pytest.approx(0.002453, abs=1e-6)
    assert binomial_se(0.0, 10_000) == 0


@pytest.mark.parametrize(
    "call",
    [
        lambda: binomial_se(6.43, 10_000),
        lambda: binomial_se(0.1, 0),
        lambda: prediction_interval(sample_of(7, 1), level=0.95, m=0),
        lambda: best_of_interval(sample_of(7, 1), 0, 0.95),
        lambda: detectable_difference((1,), (1, -1), 3, level=0.95),
        lambda: detectable_difference((-1,), (1,), 3, level=0.95),
        lambda: detectable_difference((1,), (1,), 3, level=0.95, power=1),
    ],
)
def test_mistakes_of_the_caller(call):
    with pytest.raises(ValueError, match=r"not|with"):
        call()


def test_a_shared_test_set_by_mcnemar():
    # 500 images, 33 and 10 wrong. At best b = 23, c = 0; at worst b = 33, c = 10: √((b + c) − (b − c)²/500)/500.
    low, high = shared_images_se(33 / 500, 10 / 500, 500)
    assert low == pytest.approx(math.sqrt(23 - 23**2 / 500) / 500)
    assert high == pytest.approx(math.sqrt(43 - 23**2 / 500) / 500)
    assert shared_images_se(0.9, 0.8, 100)[1] == pytest.approx(math.sqrt(30 - 10**2 / 100) / 100)
    assert shared_images_se(0.2, 0.2, 100)[0] == 0
    for bad in ((1.1, 0.2, 10), (0.1, -0.2, 10), (0.1, 0.2, 0)):
        with pytest.raises(ValueError, match="fractions of at least one image"):
            shared_images_se(*bad)
