"""Samples that do not look normal, against scipy and published critical values."""

import math
from itertools import pairwise

import numpy as np
import pytest
import scipy.stats

from repro.stats import Sample, oddities, rank_estimate


def test_grubbs_critical_values_as_printed():
    # Grubbs & Beck (1972), two-sided 1%: 1.155 for n = 3, 1.764 for n = 5, 2.482 for n = 10.
    for n, printed in ((5, 1.764), (10, 2.482)):
        flat = [(-1.0) ** i for i in range(n - 1)]

        def statistic(x, flat=flat):
            values = np.array([*flat, x])
            return abs(x - values.mean()) / values.std(ddof=1)

        called = [x for x in np.arange(1.0, 40.0, 0.01) if "outlier" in oddities(Sample((*flat, float(x))))]
        assert statistic(called[0]) == pytest.approx(printed, abs=0.005)
        assert all(b - a < 0.011 for a, b in pairwise(called)), "the farther, the more so"


@pytest.mark.parametrize("n", [3, 5, 10])
def test_normal_samples_are_rarely_called_odd(n):
    rng = np.random.default_rng(n)
    called = [bool(oddities(Sample(tuple(runs)))) for runs in rng.standard_normal((4000, n)).tolist()]
    tests = 1 if n < 8 else 2
    assert np.mean(called) <= 0.01 * tests + 3 * math.sqrt(0.01 * tests / 4000)


def test_skewness_is_dagostinos():
    rng = np.random.default_rng(2)
    agree = 0
    for runs in rng.gamma(1.0, 1.0, (300, 20)):
        found = oddities(Sample(tuple(runs.tolist())))
        if "outlier" not in found:
            assert ("skew" in found) == (scipy.stats.skewtest(runs).pvalue < 0.01)
            agree += "skew" in found
    assert agree > 20
    assert oddities(Sample(tuple(rng.gamma(0.2, 1.0, 7).tolist()))) in ([], ["outlier"]), "seven cannot tell"


def test_ties_censoring_and_logs():
    assert oddities(Sample((0.1, 0.1, 0.1))) == ["ties"]
    assert oddities(Sample((0.10, 0.11, 0.12), (), 0.01)) == ["ties"]
    assert oddities(Sample((0.10, 0.11, 0.13), (), 0.01)) == []
    far = (1.0, 1.1, 0.9, 1.05, 60.0)
    assert oddities(Sample(far)) == ["outlier"]
    assert oddities(Sample(far, (False,) * 4 + (True,))) == [], "a censored run is not held against its value"
    assert oddities(Sample((0.0, 1.0, 2.0)), log=True) == []
    assert oddities(Sample((5.0,))) == []


def test_hodges_lehmann():
    # Averages of (1, 2, 9): 1, 1.5, 5, 2, 5.5, 9 → median (2 + 5)/2; of (4,): 4.
    assert rank_estimate([Sample((1.0, 2.0, 9.0)), Sample((4.0,))], (1, -1)) == pytest.approx(-0.5)
    powers = [Sample(tuple(math.exp(x) for x in (1.0, 2.0, 9.0))), Sample((math.exp(4.0),))]
    assert rank_estimate(powers, (1, -1), log=True) == pytest.approx(math.exp(-0.5))
    assert math.isnan(rank_estimate([Sample(())], (1,)))
    assert rank_estimate([Sample((1.0,)), Sample(())], (1, 0)) == 1.0
