"""Intervals against scipy.stats, published data and hand computation."""

import math
import subprocess
import sys

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from repro.stats import Sample, contrast, slope_weights

INF = math.inf
# "Student" (1908), hours of sleep gained by ten patients under two drugs; R ships them as `sleep`.
SLEEP_1 = Sample((0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0))
SLEEP_2 = Sample((1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4))

numbers = st.floats(-1e3, 1e3).map(lambda x: round(x, 3))
cells = st.lists(numbers, min_size=2, max_size=6).map(lambda values: Sample(tuple(values)))


def test_published_welch_interval_of_the_sleep_data():
    # R's documentation of t.test: t = −1.8608, df = 17.776, 95% interval −3.3654832 … 0.2054832
    interval = contrast([SLEEP_1, SLEEP_2], (1, -1), level=0.95)
    assert (interval.low, interval.high) == pytest.approx((-3.3654832, 0.2054832), abs=5e-8)
    assert interval.estimate == pytest.approx(-1.58)
    assert interval.df == pytest.approx(17.776, abs=5e-4)


def test_published_paired_interval_of_the_sleep_data():
    # R, t.test(paired = TRUE): t = −4.0621, df = 9, 95% interval −2.4598858 … −0.7001142
    interval = contrast([SLEEP_1, SLEEP_2], (1, -1), level=0.95, paired=True)
    assert (interval.low, interval.high) == pytest.approx((-2.4598858, -0.7001142), abs=5e-8)
    assert interval.df == 9


def test_a_value_by_hand():
    # mean 2, sd 1, t(2 df, 97.5%) = 4.302653 (any table): 2 ± 4.302653 / √3
    interval = contrast([Sample((1, 2, 3))], (1,), level=0.95)
    assert (interval.low, interval.high) == pytest.approx((2 - 2.484138, 2 + 2.484138), abs=1e-6)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.9833, 0.9979])
def test_values_and_differences_against_scipy(level):
    rng = np.random.default_rng(1)
    a, b = rng.normal(3, 2, 60), rng.normal(1, 2, 55)  # so many that Banerjee's floor lies below
    one, two = Sample(tuple(a)), Sample(tuple(b))
    value = contrast([one], (1,), level=level)
    expected = scipy.stats.ttest_1samp(a, 0).confidence_interval(level)
    assert (value.low, value.high) == pytest.approx(tuple(expected), rel=1e-10)
    difference = contrast([one, two], (1, -1), level=level)
    expected = scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval(level)
    assert (difference.low, difference.high) == pytest.approx(tuple(expected), rel=1e-10)


def test_ratio_is_a_difference_of_logs():
    rng = np.random.default_rng(2)
    a, b = rng.lognormal(3, 0.2, 9), rng.lognormal(1, 0.3, 9)
    ratio = contrast([Sample(tuple(a)), Sample(tuple(b))], (1, -1), level=0.95, log=True)
    expected = scipy.stats.ttest_ind(np.log(a), np.log(b), equal_var=False).confidence_interval(0.95)
    assert (ratio.low, ratio.high) == pytest.approx(tuple(np.exp(expected)))
    assert ratio.estimate == pytest.approx(scipy.stats.gmean(a) / scipy.stats.gmean(b))


def test_gap_of_gaps_by_hand():
    # means 5, 2, 4, 3 → gap 3 − 1 = 2; variances of means 4/4, 1/4, 1/4, 1/4; df = 1.75² / (1/3 + 3 · 1/48) = 7.737
    def four(mean, sd):
        return Sample(tuple(mean + sd * math.sqrt(3) / 2 * z for z in (-1, -1, 1, 1)))

    cells = [four(5, 2), four(2, 1), four(4, 1), four(3, 1)]
    interval = contrast(cells, (1, -1, -1, 1), level=0.95)
    assert interval.estimate == pytest.approx(2)
    assert interval.df == pytest.approx(7.7368, abs=1e-4)
    reach = scipy.stats.t.ppf(0.975, interval.df) * math.sqrt(1.75)
    assert interval.high - 2 == pytest.approx(reach)


def test_banerjee_bounds_only_where_welch_alone_would_not_do():
    # Two cells of three with sd 1: Welch's is √(2/3) · t(4 df, 97.5%) = 0.816497 · 2.776445 and needs no bound.
    one = Sample((-1.0, 0.0, 1.0))
    assert contrast([one, one], (1, -1), level=0.95).high == pytest.approx(2.266958, abs=1e-6)
    # At 99.5% it does: √(2/3) · t(2 df, 99.5%) = 0.816497 · 9.924843, above 0.816497 · t(4 df, 99.75%) = 5.597568.
    assert contrast([one, one], (1, -1), level=0.995).high == pytest.approx(8.103600, abs=1e-5)
    # A third cell makes Welch's worse, so that the bound begins earlier: √(2/3 + 1/12) · t(2 df, 98%) at 98%.
    half = Sample((-0.5, 0.0, 0.5))
    guarded = contrast([one, one, half], (1, -1, 1), level=0.97).high
    assert guarded == pytest.approx(math.sqrt(0.75) * scipy.stats.t.ppf(0.97, 2))


def test_slope_is_the_least_squares_slope():
    depths = (20, 32, 44, 56)
    means = (8.75, 7.51, 7.17, 6.97)
    weights = slope_weights(depths)
    slope = sum(w * m for w, m in zip(weights, means, strict=True))
    assert slope == pytest.approx(np.polyfit(depths, means, 1)[0])
    assert sum(weights) == pytest.approx(0, abs=1e-15)
    for levels in ((), (3,), (3, 3), (1, INF)):
        with pytest.raises(ValueError, match="two different finite levels"):
            slope_weights(levels)


def test_too_few_runs_know_nothing():
    for short in ((), (4.0,)):
        interval = contrast([Sample((1, 2, 3)), Sample(short)], (1, -1), level=0.95)
        assert (interval.low, interval.high) == (-INF, INF)
        assert math.isnan(interval.df)
    assert contrast([Sample((4.0,))], (1,), level=0.95).estimate == 4
    ratio = contrast([Sample((4.0,)), Sample((2.0,))], (1, -1), level=0.95, log=True)
    assert (ratio.estimate, ratio.low, ratio.high) == (pytest.approx(2), 0, INF)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, INF])
def test_ratio_of_what_has_no_logarithm_is_inconclusive(bad):
    ratio = contrast([Sample((1, 2, bad)), Sample((1, 2, 3))], (1, -1), level=0.95, log=True)
    assert (ratio.low, ratio.high) == (0, INF)
    assert math.isnan(ratio.estimate)


def test_values_below_half_a_step_are_no_different_from_zero():
    ratio = contrast([Sample((0.4, 3, 4), (), 1.0), Sample((1, 2, 3))], (1, -1), level=0.95, log=True)
    assert (ratio.low, ratio.high) == (0, INF)


def test_extreme_ratios_do_not_overflow():
    wide = Sample((1e-300, 1e300))
    ratio = contrast([wide, Sample((1, 2))], (1, -1), level=0.999, log=True)
    assert (ratio.low, ratio.high) == (0, INF)


def test_cells_without_weight_are_ignored():
    interval = contrast([Sample((1, 2, 3)), Sample(())], (1, 0), level=0.95)
    assert interval == contrast([Sample((1, 2, 3))], (1,), level=0.95)


def test_ties_by_hand():
    # half a step, and t(2 df) times the step's own sd: 0.5 + 4.302653 · (1/√12) / √3
    tie = contrast([Sample((5, 5, 5), (), 1.0)], (1,), level=0.95)
    assert tie.high - 5 == pytest.approx(0.5 + 4.302653 / 6, abs=1e-6)
    assert tie.low - 5 == pytest.approx(-0.5 - 4.302653 / 6, abs=1e-6)
    exact = contrast([Sample((5, 5, 5))], (1,), level=0.95)
    assert (exact.low, exact.high) == (5, 5)


def test_resolution_widens_by_half_a_step_a_cell():
    a, b = (1.0, 4.0, 9.0), (2.0, 2.0, 5.0)
    for paired in (False, True):
        sharp = contrast([Sample(a), Sample(b)], (1, -2), level=0.95, paired=paired)
        blunt = contrast([Sample(a, (), 0.5), Sample(b, (), 0.1)], (1, -2), level=0.95, paired=paired)
        assert sharp.low - blunt.low == pytest.approx(0.25 + 2 * 0.05)
        assert blunt.high - sharp.high == pytest.approx(0.25 + 2 * 0.05)


def test_resolution_of_a_ratio_acts_on_the_values():
    # ties of 8 ± 0.5 and 2 ± 0.5 with no spread to speak of: the ends lie beyond 7.5/2.5 and 8.5/1.5
    cells = [Sample((8.0,) * 40, (), 1.0), Sample((2.0,) * 40, (), 1.0)]
    ratio = contrast(cells, (1, -1), level=0.5, log=True)
    assert ratio.low < 7.5 / 2.5 < 8.5 / 1.5 < ratio.high
    assert ratio.low == pytest.approx(3, rel=0.03)
    assert ratio.high == pytest.approx(17 / 3, rel=0.03)


def test_censoring_leaves_one_end_open():
    never = Sample((50.0, 60.0, 60.0), (False, True, True))
    soon = Sample((5.0, 6.0, 7.0))
    above = contrast([never, soon], (1, -1), level=0.95)
    below = contrast([soon, never], (1, -1), level=0.95)
    assert (above.bound, above.high) == ("from_below", INF)
    assert (below.bound, below.low) == ("from_above", -INF)
    assert above.low == pytest.approx(-below.high)
    assert above.estimate == pytest.approx(56 + 2 / 3 - 6)
    both = contrast([never, never], (1, -1), level=0.95)
    assert (both.bound, both.low, both.high) == ("both", -INF, INF)
    ratio = contrast([soon, never], (1, -1), level=0.95, log=True)
    assert ratio.low == 0
    assert ratio.estimate == pytest.approx(scipy.stats.gmean((5, 6, 7)) / scipy.stats.gmean((50, 60, 60)))


def test_a_censored_cell_borrows_the_spread_that_the_budget_hides():
    never = Sample((60.0, 60.0, 60.0), (True, True, True))
    soon = Sample((4.0, 6.0, 8.0))
    interval = contrast([never, soon], (1, -1), level=0.95)
    # both cells at sd 2, two degrees of freedom: 54 − 4.302653 · 2 · √(2/3)
    assert interval.low == pytest.approx(54 - 4.302653 * 2 * math.sqrt(2 / 3), abs=1e-5)
    assert interval.df == 2


def test_runs_that_never_arrive_bound_their_mean_by_their_share():
    # three of three beyond 60: with 97.5% confidence at least 0.025^(1/3) = 29.2% of runs are, times are ≥ 0
    never = Sample((60.0, 60.0, 60.0), (True, True, True))
    interval = contrast([never], (1,), level=0.95)
    assert interval.low == pytest.approx(60 * 0.2924018, rel=1e-6)
    assert interval.high == INF
    assert contrast([never], (1,), level=0.95, log=True).low == 0
    assert contrast([never], (-1,), level=0.95).high == pytest.approx(-60 * 0.2924018, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: contrast([Sample((1, 2))], (1, -1), level=0.95), "1 samples with 2 weights"),
        (lambda: contrast([Sample((1, 2))], (0,), level=0.95), "not all 0"),
        (lambda: contrast([Sample((1, 2))], (math.nan,), level=0.95), "finite"),
        (lambda: contrast([Sample((1, 2))], (1,), level=95), "between 0 and 1"),
        (lambda: contrast([Sample((1, 2)), Sample((1,))], (1, -1), level=0.95, paired=True), "same seeds"),
        (lambda: Sample((1, 2), (True,)), "2 values with 1 censoring marks"),
        (lambda: Sample((1, 2), (), -1), "resolution"),
    ],
)
def test_mistakes_of_the_caller(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@given(st.data(), st.booleans(), st.booleans())
def test_the_order_of_seeds_and_cells_changes_nothing(data, log, paired):
    count, runs = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 5))
    values = st.lists(numbers, min_size=runs, max_size=runs)
    marks = st.lists(st.booleans(), min_size=runs, max_size=runs)
    rows = [
        (data.draw(values), data.draw(marks), data.draw(st.sampled_from((0.0, 0.5)))) for _ in range(count)
    ]
    weights = data.draw(st.lists(st.sampled_from((-1.0, 0.5, 2.0)), min_size=count, max_size=count))
    seeds = data.draw(st.permutations(range(runs)))
    order = data.draw(st.permutations(range(count)))

    def estimate(cells, seeds, order):
        samples = [
            Sample(tuple(cells[c][0][s] for s in seeds), tuple(cells[c][1][s] for s in seeds), cells[c][2])
            for c in order
        ]
        return contrast(samples, [weights[c] for c in order], level=0.95, log=log, paired=paired)

    # repr, because nan differs from itself
    assert repr(estimate(rows, seeds, order)) == repr(estimate(rows, range(runs), range(count)))


@given(cells, cells, st.floats(-100, 100), st.floats(0.1, 10))
def test_shift_and_scale(one, two, shift, scale):
    def moved(sample):
        return Sample(tuple(scale * value + shift for value in sample.values))

    value, difference = contrast([one], (1,), level=0.95), contrast([one, two], (1, -1), level=0.95)
    moved_value = contrast([moved(one)], (1,), level=0.95)
    moved_difference = contrast([moved(one), moved(two)], (1, -1), level=0.95)
    assert moved_value.low == pytest.approx(scale * value.low + shift, rel=1e-6, abs=1e-6)
    assert moved_difference.low == pytest.approx(scale * difference.low, rel=1e-6, abs=1e-6)
    assert moved_difference.high == pytest.approx(scale * difference.high, rel=1e-6, abs=1e-6)


@given(cells, cells, st.sampled_from((0.9, 0.95, 0.99)), st.floats(0.0, 5.0))
def test_surer_or_blunter_is_wider(one, two, level, step):
    usual = contrast([one, two], (1, -1), level=level)
    surer = contrast([one, two], (1, -1), level=(1 + level) / 2)
    blunt = contrast([Sample(one.values, (), step), two], (1, -1), level=level)
    slack = 1e-9 * (1 + abs(usual.estimate))
    for wider in (surer, blunt):
        assert wider.low <= usual.low + slack
        assert wider.high >= usual.high - slack


@given(cells, cells)
def test_swapping_arms_mirrors_the_interval(one, two):
    forth, back = (contrast(pair, (1, -1), level=0.95) for pair in ([one, two], [two, one]))
    assert (forth.low, forth.high, forth.df) == (-back.high, -back.low, back.df)


def test_importing_the_room_is_cheap():
    code = "import repro.stats, sys; print(sorted({'numpy', 'scipy', 'pandas', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
