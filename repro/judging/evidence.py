"""What the runs say of one comparison, before any level is chosen: its samples, and what keeps it undecided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from repro.claims import Expectation, Metric
from repro.claims.findings import arm_of
from repro.experiment.estimands import Estimand
from repro.experiment.requirements import LEAST_SEEDS, Requirements
from repro.judging.criteria import Criteria, Refutation
from repro.judging.limits import ANY, Limits, limits, possible
from repro.stats import SCREEN, Interval, Region, Sample, Verdict3, clear_of, contrast

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evidence:
    """The samples of one comparison.

    Attributes:
        estimand: what is estimated.
        samples: cell → its runs.
        n: runs in the smallest cell.
        paired: the contrast is taken per seed.
        limits: what the metric can be at least and at most: an error from 0 to 1.
        defined: every value exists on the scale that the estimand works on, so that there is an interval.
        decidable: nothing but the interval keeps the comparison undecided.
        note: what a reader should know of the samples.
        excused: cell → seeds of recorded results that it lacks as declared; cells that lack none are not there.
        runs_a_value: of how many runs each value is made.
    """

    estimand: Estimand
    samples: Mapping[str, Sample]
    n: int
    paired: bool
    limits: Limits
    defined: bool
    decidable: bool
    note: str | None
    excused: Mapping[str, Sequence[int]] = field(default_factory=dict)
    runs_a_value: int = 1

    def interval(self, level: float, against: Region, *, opposed: bool = False) -> Interval:
        """Return the interval at a two-sided level that is held against a region.

        `opposed`: as `stats.opposed` has it of the comparisons that share the level.
        """
        weights = list(self.estimand.weights.values())
        found = contrast(
            [self.samples[address] for address in self.estimand.weights],
            weights,
            level=level,
            log=self.estimand.log,
            paired=self.paired,
            either_side=opposed or len(against.pieces) > 1,
        )
        return found if self.estimand.log or self.limits == ANY else possible(found, weights, self.limits)

    def verdict(self, bars: Criteria, how: Refutation) -> Verdict3:
        """Return the verdict on the comparison, whose interval decides unless something else keeps it open."""
        if not self.decidable:
            return "inconclusive"
        return bars.verdict(self.interval(bars.support_level, bars.supports), self.refutation(bars, how))

    def refutation(self, bars: Criteria, how: Refutation) -> Interval | None:
        """Return the interval that must lie in the refuting region; None where the comparison cannot refute."""
        if how.level is None:
            return None
        return self.interval(how.level, bars.refutes, opposed=how.opposed)

    def clear_of(self, refutes: Region) -> bool:
        """Return whether the comparison is shown to be clear of the refuting region (`stats.rule`)."""
        return self.decidable and clear_of(refutes, self.interval(1 - SCREEN, refutes.complement()))


def evidence(
    estimand: Estimand, expectation: Expectation, required: Requirements, frame: pd.DataFrame
) -> Evidence:
    """Return what the rows of `frame` say of a comparison.

    Nothing is decided where tuning is open, where a value is not defined, below the first look, or on the runs that
    lasted until a moment that others did not reach: those are no fair sample of all.
    """
    chosen = (frame["metric"] == expectation.metric) & (frame["scale"] == required.scale)
    if estimand.moment is not None:
        chosen &= frame["moment"] == estimand.moment
    rows = {address: _by_seed(frame, chosen & (frame["cell"] == address)) for address in estimand.weights}
    samples = {address: sample_of(own) for address, own in rows.items()}
    open_ = _tuning_open(required, estimand.weights)
    faults = [*_faults(required, expectation.metric, estimand), *_not_independent(required, samples)]
    n = min(len(sample.values) for sample in samples.values())
    metric = required.file.metrics[expectation.metric]
    wanted, seeds, first_look = _wanted(required, metric, estimand.weights)
    defined = all(math.isfinite(value) for sample in samples.values() for value in sample.values)
    notes = [*open_, *faults, *_diverged(sum(int(own["diverged"].sum()) for own in rows.values()))]
    if n < wanted:
        notes.append(f"only {n} of {wanted} runs lasted until this moment")
    if not defined and not faults:
        notes.append("a value is not defined (zero on a log scale, or not finite)")
    if estimand.log:
        notes += _zeros(samples)
    if seeds < first_look:
        notes.append(f"nothing is judged on fewer than {first_look} seeds")
    defined = defined and n > 0
    sound = not open_ and not faults
    return Evidence(
        estimand=estimand,
        samples=samples,
        n=n,
        paired=expectation.paired and {len(sample.values) for sample in samples.values()} == {wanted},
        limits=limits(metric),
        defined=defined,
        decidable=defined and sound and n >= wanted and seeds >= first_look,
        note="; ".join(notes) or None,
        excused=_excused(required, samples),
        runs_a_value=metric.runs_a_value,
    )


def _wanted(required: Requirements, metric: Metric, addresses: Iterable[str]) -> tuple[int, int, int]:
    """Return how many values each cell should have, of how many seeds, and the fewest that anything is judged on.

    Of recorded results the cells that are compared count, whatever others have.
    """
    if required.recorded is None:
        seeds = len(required.seeds)
        return seeds // metric.runs_a_value, seeds, required.file.experiment.seeds.looks[0]
    runs = required.recorded.results.runs
    fewest = min(len(runs.get(address, ())) for address in addresses)
    return fewest, fewest, LEAST_SEEDS


def _by_seed(frame: pd.DataFrame, chosen: pd.Series) -> Mapping[str, Any]:
    """Return what a sample is made of, arrays by column, of the chosen rows: frames of them take much longer."""
    where = chosen.to_numpy().nonzero()[0]
    where = where[frame["seed"].to_numpy()[where].argsort(kind="stable")]
    return {name: frame[name].to_numpy()[where] for name in ("value", "censored", "resolution", "diverged")}


def _tuning_open(required: Requirements, addresses: Iterable[str]) -> list[str]:
    """Say of which cells the tuning is open."""
    states = {address: required.tuning.get(address) for address in addresses}
    return [
        f"tuning open: the best learning rate of {address} lies on the edge of its grid"
        for address, state in states.items()
        if state is not None and state.state == "open"
    ]


def _diverged(count: int) -> list[str]:
    """Say how diverged runs count, where there are any."""
    runs = "1 diverged run counts" if count == 1 else f"{count} diverged runs count"
    return [f"{runs} as no better than the worst finished run of the same kind"] if count else []


def _excused(required: Requirements, samples: Mapping[str, Sample]) -> Mapping[str, Sequence[int]]:
    known = required.recorded.results.seeds.excused if required.recorded is not None else {}
    return {address: seeds for address, seeds in known.items() if address in samples}


def _faults(required: Requirements, metric: str, estimand: Estimand) -> list[str]:
    """Return why recorded values do not count: to leave their runs out would choose among them."""
    if required.recorded is None:
        return []
    every = [
        fault for address in estimand.weights for fault in required.recorded.faults.get((address, metric), ())
    ]
    more = [f"and {len(every) - MOST_FAULTS} more like it"] if len(every) > MOST_FAULTS else []
    return [*every[:MOST_FAULTS], *more]


def _not_independent(required: Requirements, samples: Mapping[str, Sample]) -> Iterator[str]:
    """Say of which cells a command's runs are no draws: they are the same one, or end alike as far as can be told."""
    process = required.file.experiment.process
    for address, sample in samples.items():
        if process is None or arm_of(address) in process.deterministic or len(sample.values) < 2:
            continue
        if address in required.alike:
            yield (
                f"all runs of {address} have the same history to the last digit: does the command make use of its "
                f"{{seed}}? (an arm that no seed changes is named in `deterministic`)"
            )
        elif len(set(sample.values)) == 1 and not sample.resolution and not any(sample.censored):
            yield (
                f"all runs of {address} end with the same value, and how fine it can be told is not known: declare "
                "the `resolution` of its column"
            )


MOST_FAULTS = 5
"""Named beside one comparison; more are counted."""


def _zeros(samples: Mapping[str, Sample]) -> Iterator[str]:
    """Say why a ratio is not defined."""
    some = [address for address, sample in samples.items() if 0 in sample.values]
    whole = "all values" if some and not any(any(samples[address].values) for address in some) else "values"
    if some:
        yield f"{whole} of {' and of '.join(some)} are zero: the ratio is not defined"
    coarse = [
        a
        for a, one in samples.items()
        if one.resolution and 0 < min(one.values, default=0.0) <= one.resolution / 2
    ]
    if coarse:
        yield (
            f"values of {' and of '.join(coarse)} are too small to be told from zero, such as a target that the "
            "first row had reached: the ratio is not defined"
        )


def sample_of(rows: pd.DataFrame | Mapping[str, Any]) -> Sample:
    """Return the sample that the rows of one cell, metric and moment are.

    A diverged run is as bad as the worst finished run of its cell, or worse: its error or time is censored there.
    Where no run finished, it is censored at what the frame holds for it, the error of chance or the budget.
    """
    sample = Sample(
        tuple(rows["value"].tolist()),
        tuple(rows["censored"].tolist()),
        float(max(rows["resolution"].tolist(), default=0.0)),
    )
    diverged = rows["diverged"].tolist()
    finished = [value for value, lost in zip(sample.values, diverged, strict=True) if not lost]
    if not any(diverged):
        return sample
    worst = max(finished, default=None)
    return replace(
        sample,
        values=tuple(
            worst if lost and worst is not None else value
            for value, lost in zip(sample.values, diverged, strict=True)
        ),
        censored=tuple(lost or cut for lost, cut in zip(diverged, sample.censored, strict=True)),
    )
