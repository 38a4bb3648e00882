"""What the runs say of one comparison, before any level is chosen: its samples, and what keeps it undecided."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from repro.claims import Expectation
from repro.experiment.estimands import Estimand
from repro.experiment.requirements import Requirements
from repro.stats import SCREEN, Interval, Region, Sample, clear_of, contrast

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
        defined: every value exists on the scale that the estimand works on, so that there is an interval.
        decidable: nothing but the interval keeps the comparison undecided.
        note: what a reader should know of the samples.
    """

    estimand: Estimand
    samples: Mapping[str, Sample]
    n: int
    paired: bool
    defined: bool
    decidable: bool
    note: str | None

    def interval(self, level: float, against: Region) -> Interval:
        """Return the interval at a two-sided level that is held against a region."""
        return contrast(
            [self.samples[address] for address in self.estimand.weights],
            list(self.estimand.weights.values()),
            level=level,
            log=self.estimand.log,
            paired=self.paired,
            either_side=len(against.pieces) > 1,
        )

    def clear_of(self, refutes: Region) -> bool:
        """Return whether the comparison is shown to be clear of the refuting region (`stats.rule`)."""
        return self.decidable and clear_of(refutes, self.interval(1 - SCREEN, refutes.complement()))


def evidence(
    estimand: Estimand, expectation: Expectation, item: Requirements, frame: pd.DataFrame
) -> Evidence:
    """Return what the rows of `frame` say of a comparison.

    Nothing is decided where tuning is open, where a value is not defined, below the first look, or on the runs that
    lasted until a moment that others did not reach: those are no fair sample of all.
    """
    chosen = frame[(frame["metric"] == expectation.metric) & (frame["scale"] == item.scale)]
    if estimand.moment is not None:
        chosen = chosen[chosen["moment"] == estimand.moment]
    samples: dict[str, Sample] = {}
    notes: list[str] = []
    diverged, tuned = 0, True
    for address in estimand.weights:
        rows = chosen[chosen["cell"] == address].sort_values("seed")
        samples[address] = sample_of(rows)
        diverged += int(rows["diverged"].sum())
        state = item.tuning.get(address)
        if state is not None and state.state == "open":
            tuned = False
            notes.append(f"tuning open: the best learning rate of {address} lies on the edge of its grid")
    n = min(len(sample.values) for sample in samples.values())
    wanted = len(item.seeds) // item.file.metrics[expectation.metric].runs_a_value
    if diverged:
        runs = "1 diverged run counts" if diverged == 1 else f"{diverged} diverged runs count"
        notes.append(f"{runs} as no better than the worst finished run of the same kind")
    if n < wanted:
        notes.append(f"only {n} of {wanted} runs lasted until this moment")
    undefined = any(not math.isfinite(value) for sample in samples.values() for value in sample.values)
    if undefined:
        notes.append("a value is not defined (zero on a log scale, or not finite)")
    first_look = item.file.experiment.seeds.looks[0]
    if len(item.seeds) < first_look:
        notes.append(f"nothing is judged on fewer than {first_look} seeds")
    defined = not undefined and n > 0
    return Evidence(
        estimand=estimand,
        samples=samples,
        n=n,
        paired=expectation.paired and n == wanted,
        defined=defined,
        decidable=defined and tuned and n >= wanted and len(item.seeds) >= first_look,
        note="; ".join(notes) or None,
    )


def sample_of(rows: pd.DataFrame) -> Sample:
    """Return the sample that the rows of one cell, metric and moment are.

    A diverged run is as bad as the worst finished run of its cell, or worse: its error or time is censored there.
    Where no run finished, it is censored at what the frame holds for it, the error of chance or the budget.
    """
    sample = Sample(
        tuple(rows["value"].tolist()),
        tuple(rows["censored"].tolist()),
        float(rows["resolution"].max() if len(rows) else 0.0),
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
