"""The schedule: what is wanted of some claims at a scale, and what is to be run next for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from repro.claims import Claim
from repro.experiment.requirements import Requirements, requirements
from repro.experiment.variants import Kind, Variant, variants
from repro.judging.looks import Look, current_look, judge
from repro.judging.verdicts import ExpectationVerdict, PartVerdict, region
from repro.planning.plan import Plan, make_plan
from repro.store import Store


@dataclass(frozen=True)
class Schedule:
    """Some claims at a scale, with the variants and further looks that are wanted.

    Attributes:
        claims, scale, store: what is judged, from what.
        most: claim id → go on to looks of at most so many seeds; claims that are absent stay at the looks whose runs
            are there.
        kinds: the variants that are run, too.
    """

    claims: Sequence[Claim]
    scale: str
    store: Store
    most: Mapping[str, int] = field(default_factory=dict)
    kinds: Sequence[Kind] = ()

    def settled(self) -> Schedule:
        """Return the schedule that asks for nothing more: each claim at the last look whose runs are all there.

        A further look that ran out of time, or failed, does not take back the verdict of the look before.
        """
        return replace(self, most={})

    def looks(self) -> list[Look]:
        """Return where each claim stands."""
        return [current_look(claim, self.scale, self.store, self.most.get(claim.id)) for claim in self.claims]

    def variants(self, kinds: Sequence[Kind] = get_args(Kind)) -> list[tuple[Variant, Requirements]]:
        """Return the variants of these kinds that the claims declare, whether run or not, with what they rest on."""
        return [
            (variant, requirements(variant.claim, self.scale, self.store))
            for claim in self.claims
            for variant in variants(claim, self.scale, kinds)
        ]

    def plan(self, looks: Sequence[Look] | None = None) -> Plan:
        """Return what is to be run next: first looks and variants, then further looks, nearest to a decision first.

        `looks` are those of :meth:`looks` where they are known and the store has not changed since.
        """
        looks = self.looks() if looks is None else looks
        first = [look.requirements for look in looks if look.earlier is None]
        # A control that is computed without training costs nothing, and is not waited for to be asked for.
        wanted = [
            item
            for variant, item in self.variants()
            if variant.kind in self.kinds or (variant.kind == "control" and not variant.claim.trains)
        ]
        plan = make_plan([*first, *wanted], self.store)
        if plan.jobs or len(first) == len(looks):
            return plan
        further = [
            (self._nearness(look.earlier), look.requirements) for look in looks if look.earlier is not None
        ]
        for _, item in sorted(further, key=lambda pair: -pair[0]):
            more = make_plan([item], self.store)
            if more.jobs:
                return more
        return make_plan([*(look.requirements for look in looks), *wanted], self.store)

    def _nearness(self, item: Requirements) -> float:
        """Return how near a claim was to a decision: its most open part's distance from a bar, in half widths."""
        return min(
            (
                _distance(part, expectation)
                for expectation in judge(item, self.store).expectations
                if expectation.item.role == "decides"
                for part in expectation.parts
                if part.result == "inconclusive"
            ),
            default=math.inf,
        )


def _distance(part: PartVerdict, expectation: ExpectationVerdict) -> float:
    interval = part.interval
    if interval is None or not 0 < interval.high - interval.low < math.inf:
        return 0.0
    ends = [end for piece in region(expectation.item.supports).pieces for end in (piece.low, piece.high)]
    nearest = min(abs(interval.estimate - end) for end in ends if math.isfinite(end))
    return 2 * nearest / (interval.high - interval.low)
