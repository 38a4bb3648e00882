"""Looks: how many seeds a claim is judged on. Fixed beforehand in the claim file, taken one after the other.

A claim is judged at its first look; only where that leaves it open does the next one count. What is judged is a
function of the claim file and the store alone, so that no order of adding runs can change it (DESIGN §4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from repro.claims import Claim
from repro.experiment.requirements import Requirements, requirements
from repro.judging.frame import collect
from repro.judging.verdicts import ClaimVerdict, judge_claim
from repro.store import Store


@dataclass(frozen=True)
class Look:
    """A claim at the look that counts.

    Attributes:
        requirements: what the claim rests on at this look.
        complete: every run is there; none is missing, pending or failed.
        further: the next look's number of seeds, where this one leaves the claim open and there is a next one.
        earlier: the look before, which left the claim open; None at the first.
    """

    requirements: Requirements
    complete: bool
    further: int | None = None
    earlier: Requirements | None = None


def current_look(claim: Claim, scale: str, store: Store, most: int | None = None) -> Look:
    """Return the look at which `claim` stands.

    Args:
        claim: the claim.
        scale: one that the claim declares, or "exact".
        store: the runs that there are.
        most: go on to looks of at most so many seeds, even if their runs are yet to come; None goes on only to
            looks whose runs are all there.
    """
    looks = claim.at[scale].experiment.seeds.looks if scale in claim.at else [0]
    look = _at(claim, scale, store, looks[0] or None)
    for seeds in looks[1:]:
        if not look.complete or judge(look.requirements, store).result != "inconclusive":
            return look
        following = _at(claim, scale, store, seeds, look.requirements)
        if not following.complete and (most is None or seeds > most):
            return replace(look, further=seeds)
        look = replace(following, earlier=look.requirements)
    return look


def _at(claim: Claim, scale: str, store: Store, seeds: int | None, known: Requirements | None = None) -> Look:
    item = requirements(claim, scale, store, seeds, known)
    return Look(item, _complete(item, store))


def _complete(required: Requirements, store: Store) -> bool:
    if any(state.state == "pending" for state in required.tuning.values()):
        return False
    needs = [need for needs in required.measured.values() for need in needs]
    return all(store.run(need.spec.key) is not None for need in needs)


def judge(required: Requirements, store: Store) -> ClaimVerdict:
    """Return the verdict of one claim as the store stands."""
    return judge_claim(required, collect([required], store))
