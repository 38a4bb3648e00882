"""What decides an expectation at a look: its regions, and the share of the level that it may spend.

The one place that knows bars and levels. Verdicts, power and the outlook of `repro plan` take them from here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from repro.claims import Expectation, below
from repro.experiment.estimands import Estimand
from repro.experiment.requirements import Requirements
from repro.stats import Interval, Region, Verdict3, judge, look_shares, opposed, refutation_shares

ALPHA = 0.05
"""The error of a claim, of false support and of false refutation each, over all of its looks."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """The bars of one expectation, and the look's share of `ALPHA`.

    Attributes:
        supports, refutes: the regions.
        share: of `ALPHA`, that this look may spend; 0 for exact numbers, which cannot err by chance.
        statement: names the expectations that share the level of refutation: all that decide a claim, because any
            one of them refutes it, or one that stands beside.
    """

    supports: Region
    refutes: Region
    share: float
    statement: str

    @property
    def direction(self) -> float:
        """1 where small numbers refute, −1 where large ones do, nan where both or numbers between do."""
        piece = self.refutes.pieces[0]
        if len(self.refutes.pieces) > 1 or math.isinf(piece.low) == math.isinf(piece.high):
            return math.nan
        return 1.0 if math.isinf(piece.low) else -1.0

    @property
    def support_level(self) -> float:
        """The two-sided level at which an interval must lie in the supporting region; every comparison must."""
        return 1 - self.share

    def measured(self, expectation: Expectation, estimand: Estimand) -> dict[tuple[str, str], float]:
        """Return (cell, what is measured there) → weight, signed so that small values refute."""
        what = f"{expectation.metric} {estimand.moment}"
        return {(cell, what): weight * self.direction for cell, weight in estimand.weights.items()}

    def verdict(self, support: Interval, refutation: Interval | None) -> Verdict3:
        """Return the verdict on one comparison from its intervals; without the second one it cannot be refuted."""
        return judge(support, refutation, self.supports, self.refutes)


def applicable(required: Requirements) -> dict[str, Expectation]:
    """Return the expectations that a claim's scale lets judge."""
    return {
        name: expectation
        for name, expectation in required.file.expect.items()
        if not below(required.scale, expectation.from_scale or "exact")
        and (
            required.file.exact(expectation)
            or required.measured
            or required.tuning
            or required.recorded is not None
            or _awaited(required, expectation)
        )
    }


def _awaited(required: Requirements, expectation: Expectation) -> bool:
    """Whether it could be judged here if what it needs were at hand."""
    return required.scale == "paper" and required.file.metrics[expectation.metric].kind == "awaited"


def criteria(required: Requirements, name: str) -> Criteria:
    """Return what decides an expectation at the look that `required` has the seeds of."""
    expectation = required.file.expect[name]
    exact = required.file.exact(expectation)
    if exact:  # those are of the paper's own protocol, whatever the scale of the rest
        expectation = required.claim.base.expect.get(name, expectation)
    statement = "the claim" if expectation.role == "decides" else name
    share = 0.0 if exact else look_share(required)
    return Criteria(expectation.supports, expectation.refutes, share, statement)


def look_share(required: Requirements) -> float:
    """Return the share of `ALPHA` of a claim's look: of the last one that its seeds suffice for."""
    looks = required.file.experiment.seeds.looks
    reached = [
        share for n, share in zip(looks, look_shares(ALPHA, looks), strict=True) if n <= len(required.seeds)
    ]
    return reached[-1] if reached else look_shares(ALPHA, looks)[0]


@dataclass(frozen=True, slots=True)
class Refutation:
    """How a comparison may refute.

    Attributes:
        level: two-sided, of the interval that must lie in the refuting region; None where it is clear, or exact.
        opposed: it shares runs with another comparison so that errors of both sides add up (`stats.opposed`).
    """

    level: float | None
    opposed: bool = False


def refutations(
    share: float,
    measured: Mapping[str, Sequence[Mapping[tuple[str, str], float]]],
    clear: Mapping[str, Sequence[bool]],
) -> dict[str, list[Refutation]]:
    """Return how each comparison of the expectations that share a level may refute.

    Args:
        share: of the look.
        measured: expectation → what each of its comparisons measures (`Criteria.measured`).
        clear: expectation → which of its comparisons are clear.
    """
    shares = refutation_shares(share, [clear[name] for name in measured])
    both = iter(opposed([one for comparisons in measured.values() for one in comparisons]))
    return {
        name: [Refutation(None if own is None else 1 - own, next(both)) for own in parts]
        for name, parts in zip(measured, shares, strict=True)
    }
