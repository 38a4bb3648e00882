"""The one error of the project: what a user can mend, said so that they can mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, what, the value received, and what to do."""

    where: str
    what: str
    received: str | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        # What others wrote may be of any length.
        for name, most in LONGEST.items():
            text = getattr(self, name)
            if text is not None and len(text) > most:
                object.__setattr__(self, name, f"{text[: most - 1]}…")

    def __str__(self) -> str:
        received = f" (received: {self.received})" if self.received is not None else ""
        hint = f"\n    → {self.hint}" if self.hint else ""
        return f"{self.where}: {self.what}{received}{hint}"


LONGEST = {"where": 500, "what": 1500, "received": 500, "hint": 1500}
"""Signs of each part of a problem."""

MOST_TOLD = 200
"""So many problems are listed one by one."""


class ReproError(Exception):
    """Every mistake that a user can mend. Carries all problems found, not only the first."""

    def __init__(self, *problems: Problem) -> None:
        shown = [str(problem) for problem in problems[:MOST_TOLD]]
        if len(problems) > MOST_TOLD:
            shown.append(f"… and {len(problems) - MOST_TOLD:,} more problems")
        super().__init__("\n".join(shown))
        self.problems = problems


def mistake(where: str, what: str, received: object = None, hint: str | None = None) -> ReproError:
    """Return the error of a single problem; `received` is shown as Python would write it."""
    return ReproError(Problem(where, what, None if received is None else repr(received), hint))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return what to do about an unknown `name`: the nearest known one, or the list of them."""
    names, name = sorted(known), name[:_LONGEST_NAME]  # likeness takes the square of the length
    if ELSEWHERE.get(name) in names:
        return f"did you mean {ELSEWHERE[name]!r}?"
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known here"


_LONGEST_NAME = 200

ELSEWHERE = {
    "learning_rate": "lr",
    "learning-rate": "lr",
    "eta": "lr",
    "wd": "weight_decay",
    "l2": "weight_decay",
    "iterations": "steps",
    "batch": "batch_size",
    "init": "initialisation",
}
"""Names that other tools give to what we know by another one, and that no likeness of letters would find."""
