"""Recorded results → a value of each metric for each run, and what keeps one from counting."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from repro.claims import Cell, Claim, Metric, Target, cells
from repro.claims.schema_results import Results
from repro.experiment.measures import Measurement, crossing, log10_of_step
from repro.recorded import Recorded, RecordedRun, read_results
from repro.recorded.runs import Gap, Series


@dataclass(frozen=True)
class RecordedValues:
    """What recorded results say of a claim's metrics.

    Attributes:
        results: as they were recorded.
        cells: those of the claim, by address.
        values: (cell, metric) → the run and its value, by seed; NaN where a run has none.
        faults: (cell, metric) → why its values decide nothing, run by run; cells without faults are not there.
        beside: what is odd about runs, and nothing that is judged rests on.
    """

    results: Recorded
    cells: Mapping[str, Cell]
    values: Mapping[tuple[str, str], Sequence[tuple[RecordedRun, Measurement]]] = field(default_factory=dict)
    faults: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    beside: Sequence[str] = ()

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the cell that has the fewest."""
        found = [tuple(run.seed for run in self.results.runs.get(address, ())) for address in self.cells]
        return min(found, key=len, default=())

    @property
    def keys(self) -> list[str]:
        """The keys of all runs, in order of cell and seed."""
        return [run.key for address in self.cells for run in self.results.runs.get(address, ())]

    @property
    def odd(self) -> list[str]:
        """Everything that is odd about runs, once for all metrics; what keeps values from counting comes first."""
        return list(dict.fromkeys([*(one for found in self.faults.values() for one in found), *self.beside]))


def recorded(claim: Claim) -> RecordedValues:
    """Return what the recorded results of a claim say; raises ReproError where they cannot be read."""
    results, file = read_results(claim), claim.base
    assert file.results is not None, "a claim about results"
    reader = _Reader(results, file.results)
    values: dict[tuple[str, str], list[tuple[RecordedRun, Measurement]]] = {}
    faults: dict[tuple[str, str], list[str]] = {}
    by_address = {cell.address: cell for cell in cells(file)}
    for address, cell in by_address.items():
        for name, metric in file.metrics.items():
            if not metric.from_history or (metric.arms is not None and cell.arm not in metric.arms):
                continue
            own = values.setdefault((address, name), [])
            for run in results.runs.get(address, ()):
                own.append((run, reader.measure(metric, run)))
                found = [*reader.faults(metric, run)]
                if found:
                    faults.setdefault((address, name), []).extend(found)
    beside = [
        *reader.beside({fault for found in faults.values() for fault in found}),
        *(text for name, metric in file.metrics.items() for text in reader.apart(metric, name, by_address)),
    ]
    return RecordedValues(results, by_address, values, faults, beside)


class _Reader:
    """Reads metrics of runs, and tells what keeps one from counting."""

    def __init__(self, results: Recorded, about: Results) -> None:
        self.results, self.about = results, about
        series = [(name, one) for run in self._runs() for name, one in run.series.items()]
        self.ends = {name: max(s.steps[-1] for other, s in series if other == name) for name, _ in series}
        """Column → the last step at which any run recorded it."""

    def _runs(self) -> Iterator[RecordedRun]:
        for runs in self.results.runs.values():
            yield from runs

    def measure(self, metric: Metric, run: RecordedRun) -> Measurement:
        """Return a run's value; NaN where it has none."""
        assert metric.of is not None, "a metric of a history"
        series = run.series.get(metric.of)
        if series is None:
            return Measurement(math.nan)
        if metric.kind == "first_reach":
            target = self._target(metric, run)
            if target is None:
                return Measurement(math.nan)
            reached = crossing(target, series.steps, series.values)
            return reached or Measurement(series.steps[-1], censored=True)
        value, step = series.values[_place(metric, series)], self.results.step[metric.of]
        if metric.minus is not None:
            less = run.series.get(metric.minus)
            if less is None:
                return Measurement(math.nan)
            value -= less.values[_place(metric, less)]
            step += self.results.step[metric.minus]
        if metric.transform == "log10":
            value, step = log10_of_step(value, step)
        return Measurement(value, step)

    def _target(self, metric: Metric, run: RecordedRun) -> Target | None:
        """Return the target of a "first_reach"; None where it is not known."""
        if metric.at_most_of is None:
            return metric.target
        address = "/".join([metric.at_most_of, *run.cell.split("/")[1:]])
        theirs = next((one for one in self.results.runs.get(address, ()) if one.seed == run.seed), None)
        last = theirs.series.get(metric.of or "") if theirs is not None else None
        return None if last is None else Target(last.values[-1])

    def faults(self, metric: Metric, run: RecordedRun) -> Iterator[str]:
        """Yield why a run's value does not count."""
        for column in filter(None, (metric.of, metric.minus)):
            yield from self._faults(metric, column, run)

    def _faults(self, metric: Metric, column: str, run: RecordedRun) -> Iterator[str]:
        who = _who(run)
        gaps = {gap.step: gap for gap in run.gaps if gap.column == column}
        series = run.series.get(column)
        if series is None:
            empty = next(iter(gaps.values()), None)
            yield self._told(run, empty) if empty else f"{who}: no {column} was recorded ({run.where})"
            return
        if metric.kind == "first_reach":
            known = self._known(metric, run, series)
            yield from (self._told(run, gap) for gap in gaps.values() if gap.step <= known)
            return
        end = self.ends[column]
        wanted = end if metric.kind == "final" else self._nearest_to(metric.step or 0, run.cell, column)
        last = series.steps[-1]
        after = [gap for step, gap in gaps.items() if last < step <= wanted]
        if after:
            # Its row is there: it did not end, it lacks the number.
            yield self._told(run, after[-1])
        elif last < min(wanted, end) and self.about.ends_early is None:
            ends = f"{who} ends early, at {last:g} of {min(wanted, end):g} {self.about.step_unit}"
            yield f"{ends} ({run.ends})"
        elif metric.kind == "at_step" and last >= wanted and wanted not in series.steps:
            there = gaps.get(wanted)
            yield (
                self._told(run, there)
                if there
                else f"{who}: no {column}{self._at(wanted)}, where other runs of {run.cell} have one ({run.where})"
            )
        else:
            counts = gaps.get(series.steps[_place(metric, series)])
            if counts is not None:
                yield self._told(run, counts)

    def _known(self, metric: Metric, run: RecordedRun, series: Series) -> float:
        """Return the step up to which a value that is no number leaves open when a target was reached.

        A run that ends without numbers has diverged, and never reaches it.
        """
        target = self._target(metric, run)
        points = list(zip(series.steps, series.values, strict=True))
        reached = next((step for step, value in points if target and target.reached(value)), None)
        if reached is not None:
            return reached
        return max((step for step, value in points if math.isfinite(value)), default=-math.inf)

    def _nearest_to(self, step: int, cell: str, column: str) -> float:
        """Return the step nearest to one, of those at which any run of a cell recorded a column."""
        runs = self.results.runs.get(cell, ())
        steps = {at for run in runs if column in run.series for at in run.series[column].steps}
        return min(sorted(steps), key=lambda at: abs(at - step), default=0.0)

    def beside(self, told: set[str]) -> Iterator[str]:
        """Yield where runs have no number, and nothing that is judged rests on it: once for each run and column."""
        for run in self._runs():
            found: dict[tuple[str, str], list[Gap]] = {}
            for gap in run.gaps:
                if self._told(run, gap) not in told:
                    found.setdefault((gap.column, gap.what), []).append(gap)
            for gaps in found.values():
                further = "further step" if len(gaps) == 2 else "further steps"
                more = f", and at {len(gaps) - 1:,} {further}" if len(gaps) > 1 else ""
                yield f"{self._told(run, gaps[0])}{more}; no value that is judged"

    def apart(self, metric: Metric, name: str, addresses: Mapping[str, Cell]) -> Iterator[str]:
        """Say where a metric "at_step" is read at other steps than the one that it names."""
        if metric.kind != "at_step" or metric.of is None:
            return
        read = {address: self._nearest_to(metric.step or 0, address, metric.of) for address in addresses}
        if any(step != metric.step for step in read.values()):
            where = ", ".join(f"{self._at(step).strip()} of {address}" for address, step in read.items())
            yield f"{name} is read {where}: the nearest to {metric.step} that there are"

    def _told(self, run: RecordedRun, gap: Gap) -> str:
        return f"{_who(run)}: {gap.column} is {gap.what}{self._at(gap.step)} ({gap.where})"

    def _at(self, step: float) -> str:
        return f" at {self.about.steps} {step:g}" if self.about.steps is not None else ""


def _who(run: RecordedRun) -> str:
    return f"{run.cell}, seed {run.seed}"


def _place(metric: Metric, series: Series) -> int:
    """Return which value of a series a metric reads."""
    if metric.kind != "at_step":
        return len(series.values) - 1
    return min(range(len(series.steps)), key=lambda place: abs(series.steps[place] - (metric.step or 0)))
