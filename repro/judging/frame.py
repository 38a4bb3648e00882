"""What there is of what claims rest on, read once: runs → one tidy data frame, and what is not there."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

from repro.claims import Cell, Metric
from repro.claims.printed import read_printed
from repro.claims.vocabulary import Moment
from repro.command_spec import trains
from repro.experiment.declared import as_declared, measured_as_declared
from repro.experiment.exact_needs import ExactNeed
from repro.experiment.measures import Measurement
from repro.experiment.recorded import RecordedValues
from repro.experiment.reductions import averaged_gain, from_readings, from_rows
from repro.experiment.requirements import Need, Requirements
from repro.spec import ReadingSpec
from repro.store import Checkpoint, RunRecord, Store

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = [
    "claim",
    "scale",
    "cell",
    "arm",
    "factors",
    "seed",
    "run",
    "metric",
    "moment",
    "value",
    "resolution",
    "censored",
    "diverged",
]
"""`value` is a fraction for errors, epochs for durations; `factors` reads ``depth=deep``; `run` is the key."""


PLACE = ("claim", "scale", "cell", "arm", "factors")
"""The columns that all rows of a cell have in common: a few names, each kept once."""

KINDS = {
    "seed": "int64",
    "run": "str",
    "metric": "category",
    "moment": "category",
    "value": "float64",
    "resolution": "float64",
    "censored": "bool",
    "diverged": "bool",
}
"""Of the other columns."""

ReadingRows = Sequence[Mapping[str, Any]]

Place: TypeAlias = tuple[str, str, str, str, str]
"""The first columns: claim, scale, cell, arm, factors."""

Row: TypeAlias = tuple[int, str, str, str, float, float, bool, bool]
"""The others, from "seed" on."""

Block: TypeAlias = tuple[Place, Sequence[Row]]
"""Rows of one place."""


@dataclass(frozen=True)
class Collected:
    """What there is of what some claims rest on; judging and the report see nothing else of it.

    Attributes:
        frame: a row for each claim, cell, seed, metric and moment that is known, with the columns `COLUMNS`.
        absent: key of each run, reading and exact number that could be there and is not → why it failed, or None.
        runs: key → run that is there.
        readings: key → rows of a reading, or of an exact number, that is there.
        stopped: key → how far a tuning run had come that was stopped since it could no longer win.
    """

    frame: pd.DataFrame
    absent: Mapping[str, str | None] = field(default_factory=dict)
    runs: Mapping[str, RunRecord] = field(default_factory=dict)
    readings: Mapping[str, ReadingRows] = field(default_factory=dict)
    stopped: Mapping[str, Checkpoint] = field(default_factory=dict)

    def rows(self, need: Need, metric: str, moment: Moment) -> ReadingRows | None:
        """Return what a metric's probe read from a run at a moment; None where it was not read."""
        reading = need.readings.get((metric, moment))
        return None if reading is None else self.readings.get(reading.key)

    def of(self, claim: str) -> Collected:
        """Return the same with the rows of one claim only."""
        return replace(self, frame=self._by_claim.get(claim, self.frame[:0]))

    @cached_property
    def _by_claim(self) -> dict[str, pd.DataFrame]:
        return {str(name): rows for name, rows in self.frame.groupby("claim", observed=True)}

    @cached_property
    def exact(self) -> dict[tuple[str, str], float]:
        """(metric, cell) → exact number; of the rows of one claim."""
        rows = self.frame[self.frame["scale"] == "exact"]
        places = zip(rows["metric"], rows["cell"], strict=True)
        # the first of equals
        return dict(reversed([*zip(places, map(float, rows["value"]), strict=True)]))


def collect(required: Sequence[Requirements], store: Store) -> Collected:
    """Read what is there of what claims rest on, as the store stands at one time; what is missing has no rows."""
    absent: dict[str, str | None] = {}
    runs: dict[str, RunRecord] = {}
    readings: dict[str, ReadingRows] = {}
    stopped: dict[str, Checkpoint] = {}
    with store.still():
        for item in required:
            for need in item.needs:
                run = store.run(need.spec.key)
                if run is not None:
                    runs[run.key] = run
                else:
                    absent[need.spec.key] = store.failure(need.spec.key)
            for need in item.stopped:
                newest = store.checkpoints(need.spec.key).newest()
                stopped |= {} if newest is None else {newest.key: newest}
            for reading, to_be_had in _readings(item, runs):
                rows = store.reading(reading.key)
                if rows is not None:
                    readings[reading.key] = rows
                elif to_be_had:
                    absent[reading.key] = store.failure(reading.key)
    blocks = (block for item in required for block in _blocks(item, runs, readings))
    return Collected(_frame(blocks), absent, runs, readings, stopped)


def _frame(blocks: Iterable[Block]) -> pd.DataFrame:
    import pandas as pd

    places: list[Place] = []
    counts: list[int] = []
    rest: list[list[Any]] = [[] for _ in COLUMNS[len(PLACE) :]]
    for place, rows in blocks:
        places.append(place)
        counts.append(len(rows))
        for values, more in zip(rest, zip(*rows, strict=True), strict=False):
            values.extend(more)
    names = zip(*places, strict=True) if places else [()] * len(PLACE)
    columns: dict[str, Any] = {
        name: pd.Categorical(of_blocks).repeat(counts) for name, of_blocks in zip(PLACE, names, strict=True)
    }
    for name, values in zip(COLUMNS[len(PLACE) :], rest, strict=True):
        columns[name] = pd.Series(values, dtype=KINDS[name])
    return pd.DataFrame(columns)


def _readings(required: Requirements, runs: Mapping[str, RunRecord]) -> Iterator[tuple[ReadingSpec, bool]]:
    """Yield each reading that a claim asks for, and whether it is to be had.

    A run that ended early has no weights of later moments: that is no want of a reading.
    """
    for need in required.needs:
        run = runs.get(need.spec.key)
        for (_, moment), reading in need.readings.items():
            yield reading, run is not None and moment in run.weights
    for exact in required.exact:
        yield exact.reading, True


def _blocks(
    required: Requirements, runs: Mapping[str, RunRecord], readings: Mapping[str, ReadingRows]
) -> Iterator[Block]:
    for needs in required.measured.values():
        if needs:
            yield _place(required, needs[0].cell), list(_of_cell(required, needs, runs, readings))
    if required.recorded is not None:
        yield from _of_recorded(required, required.recorded)
    for exact in required.exact:
        rows = readings.get(exact.reading.key)
        if rows is not None:
            yield _of_exact(required, exact, from_rows(required.claim.base.metrics[exact.metric], rows))
    for name, metric in required.claim.base.metrics.items():
        for row, text in metric.values.items():
            number = read_printed(text)
            assert number is not None, "checked when the file was read"
            place = required.claim.id, "exact", row, row, ""
            yield place, [(NO_SEED, "", name, "", *Measurement(number.value))]


NO_SEED = -1
"""Of what no run stands behind."""


def _place(required: Requirements, cell: Cell) -> Place:
    return required.claim.id, required.scale, cell.address, cell.arm, _factors(cell)


def _factors(cell: Cell) -> str:
    return ";".join(f"{name}={level}" for name, level in cell.levels.items())


def _of_recorded(required: Requirements, recorded: RecordedValues) -> Iterator[Block]:
    for (address, name), values in recorded.values.items():
        yield (
            _place(required, recorded.cells[address]),
            [(run.seed, run.key, name, "last", *measured) for run, measured in values],
        )


def _of_cell(
    required: Requirements,
    needs: Sequence[Need],
    runs: Mapping[str, RunRecord],
    readings: Mapping[str, ReadingRows],
) -> Iterator[Row]:
    """Yield what is measured of a cell's runs, one run after the other."""
    arm = needs[0].cell.arm
    columns: list[tuple[str, str, list[Measurement | None]]] = []
    for name, metric in required.file.metrics.items():
        if metric.arms is None or arm in metric.arms:
            if metric.from_history:
                columns.append((name, "last", list(_from_histories(required, metric, needs, runs))))
            for moment in metric.at if metric.read_by is not None else ():
                columns.append((name, moment, _from_readings(metric, name, moment, needs, readings)))
    for place, need in enumerate(needs):
        seed, key = need.spec.seed, need.spec.key
        for name, at, measured in columns if key in runs else ():
            found = measured[place]
            if found is not None:
                yield seed, key, name, at, *found


def _from_histories(
    required: Requirements, metric: Metric, needs: Sequence[Need], runs: Mapping[str, RunRecord]
) -> Iterator[Measurement | None]:
    """Yield what each run's history says; None where it is not there, or what it is held against is not."""
    for place, need in enumerate(needs):
        run = runs.get(need.spec.key)
        # Nothing was to be trained where no steps were planned; a net that diverges at once is a result.
        if run is None or not trains(need.spec):
            yield None
        elif metric.at_most_of is None:
            yield measured_as_declared(metric, run, required.file)
        else:
            target = _target(required, need, place, metric, runs)
            yield None if target is None else measured_as_declared(metric, run, required.file, target)


def _target(
    required: Requirements, need: Need, place: int, metric: Metric, runs: Mapping[str, RunRecord]
) -> float | None:
    """Return what the run of the same levels and seed of the arm `at_most_of` ends with; None where there is none."""
    if metric.at_most_of is None or metric.of is None:
        return None
    address = "/".join([metric.at_most_of, *need.cell.levels.values()])
    theirs = required.measured.get(address, ())[place : place + 1]
    run = as_declared(runs.get(theirs[0].spec.key), required.file) if theirs else None
    if run is None:
        return None
    values = run.history[metric.of]
    if "command" in run.spec:  # it writes a quantity when it likes
        values = [value for value in values if math.isfinite(value)]
    return values[-1] if values else None


def _from_readings(
    metric: Metric,
    name: str,
    moment: Moment,
    needs: Sequence[Need],
    readings: Mapping[str, ReadingRows],
) -> list[Measurement | None]:
    """Return what is read from each run's weights; None where none is there, and for all but a group's first."""
    size = metric.runs_a_value
    moments = (moment,) if metric.since is None else (moment, metric.since)
    specs = [[need.readings.get((name, at)) for at in moments] for need in needs]
    groups: dict[int, list[ReadingRows]] = {}
    for place in range(0, len(needs), size):
        asked = [spec for of_run in specs[place : place + size] for spec in of_run]
        rows = [found for spec in asked if spec is not None and (found := readings.get(spec.key))]
        if len(rows) == size * len(moments):
            groups[place] = rows
    if metric.kind == "ensemble":
        measured = [averaged_gain(rows) for rows in groups.values()]
    else:
        measured = from_readings(metric, *zip(*groups.values(), strict=True)) if groups else []
    by_place = dict(zip(groups, measured, strict=True))
    return [by_place.get(place) for place in range(len(needs))]


def _of_exact(required: Requirements, need: ExactNeed, measured: Measurement) -> Block:
    arm, factors = (need.cell.arm, _factors(need.cell)) if need.cell else (need.address, "")
    place = required.claim.id, "exact", need.address, arm, factors
    return place, [(NO_SEED, need.reading.key, need.metric, "", *measured)]
