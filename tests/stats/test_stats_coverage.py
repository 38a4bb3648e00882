"""A fast version of `bench.coverage`: the rule keeps its promise on simulated truths, and would be caught if not."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

coverage = pytest.importorskip("bench.coverage", reason="bench/ is part of the checkout, not of the package")
cases = pytest.importorskip("bench.cases")
vectorised = pytest.importorskip("bench.vectorised")

REPS = 2000


def test_the_simulation_computes_what_the_package_computes():
    assert vectorised.agreement(np.random.default_rng(1), 1500) < 1e-10


def test_guaranteed_rates():
    # Few runs are the hard case, and so are the looks that begin with three; bench.coverage measures the others.
    hard = [
        replace(case, sizes=[sizes for sizes in case.sizes if sizes in ((3,), (5,), (3, 5))][:2])
        for case in (*cases.SINGLE, *cases.UNEQUAL_N, *cases.CLAIMS)
    ]
    hard += [replace(case, sizes=[(3,)]) for case in (*cases.NARROW[::3], *cases.APART[::4])]
    hard += [replace(case, sizes=[(3, 5)]) for case in (*cases.JOINT, *cases.SHARING)]
    rng = np.random.default_rng(2)
    rates = [(case, sizes, coverage.errors(case, sizes, REPS, rng)) for case in hard for sizes in case.sizes]
    assert {case.kind.split(",")[0] for case, *_ in rates} >= {
        "value",
        "difference",
        "within ±margin",
        "gap of gaps",
        "ratio",
        "slope over 4",
        "ordering of 3",
        "each of 4",
        "narrow within",
        "narrow outside",
        "12 against one arm",
        "claim of 4 contrasts",
    }
    assert [tried for tried in rates if not coverage.promised(tried[-1], REPS)] == []
    # The rates are those of the design, not zero: an interval far too wide would hold the promise as well.
    assert 0.015 < np.median([false_support for *_, (false_support, _) in rates]) < 0.03


def test_the_power_of_one_value_is_that_of_students_test():
    """Two sds beyond the bar, the 95% interval beyond it: noncentral t."""
    (case,) = (case for case in cases.SINGLE if case.kind == "value")
    for row in coverage.measure([replace(case, sizes=((3,), (5,), (10,)))], REPS, np.random.default_rng(2)):
        (n,) = row.n
        power = stats.nct.sf(stats.t.ppf(0.975, n - 1), n - 1, 2 * n**0.5)
        three_sd = 3 * (power * (1 - power) / REPS) ** 0.5
        assert row.power_support == pytest.approx(power, abs=three_sd)
        assert row.power_refutation == pytest.approx(power, abs=three_sd)


def test_a_broken_rule_is_caught():
    often = [case for case in cases.WITHOUT if case.kind == "difference, looks"]
    alone = [
        case
        for case in cases.WITHOUT
        if case.kind in ("each of 8 gaps, Welch alone", "narrow within, Welch alone")
    ]
    broken = [replace(case, sizes=case.sizes[:1]) for case in (*often, *alone)]
    assert [case.sizes for case in broken] == [(tuple(range(3, 11)),), ((3,),), ((3,),)]
    rng = np.random.default_rng(3)
    for case in broken:
        rates = coverage.errors(case, case.sizes[0], 10 * REPS, rng)
        assert not coverage.promised(rates, 10 * REPS)


def test_resolution_and_censoring_do_not_mislead_where_they_are_declared():
    rows = list(coverage.measure((*cases.TIES, *cases.CENSORED), REPS, np.random.default_rng(4)))
    declared = [row for row in rows if row.kind.endswith("ties") or "1 image" in row.data]
    assert len(declared) == 36
    assert all(max(row.false_support, row.false_refutation) < 0.025 for row in declared)
    ignored = next(row for row in rows if row.data == "Poisson(0.3), resolution ignored")
    assert ignored.false_refutation > 0.3
    # Not covered: an arm that varies fifty times as much as the one whose spread it borrows.
    censored = [row for row in rows if row.kind == "ratio, censored" and "0.01" not in row.data]
    assert all(row.false_support < 0.05 for row in censored)


def test_planned_power_is_delivered():
    for row in coverage.measure_planned(REPS, np.random.default_rng(5)):
        assert row.power == pytest.approx(0.8, abs=0.035)


def test_compatibility_intervals_cover():
    for row in coverage.measure_compatibility(REPS, np.random.default_rng(6)):
        assert row.coverage == pytest.approx(0.95, abs=0.018)
