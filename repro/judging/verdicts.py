"""The verdict on a claim: its evidence against its criteria, by the rule of `stats.rule` (docs/rule.md).

One rule: the two-sided 95% interval inside the supporting region supports, a stricter one inside the refuting region
refutes, anything else is inconclusive. Stricter, because any one of a claim's comparisons refutes it while all must
support it: see `stats.rule`. Pending and failed runs never count against a claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from repro.claims import SCALES, Expectation, below
from repro.experiment.estimands import Estimand, estimands
from repro.experiment.requirements import Requirements
from repro.judging.criteria import Criteria, Refutation, applicable, criteria, refutations
from repro.judging.evidence import Evidence, evidence
from repro.judging.exact import OtherNumber, exact_number, other_numbers, own_region
from repro.judging.frame import Collected
from repro.judging.missing import missing_data
from repro.stats import Interval, Region, Sample, joint

Result = Literal["supported", "refuted", "inconclusive"]
Status = Literal["complete", "pending", "failed"]


@dataclass(frozen=True)
class PartVerdict:
    """One estimand, judged.

    `interval` is at the level of support, `refutation` at the stricter level of refutation (None where nothing was
    estimated, or where the comparison is clear of what refutes). `how` it may refute, and the `evidence`, are there
    where runs were judged. `absent` are the keys of runs and readings that are not there. `needs` is the supporting
    region of the part, where each has its own.
    """

    estimand: Estimand
    samples: Mapping[str, Sample]
    interval: Interval | None
    result: Result | None
    n: int
    note: str | None = None
    refutation: Interval | None = None
    evidence: Evidence | None = None
    how: Refutation | None = None
    absent: frozenset[str] = frozenset()
    needs: Region | None = None

    @property
    def exact(self) -> bool:
        """Whether it is a number that was computed without training, and so has no interval."""
        return self.interval is not None and self.interval.level == 1.0

    @property
    def clear(self) -> bool:
        """Whether a screen showed it clear of the refuting region, so that it takes no share of the level."""
        return self.how is not None and self.how.level is None


@dataclass(frozen=True)
class ExpectationVerdict:
    """An expectation, judged; `result` is None where it was not (yet), and `note` says why.

    `criteria` are the bars that it was judged by; None where it was not. `exact`: it needs no training. `recorded`: it
    rests on results that others recorded. `otherwise`: what other conventions of counting give.
    """

    id: str
    expectation: Expectation
    parts: tuple[PartVerdict, ...]
    result: Result | None
    status: Status
    recorded: bool
    note: str | None = None
    criteria: Criteria | None = None
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


def judge_claim(required: Requirements, collected: Collected) -> ClaimVerdict:
    """Judge every expectation of a claim that its scale lets judge, and the claim.

    Args:
        required: what the claim rests on, its net check among it.
        collected: what there is of that (`frame.collect`); of rows that no run stands behind, a frame is enough.

    Any deciding expectation refuted (at its share of the level) refutes the claim; all supported support
    it; else it is inconclusive. Where deciding expectations need runs that this scale does not have
    (at the exact scale), the others can refute the claim but not support it. A claim whose nets are not the paper's
    (see net_check.py) is failed.
    """
    here = collected.of(required.claim.id)
    barred = required.net_check.barred
    judgeable = applicable(required)
    gathered = {name: _gather(name, expectation, required, here) for name, expectation in judgeable.items()}
    refutation = _refutations(gathered)
    judged = tuple(
        _expectation(gathered[name], refutation[name])
        if name in judgeable
        else _not_here(name, expectation, required)
        for name, expectation in required.file.expect.items()
    )
    deciding = [e for e in judged if e.expectation.role == "decides"]
    deciders = [e for e in deciding if e.id in judgeable]
    left_out = [e for e in deciding if e.id not in judgeable]
    result, status = _joint(deciders), _status([e.status for e in deciders])
    untrained = any(not below(required.scale, e.expectation.from_scale or "exact") for e in left_out)
    if untrained and result != "refuted":
        result = None
    if barred is not None:
        # What is not the paper's net says nothing of the paper, not even by exact arithmetic.
        result, status = None, "failed"
    capped = below(required.scale, "paper") and not _by_arithmetic(deciders, left_out)
    return ClaimVerdict(required.claim.id, required.scale, judged, result, status, capped, barred)


def _joint(judged: Sequence[ExpectationVerdict | PartVerdict]) -> Result | None:
    """Return the result of a joint statement: any part refutes it, and it needs the results of all to be supported."""
    results = [one.result for one in judged]
    if "refuted" in results:
        return "refuted"
    known = [result for result in results if result is not None]
    return joint(known) if known and len(known) == len(results) else None


def _by_arithmetic(deciders: Sequence[ExpectationVerdict], left_out: Sequence[ExpectationVerdict]) -> bool:
    """Return whether exact arithmetic alone decides: that stands at every scale, all else is capped by the scale."""
    refuters = [e for e in deciders if e.result == "refuted"]
    return any(e.exact for e in refuters) if refuters else not left_out and all(e.exact for e in deciders)


def _status(statuses: Sequence[Status]) -> Status:
    """Nothing to be judged awaits nothing: it is complete, without a result."""
    if "failed" in statuses:
        return "failed"
    return "pending" if "pending" in statuses else "complete"


def _not_here(name: str, expectation: Expectation, required: Requirements) -> ExpectationVerdict:
    declared = [scale for scale in SCALES if scale in required.claim.at and scale != "exact"]
    # Unless its file says so, it is judged from the first scale on that trains anything.
    least = expectation.from_scale
    first = next((scale for scale in declared if not below(scale, least or "exact")), least or "paper")
    note = (
        f"judged from the {first} scale on"
        if below(required.scale, first)
        else f"the claim does not declare the {required.scale} scale"
    )
    why = required.claim.base.cannot_decide.get(required.scale)
    if why is not None:
        note = f"{note}: {why[:1].lower()}{why[1:]}".removesuffix(".")
    return ExpectationVerdict(name, expectation, (), None, "complete", False, note)


@dataclass(frozen=True)
class _Gathered:
    """An expectation before its level is known: what there is of each comparison, or why there is none."""

    verdict: ExpectationVerdict
    criteria: Criteria
    found: tuple[Evidence | tuple[PartVerdict, Status], ...]

    @property
    def estimands(self) -> list[Estimand]:
        """What is compared."""
        return [one.estimand if isinstance(one, Evidence) else one[0].estimand for one in self.found]

    @property
    def clear(self) -> list[bool]:
        """Which comparisons a screen shows clear of the refuting region; one without runs may still refute."""
        return [isinstance(one, Evidence) and one.clear_of(self.criteria.refutes) for one in self.found]


def _gather(name: str, expectation: Expectation, required: Requirements, collected: Collected) -> _Gathered:
    barred = required.net_check.barred
    exact = required.file.exact(expectation)
    file = required.claim.base if exact else required.file
    expectation = file.expect.get(name, expectation)
    bars = criteria(required, name)
    recorded = not exact and required.recorded is not None
    found: list[Evidence | tuple[PartVerdict, Status]] = []
    for part in estimands(file, expectation):
        if exact:
            found.append(_exact_part(part, expectation, required, collected))
        elif barred is not None:
            found.append((PartVerdict(part, {}, None, None, 0, barred), "failed"))
        elif missing := missing_data(required, expectation, part, collected):
            verdict = PartVerdict(part, {}, None, None, 0, missing.note, absent=missing.keys)
            found.append((verdict, "failed" if missing.failed else "pending"))
        else:
            found.append(evidence(part, expectation, required, collected.frame))
    note = None if found else "this scale skips a cell of every comparison"
    others = tuple(_otherwise(expectation, required, collected)) if exact else ()
    unjudged = ExpectationVerdict(
        name, expectation, (), None, "complete", recorded, note, bars, exact, others
    )
    return _Gathered(unjudged, bars, tuple(found))


def _otherwise(
    expectation: Expectation, required: Requirements, collected: Collected
) -> Iterator[OtherNumber]:
    for part, label, theirs, number in other_numbers(expectation, required, collected):
        known = number.value is not None and math.isfinite(number.value)
        supports = own_region(expectation, part)
        would_do = supports.admits(number.value) if known and number.value is not None else None
        yield OtherNumber(label, theirs.label or part.label, number.value, would_do)


def _refutations(gathered: Mapping[str, _Gathered]) -> dict[str, list[Refutation]]:
    """Return how each comparison may refute: those that refute the same statement share its level.

    Exact numbers take no share: they cannot err by chance.
    """
    found = {name: [Refutation(None)] * len(one.found) for name, one in gathered.items()}
    trained = {name: one for name, one in gathered.items() if one.criteria.share and one.found}
    for statement in {one.criteria.statement for one in trained.values()}:
        sharing = {name: one for name, one in trained.items() if one.criteria.statement == statement}
        share = next(iter(sharing.values())).criteria.share
        found |= refutations(
            share,
            {
                name: [one.criteria.measured(one.verdict.expectation, e) for e in one.estimands]
                for name, one in sharing.items()
            },
            {name: one.clear for name, one in sharing.items()},
        )
    return found


def _expectation(gathered: _Gathered, refutation: Sequence[Refutation]) -> ExpectationVerdict:
    judged: list[PartVerdict] = []
    statuses: list[Status] = []
    for found, how in zip(gathered.found, refutation, strict=True):
        if isinstance(found, Evidence):
            judged.append(_part(found, gathered.criteria, how))
            statuses.append("complete")
        else:
            judged.append(found[0])
            statuses.append(found[1])
    if not judged:
        return gathered.verdict
    return replace(gathered.verdict, parts=tuple(judged), result=_joint(judged), status=_status(statuses))


def _part(found: Evidence, bars: Criteria, how: Refutation) -> PartVerdict:
    return PartVerdict(
        found.estimand,
        found.samples,
        found.interval(bars.support_level, bars.supports) if found.defined else None,
        found.verdict(bars, how),
        found.n,
        found.note,
        found.refutation(bars, how) if found.defined else None,
        found,
        how,
    )


def _exact_part(
    part: Estimand, expectation: Expectation, required: Requirements, collected: Collected
) -> tuple[PartVerdict, Status]:
    number = exact_number(part, expectation.metric, required, collected)
    needs = own_region(expectation, part)
    own = needs if expectation.printed else None
    if number.value is None:
        return PartVerdict(part, {}, None, None, 0, number.note, needs=own), (
            "failed" if number.failed else "pending"
        )
    if not math.isfinite(number.value):
        return PartVerdict(part, {}, None, "inconclusive", 0, number.note, needs=own), "complete"
    value = number.value
    interval = Interval(estimate=value, low=value, high=value, level=1.0, df=math.nan)
    supports = needs
    refutes = supports.complement() if expectation.refuted is None else expectation.refuted.region
    result: Result = "inconclusive"
    if supports.admits(value) or refutes.admits(value):
        result = "supported" if supports.admits(value) else "refuted"
    sample = {address: Sample((value,)) for address in part.weights}
    return PartVerdict(part, sample, interval, result, 1, needs=own), "complete"
