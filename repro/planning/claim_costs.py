"""What a claim costs at each of its scales, as `repro list` tells it: by the rough model, with an empty store."""

from __future__ import annotations

from pathlib import Path

from repro.claims import Claim, Scale
from repro.experiment.requirements import requirements
from repro.planning.costs import Costs
from repro.planning.plan import make_plan
from repro.store import Store


def claim_costs(claim: Claim) -> dict[str, float | None]:
    """Return scale → predicted seconds on one worker, those of runs whose data is not at hand included.

    None where nobody here can run what the claim awaits, the size of its data is not known, or a command is to run of
    which the claim does not say how long it takes; a claim that trains nothing has no costs to speak of, and no entry.
    """
    if not claim.trains or claim.base.results is not None:
        return {}
    scales: tuple[Scale, ...] = ("smoke", "reduced", "paper")
    return {scale: _seconds(claim, scale) for scale in scales if scale in claim.at}


def _seconds(claim: Claim, scale: Scale) -> float | None:
    empty = Store(Path())
    required = requirements(claim, scale, empty)
    if not required.needs:
        return None
    plan, costs = make_plan([required], empty), Costs()
    if plan.unknown:
        return None
    seconds = plan.follow_seconds + sum(job.wall_seconds for job in (*plan.jobs, *plan.held) if job.run)
    waiting = {need.spec.key: need for need in required.needs if need.spec.key in plan.pending}
    seconds += sum(
        costs.reading_seconds(reading) for need in waiting.values() for reading in need.readings.values()
    )
    for outlay in plan.pending_outlays.values():
        if outlay.span is None:
            return None
        seconds += outlay.span.likely
    return seconds
