"""The schedule: what is wanted of some claims at a scale, and what is to be run next for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cached_property
from typing import get_args

from repro.claims import Claim
from repro.claims import cells as cells_of
from repro.errors import mistake
from repro.experiment.requirements import Requirements, requirements
from repro.experiment.variants import Kind, Variant, variants
from repro.judging.looks import Look, current_look, judge
from repro.judging.verdicts import ExpectationVerdict, PartVerdict
from repro.planning.allowance import allowed_seeds
from repro.planning.jobs import Plan
from repro.planning.plan import make_plan
from repro.planning.rough import CPU
from repro.planning.shards import Shard, of_shard, owners, stages
from repro.store import Store

_NAMED = 8


@dataclass(frozen=True)
class Schedule:
    """Some claims at a scale, with the variants and further looks that are wanted.

    Attributes:
        claims, scale, store: what is judged, from what.
        most: claim id → go on to looks of at most so many seeds; claims that are absent stay at the looks whose runs
            are there.
        kinds: the variants that are run, too.
        cells: patterns of addresses, such as ``*/conv3-fc/*``: nothing is run for other cells. What is judged is not
            narrowed.
        shard: run nothing but this part of it (see shards.py).
        device: the kind of device that predicted times are of.
    """

    claims: Sequence[Claim]
    scale: str
    store: Store
    most: Mapping[str, int] = field(default_factory=dict)
    kinds: Sequence[Kind] = ()
    cells: Sequence[str] = ()
    shard: Shard | None = None
    device: str = CPU

    def __post_init__(self) -> None:
        files = [claim.at[self.scale] for claim in self.claims if self.scale in claim.at]
        known = [cell.address for file in files for cell in cells_of(file)] if self.cells else []
        for pattern in self.cells:
            if not any(fnmatchcase(address, pattern) for address in known):
                hint = (
                    f"known: {', '.join(sorted(set(known))[:_NAMED])}"
                    if known
                    else "these claims train nothing here"
                )
                raise mistake("--cells", "fits no cell of these claims", pattern, hint)

    def settled(self) -> Schedule:
        """Return the schedule that asks for nothing more than the claims do by themselves.

        Each claim is at the last look whose runs are all there: one that was asked for and ran out of time, or failed,
        does not take back the verdict of the look before. Looks within a claim's own allowance are pending until their
        runs are there.
        """
        return replace(self, most={})

    def looks(self) -> list[Look]:
        """Return where each claim stands."""
        return [current_look(claim, self.scale, self.store, self._most(claim)) for claim in self.claims]

    def _most(self, claim: Claim) -> int | None:
        """Return how many seeds a claim may go on to: what it allows itself, or what `--seeds` and `--budget` set."""
        found = (self.most.get(claim.id), allowed_seeds(claim, self.scale))
        return max((seeds for seeds in found if seeds is not None), default=None)

    def _narrowed(self, required: Requirements) -> Requirements:
        """Return what a claim rests on, of the cells that anything is to be run for."""
        if not self.cells:
            return required

        def chosen(address: str) -> bool:
            return any(fnmatchcase(address, pattern) for pattern in self.cells)

        tuning = {address: state for address, state in required.tuning.items() if chosen(address)}
        return replace(
            required,
            needs=tuple(need for need in required.needs if chosen(need.cell.address)),
            tuning=tuning,
            follow=sum(s.at_most + len(required.seeds) for s in tuning.values() if s.chosen is None),
            measured={address: needs for address, needs in required.measured.items() if chosen(address)},
        )

    def variants(
        self, looks: Sequence[Look], kinds: Sequence[Kind] = get_args(Kind)
    ) -> list[tuple[Variant, Requirements]]:
        """Return the variants of these kinds that the claims declare, whether run or not, with what they rest on."""
        return [pair for look in looks for pair in self._variants_of(look.requirements, tuple(kinds))]

    def _variants_of(
        self, required: Requirements, kinds: tuple[Kind, ...]
    ) -> list[tuple[Variant, Requirements]]:
        return self.store.once(
            ("variants", id(required), kinds),
            lambda: [
                (variant, requirements(variant.claim, self.scale, self.store, known=required))
                for variant in variants(required.claim, self.scale, kinds)
            ],
        )

    def plan(self, looks: Sequence[Look] | None = None) -> Plan:
        """Return what is to be run next: first looks and variants, then further looks, nearest to a decision first.

        `looks` are those of :meth:`looks` where they are known and the store has not changed since.
        """
        looks = self.looks() if looks is None else looks
        first = [look.requirements for look in looks if look.earlier is None]
        # A control that is computed without training costs nothing, and is not waited for to be asked for.
        wanted = [
            item
            for variant, item in self.variants(looks)
            if variant.kind in self.kinds or (variant.kind == "control" and not variant.claim.trains)
        ]
        plan = self._planned([*first, *wanted])
        if plan.jobs or len(first) == len(looks):
            return plan
        further = [
            (self._nearness(look.earlier), look.requirements) for look in looks if look.earlier is not None
        ]
        for _, item in sorted(further, key=lambda pair: -pair[0]):
            more = self._planned([item])
            if more.jobs:
                return more
        return self._planned([*(look.requirements for look in looks), *wanted])

    def stages(self) -> int:
        """Return how many times the shards of this schedule are carried out, at most, until nothing follows."""
        return stages(
            self._with_variants(), self.scale, {claim.id: self._most(claim) for claim in self.claims}
        )

    def _planned(self, required: Sequence[Requirements]) -> Plan:
        narrowed = [self._narrowed(item) for item in required]
        if self.shard is not None:
            narrowed = of_shard(narrowed, self._owners, self.shard)
        return make_plan(narrowed, self.store, self.device)

    @cached_property
    def _owners(self) -> Mapping[str, int]:
        assert self.shard is not None
        return owners(self._with_variants(), self.scale, self.shard.count)

    def _with_variants(self) -> list[Claim]:
        kinds = get_args(Kind)
        changed = [v.claim for claim in self.claims for v in variants(claim, self.scale, kinds)]
        return [*self.claims, *changed]

    def _nearness(self, required: Requirements) -> float:
        """Return how near a claim was to a decision: its most open part's distance from a bar, in half widths."""
        return min(
            (
                _distance(part, expectation)
                for expectation in judge(required, self.store).expectations
                if expectation.expectation.role == "decides"
                for part in expectation.parts
                if part.result == "inconclusive"
            ),
            default=math.inf,
        )


def _distance(part: PartVerdict, expectation: ExpectationVerdict) -> float:
    interval = part.interval
    if interval is None or not 0 < interval.high - interval.low < math.inf:
        return 0.0
    nearest = min(abs(interval.estimate - end) for end in expectation.expectation.supports.ends)
    return 2 * nearest / (interval.high - interval.low)
