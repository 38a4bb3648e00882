"""Taking another store in: the union of the two, in which nothing of ours is lost and nothing of theirs is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from repro.exchange.verifying import wrong_with_checkpoint, wrong_with_reading, wrong_with_run
from repro.judging import preregistration as criteria
from repro.store import Checkpoint, RunRecord, Store
from repro.store.files import as_text


@dataclass
class Merged:
    """What became of the entries of another store.

    Attributes:
        new: entries that came in: runs, readings, checkpoints.
        completed: keys of our runs that lacked weights, and have them now.
        known: how many entries were there already, the same.
        conflicts: names of runs and readings whose result differs from ours; ours stay in use, theirs lie beside.
        busy: keys that a check has in hand now; nothing was changed of them.
        refused: what was damaged, or is not what its name says, and why.
        lines: of ledgers that came in.
    """

    new: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("runs", "readings", "checkpoints"), 0))
    completed: list[str] = field(default_factory=list)
    known: int = 0
    conflicts: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    lines: int = 0


def merge(source: Path, ours: Store) -> Merged:
    """Take in all that another store holds; a second time changes nothing.

    Raises:
        ReproError: theirs is a store of a later format, or ours cannot be written.
    """
    theirs, merged = Store(source), Merged()
    for record in theirs.runs():
        reason = wrong_with_run(record)
        if reason is not None:
            merged.refused.append(f"runs/{record.key} {reason}")
            continue
        with ours.lock(record.key) as mine:
            if mine:
                _take_run(record, theirs, ours, merged)
            else:
                merged.busy.append(record.key)
    for name in theirs.environments():
        packages = theirs.environment(name)
        if packages is not None:
            ours.put_environment(packages)
    for key in theirs.readings():
        _take_reading(key, theirs, ours, merged)
    for checkpoint in theirs.unfinished():
        with ours.lock(checkpoint.key) as mine:
            if mine:
                _take_checkpoint(checkpoint.key, theirs, ours, merged)
            else:
                merged.busy.append(checkpoint.key)
    merged.lines = criteria.merge(theirs, ours)
    theirs.check_ledgers()
    merged.refused += sorted(set(theirs.damaged))
    return merged


def _take_run(record: RunRecord, theirs: Store, ours: Store, merged: Merged) -> None:
    key = record.key
    there = dict(_weights(record, theirs))
    own = ours.run(key)
    if own is None:
        ours.put_run(record, there)
        ours.clear_failure(key)
        merged.new["runs"] += 1
    elif own.same_result(record):
        lacking = [moment for moment in there if ours.weights(key, moment) is None]
        for moment in lacking:
            ours.put_weights(key, moment, there[moment])
        if lacking:
            merged.completed.append(key)
        else:
            merged.known += 1
    elif any(other.same_result(record) for _, other in ours.conflicts() if other.key == key):
        merged.known += 1
    else:
        merged.conflicts.append(ours.put_conflict(record, there))


def _weights(record: RunRecord, theirs: Store) -> Iterator[tuple[str, bytes]]:
    """Yield the weights that came along; a run may travel without."""
    for moment in record.weights:
        if (theirs.root / "runs" / record.key / f"weights-{moment}.pt").exists():
            blob = theirs.weights(record.key, moment)
            if blob is not None:
                yield moment, blob


def _take_reading(key: str, theirs: Store, ours: Store, merged: Merged) -> None:
    content = theirs.complete_reading(key)
    if content is None:
        return
    reason = wrong_with_reading(key, content)
    own = ours.complete_reading(key)
    if reason is not None:
        merged.refused.append(f"readings/{key} {reason}")
    elif own is None:
        ours.put_complete_reading(key, content)
        ours.clear_failure(key)
        merged.new["readings"] += 1
    elif as_text(own["rows"]) == as_text(content["rows"]):
        merged.known += 1
    else:
        beside = ours.put_reading_beside(key, content)
        if beside is None:
            merged.known += 1
        else:
            merged.conflicts.append(beside)


def _take_checkpoint(key: str, theirs: Store, ours: Store, merged: Merged) -> None:
    """Take the newest checkpoint that is whole, unless ours has come further."""
    if ours.run(key) is not None:
        merged.known += 1
        return
    own = max((_worth(*kept) for kept in ours.checkpoints(key).complete()), default=None)
    for path, checkpoint, state in theirs.checkpoints(key).complete():
        reason = wrong_with_checkpoint(checkpoint)
        if reason is not None:
            merged.refused.append(f"checkpoints/{key}/{path.name} {reason}")
        elif own is not None and own >= _worth(path, checkpoint, state):
            merged.known += 1
        else:
            ours.checkpoints(key).put(checkpoint, state)
            merged.new["checkpoints"] += 1
        return


def _worth(_: Path, checkpoint: Checkpoint, state: bytes) -> tuple[int, bool, bool]:
    """Return what is compared: steps done, whether tuning can use it, whether one can go on from it."""
    return checkpoint.step, checkpoint.stopped is not None, bool(state)
