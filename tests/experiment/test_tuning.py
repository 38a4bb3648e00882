"""Learning rates: each cell's own grid, extended at most twice a side, and never judged on its edge."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from repro.claims import Cell, Metric
from repro.claims.schema import Tune
from repro.experiment.measures import from_history
from repro.experiment.racing import Leg
from repro.experiment.tuning import TuningState, grid_of, tune
from repro.spec import RunSpec, Until
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
    """A store in memory: `state` is where tuning stands, `work` carries out what it misses, as far as it is wanted."""

    def __init__(
        self,
        landscape: Landscape,
        metric: Metric = LOSS,
        grid: tuple[float, ...] = GRID,
        seeds: tuple[int, ...] = (1000,),
    ) -> None:
        self.landscape, self.metric, self.grid, self.seeds = landscape, metric, grid, seeds
        self.runs: dict[str, RunRecord] = {}
        self.stopped: dict[str, Mapping[str, list[float]]] = {}
        self.rounds = 0
        self.epochs = 0.0

    @property
    def state(self) -> TuningState:
        return tune(self.grid, self.seeds, self.metric, spec_at, self.runs.get, self.stopped.get)

    def complete(self, spec: RunSpec) -> RunRecord:
        """Return a run as it would end."""
        return run_record(spec, **self.landscape(spec.recipe.lr, spec.seed))

    def carry_out(self, leg: Leg) -> None:
        """Do what the training loop does: go on to the first evaluation that has come far enough, or to the end."""
        key, run = leg.spec.key, self.complete(leg.spec)
        assert key not in self.runs, "nothing is asked for twice"
        rows = [dict(zip(run.history, row, strict=True)) for row in zip(*run.history.values(), strict=True)]
        before = self.stopped[key]["epoch"][-1] if key in self.stopped else 0.0
        end = next((i for i, row in enumerate(rows) if leg.until and leg.until.passed(row)), len(rows) - 1)
        reached = rows[end]["epoch"]
        assert reached > before or end == 0, "every leg goes on"
        self.epochs += reached - before
        if end == len(rows) - 1:
            self.runs[key] = run
            self.stopped.pop(key, None)
        else:
            self.stopped[key] = {name: values[: end + 1] for name, values in run.history.items()}

    def work(self, order: Callable[[Sequence[Leg]], Sequence[Leg]] = list) -> TuningState:
        while (state := self.state).state == "pending":
            assert state.missing, "pending means that runs are missing"
            for leg in order(state.missing):
                self.carry_out(leg)
            self.rounds += 1
        return state


def valley(best: float) -> Landscape:
    """A loss that is smallest at the rate `best`."""
    return lambda rate, seed: {"train_loss": abs(math.log(rate / best)) + 0.01}


def test_at_first_every_rate_and_seed_is_missing() -> None:
    state = Bench(valley(2), seeds=(1000, 1001)).state
    assert state.state == "pending"
    assert [(leg.spec.recipe.lr, leg.spec.seed, leg.until) for leg in state.missing] == [
        (rate, seed, None) for rate in GRID for seed in (1000, 1001)
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
        for leg in state.missing:
            bench.carry_out(leg)
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


def exhaustive(bench: Bench) -> tuple[list[float], float, float]:
    """Tune to the end, without the code under test: the grid, the chosen rate, and the epochs that it takes."""
    grid, sides, epochs = sorted(bench.grid), [0, 0], 0.0
    scores: dict[float, tuple[float, float]] = {}
    while True:
        for rate in [rate for rate in grid if rate not in scores]:
            runs = [bench.complete(spec_at(rate, None, seed)) for seed in bench.seeds]
            found = [from_history(bench.metric, run) for run in runs]
            nearest = [
                run.history["train_error"][-1] if m.censored else 0.25
                for run, m in zip(runs, found, strict=True)
            ]
            logs = [math.log(m.value) if m.value > 0 else -math.inf for m in found]
            scores[rate] = math.exp(sum(logs) / len(logs)), sum(nearest) / len(nearest)
            epochs += sum(run.history["epoch"][-1] for run in runs)
        best = min(grid, key=lambda rate: scores[rate])
        if best == grid[0] and sides[0] < 2:
            grid, sides[0] = [best / 2, *grid], sides[0] + 1
        elif best == grid[-1] and sides[1] < 2:
            grid, sides[1] = [*grid, best * 2], sides[1] + 1
        else:
            return grid, best, epochs


CURVES = st.lists(st.floats(0.0, 0.9), min_size=1, max_size=12)
"""Training errors at epochs 0.5, 1, …; 6.4 epochs are the budget of those that never reach 0.25."""


@settings(
    max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target]
)  # shrinking takes minutes
@given(
    st.dictionaries(st.tuples(st.integers(-2, 4), st.integers(1000, 1002)), CURVES, min_size=21, max_size=21),
    st.integers(1, 3),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_racing_chooses_what_exhaustive_tuning_chooses_in_any_order_of_work(
    curves: dict[tuple[int, int], list[float]], seeds: int, ends_at_target: bool, shuffle: Any
) -> None:
    def landscape(rate: float, seed: int) -> dict[str, Any]:
        errors = [0.9, *curves[round(math.log2(rate)), seed]]
        reached = [i for i, error in enumerate(errors) if error <= 0.25]
        if ends_at_target and reached:
            errors = errors[: reached[0] + 1]
        return {"train_error": errors, "epoch": [i / 2 for i in range(len(errors))]}

    def bench() -> Bench:
        return Bench(landscape, REACH, seeds=tuple(range(1000, 1000 + seeds)))

    raced, one_by_one, shuffled = bench(), bench(), bench()
    state = raced.work()
    grid, chosen, epochs = exhaustive(raced)
    assert list(state.rates) == pytest.approx(grid)
    assert state.chosen == pytest.approx(chosen)
    assert raced.epochs <= epochs
    for rate, value, stopped in zip(state.rates, state.values, state.stopped, strict=True):
        specs = [spec_at(rate, None, seed) for seed in raced.seeds]
        times = [from_history(REACH, raced.complete(spec)).value for spec in specs]
        assert value is not None
        assert not (stopped and rate == state.chosen)
        if stopped:
            # A bound that the rate's mean keeps, and that has lost already.
            assert state.best is not None
            assert state.best < value <= statistics.geometric_mean(times) * (1 + 1e-9)
            assert all(spec.key in raced.stopped or spec.key in raced.runs for spec in specs)
    assert one_by_one.work(lambda legs: legs[:1]) == state
    assert shuffled.work(lambda legs: shuffle.sample(legs, len(legs))) == state
    assert one_by_one.stopped == shuffled.stopped == raced.stopped
    assert one_by_one.runs == shuffled.runs == raced.runs


def falling(to: Mapping[float, float], budget: int = 20) -> Landscape:
    """Training errors that fall in a straight line to 0.25 at the epoch given for a rate, and on; whole epochs."""

    def landscape(rate: float, seed: int) -> dict[str, Any]:
        errors = [max(0.0, 0.9 - 0.65 * epoch / to[rate]) for epoch in range(budget + 1)]
        return {"train_error": errors}

    return landscape


def test_a_rate_that_cannot_win_stops_at_the_first_evaluation_past_the_best_and_the_winner_at_the_target() -> (
    None
):
    bench = Bench(falling({1.0: 5.0, 2.0: 10.0, 4.0: 4.5, 8.0: 18.0}), REACH, grid=(1.0, 2.0, 4.0, 8.0))
    state = bench.work()
    assert (state.chosen, state.state) == (4.0, "settled")
    # 2 first, the lower middle, for 10 epochs; then its neighbours, the smaller first: 1 for 5; 4, nearest to 1 of
    # those left, for 5 until its line has crossed; 8 stops at epoch 5, the first after 4.5.
    assert state.values == pytest.approx((5.0, 10.0, 4.5, 5.0))
    assert state.stopped == (False, False, False, True)
    assert bench.epochs == 10 + 5 + 5 + 5
    assert bench.runs == {}, "no run had to go on to its end"


def test_a_stopped_run_goes_on_where_another_seed_makes_its_rate_good_again() -> None:
    at = {
        (2.0, 1000): 6.0,
        (2.0, 1001): 6.0,
        (1.0, 1000): 2.0,
        (1.0, 1001): 9.0,
        (4.0, 1000): 15.0,
        (4.0, 1001): 15.0,
    }

    def landscape(rate: float, seed: int) -> dict[str, Any]:
        return falling({rate: at.get((rate, seed), 19.0)})(rate, seed)

    bench = Bench(landscape, REACH, seeds=(1000, 1001))
    first = bench.state
    assert [leg.until for leg in first.missing] == [Until("train_error", 0.25)] * 2, (
        "nothing to be held against yet"
    )
    for leg in first.missing:
        bench.carry_out(leg)
    second = bench.state
    assert {leg.spec.recipe.lr for leg in second.missing} == {1.0}
    (leg,) = second.missing
    assert (leg.spec.seed, leg.until and leg.until.epochs) == (1000, pytest.approx(6.0))
    bench.carry_out(leg)
    # It crossed at 2, and √(2·t) exceeds 6 only beyond t = 18: the other one may go on so far, and crosses at 9.
    (leg,) = bench.state.missing
    assert (leg.spec.seed, leg.until and leg.until.epochs) == (1001, pytest.approx(18.0))
    bench.carry_out(leg)
    state = bench.work()
    assert state.values[state.rates.index(1.0)] == pytest.approx(math.sqrt(2 * 9))
    assert state.chosen == 1.0


def test_a_stopped_run_goes_on_where_the_other_seed_turns_out_to_be_fast() -> None:
    at = {1000: 8.0, 1001: 1.5}
    slow = falling({2.0: 6.0})
    bench = Bench(
        lambda rate, seed: slow(rate, seed) if rate == 2.0 else falling({rate: at[seed]})(rate, seed),
        REACH,
        seeds=(1000, 1001),
    )
    asked = []
    while (state := bench.state).state == "pending":
        for leg in state.missing:
            bench.carry_out(leg)
            if leg.spec.recipe.lr == 1.0:
                asked.append((leg.spec.seed, leg.until and leg.until.epochs))
    # Neither may need more than 6; the first has not crossed by then; the second has, at 1.5: √(1.5·24) = 6.
    assert asked == [(1000, pytest.approx(6.0)), (1001, pytest.approx(6.0)), (1000, pytest.approx(24.0))]
    assert state.values[state.rates.index(1.0)] == pytest.approx(math.sqrt(1.5 * 8))


def test_final_criteria_are_not_raced() -> None:
    bench = Bench(lambda rate, seed: {"train_loss": [2.0, 1.0, rate]}, LOSS)
    assert all(leg.until is None for leg in bench.state.missing)
    bench.work()
    assert bench.stopped == {}


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
        return tune(GRID, (1000,), LOSS, spec_at, runs.get, decays=[0.1, 0.0])

    while (found := now()).state == "pending":
        assert found.chosen is None
        assert found.chosen_decay is None
        for leg in found.missing:
            recipe = leg.spec.recipe
            assert leg.spec.key not in runs
            runs[leg.spec.key] = run_record(leg.spec, train_loss=height(recipe.lr, recipe.weight_decay))
    tried = {(run.spec["recipe"]["lr"], run.spec["recipe"]["weight_decay"]) for run in runs.values()}
    assert tried == set(zip(found.rates, found.decays, strict=True))
    nearest = min(tried, key=lambda pair: height(*pair))
    assert (found.chosen, found.chosen_decay) == nearest
    assert found.chosen_decay == chosen
    # What lies beyond the edge of the other decay's grid might have been better.
    assert found.state == state
