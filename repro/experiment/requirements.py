"""What a claim rests on at a scale: its cells, their runs by seed, the readings taken from them, its tuning.

Pure: the store is read, nothing is carried out. `plan` takes from here what is missing, `metrics` what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Literal

from repro.claims import Cell, Claim, ClaimFile, Metric, cells, run_spec
from repro.claims.vocabulary import Moment
from repro.experiment.estimands import estimands, otherwise
from repro.experiment.tuning import TuningState, grid_of, tune
from repro.registry import DATASETS, find_formula, find_probe, stands_in
from repro.spec import DatasetSpec, ReadingSpec, RunSpec
from repro.store import RunRecord, Store

Purpose = Literal["measure", "tune"]


@dataclass(frozen=True)
class Need:
    """A run that a claim needs, why, and the readings to take from it."""

    claim: str
    cell: Cell
    purpose: Purpose
    spec: RunSpec
    readings: tuple[ReadingSpec, ...] = ()


@dataclass(frozen=True)
class ExactNeed:
    """A number that is computed without training: a reading of a model as built, or a formula's value.

    `address` is the cell's, or the name of the formula's case; "" for a formula without cases.
    """

    claim: str
    metric: str
    address: str
    cell: Cell | None
    reading: ReadingSpec


@dataclass(frozen=True)
class Requirements:
    """All that a claim rests on at a scale, as far as it is known now.

    Attributes:
        claim, scale, file: what is judged.
        seeds: the seeds measured.
        tuning: cell address → state, for a claim that tunes.
        needs: measured and tuning runs; measured ones are missing while their cell's tuning is pending.
        exact: numbers computed without training, by the paper's own protocol.
        follow: at most so many runs may follow those of `needs` that are not there yet.
    """

    claim: Claim
    scale: str
    file: ClaimFile
    seeds: tuple[int, ...]
    tuning: Mapping[str, TuningState]
    needs: tuple[Need, ...]
    exact: tuple[ExactNeed, ...]
    follow: int = 0
    measured: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)

    @property
    def stand_ins(self) -> list[DatasetSpec]:
        """The data sets of the claim's runs that stand in for the paper's, by name."""
        found = {need.spec.dataset.name: need.spec.dataset for need in self.needs}
        return [spec for name, spec in sorted(found.items()) if stands_in(name, spec.fingerprint)]


def requirements(claim: Claim, scale: str, store: Store, seeds: int | None = None) -> Requirements:
    """Return what `claim` rests on at `scale`.

    Args:
        claim: the claim.
        scale: one that the claim declares, or "exact".
        store: where runs may lie already; decides how far tuning has come.
        seeds: how many seeds to measure; None takes the first look.
    """
    file = claim.at.get(scale, claim.base)
    exact = tuple(_exact(claim))
    count = file.experiment.seeds.looks[0] if seeds is None else seeds
    numbers = tuple(file.experiment.seeds.numbers("", count))
    if scale == "exact" or scale not in claim.at or not _trains(file):
        return Requirements(claim, scale, file, (), {}, (), exact)

    found: dict[str, RunRecord | None] = {}

    def find(key: str) -> RunRecord | None:
        if key not in found:
            found[key] = store.run(key)
        return found[key]

    needs: list[Need] = []
    tuning: dict[str, TuningState] = {}
    measured: dict[str, tuple[Need, ...]] = {}
    follow = 0
    for cell in cells(file):
        rate = decay = None
        if file.tune is not None:
            metric = file.metrics[file.tune.by]
            at = partial(_tuning_spec, file, cell, claim)
            decays = file.tune.weight_decay or None
            state = tune(grid_of(file.tune, cell), file.tune.seeds, metric, at, find, decays)
            tuning[cell.address] = state
            rate, decay = state.chosen, state.chosen_decay
            for lr, its in zip(state.rates, state.decays, strict=True):
                needs += [Need(claim.id, cell, "tune", at(lr, its, seed)) for seed in file.tune.seeds]
            if rate is None:
                follow += state.at_most + len(numbers)
                continue
        # What a cell sets is resolved once: its runs differ in nothing but the seed.
        first = run_spec(file, cell, 0, claim.names, rate, decay)
        specs = [replace(first, seed=seed) for seed in file.experiment.seeds.numbers(cell.arm, count)]
        own = tuple(
            Need(claim.id, cell, "measure", spec, tuple(readings(file, cell, spec, claim))) for spec in specs
        )
        measured[cell.address] = own
        needs += own
    return Requirements(claim, scale, file, numbers, tuning, tuple(needs), exact, follow, measured)


def _tuning_spec(
    file: ClaimFile, cell: Cell, claim: Claim, lr: float, decay: float | None, seed: int
) -> RunSpec:
    return run_spec(file, cell, seed, claim.names, lr, decay)


def _trains(file: ClaimFile) -> bool:
    return any(metric.trains for metric in file.metrics.values())


def readings(file: ClaimFile, cell: Cell, spec: RunSpec, claim: Claim) -> Iterator[ReadingSpec]:
    """Return the readings that the probe metrics of a claim take from one run."""
    for metric in file.metrics.values():
        if metric.read_by is not None and (metric.arms is None or cell.arm in metric.arms):
            for moment in metric.read_at:
                # A run of no steps has nothing but its initial weights.
                if spec.recipe.steps != 0 or moment == "init":
                    yield reading_of(metric, spec, moment, claim)


def reading_of(metric: Metric, spec: RunSpec, moment: Moment, claim: Claim) -> ReadingSpec:
    """Return the reading that a metric takes from a run at a moment."""
    probe = metric.read_by
    assert probe is not None
    entry = find_probe(probe, f"{claim.path}: metrics", claim.names.root)
    options = metric.probe_options
    identity = probe, entry.version, str(sorted(options.items())), spec.key, moment
    if identity not in _READINGS:
        _READINGS[identity] = ReadingSpec(probe, entry.version, options, run=spec, moment=moment)
    return _READINGS[identity]


_READINGS: dict[tuple[str, int | str, str, str, Moment], ReadingSpec] = {}
"""By all that tells them apart: every stage asks for them again, and to hash one for its key takes longer."""


def _exact(claim: Claim) -> Iterator[ExactNeed]:
    """Exact numbers are those of the paper's own protocol, whatever the scale of the rest."""
    file = claim.base
    used = _asked_for(file)
    for name, metric in file.metrics.items():
        if metric.formula is not None:
            entry = find_formula(metric.formula, f"{claim.path}: metrics.{name}", claim.names.root)
            for case in metric.own_cells or ():
                options = metric.options | metric.cases.get(case, {})
                yield ExactNeed(
                    claim.id, name, case, None, ReadingSpec(metric.formula, entry.version, options)
                )
        if metric.kind != "static" or metric.probe is None:
            continue
        options = {"layers": metric.layers} if metric.layers is not None else {}
        for cell in cells(file):
            if (name, cell.address) not in used:
                continue
            reading = static_reading(claim, cell, metric.probe, f"metrics.{name}", options)
            if reading is not None:
                yield ExactNeed(claim.id, name, cell.address, cell, reading)


def _asked_for(file: ClaimFile) -> set[tuple[str, str]]:
    """Return (metric, cell) of every exact number that an expectation, another convention or a table asks for."""
    asked = {
        (metric, address)
        for item in file.expect.values()
        if file.exact(item)
        for metric, parts in [(item.metric, estimands(file, item)), *otherwise(file, item)]
        for part in parts
        for address in part.weights
    }
    rows = ((table, row.cell) for table in file.table.values() for row in table.rows if row.cell)
    return asked | {(metric, cell) for table, cell in rows for metric in table.metrics}


def static_reading(
    claim: Claim, cell: Cell, probe: str, place: str, options: Mapping[str, Any] | None = None
) -> ReadingSpec | None:
    """Return the reading of a cell's net by the paper's own protocol; None where the shape of its data is unknown."""
    spec = run_spec(claim.base, cell, 0, claim.names)
    # The paper's images and classes, even where other data stand in for them.
    data = DATASETS.get(spec.dataset.name) or claim.names.known(spec.dataset.identity)
    in_shape = spec.in_shape(data)
    if in_shape is None or data.classes is None:
        return None
    subject = {"model": asdict(spec.model), "in_shape": list(in_shape), "classes": data.classes}
    entry = find_probe(probe, f"{claim.path}: {place}", claim.names.root)
    return ReadingSpec(probe, entry.version, options or {}, subject=subject)
