"""Runs by the claims that need them, and claims by the keys of their runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from repro.cli import requested
from repro.cli.run_rows import rows_of
from repro.errors import ReproError, mistake
from repro.store import Store

if TYPE_CHECKING:
    from repro.claims import Claim
    from repro.experiment.requirements import Requirements


def keys_of(which: Sequence[str], claims_dir: Path | None, store: Store) -> set[str] | None:
    """Return the keys that are named, by themselves or by claims; None where nothing is named.

    Raises:
        ReproError: an unknown claim or key.
    """
    if not which:
        return None
    given = {name for name in which if re.fullmatch("[0-9a-f]{24}", name)}
    known = {str(row["key"]) for row in rows_of(store)} | set(store.readings())
    unknown = sorted(given - known)
    if unknown:
        raise mistake(str(store.root), "has nothing of this key", unknown[0], "see `repro runs list`")
    claims = [name for name in which if name not in given]
    return given | (_of_claims(claims, claims_dir, store) if claims else set())


def _of_claims(names: Sequence[str], claims_dir: Path | None, store: Store) -> set[str]:
    keys = set[str]()
    for item in _requirements(requested.library(claims_dir).select(tuple(names)), store):
        keys |= {need.spec.key for need in (*item.needs, *item.stopped)}
        keys |= {need.reading.key for need in item.exact}
    return keys


def _requirements(claims: Sequence[Claim], store: Store) -> Iterator[Requirements]:
    """Yield what claims and their variants rest on, at every scale, with the seeds of their last looks."""
    from repro.experiment.requirements import requirements
    from repro.experiment.variants import variants

    for claim in claims:
        for scale in claim.at:
            for each in (claim, *(variant.claim for variant in variants(claim, scale))):
                yield requirements(each, scale, store, each.at[scale].experiment.seeds.looks[-1])


def users(claims_dir: Path | None, store: Store) -> dict[str, list[str]]:
    """Return run key → what needs it: "resnet/lesion plain/deep", "… tuning, lr 0.1"; {} without a sound folder."""
    try:
        claims = requested.library(claims_dir).claims
    except ReproError:
        return {}
    found: dict[str, list[str]] = {}
    for item in _requirements(claims, store):
        for need in (*item.needs, *item.stopped):
            tuning = f" tuning, {need.tried}" if need.purpose == "tune" else ""
            says = f"{need.claim} {need.cell.address}{tuning}"
            known = found.setdefault(need.spec.key, [])
            if says not in known:
                known.append(says)
    return found
