"""What a claim rests on at a scale: its cells, their runs by seed, the readings taken from them, its tuning.

Pure: the store is read, nothing is carried out. `plan` takes from here what is missing, `metrics` what is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from repro.claims import Cell, Claim, ClaimFile, Metric, by_command, cells, run_spec, until
from repro.claims.schema import Tune
from repro.claims.vocabulary import Moment
from repro.command_spec import AnyRun
from repro.experiment.declared import DeclaredRuns, have_one_history
from repro.experiment.exact_needs import ExactNeed, exact_needs
from repro.experiment.net_check import NetCheck, check_nets
from repro.experiment.readings import readings
from repro.experiment.recorded import RecordedValues, recorded
from repro.experiment.tuning import TuningState, grid_of, tune
from repro.registry import stands_in
from repro.spec import DatasetSpec, ReadingSpec, RunSpec, Until
from repro.store import Store

Purpose = Literal["measure", "tune"]


@dataclass(frozen=True)
class Need:
    """A run that a claim needs.

    Attributes:
        claim, cell: whose.
        purpose: why.
        spec: the run.
        readings: (metric, moment) → the reading to take from it; several metrics may be made of the same.
        until: how far it is needed; None: to its end.
        tried: what a tuning run tries: "lr 0.1".
    """

    claim: str
    cell: Cell
    purpose: Purpose
    spec: AnyRun
    readings: Mapping[tuple[str, Moment], ReadingSpec] = field(default_factory=dict)
    until: Until | None = None
    tried: str = ""


@dataclass(frozen=True)
class Requirements:
    """All that a claim rests on at a scale, as far as it is known now.

    Attributes:
        claim, scale, file: what is judged.
        seeds: the seeds measured.
        tuning: cell address → state, for a claim that tunes.
        needs: measured and tuning runs; measured ones are missing while their cell's tuning is pending, and tuning runs
            that racing does not need now.
        stopped: tuning runs that need not go on.
        exact: numbers computed without training, by the paper's own protocol.
        net_check: whether the claim's nets are the paper's.
        follow: at most so many runs may follow those of `needs` that are not there yet.
        measured: cell address → the measured runs among `needs`, by seed.
        recorded: what was recorded elsewhere, of a claim about results that exist already; it needs no runs.
        alike: cells whose runs, by a command, all have one history although their seeds differ.
    """

    claim: Claim
    scale: str
    file: ClaimFile
    seeds: tuple[int, ...]
    tuning: Mapping[str, TuningState]
    needs: tuple[Need, ...]
    exact: tuple[ExactNeed, ...]
    net_check: NetCheck
    stopped: tuple[Need, ...] = ()
    follow: int = 0
    measured: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    recorded: RecordedValues | None = None
    alike: frozenset[str] = frozenset()

    @property
    def stand_ins(self) -> list[DatasetSpec]:
        """The data sets of the claim's runs that stand in for the paper's, by name."""
        trained = [need.spec for need in self.needs if isinstance(need.spec, RunSpec)]
        found = {spec.dataset.name: spec.dataset for spec in trained}
        return [spec for name, spec in sorted(found.items()) if stands_in(name, spec.fingerprint)]


LEAST_SEEDS = 2
"""Of recorded results: one run has no spread."""


def requirements(
    claim: Claim,
    scale: str,
    store: Store,
    seeds: int | None = None,
    known: Requirements | None = None,
) -> Requirements:
    """Return what `claim` rests on at `scale`.

    Args:
        claim: the claim.
        scale: one that the claim declares, or "exact"; a claim about recorded results is judged at "recorded" scale at
            any other.
        store: where runs may lie already; decides how far tuning has come.
        seeds: how many seeds to measure; None takes the first look.
        known: of the same claim at another look, or of the claim that this one is a variant of, as the store stands:
            what is the same of both is taken from there.
    """
    # Of claims by identity: what is made holds the claim, so that nothing else takes it.
    return store.once(
        ("requirements", id(claim), scale, seeds), lambda: _requirements(claim, scale, store, seeds, known)
    )


def _requirements(
    claim: Claim, scale: str, store: Store, seeds: int | None, known: Requirements | None
) -> Requirements:
    file = claim.at.get(scale, claim.base)
    exact = known.exact if known and known.claim is claim else tuple(exact_needs(claim))
    nets = known.net_check if known and known.claim.base is claim.base else check_nets(claim, store)
    if claim.recorded and scale != "exact":
        return _of_recorded(claim, file, exact, nets)
    count = file.experiment.seeds.looks[0] if seeds is None else seeds
    numbers = tuple(file.experiment.seeds.numbers("", count))
    if scale == "exact" or scale not in claim.at or not _trains(file):
        return Requirements(claim, scale, file, (), {}, (), exact, nets)

    runs = DeclaredRuns(store, file)
    needs: list[Need] = []
    stopped: list[Need] = []
    tuning: dict[str, TuningState] = {}
    measured: dict[str, tuple[Need, ...]] = {}
    alike: set[str] = set()
    follow = 0
    for cell in cells(file):
        state = None
        if file.tune is not None:
            state = tuning[cell.address] = _tuned(claim, file, file.tune, cell, runs)
            tried, left = _tried(claim, file, file.tune, cell, state, runs)
            needs += tried
            stopped += left
            if state.chosen is None:
                follow += state.at_most + len(numbers)
                continue
        specs = _specs(claim, file, cell, _first(claim, scale, cell, state), count)
        own = tuple(_measure(claim, file, cell, specs))
        measured[cell.address] = own
        needs += own
        if by_command(file, cell) and have_one_history([runs.find(spec.key) for spec in specs]):
            alike.add(cell.address)
    return Requirements(
        claim,
        scale,
        file,
        numbers,
        tuning,
        tuple(needs),
        exact,
        nets,
        tuple(stopped),
        follow,
        measured,
        alike=frozenset(alike),
    )


def _of_recorded(claim: Claim, file: ClaimFile, exact: tuple[ExactNeed, ...], nets: NetCheck) -> Requirements:
    """Return what a claim about recorded results rests on: no runs, and as many seeds as there are."""
    values = recorded(claim)
    looks = {"looks": [max(LEAST_SEEDS, len(values.seeds))]}
    seen = file.experiment.model_copy(update={"seeds": file.experiment.seeds.model_copy(update=looks)})
    file = file.model_copy(update={"experiment": seen})
    return Requirements(claim, "recorded", file, values.seeds, {}, (), exact, nets, recorded=values)


def _tuned(claim: Claim, file: ClaimFile, asked: Tune, cell: Cell, runs: DeclaredRuns) -> TuningState:
    """Return where the tuning of a cell stands."""
    metric = file.metrics[asked.by]
    return tune(
        grid_of(asked, cell),
        asked.seeds,
        metric,
        partial(_tuning_spec, file, cell, claim),
        runs.find,
        runs.stopped,
        asked.weight_decay or (None,),
        smaller=_smaller_is_better(file, metric),
    )


def _tried(
    claim: Claim, file: ClaimFile, asked: Tune, cell: Cell, state: TuningState, runs: DeclaredRuns
) -> tuple[list[Need], list[Need]]:
    """Return a cell's tuning runs that are there or needed next, and those that were stopped and need not go on."""
    needs: list[Need] = []
    stopped: list[Need] = []
    wanted = {leg.spec.key: _as_written(file, cell, leg.until) for leg in state.missing}
    for rate, decay in zip(state.rates, state.decays, strict=True):
        tried = f"{asked.what} {rate:g}"
        for seed in asked.seeds:
            spec = _tuning_spec(file, cell, claim, rate, decay, seed)
            if runs.find(spec.key) is not None or spec.key in wanted:
                needs.append(Need(claim.id, cell, "tune", spec, {}, wanted.get(spec.key), tried))
            elif runs.stopped(spec.key) is not None:
                stopped.append(Need(claim.id, cell, "tune", spec, tried=tried))
    return needs, stopped


def _first(claim: Claim, scale: str, cell: Cell, state: TuningState | None) -> AnyRun:
    """Return a run of a cell. What the cell sets is resolved once: its runs differ in nothing but the seed."""
    if state is None:
        return claim.untuned(scale)[cell.address]
    return run_spec(claim.at[scale], cell, 0, claim.names, state.chosen, state.chosen_decay)


def _specs(claim: Claim, file: ClaimFile, cell: Cell, first: AnyRun, count: int) -> list[AnyRun]:
    """Return the runs of a cell, a seed each; of nets that were trained elsewhere, as many as there are."""
    seeds = file.experiment.seeds.numbers(cell.arm, count)
    if file.weights is None:
        return [_with_seed(first, seed) for seed in seeds]
    there = len(file.weights.files.get(cell.address, ()))
    return [run_spec(file, cell, seed, claim.names) for seed in seeds[:there]]


def _with_seed(first: AnyRun, seed: int) -> AnyRun:
    """Return a run of the same cell with another seed; claims and variants of them share most runs, and their keys."""
    known = first.key, seed
    if known not in _RUNS:
        _RUNS[known] = replace(first, seed=seed)
    return _RUNS[known]


_RUNS: dict[tuple[str, int], AnyRun] = {}


def _measure(claim: Claim, file: ClaimFile, cell: Cell, specs: Iterable[AnyRun]) -> Iterator[Need]:
    asked = readings(file, cell, claim)
    return (Need(claim.id, cell, "measure", spec, asked(spec)) for spec in specs)


def _tuning_spec(
    file: ClaimFile, cell: Cell, claim: Claim, lr: float, decay: float | None, seed: int
) -> AnyRun:
    return run_spec(file, cell, seed, claim.names, lr, decay)


def _as_written(file: ClaimFile, cell: Cell, target: Until | None) -> Until | None:
    """Return a target by the name and in the unit in which a cell's command writes what it is of."""
    process = file.experiment.process
    if target is None or process is None or not by_command(file, cell):
        return target
    return until(process, target)


def _smaller_is_better(file: ClaimFile, metric: Metric) -> bool:
    process = file.experiment.process
    column = process.columns.get(metric.of or "") if process is not None else None
    return column is None or column.better == "lower" or metric.kind == "first_reach"


def _trains(file: ClaimFile) -> bool:
    return any(metric.trains for metric in file.metrics.values())
