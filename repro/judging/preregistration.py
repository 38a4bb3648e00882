"""The ledger of criteria: when a claim's criteria were first seen, and which of its runs existed then.

Append-only, in the store. Criteria that changed after runs existed are shown with both versions. A second ledger
remembers every run that a check of the claim has ever had before it, so that changing the protocol, or touching a
model's source, together with the criteria does not make them look as if they had been set beforehand.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import BaseModel

from repro.experiment.requirements import Requirements
from repro.store import Store
from repro.store.files import as_text

FILE = "criteria.jsonl"
SEEN = "seen.jsonl"
RESULTS = "results.jsonl"
"""Of versions of recorded results (`judging.result_versions`)."""

LEDGERS = (FILE, SEEN, RESULTS)


@dataclass(frozen=True)
class LedgerEntry:
    """One line of the ledger.

    Attributes:
        claim, scale: whose criteria.
        digest: of metrics, expectations, tuning and seeds (see `Claim.criteria_digest`).
        first_seen: UTC, ISO 8601.
        runs_then: how many runs a check of this claim at this scale had seen by then, of whatever protocol.
        expect: the expectations as they stood, for showing what changed.
        metrics, tune, looks: the rest of what the digest is of; empty in lines written before these were kept.
        results: how results that were recorded elsewhere are read; empty where runs are trained.
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
    results: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ledger:
    """What the ledger says of a claim at a scale, oldest first, and what it would say of its criteria now.

    `present` is None at a scale that the claim does not declare.
    """

    entries: tuple[LedgerEntry, ...]
    present: LedgerEntry | None


def ledger(requirements: Requirements, store: Store) -> Ledger:
    """Return the ledger of a claim at its scale."""
    entries = history(requirements.claim.id, requirements.scale, store)
    return Ledger(tuple(entries), present(requirements, store))


def record(requirements: Requirements, store: Store) -> None:
    """Append the criteria of a claim unless the ledger has them; call before anything is run."""
    entry = present(requirements, store)
    if entry is None or any(
        earlier.digest == entry.digest
        for earlier in history(requirements.claim.id, requirements.scale, store)
    ):
        return
    told = asdict(entry)
    if not entry.results:
        del told["results"]  # earlier versions know no such key
    store.append(FILE, told)


def present(requirements: Requirements, store: Store) -> LedgerEntry | None:
    """Return what the ledger would say of a claim's criteria now; None at a scale that it does not declare."""
    if requirements.scale not in requirements.claim.at:
        return None
    file = requirements.file
    return LedgerEntry(
        claim=requirements.claim.id,
        scale=requirements.scale,
        digest=requirements.claim.criteria_digest(requirements.scale),
        first_seen=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        runs_then=len(_there(requirements, store) | _seen(requirements, store)),
        expect={name: _plain(item) for name, item in file.expect.items()},
        metrics={name: _plain(metric) for name, metric in file.metrics.items()},
        tune=_plain(file.tune) if file.tune else {},
        looks=[] if file.results else list(file.experiment.seeds.looks),
        results=file.results.read_as(file.arms) if file.results else {},
    )


def remember(requirements: Requirements, store: Store) -> None:
    """Append the claim's runs that are there and were not seen before; call after runs were carried out."""
    new = _there(requirements, store) - _seen(requirements, store)
    if new:
        store.append(SEEN, {"claim": requirements.claim.id, "scale": requirements.scale, "runs": sorted(new)})


def _there(requirements: Requirements, store: Store) -> set[str]:
    if requirements.recorded is not None:
        return set(requirements.recorded.keys)
    keys = {need.spec.key for need in requirements.needs if need.purpose == "measure"}
    return {key for key in keys if store.run(key) is not None}


def _seen(requirements: Requirements, store: Store) -> set[str]:
    lines = (line for line in store.sound_lines(SEEN) if (line["claim"], line["scale"]) == _of(requirements))
    return {key for line in lines for key in line["runs"]}


def _of(requirements: Requirements) -> tuple[str, str]:
    return requirements.claim.id, requirements.scale


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", exclude_defaults=True)


def history(claim: str, scale: str, store: Store) -> list[LedgerEntry]:
    """Return the entries of a claim at a scale, oldest first; lines that cannot be read are passed over.

    Those of another store's ledger were appended when it was imported, whenever they were made.
    """
    lines = (line for line in store.sound_lines(FILE) if (line["claim"], line["scale"]) == (claim, scale))
    return sorted((LedgerEntry(**line) for line in lines), key=lambda entry: entry.first_seen)


def merge(theirs: Store, ours: Store) -> int:
    """Append what the ledgers of another store say and ours do not; return how many lines. None is ever taken away.

    The chain is ours: their lines are sealed over ours, and those that were not as written there stay marked.
    """
    added = 0
    for ledger in LEDGERS:
        known = {as_text(kept) for _, kept in ours.lines_to_merge(ledger)}
        sound = {as_text(line) for line in theirs.sound_lines(ledger)}
        new = {
            text: kept
            for line, kept in theirs.lines_to_merge(ledger)
            if as_text(line) in sound and (text := as_text(kept)) not in known
        }
        if new:
            ours.append(ledger, *new.values())
        added += len(new)
    return added
