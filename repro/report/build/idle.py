"""Claims that are not judged at the scale of a report: from which scale on they are, and the command for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from repro.claims import SCALES, Claim, below
from repro.experiment.request import Request
from repro.judging.judgement import JudgedClaim
from repro.report import model


def elsewhere(request: Request, paper: str, judged: Sequence[JudgedClaim]) -> list[model.OtherScale]:
    """Return the scales that judge those claims of a paper which the request's does not, the least of each claim's."""
    by_scale: dict[str, list[str]] = {}
    for one in judged:
        claim, idle = one.required.claim, one.verdict.result is None and one.verdict.status == "complete"
        if not idle or not claim.id.startswith(f"{paper}/"):
            continue
        scale = _judged_from(claim, request.scale)
        if scale is not None:
            by_scale.setdefault(scale, []).append(claim.id)
    return [
        model.OtherScale(
            scale=scale,
            claims=by_scale[scale],
            command=replace(request, scale=scale, selection=["--paper", paper]).command("check"),
        )
        for scale in SCALES
        if scale in by_scale
    ]


def _judged_from(claim: Claim, scale: str) -> str | None:
    """Return the least scale above `scale` that judges everything which decides the claim."""
    needed = [one.from_scale or "exact" for one in claim.base.expect.values() if one.role == "decides"]
    return next(
        (
            one
            for one in SCALES
            if below(scale, one)
            and one in claim.at
            and one not in claim.base.cannot_decide
            and not any(below(one, own) for own in needed)
        ),
        None,
    )
