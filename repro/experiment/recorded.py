"""Recorded results → a value of each metric for each run, and what keeps one from counting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from repro.claims import Cell, Claim, Metric, Target, cells
from repro.experiment.measures import Measurement, crossing, log10_of_step
from repro.recorded import Recorded, RecordedRun, read_results
from repro.recorded.runs import Series


@dataclass(frozen=True)
class RecordedValues:
    """What recorded results say of a claim's metrics.

    Attributes:
        results: as they were recorded.
        cells: those of the claim, by address.
        values: (cell, metric) → the run and its value, by seed; NaN where a run has none.
        faults: (cell, metric) → why its values decide nothing, run by run; cells without faults are not there.
    """

    results: Recorded
    cells: Mapping[str, Cell]
    values: Mapping[tuple[str, str], Sequence[tuple[RecordedRun, Measurement]]] = field(default_factory=dict)
    faults: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the cell that has the fewest."""
        found = [tuple(run.seed for run in self.results.runs.get(address, ())) for address in self.cells]
        return min(found, key=len, default=())

    @property
    def keys(self) -> list[str]:
        """The keys of all runs, in order of cell and seed."""
        return [run.key for address in self.cells for run in self.results.runs.get(address, ())]


def recorded(claim: Claim) -> RecordedValues:
    """Return what the recorded results of a claim say; raises ReproError where they cannot be read."""
    results, file = read_results(claim), claim.base
    values: dict[tuple[str, str], list[tuple[RecordedRun, Measurement]]] = {}
    faults: dict[tuple[str, str], list[str]] = {}
    ends = {name: _longest(results, name) for name in file.columns}
    early = file.results is not None and file.results.ends_early is None
    unit = file.results.step_unit if file.results is not None else ""
    by_address = {cell.address: cell for cell in cells(file)}
    for address, cell in by_address.items():
        for name, metric in file.metrics.items():
            if not metric.from_history or (metric.arms is not None and cell.arm not in metric.arms):
                continue
            own = values.setdefault((address, name), [])
            for run in results.runs.get(address, ()):
                own.append((run, _measure(metric, run, results)))
                for column in filter(None, (metric.of, metric.minus)):
                    found = list(_faults(metric, column, run, ends[column] if early else -math.inf, unit))
                    if found:
                        faults.setdefault((address, name), []).extend(found)
    return RecordedValues(results, by_address, values, faults)


def _longest(results: Recorded, column: str) -> float:
    """Return the last step at which any run has recorded a column."""
    found = (run.series.get(column) for runs in results.runs.values() for run in runs)
    return max((one.steps[-1] for one in found if one is not None), default=0.0)


def _faults(metric: Metric, column: str, run: RecordedRun, end: float, unit: str) -> Iterator[str]:
    """Yield why a run's value does not count

    One that ends before its target is reached is censored there, and does.
    """
    who = f"{run.cell}, seed {run.seed}"
    series = run.series.get(column)
    if series is None:
        yield f"{who}: no {column} was recorded"
        return
    if metric.kind == "first_reach":
        return
    place = _nearest(series, metric.step) if metric.kind == "at_step" else len(series.values) - 1
    value = series.values[place]
    if not math.isfinite(value):
        yield f"{who}: {column} is {'NaN' if math.isnan(value) else 'infinite'} at the step that counts"
    wanted = end if metric.kind == "final" else min(end, float(metric.step or 0))
    if series.steps[-1] < wanted:
        yield f"{who} ends early, at {series.steps[-1]:g} of {wanted:g} {unit}"


def _measure(metric: Metric, run: RecordedRun, results: Recorded) -> Measurement:
    assert metric.of is not None, "a metric of a history"
    series = run.series.get(metric.of)
    if series is None:
        return Measurement(math.nan)
    if metric.kind == "first_reach":
        return _first_reach(metric, run, series, results)
    place = _nearest(series, metric.step) if metric.kind == "at_step" else len(series.values) - 1
    value, step = series.values[place], results.step[metric.of]
    if metric.minus is not None:
        less = run.series.get(metric.minus)
        if less is None:
            return Measurement(math.nan)
        other = _nearest(less, metric.step) if metric.kind == "at_step" else len(less.values) - 1
        value, step = value - less.values[other], step + results.step[metric.minus]
    if metric.transform == "log10":
        value, step = log10_of_step(value, step)
    return Measurement(value, step)


def _nearest(series: Series, step: int | None) -> int:
    return min(range(len(series.steps)), key=lambda place: abs(series.steps[place] - (step or 0)))


def _first_reach(metric: Metric, run: RecordedRun, series: Series, results: Recorded) -> Measurement:
    """Return the first step at the target or beyond; the run's last one, censored, where it is not reached."""
    target = metric.target
    if metric.at_most_of is not None:
        address = "/".join([metric.at_most_of, *run.cell.split("/")[1:]])
        theirs = next((one for one in results.runs.get(address, ()) if one.seed == run.seed), None)
        last = theirs.series.get(metric.of or "") if theirs is not None else None
        if last is None:
            return Measurement(math.nan)
        target = Target(last.values[-1])
    assert target is not None, "one of the three is given"
    reached = crossing(target, series.steps, series.values)
    return Measurement(series.steps[-1], censored=True) if reached is None else reached
