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

    def shares(self, share: float, clear: Sequence[Mask], expectations: int) -> list[Array]:
        """Return each comparison's share of the look's; 0 for one that is clear. As `stats.refutation_shares`."""
        parts = np.array(clear)
        if not self.screened:
            return [np.full(parts.shape[1], share / len(clear))] * len(clear)
        left = (~parts).reshape(expectations, -1, parts.shape[1])
        within = left.sum(1)
        among = np.maximum((within > 0).sum(0), 1)
        whole = share * (1 - SCREEN / 2) if len(clear) > 1 else share
        with np.errstate(divide="ignore"):
            each = np.where(left, whole / among / within[:, None], 0.0)
        return list(each.reshape(parts.shape))


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
