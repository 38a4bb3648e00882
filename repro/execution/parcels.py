"""What travels between two stores that share no file system: jobs and checkpoints out, results and checkpoints home.

A parcel is plain data and bytes. What comes home is written as everything is that a store holds: whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from repro.planning.jobs import Job
from repro.store import Checkpoint, RunRecord, Store
from repro.store.checkpoints import read

LARGEST_FILE_BYTES = 16 * 2**20
"""Of a claims folder: what is larger is data, which lies on the nodes already or is not there."""

Entry = Mapping[str, Any]
"""One thing of a store: its kind, its key, and what is needed to put it into another."""


def code_of(claims_folder: Path) -> dict[str, bytes]:
    """Return the files of a claims folder that a worker may need, by their places in it; none where it has no code."""
    files = [path for path in sorted(claims_folder.rglob("*")) if path.is_file()]
    hidden = {path for path in files if any(part.startswith((".", "__pycache__")) for part in path.parts)}
    if not any(path.suffix == ".py" for path in files):
        return {}
    return {
        path.relative_to(claims_folder).as_posix(): path.read_bytes()
        for path in files
        if path not in hidden and path.suffix != ".toml" and path.stat().st_size <= LARGEST_FILE_BYTES
    }


def unpack_code(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files of a claims folder."""
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def needed_for(jobs: Iterable[Job], store: Store) -> Iterator[Entry]:
    """Yield what jobs begin with: the runs that are only read from, and the newest checkpoints of the others."""
    for job in jobs:
        if job.run is not None:
            yield from _of_run(job.key, store, {})


def news(jobs: Sequence[Job], store: Store, sent: dict[str, object]) -> Iterator[Entry]:
    """Yield what a store has of some jobs that was not sent yet; the caller keeps `sent`, of what was."""
    for job in jobs:
        if job.run is not None:
            yield from _of_run(job.key, store, sent)
        for reading in job.readings:
            content = store.complete_reading(reading.key)
            if content is not None and f"reading {reading.key}" not in sent:
                sent[f"reading {reading.key}"] = True
                yield {"kind": "reading", "key": reading.key, "content": content}
    for failure in store.failures():
        if sent.get(f"failure {failure.key}") != failure.reason:
            sent[f"failure {failure.key}"] = failure.reason
            yield {"kind": "failure", "key": failure.key, "title": failure.title, "reason": failure.reason}


def take(entry: Entry, store: Store) -> None:
    """Put an entry into a store, as if it had been made here."""
    key = entry["key"]
    match entry["kind"]:
        case "run":
            record = RunRecord(**entry["record"])
            store.put_run(record, entry["weights"])
            store.clear_failure(key)
        case "checkpoint":
            if store.run(key) is None:
                store.checkpoints(key).put(Checkpoint(**entry["header"]), entry["state"])
        case "reading":
            store.put_complete_reading(key, entry["content"])
            store.clear_failure(key)
        case "failure":
            store.put_failure(key, entry["title"], entry["reason"])


def is_done(job: Job, store: Store) -> bool:
    """Tell whether a store has all that a job is for."""
    record = store.run(job.key) if job.run is not None else None
    if job.train and record is None:
        stopped = store.stopped(job.key) if job.until else None
        if job.until is None or stopped is None:
            return False
        return job.until.passed({name: column[-1] for name, column in stopped.items()})
    return all(
        store.reading(reading.key) is not None
        or (record is not None and reading.moment not in record.weights)
        for reading in job.readings
    )


def _of_run(key: str, store: Store, sent: dict[str, object]) -> Iterator[Entry]:
    record = store.run(key)
    if record is not None:
        if f"run {key}" not in sent:
            sent[f"run {key}"] = True
            blobs = {moment: store.weights(key, moment) for moment in record.weights}
            weights = {moment: blob for moment, blob in blobs.items() if blob is not None}
            yield {"kind": "run", "key": key, "record": record.as_json(), "weights": weights}
        return
    files = store.checkpoints(key).files()
    if files and sent.get(f"checkpoint {key}") != files[0].name:
        try:
            header, state = read(files[0])
        except (OSError, ValueError):
            return  # newer ones have taken its place, or it is damaged
        sent[f"checkpoint {key}"] = files[0].name
        yield {"kind": "checkpoint", "key": key, "header": asdict(header), "state": state}
