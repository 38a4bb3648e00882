"""What there is of what claims rest on, read once: runs → one tidy data frame, and what is not there."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from repro.claims import Cell, Metric
from repro.claims.printed import read_printed
from repro.claims.vocabulary import Moment
from repro.command_spec import trains
from repro.experiment.declared import as_declared, measured_as_declared
from repro.experiment.exact_needs import ExactNeed
from repro.experiment.measures import Measurement, averaged_gain, from_rows
from repro.experiment.recorded import RecordedValues
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


ReadingRows = Sequence[Mapping[str, Any]]


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
        return replace(self, frame=self.frame[self.frame["claim"] == claim])


def collect(required: Sequence[Requirements], store: Store) -> Collected:
    """Read what is there of what claims rest on; what is missing has no rows."""
    import pandas as pd

    absent: dict[str, str | None] = {}
    runs: dict[str, RunRecord] = {}
    readings: dict[str, ReadingRows] = {}
    stopped: dict[str, Checkpoint] = {}
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
    in_order = itemgetter(*COLUMNS)  # a hundred thousand tuples take a quarter of the room of dicts
    lines = [in_order(row) for item in required for row in _rows(item, runs, readings)]
    frame = pd.DataFrame(lines, columns=COLUMNS).astype({"censored": bool, "diverged": bool})
    return Collected(frame, absent, runs, readings, stopped)


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


def _rows(
    required: Requirements, runs: Mapping[str, RunRecord], readings: Mapping[str, ReadingRows]
) -> Iterator[dict[str, Any]]:
    for needs in required.measured.values():
        for need in needs:
            run = runs.get(need.spec.key)
            if run is not None:
                yield from _of_run(required, need, run, runs, readings)
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
            head = {"cell": row, "arm": row, "factors": "", "run": ""}
            yield _exact_head(required, name) | head | _fields(Measurement(number.value))


def _head(required: Requirements, cell: Cell, seed: int, key: str) -> dict[str, Any]:
    return {
        "claim": required.claim.id,
        "scale": required.scale,
        "cell": cell.address,
        "arm": cell.arm,
        "factors": ";".join(f"{name}={level}" for name, level in cell.levels.items()),
        "seed": seed,
        "run": key,
    }


def _of_recorded(required: Requirements, recorded: RecordedValues) -> Iterator[dict[str, Any]]:
    for (address, name), values in recorded.values.items():
        for run, measured in values:
            head = _head(required, recorded.cells[address], run.seed, run.key)
            yield head | {"metric": name, "moment": "last"} | _fields(measured)


def _of_run(
    required: Requirements,
    need: Need,
    run: RunRecord,
    runs: Mapping[str, RunRecord],
    readings: Mapping[str, ReadingRows],
) -> Iterator[dict[str, Any]]:
    head = _head(required, need.cell, need.spec.seed, run.key)
    for name, metric in required.file.metrics.items():
        if metric.arms is not None and need.cell.arm not in metric.arms:
            continue
        # Nothing was to be trained where no steps were planned; a net that diverges at once is a result.
        if metric.from_history and trains(need.spec):
            target = _target(required, need, metric, runs)
            if target is not None or metric.at_most_of is None:
                measured = measured_as_declared(metric, run, required.file, target)
                yield head | {"metric": name, "moment": "last"} | _fields(measured)
        elif metric.read_by is not None:
            for moment in metric.at:
                found = _from_readings(required, need, name, moment, readings)
                if found is not None:
                    yield head | {"metric": name, "moment": moment} | _fields(found)


def _target(
    required: Requirements, need: Need, metric: Metric, runs: Mapping[str, RunRecord]
) -> float | None:
    """Return what the run of the same levels and seed of the arm `at_most_of` ends with; None where there is none."""
    if metric.at_most_of is None or metric.of is None:
        return None
    address = "/".join([metric.at_most_of, *need.cell.levels.values()])
    place = required.measured[need.cell.address].index(need)
    theirs = required.measured.get(address, ())[place : place + 1]
    run = as_declared(runs.get(theirs[0].spec.key), required.file) if theirs else None
    if run is None:
        return None
    values = run.history[metric.of]
    if "command" in run.spec:  # it writes a quantity when it likes
        values = [value for value in values if math.isfinite(value)]
    return values[-1] if values else None


def _from_readings(
    required: Requirements, need: Need, name: str, moment: Moment, readings: Mapping[str, ReadingRows]
) -> Measurement | None:
    """Return what is read from weights; None where a reading is not there, or a group of runs began before this one."""
    metric, group = required.file.metrics[name], required.measured[need.cell.address]
    place = group.index(need)
    members = group[place : place + metric.runs_a_value]
    if place % metric.runs_a_value or len(members) < metric.runs_a_value:
        return None
    moments = [moment] if metric.since is None else [moment, metric.since]
    specs = [one.readings.get((name, at)) for one in members for at in moments]
    rows = [found for spec in specs if spec is not None and (found := readings.get(spec.key))]
    if len(rows) < len(specs):
        return None
    return averaged_gain(rows) if metric.kind == "ensemble" else from_rows(metric, *rows)


def _of_exact(required: Requirements, need: ExactNeed, measured: Measurement) -> dict[str, Any]:
    cell = need.cell
    head = {
        "cell": need.address,
        "arm": cell.arm if cell else need.address,
        "factors": ";".join(f"{name}={level}" for name, level in cell.levels.items()) if cell else "",
        "run": need.reading.key,
    }
    return _exact_head(required, need.metric) | head | _fields(measured)


def _exact_head(required: Requirements, metric: str) -> dict[str, Any]:
    return {"claim": required.claim.id, "scale": "exact", "seed": -1, "metric": metric, "moment": ""}


def _fields(measured: Measurement) -> dict[str, Any]:
    return {
        "value": measured.value,
        "resolution": measured.resolution,
        "censored": measured.censored,
        "diverged": measured.diverged,
    }
