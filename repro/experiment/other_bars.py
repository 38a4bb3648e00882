"""A claim with other bars than its file's: what would be said of the same runs, for exploring only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from repro.claims import Claim, ClaimFile, Expectation
from repro.errors import mistake, suggestion
from repro.stats import Region

BARS = ("at_least", "at_most", "within", "outside")


def with_other_bars(claim: Claim, scale: str, changes: Sequence[str]) -> Claim:
    """Return the claim whose expectations have other bars; what a change names replaces the whole region.

    Args:
        claim: the claim.
        scale: at which it is to be judged.
        changes: "faster.at_least=3", "level.within=0.1,0.2", "faster.refuted.at_most=1.2".

    Raises:
        ReproError: a change that cannot be read, an unknown or exact expectation, or regions that overlap.
    """
    file = claim.at.get(scale, claim.base)
    expect = dict(file.expect)
    for change in changes:
        name, item = _changed(file, expect, change)
        expect[name] = item
    for name, item in expect.items():
        if item is not file.expect[name] and _overlap(item.supports, item.refutes):
            what = f"what supports {name} and what refutes it overlap"
            raise mistake(
                "--what-if", what, " ".join(changes), f"change the other region, too: {name}.refuted.…"
            )
    return replace(claim, at={**claim.at, scale: file.model_copy(update={"expect": expect})})


def _changed(file: ClaimFile, expect: dict[str, Expectation], change: str) -> tuple[str, Expectation]:
    example = "write it like faster.at_least=3, level.within=0.1,0.2 or faster.refuted.at_most=1.2"
    left, _, right = change.partition("=")
    name, *where = left.strip().split(".")
    bar = where.pop() if where else ""
    if bar not in BARS or where not in ([], ["refuted"]):
        raise mistake("--what-if", "no bar is named", change, example)
    if name not in expect:
        raise mistake("--what-if", "no such expectation", name, suggestion(name, expect))
    if file.exact(expect[name]):
        raise mistake(
            "--what-if", "an exact expectation has no runs to read again", name, "choose another one"
        )
    try:
        numbers = [float(text) for text in right.split(",")]
    except ValueError as error:
        raise mistake("--what-if", "a bar is a number", right, example) from error
    if len(numbers) != (2 if bar in ("within", "outside") else 1):
        raise mistake(
            "--what-if",
            f"{bar} takes {'two numbers' if bar in ('within', 'outside') else 'one number'}",
            right,
            example,
        )
    value = numbers if len(numbers) == 2 else numbers[0]
    known = expect[name].model_dump(exclude_unset=True)
    if where:
        known["refuted"] = {bar: value}
    else:
        known = {key: old for key, old in known.items() if key not in BARS} | {bar: value}
    try:
        return name, Expectation.model_validate(known)
    except ValueError as error:
        raise mistake("--what-if", "these bars make no region", change, example) from error


def _overlap(one: Region, other: Region) -> bool:
    """Return whether two regions have more than an end in common."""
    return any(max(a.low, b.low) < min(a.high, b.high) for a in one.pieces for b in other.pieces)
