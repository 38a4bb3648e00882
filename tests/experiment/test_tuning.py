"""Learning rates: each cell's own grid, extended at most twice a side, and never judged on its edge."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.claims import Cell, Metric
from repro.claims.schema import Tune
from repro.experiment.tuning import TuningState, grid_of, tune
from repro.spec import RunSpec
from repro.store import RunRecord
from tests.support.helpers import run_record, spec_of

LOSS = Metric(kind="final", of="train_loss")
REACH = Metric(kind="first_reach", of="train_error", at_most=0.25)
GRID = (1.0, 2.0, 4.0)

Landscape = Callable[[float, int], dict[str, Any]]
"""(learning rate, seed) → how that run ends."""


def spec_at(rate: float, decay: float | None, seed: int) -> RunSpec:
    return spec_of(seed=seed, lr=rate, **({} if decay is None else {"weight_decay": decay}))


class Bench:
    """A store in memory: `state` is where tuning stands, `work` carries out what it misses."""

    def __init__(
        self,
        landscape: Landscape,
        metric: Metric = LOSS,
        grid: tuple[float, ...] = GRID,
        seeds: tuple[int, ...] = (1000,),
    ) -> None:
        self.landscape, self.metric, self.grid, self.seeds = landscape, metric, grid, seeds
        self.runs: dict[str, RunRecord] = {}
        self.rounds = 0

    @property
    def state(self) -> TuningState:
        return tune(self.grid, self.seeds, self.metric, spec_at, self.runs.get)

    def work(self) -> TuningState:
        while (state := self.state).state == "pending":
            assert state.missing, "pending means that runs are missing"
            for spec in state.missing:
                assert spec.key not in self.runs, "nothing is asked for twice"
                self.runs[spec.key] = run_record(spec, **self.landscape(spec.recipe.lr, spec.seed))
            self.rounds += 1
        return state


def valley(best: float) -> Landscape:
    """A loss that is smallest at the rate `best`."""
    return lambda rate, seed: {"train_loss": abs(math.log(rate / best)) + 0.01}


def test_at_first_every_rate_and_seed_is_missing() -> None:
    state = Bench(valley(2), seeds=(1000, 1001)).state
    assert state.state == "pending"
    assert [(spec.recipe.lr, spec.seed) for spec in state.missing] == [
        (rate, seed) for rate in GRID for seed in (1000, 1001)
    ]
    assert (state.rates, state.values, state.chosen) == (GRID, (None, None, None), None)
    assert state.at_most == 2 * 2 * 2, "two extensions a side, two seeds each"


def test_half_a_rates_seeds_give_it_no_value() -> None:
    bench = Bench(valley(2), seeds=(1000, 1001))
    bench.runs[spec_at(2.0, None, 1000).key] = run_record(spec_at(2.0, None, 1000), train_loss=0.1)
    state = bench.state
    assert state.values == (None, None, None)
    assert len(state.missing) == 5


def test_the_best_rate_inside_the_grid_is_chosen_at_once() -> None:
    bench = Bench(valley(2))
    state = bench.work()
    assert (state.state, state.chosen, state.rates, bench.rounds) == ("settled", 2.0, GRID, 1)
    assert state.values == pytest.approx((math.log(2) + 0.01, 0.01, math.log(2) + 0.01))
    assert state.missing == ()
    assert state.at_most == 0


@pytest.mark.parametrize(
    ("best", "rates", "chosen", "state", "rounds"),
    [
        (1.0, (0.5, 1.0, 2.0, 4.0), 1.0, "settled", 2),
        (0.5, (0.25, 0.5, 1.0, 2.0, 4.0), 0.5, "settled", 3),
        (0.25, (0.25, 0.5, 1.0, 2.0, 4.0), 0.25, "open", 3),
        (0.01, (0.25, 0.5, 1.0, 2.0, 4.0), 0.25, "open", 3),
        (4.0, (1.0, 2.0, 4.0, 8.0), 4.0, "settled", 2),
        (8.0, (1.0, 2.0, 4.0, 8.0, 16.0), 8.0, "settled", 3),
        (99.0, (1.0, 2.0, 4.0, 8.0, 16.0), 16.0, "open", 3),
    ],
)
def test_a_best_rate_on_the_edge_extends_the_grid_by_its_ratio_at_most_twice(
    best: float, rates: tuple[float, ...], chosen: float, state: str, rounds: int
) -> None:
    bench = Bench(valley(best))
    found = bench.work()
    assert (found.rates, found.chosen, found.state, bench.rounds) == (rates, chosen, state, rounds)
    assert len(bench.runs) == len(rates)


def test_extended_rates_are_the_same_numbers_on_every_machine() -> None:
    state = Bench(valley(1e-9), grid=(0.0005, 0.0015)).work()
    # Six significant digits each: 0.0005² / 0.0015, and that² / 0.0005.
    assert state.rates == (5.55558e-05, 0.000166667, 0.0005, 0.0015)


def test_ties_go_to_the_smaller_rate_and_a_flat_landscape_stays_open() -> None:
    inner = Bench(
        lambda rate, seed: {"train_loss": 0.5 if rate in (2.0, 3.0) else 1.0}, grid=(1.0, 2.0, 3.0, 4.0)
    )
    assert (inner.work().chosen, inner.work().state) == (2.0, "settled")
    flat = Bench(lambda rate, seed: {"train_loss": 0.5}).work()
    assert (flat.state, flat.chosen, flat.rates) == ("open", 0.25, (0.25, 0.5, 1.0, 2.0, 4.0))


def errors(*values: float) -> dict[str, Any]:
    return {"train_error": [0.9, *values]}


def test_where_no_rate_reaches_the_target_the_nearest_is_chosen() -> None:
    ends = {1.0: 0.6, 2.0: 0.4, 4.0: 0.5}
    state = Bench(lambda rate, seed: errors(ends[rate]), REACH).work()
    assert (state.state, state.chosen, state.censored) == ("settled", 2.0, (True, True, True))
    assert state.values == (6.4, 6.4, 6.4), "the budget: 100 steps of 64 images out of 1000"


def test_reaching_the_target_late_beats_not_reaching_it() -> None:
    ends = {1.0: errors(0.5, 0.5, 0.26), 2.0: errors(0.5, 0.5, 0.25), 4.0: errors(0.255, 0.255, 0.255)}
    state = Bench(lambda rate, seed: ends[rate], REACH).work()
    assert (state.chosen, state.censored) == (2.0, (True, False, True))


def test_times_are_averaged_as_logs_and_losses_as_they_are() -> None:
    # Epochs 1 and 4 (mean log 2, mean 2.5) against 2.2 twice.
    at = {(1.0, 1000): 9.0, (2.0, 1000): 1.0, (2.0, 1001): 4.0, (4.0, 1000): 2.2, (4.0, 1001): 2.2}

    def reached(rate: float, seed: int) -> dict[str, Any]:
        epoch = at.get((rate, seed), 9.0)
        return {"train_error": [0.9, 0.25], "epoch": [0.0, epoch], "train_loss": epoch}

    for metric, chosen, value in ((REACH, 2.0, 2.0), (LOSS, 4.0, 2.2)):
        state = Bench(reached, metric, seeds=(1000, 1001), grid=(1.0, 2.0, 4.0, 8.0)).work()
        assert state.chosen == chosen
        assert state.values[state.rates.index(chosen)] == pytest.approx(value)


def test_a_target_that_the_untrained_net_meets_is_no_crash() -> None:
    state = Bench(lambda rate, seed: {"train_error": [0.2, 0.1]}, REACH).work()
    assert set(state.values) == {0.0}


def test_diverged_runs_count_as_chance_and_lose() -> None:
    def run(rate: float, seed: int) -> dict[str, Any]:
        if rate >= 4:
            return {"outcome": "diverged", "train_error": [0.9, 0.0], "train_loss": [2.3, math.nan]}
        return {"train_error": 0.5, "train_loss": 1.0 / rate}

    for metric in (LOSS, Metric(kind="final", of="train_error")):
        state = Bench(run, metric).work()
        assert state.chosen != 4.0
        assert state.values[-1] == pytest.approx(math.log(10) if metric is LOSS else 0.9)


@given(
    st.dictionaries(st.integers(-4, 4), st.floats(0.01, 9), min_size=9, max_size=9),
    st.permutations(GRID),
    st.permutations((1000, 1001)),
)
def test_any_landscape_ends_within_the_bound_and_with_the_best_rate(
    heights: dict[int, float], grid: list[float], seeds: list[int]
) -> None:
    def landscape(rate: float, seed: int) -> dict[str, Any]:
        return {"train_loss": heights[round(math.log2(rate))] * (1 + (seed - 1000) / 10)}

    bench = Bench(landscape, grid=tuple(grid), seeds=tuple(seeds))
    bound = len(bench.state.missing) + bench.state.at_most
    while (state := bench.state).state == "pending":
        assert len(bench.runs) + len(state.missing) + state.at_most <= bound
        bound = len(bench.runs) + len(state.missing) + state.at_most
        for spec in state.missing:
            bench.runs[spec.key] = run_record(spec, **landscape(spec.recipe.lr, spec.seed))
    assert len(bench.runs) <= bound
    assert list(state.rates) == sorted(set(state.rates))
    assert sum(rate < 1 for rate in state.rates) <= 2
    assert sum(rate > 4 for rate in state.rates) <= 2
    assert state.chosen == min(state.rates, key=lambda rate: heights[round(math.log2(rate))])
    assert (state.state == "open") == (state.chosen in (state.rates[0], state.rates[-1]))
    assert state == tune(GRID, (1000, 1001), LOSS, spec_at, bench.runs.get)


def test_a_cell_has_the_grid_of_one_of_its_levels_or_the_common_one() -> None:
    cell = Cell("relu", {"net": "conv3-fc", "era": "2012"}, {})
    assert grid_of(Tune(lr=[0.1, 0.2], by="loss"), cell) == [0.1, 0.2]
    assert grid_of(Tune(lr={"modern": [1.0, 2.0], "2012": [3.0, 4.0]}, by="loss"), cell) == [3.0, 4.0]


@pytest.mark.parametrize(
    ("best_rate", "best_decay", "chosen", "state"),
    [(2.0, 0.1, 0.1, "settled"), (8.0, 0.0, 0.0, "settled"), (0.01, 0.1, 0.0, "open")],
)
def test_rate_and_decay_are_chosen_together(
    best_rate: float, best_decay: float, chosen: float, state: str
) -> None:
    """The better decay wants another rate than the worse one: neither is right by itself."""
    runs: dict[str, RunRecord] = {}

    def height(rate: float, decay: float) -> float:
        off = abs(math.log(rate / (best_rate if decay == best_decay else 2.0)))
        return 1.0 + off + (0.0 if decay == best_decay else 0.5)

    def now() -> TuningState:
        return tune(GRID, (1000,), LOSS, spec_at, runs.get, [0.1, 0.0])

    while (found := now()).state == "pending":
        assert found.chosen is None
        assert found.chosen_decay is None
        for spec in found.missing:
            assert spec.key not in runs
            runs[spec.key] = run_record(spec, train_loss=height(spec.recipe.lr, spec.recipe.weight_decay))
    tried = {
        (spec["recipe"]["lr"], spec["recipe"]["weight_decay"]) for spec in (r.spec for r in runs.values())
    }
    assert tried == set(zip(found.rates, found.decays, strict=True))
    nearest = min(tried, key=lambda pair: height(*pair))
    assert (found.chosen, found.chosen_decay) == nearest
    assert found.chosen_decay == chosen
    # What lies beyond the edge of the other decay's grid might have been better.
    assert found.state == state
