"""Shards: the runs of some claims, parted once and for all among machines that do not speak to each other.

Whose a run is follows from the claims alone, not from what the store holds: whenever two machines look, and whatever
has been carried out by then, they agree. Nothing is done twice then, with or without locks. A run is known by what it
would be before its learning rate is tuned, so that it is somebody's before the rate is chosen; all tuning runs of a
cell are one group, since which comes next follows from those before.

Each shard carries out what it can. What rests on results of others (rates, further looks) is done when they have ended
and the same shards are carried out again: a *stage* each.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from repro.claims import Claim, cells
from repro.command_spec import AnyRun
from repro.experiment.requirements import Need, Requirements
from repro.planning.allowance import foreseen_seconds


@dataclass(frozen=True)
class Shard:
    """One of `count` shards, by its number from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def owners(claims: Sequence[Claim], scale: str, count: int) -> dict[str, int]:
    """Return slot → the number of the shard whose it is; a slot is a run before tuning, or all tuning of one.

    Tuning, the runs of the first look, and those that each further look adds are parted one after the other, each as
    evenly as predicted seconds allow: the longest first, to whoever has least. The prediction is the rough model's,
    which does not change as runs are measured.
    """
    found: dict[str, int] = {}
    for tier in _tiers(claims, scale):
        loads = [(0.0, number) for number in range(1, count + 1)]
        for slot, seconds in sorted(tier.items(), key=lambda item: (-item[1], item[0])):
            if slot not in found:
                load, number = heapq.heappop(loads)
                found[slot] = number
                heapq.heappush(loads, (load + seconds, number))
    return found


def of_shard(required: Sequence[Requirements], owner: Mapping[str, int], shard: Shard) -> list[Requirements]:
    """Return what a shard carries out of what claims rest on.

    What is computed without training is the first shard's, unless runs of another one wait for it.
    """
    # A run that two claims know by different slots belongs to one of them all the same.
    numbers: dict[str, int] = {}
    for item in required:
        for need in item.needs:
            number = owner[_slot(item, need)]
            numbers[need.spec.key] = min(number, numbers.get(need.spec.key, number))
    kept = []
    for item in required:
        needs = tuple(need for need in item.needs if numbers[need.spec.key] == shard.number)
        untuned = item.claim.untuned(item.scale) if item.tuning else {}
        tuning = {
            address: state
            for address, state in item.tuning.items()
            if owner[_tuning(untuned[address])] == shard.number
        }
        if needs or tuning or (shard.number == 1 and not (item.needs or item.tuning)):
            own = {need.spec.key for need in needs}
            measured = {
                address: tuple(need for need in cell if need.spec.key in own)
                for address, cell in item.measured.items()
            }
            follow = sum(state.at_most + len(item.seeds) for state in tuning.values() if state.chosen is None)
            kept.append(replace(item, needs=needs, tuning=tuning, measured=measured, follow=follow))
    return kept


def stages(claims: Sequence[Claim], scale: str, most: Mapping[str, int | None]) -> int:
    """Return how often the shards are carried out until nothing can follow: for the first look's runs, once more where
    rates are tuned, and once for each further look that a claim may go on to.

    Args:
        claims, scale: what is run.
        most: claim id → go on to looks of at most so many seeds; None: to the first.
    """
    return max(
        (_stages(claim, scale, most.get(claim.id)) for claim in claims if scale in claim.at), default=1
    )


def _stages(claim: Claim, scale: str, most: int | None) -> int:
    file = claim.at[scale]
    further = sum(most is not None and look <= most for look in file.experiment.seeds.looks[1:])
    return 1 + (file.tune is not None) + further


def _tiers(claims: Sequence[Claim], scale: str) -> Iterator[dict[str, float]]:
    """Yield slot → predicted seconds: of all tuning, then of the runs that each look adds."""
    here = [claim for claim in claims if claim.trains and scale in claim.at]
    yield {
        _tuning(spec): foreseen_seconds(claim, spec)
        for claim in here
        if claim.at[scale].tune is not None
        for spec in claim.untuned(scale).values()
    }
    for place in range(max((len(claim.at[scale].experiment.seeds.looks) for claim in here), default=0)):
        tier: dict[str, float] = {}
        for claim in here:
            seeds = claim.at[scale].experiment.seeds
            untuned = claim.untuned(scale)
            for cell in cells(claim.at[scale]) if place < len(seeds.looks) else ():
                seconds = foreseen_seconds(claim, untuned[cell.address])
                before = seeds.looks[place - 1] if place else 0
                for seed in seeds.numbers(cell.arm, seeds.looks[place])[before:]:
                    tier[replace(untuned[cell.address], seed=seed).key] = seconds
        yield tier


def _slot(required: Requirements, need: Need) -> str:
    untuned = required.claim.untuned(required.scale)[need.cell.address]
    return _tuning(untuned) if need.purpose == "tune" else replace(untuned, seed=need.spec.seed).key


def _tuning(untuned: AnyRun) -> str:
    return f"tuning {untuned.key}"
