"""The ledger of recorded results: which versions of a claim's results a check has seen, with the values of each.

Append-only, in the store. Results that are changed later are noticed, and both versions can be shown.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from repro.experiment.requirements import Requirements
from repro.judging.preregistration import RESULTS
from repro.store import Store

Values = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""Cell → metric → seed → value; None for one that is no finite number."""


@dataclass(frozen=True)
class ResultVersion:
    """One line of the ledger.

    Attributes:
        claim: whose results.
        digest: SHA-256 of their content.
        first_seen: UTC, ISO 8601.
        place, by: where they lay, and who recorded them.
        runs: how many.
        values: of each cell, metric and seed.
    """

    claim: str
    digest: str
    first_seen: str
    place: str
    by: str
    runs: int
    values: Values


def present_version(requirements: Requirements) -> ResultVersion | None:
    """Return what the ledger would say of a claim's results now; None where there are none."""
    recorded = requirements.recorded
    if recorded is None or not recorded.results.digest:
        return None
    values: dict[str, dict[str, dict[str, float | None]]] = {}
    for (address, metric), found in recorded.values.items():
        of_cell = values.setdefault(address, {})
        of_cell[metric] = {
            str(run.seed): one.value if math.isfinite(one.value) else None for run, one in found
        }
    results = recorded.results
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return ResultVersion(
        requirements.claim.id, results.digest, now, results.place, results.by, results.count, values
    )


def record_version(requirements: Requirements, store: Store) -> None:
    """Append the results of a claim unless they are those that the ledger has last."""
    version = present_version(requirements)
    earlier = versions(requirements.claim.id, store)
    if version is not None and (not earlier or earlier[-1].digest != version.digest):
        store.append(RESULTS, asdict(version))


def known_versions(requirements: Requirements, store: Store) -> list[ResultVersion]:
    """Return all versions that a check has seen, and the present one last."""
    now = present_version(requirements)
    found = versions(requirements.claim.id, store)
    if now is not None and (not found or found[-1].digest != now.digest):
        found.append(now)
    return found


def versions(claim: str, store: Store) -> list[ResultVersion]:
    """Return the versions of a claim's results that a check has seen, oldest first."""
    found = [ResultVersion(**line) for line in store.sound_lines(RESULTS) if line["claim"] == claim]
    return sorted(found, key=lambda version: version.first_seen)
