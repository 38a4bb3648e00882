"""The ledger of criteria: when a claim's criteria were first seen, and which of its runs existed then.

Append-only, in the store. Criteria that changed after runs existed are shown with both versions.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel

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
        metrics, tune, looks: the rest of what the digest is of; empty in lines written before these were kept.
    """

    claim: str
    scale: str
    digest: str
    first_seen: str
    runs_then: int
    expect: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)
    tune: dict[str, Any] = field(default_factory=dict)
    looks: list[int] = field(default_factory=list)


def record(demand: Demand, store: Store) -> None:
    """Append the criteria of a claim unless the ledger has them; call before anything is run."""
    entry = present(demand, store)
    if entry is None or any(
        earlier.digest == entry.digest for earlier in history(demand.claim.id, demand.scale, store)
    ):
        return
    with (store.root / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(entry)) + "\n")


def present(demand: Demand, store: Store) -> Entry | None:
    """Return what the ledger would say of a claim's criteria now; None at a scale that it does not declare."""
    if demand.scale not in demand.claim.at:
        return None
    file = demand.file
    return Entry(
        claim=demand.claim.id,
        scale=demand.scale,
        digest=demand.claim.criteria_digest(demand.scale),
        first_seen=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        runs_then=sum(
            store.run(need.spec.key) is not None for need in demand.needs if need.purpose == "measure"
        ),
        expect={name: _plain(item) for name, item in file.expect.items()},
        metrics={name: _plain(metric) for name, metric in file.metrics.items()},
        tune=_plain(file.tune) if file.tune else {},
        looks=list(file.experiment.seeds.looks),
    )


def _plain(item: BaseModel) -> dict[str, Any]:
    return item.model_dump(mode="json", exclude_defaults=True)


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
