"""The store: one folder a run, content-addressed, written atomically; the union of two stores is a store.

    .repro/runs/<key>/run.json          spec, history, outcome, provenance (with a checksum)
    .repro/runs/<key>/weights-<moment>.pt
    .repro/readings/<key>.json          a probe's rows (with a checksum)
    .repro/failures/<key>.json          why the last attempt at a run or reading failed
    .repro/criteria.jsonl               append-only ledger: when a claim's criteria were first seen
    .repro/locks/<key>.lock             held while a run is carried out

A damaged entry is never used and never deleted: it counts as absent and is moved aside when replaced.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from repro.errors import mistake
from repro.spec import ReadingSpec, canonical_hash

Outcome = Literal["finished", "diverged"]


@dataclass(frozen=True)
class RunRecord:
    """A run carried out.

    Attributes:
        key: the key of its spec.
        spec: the RunSpec as plain data.
        history: column → values, one for each evaluation; "step" and "epoch" among them. Errors are fractions.
        outcome: "finished" or "diverged" (loss not finite: a result, not a failure).
        steps_done: iterations carried out.
        chance_error: error of guessing, as a fraction; what a diverged run's error counts as.
        images: number of training and test images, for the resolution of errors.
        wall_seconds: training time, evaluations included, imports aside.
        weights: moment → SHA-256 of the kept weights.
        provenance: machine, device, versions, commit, time finished. Not part of the key.
    """

    key: str
    spec: Mapping[str, Any]
    history: Mapping[str, list[float]]
    outcome: Outcome
    steps_done: int
    chance_error: float
    images: Mapping[str, int]
    wall_seconds: float
    weights: Mapping[str, str]
    provenance: Mapping[str, Any]


class Store:
    """Runs and readings under one folder. Reading never writes; every write is atomic."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: list[str] = []

    def prepare(self) -> None:
        """Make the folders and see that they can be written.

        Raises:
            ReproError: the folder cannot be made or written.
        """
        try:
            for name in ("runs", "readings", "failures", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            hint = "choose a writable folder with --store DIR"
            raise mistake(
                str(self.root), f"the store cannot be written: {error.strerror}", hint=hint
            ) from None

    def run(self, key: str) -> RunRecord | None:
        """Return the run with this key; None where it is absent or damaged (see :attr:`damaged`)."""
        content = self._read(self.root / "runs" / key / "run.json")
        if content is None:
            return None
        try:
            record = RunRecord(**content)
        except TypeError:
            self.damaged.append(f"runs/{key}/run.json was written by another version")
            return None
        if record.key != key:
            self.damaged.append(f"runs/{key}/run.json is of another run, {record.key}")
            return None
        return record

    def intact(self, key: str) -> bool:
        """Tell whether a run is there and so are all its kept weights, as they were written."""
        record = self.run(key)
        return record is not None and all(self.weights(key, moment) is not None for moment in record.weights)

    def runs(self) -> Iterator[RunRecord]:
        """Return every run that can be read, in order of key."""
        folder = self.root / "runs"
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            record = self.run(path.name) if "." not in path.name else None
            if record is not None:
                yield record

    def put_run(self, record: RunRecord, weights: Mapping[str, bytes]) -> None:
        """Write a run with its kept weights in one atomic step; an existing intact run is left as it is."""
        target = self.root / "runs" / record.key
        part = _part_of(target)
        part.mkdir()
        try:
            for moment, blob in weights.items():
                (part / f"weights-{moment}.pt").write_bytes(blob)
            (part / "run.json").write_text(_sealed(asdict(record)), encoding="utf-8")
            while True:
                if target.exists():
                    if self.intact(record.key):
                        return
                    target.rename(_free_name(target))
                try:
                    part.rename(target)
                except OSError:
                    # Another process has put the same run there since; nothing else may lie in the way.
                    if not target.exists():
                        raise
                else:
                    return
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def weights(self, key: str, moment: str) -> bytes | None:
        """Return the kept weights of a run at a moment; None where absent or not as they were written."""
        record = self.run(key)
        if record is None or moment not in record.weights:
            return None
        name = f"runs/{key}/weights-{moment}.pt"
        try:
            blob = (self.root / name).read_bytes()
        except OSError:
            self.damaged.append(f"{name} is missing or cannot be read")
            return None
        if hashlib.sha256(blob).hexdigest() != record.weights[moment]:
            self.damaged.append(f"{name} does not match its checksum")
            return None
        return blob

    def reading(self, key: str) -> list[dict[str, Any]] | None:
        """Return the rows of a reading; None where it is absent or damaged."""
        content = self._read(self.root / "readings" / f"{key}.json")
        return None if content is None else list(content["rows"])

    def put_reading(
        self, spec: ReadingSpec, rows: list[dict[str, Any]], provenance: Mapping[str, Any]
    ) -> None:
        """Write a reading atomically."""
        content = {"spec": spec.as_json(), "rows": rows, "provenance": dict(provenance)}
        path = self.root / "readings" / f"{spec.key}.json"
        if path.exists() and self.reading(spec.key) is None:
            path.rename(_free_name(path))
        _write(path, _sealed(content))

    def failure(self, key: str) -> str | None:
        """Return why the last attempt at this run or reading failed, or None."""
        content = self._read(self.root / "failures" / f"{key}.json")
        return None if content is None else str(content["reason"])

    def put_failure(self, key: str, title: str, reason: str) -> None:
        """Record why an attempt failed. A failed run is not a result; the next check tries again."""
        _write(self.root / "failures" / f"{key}.json", _sealed({"title": title, "reason": reason}))

    def clear_failure(self, key: str) -> None:
        """Forget a failure, once the run is there."""
        (self.root / "failures" / f"{key}.json").unlink(missing_ok=True)

    @contextmanager
    def lock(self, key: str) -> Iterator[bool]:
        """Hold the lock of a run; gives False at once where another process carries it out."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.root / "locks" / f"{key}.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            sealed = json.loads(path.read_bytes())
            body = dict(sealed["content"])
            if sealed["sha256"] != _digest(body):
                raise ValueError
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            self.damaged.append(
                f"{path.relative_to(self.root)} cannot be read or does not match its checksum"
            )
            return None
        return body


def lineage(spec: Mapping[str, Any]) -> str:
    """Return what runs share that differ in code version or dataset fingerprint only."""
    bare = json.loads(json.dumps(spec))
    for part, field in VERSIONS:
        bare[part].pop(field, None)
    return canonical_hash(bare)


VERSIONS = (("model", "version"), ("recipe", "version"), ("dataset", "fingerprint"))
"""Parts of a RunSpec that change when the code or the data does, though the claim says the same."""


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _sealed(content: Mapping[str, Any]) -> str:
    # A round trip through JSON first, so that what is hashed is what a reader will see.
    plain = json.loads(json.dumps(content))
    return json.dumps({"sha256": _digest(plain), "content": plain})


def _write(path: Path, text: str) -> None:
    part = _part_of(path)
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _part_of(path: Path) -> Path:
    """Return a name beside `path` that nobody else writes to. (Folders of `tempfile` are closed to others.)"""
    return path.with_name(f"{path.name}.part-{uuid.uuid4().hex[:12]}")


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
