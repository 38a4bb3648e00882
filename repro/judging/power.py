"""Power of a claim's expectations (`stats.power` applied): what its seeds can resolve, and how many it would need.

Of joint statements it is the whole statement that is to be decided, of regions with two ends both. Only for planning
and reading: spreads are taken from the runs that are there, and nothing here decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repro.experiment.estimands import Estimand, estimands
from repro.experiment.requirements import Requirements
from repro.judging.comparison import Comparison, Place, comparison
from repro.judging.criteria import applicable, criteria, refutations
from repro.judging.evidence import Evidence, evidence
from repro.judging.verdicts import ExpectationVerdict, Result
from repro.stats import (
    fewest,
    likely_effects,
)

if TYPE_CHECKING:
    import pandas as pd

POWER = 0.8
"""Probability of a decision at the detectable distance; the convention of Cohen (1988)."""

MOST = 1000
"""More seeds than anybody trains; beyond, only that much is said."""

Seeds = int | None
"""A number of seeds; None for more than `MOST`."""


@dataclass(frozen=True, slots=True)
class Resolving:
    """What seeds resolve of an expectation. Distances are in the unit of the estimate; of logs for a ratio.

    Attributes:
        label: of the comparison that keeps a joint statement open, or refutes it; "" for an only one.
        n: values in each cell, of a seed each, or of `runs_a_value`.
        log: distances are differences of natural logs.
        detectable: the distance from the bar that n seeds decide with probability `POWER`; infinite where a region
            has two ends and not even its middle is decided. Where `parts` must all hold, each of them needs it.
        distance: of our estimate from the bar that it would have to be clear of; None between the regions.
        between: the whole interval lies between the regions: so, as far as it tells, does the truth, which no number of
            seeds decides.
        needed: values that decide the whole statement at our distances; None where more than `MOST`, or where
            `distance` is None.
        needed_range: as few and as many as that may be, for the spread and the mean come from few runs: in four of
            five cases the true number lies there. None where `distance` is.
        paper_distance, paper_needed, paper_range: the same for the number that the paper reports; None without one.
        result: of the comparison, None where it has not been judged.
        parts: how many comparisons must all be decided; 1 where one refutes the statement.
        observed: runs in the smallest cell, that the spread is of.
        refutes, paper_refutes: the bar is that of the refuting region, for ours and for the paper's number.
    """

    label: str
    n: int
    log: bool
    detectable: float
    distance: float | None
    needed: Seeds
    needed_range: tuple[Seeds, Seeds] | None = None
    paper_distance: float | None = None
    paper_needed: Seeds = None
    paper_range: tuple[Seeds, Seeds] | None = None
    result: Result | None = None
    parts: int = 1
    observed: int = 0
    refutes: bool = False
    paper_refutes: bool = False
    between: bool = False
    runs_a_value: int = 1


def resolving(parts: Sequence[Comparison], n: int, runs_a_value: int = 1) -> Resolving | None:
    """Return what n values a cell resolve of the statement that all comparisons hold; None for no comparison.

    One comparison that refutes settles it; else all must be decided, each with the power of which all of them
    together have `POWER`, as if they were independent. It speaks of the one that settles it least.
    """
    if not parts or n < 2:
        return None
    refuting = [one for one in parts if one.ours is not None and one.ours.refutes]
    # What was judged refuted, before what only seems so.
    refuting = [one for one in refuting if one.result == "refuted"] or refuting
    together = 1 if refuting else len(parts)
    power = POWER ** (1 / together)

    def clearance(one: Comparison) -> float:
        reach = one.detectable(one.ours or one.support, n, power)
        if one.ours is None or math.isinf(reach):
            return 0.0
        return one.ours.distance / reach if reach else math.inf

    chosen = max(refuting, key=clearance) if refuting else min(parts, key=clearance)
    at = parts.index(chosen)
    others = [*parts[:at], *parts[at + 1 :]]
    beside = [(one, one.ours) for one in others] if together > 1 else []
    needed, spread = _seeds(chosen, chosen.ours, beside, known=False)
    alone = chosen.paper is not None and chosen.paper.refutes
    beside = [] if alone else [(one, one.paper) for one in others]
    theirs, paper_spread = _seeds(chosen, chosen.paper, beside, known=True)
    return Resolving(
        label=chosen.label,
        n=n,
        log=chosen.log,
        detectable=chosen.detectable(chosen.ours or chosen.support, n, power),
        distance=chosen.ours.distance if chosen.ours else None,
        needed=needed,
        needed_range=spread,
        paper_distance=chosen.paper.distance if chosen.paper else None,
        paper_needed=theirs,
        paper_range=paper_spread,
        result=chosen.result,
        parts=together,
        observed=chosen.observed,
        refutes=chosen.ours is not None and chosen.ours.refutes,
        paper_refutes=alone,
        between=chosen.between and chosen.ours is None,
        runs_a_value=runs_a_value,
    )


def _seeds(
    chosen: Comparison, place: Place | None, others: Sequence[tuple[Comparison, Place | None]], *, known: bool
) -> tuple[Seeds, tuple[Seeds, Seeds] | None]:
    """Return the seeds that decide a comparison together with others, and as few and as many as that may be."""
    if place is None:
        return None, None
    beside = [(one, at) for one, at in others if at is not None]
    if len(beside) < len(others):
        return None, (None, None)

    def seeds(distance: float) -> Seeds:
        def enough(n: int) -> bool:
            together = chosen.power(place, n, distance) * math.prod(one.power(at, n) for one, at in beside)
            return together >= POWER

        return fewest(enough, MOST, near=chosen.near(place, distance, POWER, MOST))

    low, high = likely_effects(place.distance, chosen.spread, chosen.observed, known=known)
    at_most, at_least = (seeds(end) if end > chosen.spread.slack else None for end in (low, high))
    return seeds(place.distance) if place.distance else None, (at_least, at_most)


def of_verdict(verdict: ExpectationVerdict, required: Requirements, paper: float | None) -> Resolving | None:
    """Return what the seeds of a judged expectation resolve.

    Args:
        verdict: with its evidence.
        required: the claim with the seeds that were judged.
        paper: the paper's number, in the unit of the estimate.
    """
    if verdict.exact or verdict.criteria is None:
        return None
    found = [
        comparison(part.evidence, verdict.criteria, part.how, paper, part.result)
        for part in verdict.parts
        if part.evidence is not None and part.how is not None
    ]
    return _of_seeds(found, required, verdict.expectation.metric)


def foreseen(required: Requirements, name: str, frame: pd.DataFrame, paper: float | None) -> Resolving | None:
    """Return what the planned seeds will resolve, by the spread of the runs of these cells that are there.

    Args:
        required: the claim with the seeds that are planned.
        name: of an expectation that rests on training.
        frame: as `frame.collect` returns it for this claim.
        paper: the paper's number, in the unit of the estimate.
    """
    bars = criteria(required, name)
    sharing = [
        other
        for other in applicable(required)
        if (theirs := criteria(required, other)).statement == bars.statement and theirs.share
    ]
    found: dict[str, list[Evidence]] = {}
    for other in sharing:
        expectation = required.file.expect[other]
        parts: list[Estimand] = estimands(required.file, expectation)
        found[other] = [evidence(part, expectation, required, frame) for part in parts]
    if not found.get(name):
        return None
    how = refutations(
        bars.share,
        {
            other: [
                criteria(required, other).measured(required.file.expect[other], one.estimand) for one in parts
            ]
            for other, parts in found.items()
        },
        {
            other: [one.clear_of(criteria(required, other).refutes) for one in parts]
            for other, parts in found.items()
        },
    )[name]
    judged = [
        comparison(one, bars, own, paper, one.verdict(bars, own) if one.decidable else None)
        for one, own in zip(found[name], how, strict=True)
    ]
    return _of_seeds(judged, required, required.file.expect[name].metric)


def _of_seeds(found: Sequence[Comparison | None], required: Requirements, metric: str) -> Resolving | None:
    """Return what the seeds of a claim resolve, of which several may make one value."""
    runs = required.file.metrics[metric].runs_a_value
    return resolving([one for one in found if one is not None], len(required.seeds) // runs, runs)
