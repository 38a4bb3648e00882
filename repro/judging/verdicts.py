"""Evidence against regions → verdicts (DESIGN §4).

One rule: the two-sided 95% interval inside the supporting region supports, a stricter one inside the refuting region
refutes, anything else is inconclusive. Stricter, because any one of a claim's comparisons refutes it while all must
support it: see `stats.levels`. Pending and failed runs never count against a claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from repro.claims import SCALES, Expectation, below
from repro.claims.schema import Bounds
from repro.experiment.estimands import Estimand, estimands
from repro.experiment.net_check import check_nets
from repro.experiment.requirements import Requirements
from repro.judging.exact import OtherNumber, exact_number, other_numbers, own_bounds
from repro.judging.missing import missing_data
from repro.stats import Interval, Region, Sample, contrast, joint, judge, levels
from repro.store import Store

if TYPE_CHECKING:
    import pandas as pd

Result = Literal["supported", "refuted", "inconclusive"]
Status = Literal["complete", "pending", "failed"]

ALPHA = 0.05
"""Two-sided: an interval inside a region is wrong about its side at most this often."""


@dataclass(frozen=True)
class PartVerdict:
    """One estimand, judged.

    `interval` is at the level of support, `refutation` at the stricter level of refutation (None where nothing was
    estimated). `absent` are the keys of runs and readings that are awaited. `needs` is the supporting region of the part,
    where each has its own.
    """

    estimand: Estimand
    samples: Mapping[str, Sample]
    interval: Interval | None
    result: Result | None
    n: int
    note: str | None = None
    refutation: Interval | None = None
    absent: frozenset[str] = frozenset()
    needs: Bounds | None = None

    @property
    def exact(self) -> bool:
        """Whether it is a number that was computed without training, and so has no interval."""
        return self.interval is not None and self.interval.level == 1.0


@dataclass(frozen=True)
class ExpectationVerdict:
    """An expectation, judged; `result` is None where it was not (yet), and `note` says why.

    `exact`: it needs no training. `otherwise`: what other conventions of counting give.
    """

    id: str
    item: Expectation
    parts: tuple[PartVerdict, ...]
    result: Result | None
    status: Status
    own_scale: str
    note: str | None = None
    exact: bool = False
    otherwise: tuple[OtherNumber, ...] = ()


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim, judged.

    `capped`: the result is of a lesser scale than the claim's own. `barred`: why nothing is trained for it.
    """

    claim: str
    scale: str
    expectations: tuple[ExpectationVerdict, ...]
    result: Result | None
    status: Status
    capped: bool
    barred: str | None = None


def judge_claim(item: Requirements, frame: pd.DataFrame, store: Store) -> ClaimVerdict:
    """Judge every expectation of a claim that its scale lets judge, and the claim.

    Any deciding expectation refuted (at the level divided by their number) refutes the claim; all supported
    support it; else it is inconclusive. Where deciding expectations need runs that this scale does not have
    (at the exact scale), the others can refute the claim but not support it. A claim whose nets are not the paper's
    (see net_check.py) is failed.
    """
    here = frame[frame["claim"] == item.claim.id]
    barred = check_nets(item.claim, store).barred
    judgeable = applicable(item)
    deciding = sum(expectation.role == "decides" for expectation in judgeable.values())
    judged = tuple(
        _expectation(name, expectation, item, here, store, deciding, barred)
        if name in judgeable
        else _not_here(name, expectation, item)
        for name, expectation in item.file.expect.items()
    )
    deciders = [e for e in judged if e.item.role == "decides" and e.id in judgeable]
    left_out = [e for e in judged if e.item.role == "decides" and e.id not in judgeable]
    untrained = any(not below(item.scale, e.item.from_scale or "exact") for e in left_out)
    status = _status([e.status for e in deciders])
    results = [e.result for e in deciders]
    refuters = [e for e in deciders if e.result == "refuted"]
    result: Result | None
    if barred is not None:
        # What is not the paper's net says nothing of the paper, not even by exact arithmetic.
        result, status = None, "failed"
    elif refuters:
        result = "refuted"
    elif not results or None in results or untrained:
        result = None
    else:
        result = joint([r for r in results if r is not None])
    # What exact arithmetic alone decides stands at every scale; everything else is capped by the scale.
    if refuters:
        exact = any(e.exact for e in refuters)
    else:
        exact = not left_out and all(e.exact for e in deciders)
    capped = below(item.scale, "paper") and not exact
    return ClaimVerdict(item.claim.id, item.scale, judged, result, status, capped, barred)


def applicable(item: Requirements) -> dict[str, Expectation]:
    """Return the expectations that a claim's scale lets judge; the level of refutation rests on their number."""
    return {
        name: expectation
        for name, expectation in item.file.expect.items()
        if not below(item.scale, expectation.from_scale or "exact")
        and (item.file.exact(expectation) or item.measured or item.tuning or _awaited(expectation, item))
    }


def _awaited(expectation: Expectation, item: Requirements) -> bool:
    """Whether it could be judged here if somebody brought what it needs."""
    return item.scale == "paper" and item.file.metrics[expectation.metric].kind == "awaited"


def _status(statuses: Sequence[Status]) -> Status:
    """Nothing to be judged awaits nothing: it is complete, without a result."""
    if "failed" in statuses:
        return "failed"
    return "pending" if "pending" in statuses else "complete"


def _not_here(name: str, expectation: Expectation, item: Requirements) -> ExpectationVerdict:
    own = expectation.from_scale or "paper"
    declared = [scale for scale in SCALES if scale in item.claim.at and scale != "exact"]
    # Without a scale of its own it is judged, in capped words, from the first one that trains anything.
    first = next((scale for scale in declared if not below(scale, expectation.from_scale or "exact")), own)
    note = (
        f"judged from the {first} scale on"
        if below(item.scale, first)
        else f"the claim does not declare the {item.scale} scale"
    )
    why = item.claim.base.cannot_decide.get(item.scale)
    if why is not None:
        note = f"{note}: {why[:1].lower()}{why[1:]}".removesuffix(".")
    return ExpectationVerdict(name, expectation, (), None, "complete", own, note)


def _expectation(
    name: str,
    expectation: Expectation,
    item: Requirements,
    frame: pd.DataFrame,
    store: Store,
    deciding: int,
    barred: str | None,
) -> ExpectationVerdict:
    exact = item.file.exact(expectation)
    file = item.claim.base if exact else item.file
    expectation = file.expect.get(name, expectation)
    parts = estimands(file, expectation)
    own = "exact" if exact else expectation.from_scale or "paper"
    if not parts:
        note = "this scale skips a cell of every comparison"
        return ExpectationVerdict(name, expectation, (), None, "complete", own, note, exact)
    looks = 1 if exact else len(file.experiment.seeds.looks)
    support, refutation = levels(ALPHA, looks, len(parts), deciding if expectation.role == "decides" else 1)
    supports = region(expectation.supports)
    refutes = refuting_region(expectation)
    judged, statuses = [], []
    for part in parts:
        missing = None if exact else missing_data(item, expectation, part, store)
        found: Status = "complete"
        if exact:
            verdict, found = _exact_part(part, expectation, frame, item, store)
        elif barred is not None:
            verdict, found = PartVerdict(part, {}, None, None, 0, barred), "failed"
        elif missing is not None:
            verdict = PartVerdict(part, {}, None, None, 0, missing.note, absent=missing.keys)
            found = "failed" if missing.failed else "pending"
        else:
            verdict = _part(part, expectation, item, frame, (support, refutation), (supports, refutes))
        statuses.append(found)
        judged.append(verdict)
    status = _status(statuses)
    results = [part.result for part in judged]
    result: Result | None
    if "refuted" in results:
        result = "refuted"
    elif None in results:
        result = None
    else:
        result = joint([r for r in results if r is not None])
    others = tuple(_otherwise(expectation, item, frame, store)) if exact else ()
    return ExpectationVerdict(
        name, expectation, tuple(judged), result, status, own, exact=exact, otherwise=others
    )


def _otherwise(
    expectation: Expectation, item: Requirements, frame: pd.DataFrame, store: Store
) -> Iterator[OtherNumber]:
    for part, label, theirs, number in other_numbers(expectation, item, frame, store):
        known = number.value is not None and math.isfinite(number.value)
        supports = region(own_bounds(expectation, part))
        would_do = supports.admits(number.value) if known and number.value is not None else None
        yield OtherNumber(label, theirs.label or part.label, number.value, would_do)


def _part(
    part: Estimand,
    expectation: Expectation,
    item: Requirements,
    frame: pd.DataFrame,
    at: tuple[float, float],
    regions: tuple[Region, Region],
) -> PartVerdict:
    chosen = frame[(frame["metric"] == expectation.metric) & (frame["scale"] == item.scale)]
    if part.moment is not None:
        chosen = chosen[chosen["moment"] == part.moment]
    samples: dict[str, Sample] = {}
    notes: list[str] = []
    diverged, open_ = 0, False
    for address in part.weights:
        rows = chosen[chosen["cell"] == address].sort_values("seed")
        samples[address] = sample_of(rows)
        diverged += int(rows["diverged"].sum())
        state = item.tuning.get(address)
        if state is not None and state.state == "open":
            open_ = True
            notes.append(f"tuning open: the best learning rate of {address} lies on the edge of its grid")
    n = min(len(sample.values) for sample in samples.values())
    wanted = len(item.seeds) // item.file.metrics[expectation.metric].runs_a_value
    if diverged:
        runs = "1 diverged run counts" if diverged == 1 else f"{diverged} diverged runs count"
        notes.append(f"{runs} as chance or as never reaching the target")
    if n < wanted:
        notes.append(f"only {n} of {wanted} runs lasted until this moment")
    undefined = any(not math.isfinite(value) for sample in samples.values() for value in sample.values)
    if undefined:
        notes.append("a value is not defined (zero on a log scale, or not finite)")
    first_look = item.file.experiment.seeds.looks[0]
    if len(item.seeds) < first_look:
        notes.append(f"nothing is judged on fewer than {first_look} seeds")
    note = "; ".join(notes) or None
    if undefined or n == 0:
        return PartVerdict(part, samples, None, "inconclusive", n, note)
    cells, weights = [samples[a] for a in part.weights], list(part.weights.values())
    support, refutation = (
        contrast(cells, weights, level=level, log=part.log, paired=expectation.paired and n == wanted)
        for level in at
    )
    result: Result = judge(support, refutation, *regions)
    # Runs that lasted are not a fair sample of all, so nothing is decided on them alone.
    if open_ or n < wanted or len(item.seeds) < first_look:
        result = "inconclusive"
    return PartVerdict(part, samples, support, result, n, note, refutation)


def sample_of(rows: pd.DataFrame) -> Sample:
    """Return the sample that the rows of one cell, metric and moment are."""
    return Sample(
        tuple(rows["value"].tolist()),
        tuple(rows["censored"].tolist()),
        float(rows["resolution"].max() if len(rows) else 0.0),
    )


def _exact_part(
    part: Estimand, expectation: Expectation, frame: pd.DataFrame, item: Requirements, store: Store
) -> tuple[PartVerdict, Status]:
    number = exact_number(part, expectation.metric, item, frame, store)
    needs = own_bounds(expectation, part)
    own = needs if expectation.printed else None
    if number.value is None:
        return PartVerdict(part, {}, None, None, 0, number.note, needs=own), (
            "failed" if number.failed else "pending"
        )
    if not math.isfinite(number.value):
        return PartVerdict(part, {}, None, "inconclusive", 0, number.note, needs=own), "complete"
    value = number.value
    interval = Interval(estimate=value, low=value, high=value, level=1.0, df=math.nan)
    supports = region(needs)
    refutes = supports.complement() if expectation.refuted is None else region(expectation.refuted)
    result: Result = "inconclusive"
    if supports.admits(value) or refutes.admits(value):
        result = "supported" if supports.admits(value) else "refuted"
    sample = {address: Sample((value,)) for address in part.weights}
    return PartVerdict(part, sample, interval, result, 1, needs=own), "complete"


def region(bounds: Bounds) -> Region:
    """Return the region that a claim file's bounds describe."""
    if bounds.within is not None:
        return Region.within(*bounds.within)
    if bounds.outside is not None:
        return Region.outside(*bounds.outside)
    if bounds.at_least is not None:
        return Region.at_least(bounds.at_least)
    assert bounds.at_most is not None
    return Region.at_most(bounds.at_most)


def refuting_region(item: Expectation) -> Region:
    """Return what refutes an expectation: where the claim file names nothing, everything that does not support it."""
    return complement(item.supports) if item.refuted is None else region(item.refuted)


def complement(bounds: Bounds) -> Region:
    """Return everything outside `bounds`: what refutes where the claim file names nothing else."""
    return region(bounds).complement()
