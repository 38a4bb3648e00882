"""Runs → one tidy DataFrame: a row for each claim, cell, seed, metric and moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from repro.claims import Metric
from repro.claims.printed import read_printed
from repro.claims.vocabulary import Moment
from repro.command_spec import trains
from repro.experiment.declared import as_declared, measured_as_declared
from repro.experiment.exact_needs import ExactNeed
from repro.experiment.measures import Measurement, averaged_gain, from_rows
from repro.experiment.readings import reading_of
from repro.experiment.requirements import Need, Requirements
from repro.store import RunRecord, Store

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


def collect(required: Sequence[Requirements], store: Store) -> pd.DataFrame:
    """Return what is there of the measured runs and of the exact numbers; missing runs have no rows."""
    import pandas as pd

    in_order = itemgetter(*COLUMNS)  # a hundred thousand tuples take a quarter of the room of dicts
    rows = [in_order(row) for item in required for row in _rows(item, store)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"censored": bool, "diverged": bool})


def _rows(required: Requirements, store: Store) -> Iterator[dict[str, Any]]:
    for needs in required.measured.values():
        for need in needs:
            run = store.run(need.spec.key)
            if run is not None:
                yield from _of_run(required, need, run, store)
    for exact in required.exact:
        rows = store.reading(exact.reading.key)
        if rows is not None:
            yield _of_exact(required, exact, from_rows(required.claim.base.metrics[exact.metric], rows))
    for name, metric in required.claim.base.metrics.items():
        for row, text in metric.values.items():
            number = read_printed(text)
            assert number is not None, "checked when the file was read"
            head = {"cell": row, "arm": row, "factors": "", "run": ""}
            yield _exact_head(required, name) | head | _fields(Measurement(number.value))


def _of_run(required: Requirements, need: Need, run: RunRecord, store: Store) -> Iterator[dict[str, Any]]:
    head = {
        "claim": required.claim.id,
        "scale": required.scale,
        "cell": need.cell.address,
        "arm": need.cell.arm,
        "factors": ";".join(f"{name}={level}" for name, level in need.cell.levels.items()),
        "seed": need.spec.seed,
        "run": run.key,
    }
    for name, metric in required.file.metrics.items():
        if metric.arms is not None and need.cell.arm not in metric.arms:
            continue
        # Nothing was to be trained where no steps were planned; a net that diverges at once is a result.
        if metric.from_history and trains(need.spec):
            target = _target(required, need, metric, store)
            if target is not None or metric.at_most_of is None:
                measured = measured_as_declared(metric, run, required.file, target)
                yield head | {"metric": name, "moment": "last"} | _fields(measured)
        elif metric.read_by is not None:
            for moment in metric.at:
                found = _from_readings(required, need, metric, moment, store)
                if found is not None:
                    yield head | {"metric": name, "moment": moment} | _fields(found)


def _target(required: Requirements, need: Need, metric: Metric, store: Store) -> float | None:
    """Return what the run of the same levels and seed of the arm `at_most_of` ends with; None where there is none."""
    if metric.at_most_of is None or metric.of is None:
        return None
    address = "/".join([metric.at_most_of, *need.cell.levels.values()])
    place = required.measured[need.cell.address].index(need)
    theirs = required.measured.get(address, ())[place : place + 1]
    run = as_declared(store.run(theirs[0].spec.key), required.file) if theirs else None
    return None if run is None else run.history[metric.of][-1]


def _from_readings(
    required: Requirements, need: Need, metric: Metric, moment: Moment, store: Store
) -> Measurement | None:
    """Return what is read from weights; None where a reading is not there, or a group of runs began before this one."""
    group = required.measured[need.cell.address]
    place = group.index(need)
    members = group[place : place + metric.runs_a_value]
    if place % metric.runs_a_value or len(members) < metric.runs_a_value:
        return None
    moments = [moment] if metric.since is None else [moment, metric.since]
    keys = [reading_of(metric, one.spec, at, required.claim).key for one in members for at in moments]
    rows = [found for key in keys if (found := store.reading(key))]
    if len(rows) < len(keys):
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
