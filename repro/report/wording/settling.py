"""What would settle a claim that is open: how many seeds, as far as its looks go, and the command that adds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from repro.report.model import ClaimReport, ExpectationResult

SAID: Mapping[str, str] = {
    "a look": "Its next look takes {seeds} seeds:",
    "reaches": "Its look of {seeds} seeds should be enough:",
    "falls short": "Its last look takes {seeds} seeds, which may not be enough:",
    "none left": "Its file allows no more than these {seeds} seeds.",
}
"""What is said of the looks that are still to come: numbers of seeds that the claim file fixed."""


@dataclass(frozen=True, slots=True)
class Settling:
    """What would settle an open claim, in plain words, and the command that adds seeds; None where none would help."""

    text: str
    command: str | None


def settling(claim: ClaimReport) -> Settling | None:
    """Return what would settle a claim; None for one that is not open, or where nothing is known."""
    if claim.verdict.result != "inconclusive":
        return None
    open_ = [
        one for one in claim.expectations if one.role == "decides" and one.verdict.result == "inconclusive"
    ]
    one = max(open_, key=_asks, default=None)
    if one is None:
        return None
    here, needed = len(claim.seeds), one.settles_seeds
    if one.settles_never:
        return Settling(one.settles or "", None)
    further = [look for look in claim.looks if look > here]
    if not further:
        left = SAID["none left"].format(seeds=here) if claim.looks and one.settles else ""
        told = " ".join(filter(None, (one.settles, left)))
        return Settling(told, None) if told else None
    command = f"{claim.command} --seeds {{seeds}}"
    if needed is None:
        told = " ".join(filter(None, (one.settles, SAID["a look"].format(seeds=further[0]))))
        return Settling(told, command.format(seeds=further[0]))
    to = next((look for look in further if look >= needed), further[-1])
    said = SAID["reaches" if to >= needed else "falls short"].format(seeds=to)
    return Settling(f"{one.settles} {said}", command.format(seeds=to))


def _asks(one: ExpectationResult) -> tuple[bool, bool, bool, int]:
    """Order what is open by how much it asks for: all of it has to be settled before the claim holds."""
    unknown = bool(one.settles) and one.settles_seeds is None
    return one.settles_never, unknown, bool(one.settles), one.settles_seeds or 0
