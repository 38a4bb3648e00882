"""What a number of seeds can resolve: the distance from a bar that would be decided, and the seeds that ours needs.

Only for planning and reading: spreads are taken from the runs that are there, and nothing here decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.claims import Expectation
from repro.experiment.estimands import Estimand, estimands
from repro.experiment.requirements import Requirements
from repro.judging.criteria import applicable, criteria, refutation_levels
from repro.judging.evidence import sample_of
from repro.judging.verdicts import ExpectationVerdict, Result
from repro.stats import (
    Region,
    Sample,
    contrast,
    detectable_difference,
    judge,
    observed_spread,
    seeds_needed,
)

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.8
"""Probability of a decision at the detectable distance; the convention of Cohen (1988)."""

MOST = 1000
"""More seeds than anybody trains; beyond, only that much is said."""


@dataclass(frozen=True, slots=True)
class Resolving:
    """What seeds resolve in one comparison. Distances are in the unit of the estimate; of logs for a ratio.

    Attributes:
        label: of the comparison, "" for an only one.
        n: seeds in each cell.
        log: distances are differences of natural logs.
        detectable: the distance from the bar that n seeds decide with probability `POWER`.
        distance: of our estimate from the bar that it would have to be clear of; None between the regions,
            where no number of seeds decides.
        needed: seeds that decide that distance; None where more than `MOST`, or where `distance` is None.
        paper_distance, paper_needed: the same for the number that the paper reports; None without one.
        result: of the comparison, None where it has not been judged.
    """

    label: str
    n: int
    log: bool
    detectable: float
    distance: float | None
    needed: int | None
    paper_distance: float | None = None
    paper_needed: int | None = None
    result: Result | None = None

    @property
    def clearance(self) -> float:
        """How far it is from undecided: our distance in detectable distances."""
        if self.distance is None:
            return 0.0
        return self.distance / self.detectable if self.detectable else math.inf


@dataclass(frozen=True, slots=True)
class Bars:
    """The regions of an expectation and the two-sided levels at which an interval must lie inside them."""

    supports: Region
    refutes: Region
    support_level: float
    refutation_level: float

    def inside(self, number: float, log: bool) -> tuple[float, float] | None:
        """Return how far inside a region `number` lies, and at which level that is decided; None between them."""
        for found, level in ((self.supports, self.support_level), (self.refutes, self.refutation_level)):
            for piece in found.pieces:
                if piece.covers(number, number):
                    ends = [end for end in (piece.low, piece.high) if math.isfinite(end)]
                    return min((_apart(number, end, log) for end in ends), default=math.inf), level
        return None


def bars_of(item: Requirements, expectation: Expectation, parts: int) -> Bars:
    """Return the bars of an expectation with so many parts, as `judge_claim` sets them."""
    name = next(name for name, other in item.file.expect.items() if other == expectation)
    bars = criteria(item, name)
    sharing = {
        other: [False] * (parts if other == name else len(estimands(item.file, item.file.expect[other])))
        for other in applicable(item)
        if criteria(item, other).statement == bars.statement and criteria(item, other).share
    }
    level = refutation_levels(bars.share, {name: [False] * parts, **sharing})[name][0]
    return Bars(
        bars.supports, bars.refutes, bars.support_level, bars.support_level if level is None else level
    )


def resolving(
    part: Estimand,
    samples: Mapping[str, Sample],
    n: int,
    bars: Bars,
    *,
    paired: bool = False,
    paper: float | None = None,
    result: Result | None = None,
) -> Resolving | None:
    """Return what n seeds a cell resolve in one comparison; None where the runs do not tell their spread.

    Args:
        part: the comparison.
        samples: cell → the runs that are there, at least two each, none censored.
        n: seeds a cell that are judged, or planned.
        bars: what decides.
        paired: the cells share seeds.
        paper: the paper's number, in the unit of the estimate.
        result: of the comparison, where it has been judged.
    """
    cells, weights = [samples[address] for address in part.weights], list(part.weights.values())
    spread = observed_spread(cells, weights, log=part.log, paired=paired)
    if spread is None or n < 2:
        return None

    def needed(distance: float, level: float) -> int | None:
        return seeds_needed(
            spread.sds, spread.weights, distance, level=level, power=POWER, most=MOST, slack=spread.slack
        )

    ours = contrast(cells, weights, level=bars.support_level, log=part.log)
    found = bars.inside(ours.estimate, part.log)
    theirs = None if paper is None or (part.log and paper <= 0) else bars.inside(paper, part.log)
    if any(place is not None and not math.isfinite(place[0]) for place in (found, theirs)):
        return None
    level = found[1] if found else bars.support_level
    return Resolving(
        label=part.label,
        n=n,
        log=part.log,
        detectable=detectable_difference(
            spread.sds, spread.weights, n, level=level, power=POWER, slack=spread.slack
        ),
        distance=found[0] if found else None,
        needed=needed(*found) if found else None,
        paper_distance=theirs[0] if theirs else None,
        paper_needed=needed(*theirs) if theirs else None,
        result=result,
    )


def of_verdict(verdict: ExpectationVerdict, item: Requirements, paper: float | None) -> Resolving | None:
    """Return what the seeds of a judged expectation resolve; of a joint one, in the part that settles it least.

    Where one comparison refutes a joint statement, that is the clearest of those that do; else it is the part
    farthest from decided.
    """
    if verdict.exact or not verdict.parts:
        return None
    bars = bars_of(item, verdict.item, len(verdict.parts))
    found = [
        resolving(
            part.estimand,
            part.samples,
            part.n,
            bars,
            paired=verdict.item.paired,
            paper=paper,
            result=part.result,
        )
        for part in verdict.parts
        if part.samples
    ]
    return _settling([one for one in found if one is not None], verdict.result)


def foreseen(item: Requirements, name: str, frame: pd.DataFrame, paper: float | None) -> Resolving | None:
    """Return what the planned seeds will resolve, by the spread of the runs of these cells that are there.

    Args:
        item: the claim with the seeds that are planned.
        name: of an expectation that rests on training.
        frame: as `metrics.collect` returns it for this claim.
        paper: the paper's number, in the unit of the estimate.
    """
    expectation = item.file.expect[name]
    parts = estimands(item.file, expectation)
    if item.file.exact(expectation) or not parts:
        return None
    bars = bars_of(item, expectation, len(parts))
    here = frame[(frame["metric"] == expectation.metric) & (frame["scale"] == item.scale)]
    found = []
    for part in parts:
        rows = here if part.moment is None else here[here["moment"] == part.moment]
        samples = {
            address: sample_of(rows[rows["cell"] == address].sort_values("seed")) for address in part.weights
        }
        there = min(len(sample.values) for sample in samples.values()) >= len(item.seeds)
        result = _judged(part, samples, bars, expectation.paired) if there else None
        found.append(
            resolving(
                part,
                samples,
                len(item.seeds),
                bars,
                paired=expectation.paired,
                paper=paper,
                result=result,
            )
        )
    known = [one for one in found if one is not None]
    refuted = any(one.result == "refuted" for one in known)
    return _settling(known, "refuted" if refuted else None)


def _judged(part: Estimand, samples: Mapping[str, Sample], bars: Bars, paired: bool) -> Result:
    cells, weights = [samples[address] for address in part.weights], list(part.weights.values())
    support, refutation = (
        contrast(cells, weights, level=level, log=part.log, paired=paired)
        for level in (bars.support_level, bars.refutation_level)
    )
    return judge(support, refutation, bars.supports, bars.refutes)


def _settling(found: Sequence[Resolving], result: Result | None) -> Resolving | None:
    refuted = [one for one in found if one.result == "refuted"]
    if result == "refuted" and refuted:
        return max(refuted, key=lambda one: one.clearance)
    return min(found, key=lambda one: one.clearance, default=None)


def _apart(one: float, other: float, log: bool) -> float:
    if not log:
        return abs(one - other)
    return abs(math.log(one) - math.log(other)) if one > 0 and other > 0 else math.inf
