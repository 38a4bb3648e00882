"""Holding everything in a store against its checksums, its names and its own sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from repro.canonical import canonical_hash
from repro.command_spec import run_from_json
from repro.exchange.loading import Loaded
from repro.store import Checkpoint, RunRecord, Store

OLDER = "is named by an older rule; no claim asks for it"
"""Format 1 hashed every field of a spec, those at their defaults, too."""

Load = Callable[[Sequence[Path]], Loaded]


@dataclass(frozen=True)
class Finding:
    """Something about an entry of a store.

    Attributes:
        entry: its place in the store.
        says: what is the matter, as the rest of a sentence.
        kind: "damaged", "unchecked" (nobody could tell), "conflict" (another result of the same run), "aside" (set
            aside earlier, or left by a process that was killed) or "kept" (in order, but worth knowing).
    """

    entry: str
    says: str
    kind: Literal["damaged", "unchecked", "conflict", "aside", "kept"] = "damaged"


def verify(store: Store, load: Load) -> list[Finding]:
    """Check every checksum, that keys are the hashes of specs, that histories are complete and that weights load.

    Args:
        store: read only.
        load: tries to load files of weights and checkpoints without executing code.
    """
    store.damaged.clear()
    found = [*_runs(store), *_unfinished(store), *_readings(store), *_conflicts(store), *_asides(store)]
    store.check_ledgers()
    for name in store.environments():
        store.environment(name)
    named = [Finding(*_split(entry)) for entry in sorted(set(store.damaged))]
    loaded = load([*_states(store, {finding.entry for finding in (*found, *named)})])
    for path, why in loaded.broken.items():
        found.append(Finding(path.relative_to(store.root).as_posix(), f"does not load: {why}"))
    for path, why in loaded.unchecked.items():
        found.append(Finding(path.relative_to(store.root).as_posix(), why, "unchecked"))
    return [*named, *found]


def wrong_with_run(record: RunRecord) -> str | None:
    """Return what is the matter with a record that the store can use, if anything."""
    return _wrong_with_key(record.key, record.spec) or _wrong_with_history(record)


def wrong_with_checkpoint(checkpoint: Checkpoint) -> str | None:
    """Return what is the matter with an undamaged checkpoint's header, if anything."""
    return _wrong_with_key(checkpoint.key, checkpoint.spec)


def wrong_with_reading(key: str, content: Mapping[str, Any]) -> str | None:
    """Return what is the matter with a reading that the store can use, if anything."""
    own = canonical_hash(content["spec"])
    return None if own == key else "is not of the spec that it tells: its key is another"


def _split(entry: str) -> tuple[str, str]:
    name, _, says = entry.partition(" ")
    return name, says


def _wrong_with_key(key: str, spec: Mapping[str, Any]) -> str | None:
    try:
        own = run_from_json(spec).key
    except (KeyError, TypeError, ValueError, AttributeError):
        own = None
    if own == key:
        return None
    if canonical_hash(spec) == key:
        return OLDER
    return "is not of the spec that it tells: its key is another"


def _wrong_with_history(record: RunRecord) -> str | None:
    last = record.history["step"][-1]
    if last != record.steps_done:
        return f"has a history that ends at step {last:,.0f} of {record.steps_done:,} done"
    return None


def _runs(store: Store) -> Iterator[Finding]:
    for record in store.runs():
        name = f"runs/{record.key}"
        reason = wrong_with_run(record)
        if reason is not None:
            yield Finding(f"{name}/run.json", reason, "kept" if reason == OLDER else "damaged")
        if record.weights and not store.has_weights(record):
            yield Finding(name, "is kept without weights: what is not read yet cannot be", "kept")
        else:
            for moment in record.weights:
                store.weights(record.key, moment)


def _unfinished(store: Store) -> Iterator[Finding]:
    for checkpoint in store.unfinished():
        for path, whole, state in store.checkpoints(checkpoint.key).complete():
            entry = path.relative_to(store.root).as_posix()
            reason = wrong_with_checkpoint(whole)
            if reason is not None:
                yield Finding(entry, reason)
            elif not state:
                yield Finding(
                    entry, "is kept without its state: its run begins anew if needed further", "kept"
                )


def _readings(store: Store) -> Iterator[Finding]:
    for key in store.readings():
        content = store.complete_reading(key)
        reason = wrong_with_reading(key, content) if content is not None else None
        if reason is not None:
            yield Finding(f"readings/{key}.json", reason)


def _conflicts(store: Store) -> Iterator[Finding]:
    for path in sorted([*store.root.glob("runs/*.theirs-*"), *store.root.glob("readings/*.theirs-*")]):
        yield Finding(
            path.relative_to(store.root).as_posix(), "is another result; ours is in use", "conflict"
        )


def _asides(store: Store) -> Iterator[Finding]:
    kinds = {
        "damaged": "was set aside",
        "aside": "was set aside",
        "part": "was left by a write that was cut off",
    }
    for mark, says in kinds.items():
        for path in sorted(
            [
                *store.root.glob(f"*.{mark}-*"),
                *store.root.glob(f"*/*.{mark}-*"),
                *store.root.glob(f"checkpoints/*/*.{mark}-*"),
            ]
        ):
            yield Finding(path.relative_to(store.root).as_posix(), says, "aside")


def _states(store: Store, known: set[str]) -> Iterator[Path]:
    """Yield the files of weights and states that nothing is known against yet."""
    for pattern in ("runs/*/weights-*.pt", "checkpoints/*/step-*.checkpoint"):
        for path in sorted(store.root.glob(pattern)):
            entry = path.relative_to(store.root).as_posix()
            if "." not in path.parent.name and entry not in known:
                yield path
