"""A prediction as a value: the seconds of a run, and what they rest on (`planning.costs` makes it)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """Predicted wall seconds of a run on one worker.

    Attributes:
        seconds: the prediction.
        measured: whether it rests on runs of the same kind.
        by_clock: of these, whether no more is known than what they took on the clock.
        declared: whether the claim file says so.
        unknown: whether nobody can say: of a command that was never run; `seconds` then only weighs it beside others.
        guessed: whether it was compared with no run of anything like it: a user's own net, or images in files.
    """

    seconds: float
    measured: bool = False
    by_clock: bool = False
    guessed: bool = False
    declared: bool = False
    unknown: bool = False
