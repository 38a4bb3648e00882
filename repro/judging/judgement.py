"""Some claims, judged as a store stands, with all that a report says of them: worked out here once, and handed on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from repro.experiment.requirements import Requirements
from repro.experiment.spent import Outgoings, outgoings
from repro.experiment.variants import Variant
from repro.judging.frame import Collected, collect
from repro.judging.missing import MissingRuns, missing_runs
from repro.judging.preregistration import Ledger, ledger
from repro.judging.result_versions import ResultVersion, known_versions
from repro.judging.verdicts import ClaimVerdict, judge_claim
from repro.store import Store


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict.

    Attributes:
        required: what it rests on.
        verdict: as the store stands.
        missing: the runs that it still needs.
        ledger: when its criteria were first seen.
        result_versions: of results that were recorded elsewhere, oldest first.
        spent: on its runs and readings.
        variants: its controls and the points of its sensitivity analyses, with their verdicts.
    """

    required: Requirements
    verdict: ClaimVerdict
    missing: MissingRuns
    ledger: Ledger
    result_versions: tuple[ResultVersion, ...] = ()
    variants: tuple[tuple[Variant, ClaimVerdict], ...] = ()
    spent: Outgoings = field(default_factory=Outgoings)


@dataclass(frozen=True)
class Judgement:
    """Claims with their verdicts, and what these rest on."""

    claims: tuple[JudgedClaim, ...]
    collected: Collected


def judge_claims(
    required: Sequence[Requirements], store: Store, variants: Sequence[tuple[Variant, Requirements]] = ()
) -> Judgement:
    """Judge claims and their variants, all from one data frame."""
    collected = collect([*required, *(item for _, item in variants)], store)
    judged = [(variant, judge_claim(item, collected)) for variant, item in variants]
    claims = tuple(
        JudgedClaim(
            item,
            judge_claim(item, collected),
            missing_runs(item, collected),
            ledger(item, store),
            tuple(known_versions(item, store)),
            tuple(pair for pair in judged if pair[0].claim.id.startswith(f"{item.claim.id}~")),
            outgoings(item, store),
        )
        for item in required
    )
    return Judgement(claims, collected)
