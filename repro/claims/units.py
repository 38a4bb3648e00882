"""Metrics with the units of the quantities that they read, where these were recorded outside of this program."""

from __future__ import annotations

from collections.abc import Mapping

from repro.claims.schema import ClaimFile
from repro.claims.schema_columns import Column
from repro.claims.schema_metrics import Metric


def with_units(file: ClaimFile) -> ClaimFile:
    """Return a claim whose metrics have the units of their columns."""
    columns = file.declared_columns
    if columns is None:
        return file
    process = file.experiment.process
    times = "epochs" if process is not None and process.epoch is not None else "steps"
    if file.results is not None:
        times = file.results.step_unit
    metrics = {name: _with_unit(metric, columns, times) for name, metric in file.metrics.items()}
    return file.model_copy(update={"metrics": metrics})


def _with_unit(metric: Metric, columns: Mapping[str, Column], times: str) -> Metric:
    if metric.kind == "first_reach":
        return metric.model_copy(update={"unit": times})
    column = columns.get(metric.of or "")
    if column is None or not column.share:
        return metric
    return metric.model_copy(update={"unit": "error" if column.better == "lower" else "share"})
