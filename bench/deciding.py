"""The rule on thousands of simulated experiments at once, and the rule that it replaced, for comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.vectorised import Array, Guard, Mask
from repro.stats import SCREEN, look_shares
from repro.stats.rule import banerjee_level


@dataclass(frozen=True)
class Rule:
    """How looks share the level, whether clear comparisons drop out, and what Welch's interval is guarded by."""

    looks: Callable[[float, Sequence[int]], Sequence[float]]
    screened: bool
    guard: Guard

    def opposed(self, weights: Sequence[Sequence[float]]) -> list[bool]:
        """Return which comparisons take a cell with the opposite sign of another one; all are of one measurement."""
        rows = np.array(weights)
        pairs = (rows[:, None] * rows[None]).min(2) < 0
        return [bool(row.any()) and self.screened for row in pairs]

    def shares(self, share: float, clear: Sequence[Mask], sizes: Sequence[int]) -> list[Array]:
        """Return each comparison's share of the look's; 0 for one that is clear. As `stats.refutation_shares`.

        `sizes` says how many of the comparisons each expectation has, in order.
        """
        parts = np.array(clear)
        if not self.screened:
            return [np.full(parts.shape[1], share / len(sizes) / size) for size in sizes for _ in range(size)]
        groups = np.split(~parts, np.cumsum(sizes)[:-1])
        among = np.sum([group.any(0) for group in groups], axis=0)
        whole = share * (1 - SCREEN / 2) if len(clear) > 1 else share
        return [
            np.where(left, whole / np.maximum(among, 1) / np.maximum(group.sum(0), 1), 0.0)
            for group in groups
            for left in group
        ]


def equal(alpha: float, looks: Sequence[int]) -> list[float]:
    """Return the same share for each look."""
    return [alpha / len(looks)] * len(looks)


def _always(sizes: Sequence[int], level: float, either_side: bool) -> float | None:
    return max(2 * level - 1, 0.0)


def _undivided(alpha: float, looks: Sequence[int]) -> list[float]:
    return [alpha] * len(looks)


def _never(sizes: Sequence[int], level: float, either_side: bool) -> None:
    return None


THE_RULE = Rule(look_shares, True, banerjee_level)
OLD_RULE = Rule(equal, False, _always)
"""Equal shares for all looks and comparisons, and Banerjee's one-sided bound everywhere (until version 0.1)."""
UNDIVIDED = replace(THE_RULE, looks=_undivided)
UNGUARDED = replace(THE_RULE, guard=_never)
