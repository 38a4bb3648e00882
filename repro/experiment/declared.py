"""A command's run as its claim reads it: quantities by the claim's names, shares as fractions.

The store keeps what the command wrote, so that another declaration of a unit needs no run again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from repro.claims import ClaimFile, Metric
from repro.experiment.measures import Measurement, from_history
from repro.store import RunRecord, Store

History = Mapping[str, Sequence[float]]


class DeclaredRuns:
    """The runs of a store as a claim reads them; each is read once."""

    def __init__(self, store: Store, file: ClaimFile) -> None:
        self._store = store
        self._file = file
        self._found: dict[str, RunRecord | None] = {}

    def find(self, key: str) -> RunRecord | None:
        """Return a finished run; None where there is none."""
        if key not in self._found:
            self._found[key] = as_declared(self._store.run(key), self._file)
        return self._found[key]

    def stopped(self, key: str) -> History | None:
        """Return the history of a run that was stopped and can go on; None where there is none."""
        return declared_columns(self._store.stopped(key), self._file)


def as_declared(run: RunRecord | None, file: ClaimFile) -> RunRecord | None:
    """Return a run with the columns that the claim declares; one that was trained here as it is."""
    if run is None or "command" not in run.spec:
        return run
    columns = declared_columns(run.history, file) or {}
    return replace(run, history={name: list(values) for name, values in columns.items()})


def measured_as_declared(
    metric: Metric, run: RunRecord, file: ClaimFile, ends_with: float | None = None
) -> Measurement:
    """Read a metric of a run's history as its claim declares it, with the resolution that it declares."""
    process = file.experiment.process
    if process is None or "command" not in run.spec:
        return from_history(metric, run, ends_with)
    steps = {name: (column.resolution or 0.0) * column.scale for name, column in process.columns.items()}
    declared = as_declared(run, file)
    assert declared is not None
    return from_history(metric, declared, ends_with, steps)


def declared_columns(history: History | None, file: ClaimFile) -> History | None:
    """Return a history with "step", "epoch" and the columns that the claim declares, where it declares any."""
    process = file.experiment.process
    if history is None or process is None:
        return history
    found = {name: history[name] for name in ("step", "epoch")}
    for name, column in process.columns.items():
        written = process.written(name)
        if written in history:
            # By division, so that percent that are written with one digit are the nearest fractions.
            values = [value / 100 if column.unit == "percent" else value for value in history[written]]
            # Written when the claim said otherwise: what is no share is no number of this claim.
            found[name] = [v if not column.share or 0 <= v <= 1 + 1e-9 else math.nan for v in values]
    return found


def have_one_history(runs: Sequence[RunRecord | None]) -> bool:
    """Tell whether several runs, as their claim reads them, are the same to the last digit."""
    there = [run for run in runs if run is not None]
    first = str(dict(there[0].history)) if there else ""  # as text: a value that is no number equals itself
    return len(there) > 1 and all(str(dict(run.history)) == first for run in there)
