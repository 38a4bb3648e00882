"""How far a claim's looks go on by themselves: as far as a fixed, predicted cost allows.

The prediction is the rough model's, of the claim file and the sizes of its data alone: neither the clock nor what
earlier runs took has a say in what is judged.
"""

from __future__ import annotations

from repro.claims import Claim
from repro.command_spec import AnyRun, CommandSpec
from repro.planning.command_costs import WEIGHT_SECONDS
from repro.planning.rough import rough_seconds
from repro.registry import DATASETS


def allowed_seeds(claim: Claim, scale: str) -> int | None:
    """Return the largest look that a claim goes on to by itself; None where it declares no allowance at a scale."""
    if scale not in claim.at:
        return None
    seeds = claim.at[scale].experiment.seeds
    if seeds.allowance_seconds is None:
        return None
    one_seed = sum(foreseen_seconds(claim, spec) for spec in claim.untuned(scale).values())
    first = seeds.looks[0]
    return max(look for look in seeds.looks if (look - first) * one_seed <= seeds.allowance_seconds)


def foreseen_seconds(claim: Claim, spec: AnyRun) -> float:
    """Return what one of a claim's runs takes on one worker by the rough model, whatever was measured.

    Of a command's run nothing is known: it only weighs as much as any other.
    """
    if isinstance(spec, CommandSpec):
        return WEIGHT_SECONDS
    data = DATASETS.get(spec.dataset.name) or claim.names.known(spec.dataset.identity)
    return rough_seconds(spec, data)
