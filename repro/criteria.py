"""The ledger of criteria: when a claim's criteria were first seen, and which of its runs existed then.

Append-only, in the store. Criteria that changed after runs existed are shown with both versions.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from repro.demand import Demand
from repro.store import Store

FILE = "criteria.jsonl"


@dataclass(frozen=True)
class Entry:
    """One line of the ledger.

    Attributes:
        claim, scale: whose criteria.
        digest: of metrics, expectations, tuning and seeds (see `Claim.criteria_digest`).
        first_seen: UTC, ISO 8601.
        runs_then: how many of the runs that the claim rests on were in the store already.
        expect: the expectations as they stood, for showing what changed.
    """

    claim: str
    scale: str
    digest: str
    first_seen: str
    runs_then: int
    expect: dict[str, Any]


def record(demand: Demand, store: Store) -> None:
    """Append the criteria of a claim unless the ledger has them; call before anything is run."""
    digest = demand.claim.criteria_digest(demand.scale) if demand.scale in demand.claim.at else None
    if digest is None or any(
        entry.digest == digest for entry in history(demand.claim.id, demand.scale, store)
    ):
        return
    there = sum(store.run(need.spec.key) is not None for need in demand.needs if need.purpose == "measure")
    expect = {
        name: item.model_dump(mode="json", exclude_defaults=True) for name, item in demand.file.expect.items()
    }
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    entry = Entry(demand.claim.id, demand.scale, digest, now, there, expect)
    with (store.root / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry)) + "\n")


def history(claim: str, scale: str, store: Store) -> list[Entry]:
    """Return the entries of a claim at a scale, oldest first; lines that cannot be read are passed over."""
    entries = []
    try:
        lines = (store.root / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    for number, line in enumerate(lines, start=1):
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            store.damaged.append(f"{FILE} line {number} cannot be read")
            continue
        if (entry.claim, entry.scale) == (claim, scale):
            entries.append(entry)
    return entries
