"""The store's folder: runs, readings, failures, checkpoints and locks."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from repro.errors import mistake
from repro.spec import ReadingSpec
from repro.store import files, ledgers
from repro.store.checkpoints import Checkpoint, CheckpointFolder
from repro.store.packed import Packer
from repro.store.recent import Recent
from repro.store.record import RunRecord

FORMAT = 2
"""Of the folder. 1 had no `store.json` and no checkpoints; its entries are read as they are."""

LEDGER_SECONDS = 30.0
"""How long another process may hold the lock of the ledgers; it needs milliseconds."""


@dataclass(frozen=True)
class Failure:
    """Why the last attempt at a run or reading failed."""

    key: str
    title: str
    reason: str


class Store:
    """Runs and readings under one folder. Reading never writes; every write is atomic.

    Raises:
        ReproError: the folder is a store of a later format.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.damaged: list[str] = []
        self.recent_runs = Recent[RunRecord]()
        self.recent_readings = Recent[Sequence[Mapping[str, Any]]]()
        self.recent_stopped = Recent[Mapping[str, Sequence[float]]]()
        self._packer = Packer()
        # Joined as text: paths are asked for hundreds of thousands of times.
        self._runs, self._readings = str(root / "runs"), str(root / "readings")
        content = self._read(root / "store.json") or {}
        if content.get("format", FORMAT) != FORMAT:
            what = f"is a store of another format; this version of repro reads {FORMAT}"
            hint = "use the version that wrote it, or another folder with --store DIR"
            raise mistake(str(root), what, content["format"], hint)

    def prepare(self) -> None:
        """Make the folders and see that they can be written, and that locks are to be had.

        Raises:
            ReproError: the folder cannot be made or written, or knows no locks.
        """
        try:
            for name in ("runs", "readings", "failures", "checkpoints", "locks"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root), self.lock("store"):
                pass
            path = self.root / "store.json"
            if self._read(path) is None:
                if path.exists():
                    path.rename(files.free_name(path, "damaged"))
                files.write(path, files.sealed({"format": FORMAT}).encode())
        except OSError as error:
            what = f"the store cannot be written: {error.strerror or error}"
            raise mistake(str(self.root), what, hint="choose a writable folder with --store DIR") from None

    @property
    def drawn(self) -> Path:
        """Where a report keeps its drawings: no part of what the store holds, made anew when missing."""
        return self.root / "drawn"

    def run(self, key: str) -> RunRecord | None:
        """Return the run with this key; None where it is absent or damaged (see :attr:`damaged`)."""
        record = self.recent_runs.read(f"{self._runs}/{key}/run.json", lambda: self._packed(key))
        return self._of_key(key, record)

    def _packed(self, key: str) -> RunRecord | None:
        record = self._parsed(key)
        if record is None:
            return None
        history, spec = self._packer.history(record.history), self._packer.spec(record.spec)
        return replace(record, history=history, spec=spec)

    def _of_key(self, key: str, record: RunRecord | None) -> RunRecord | None:
        if record is not None and record.key != key:
            self.damaged.append(f"runs/{key}/run.json is of another run, {record.key}")
            return None
        return record

    def _parsed(self, folder: str) -> RunRecord | None:
        content = self._usable("run", f"{self._runs}/{folder}/run.json")
        return None if content is None else RunRecord(**content)

    def intact(self, key: str) -> bool:
        """Tell whether a run is there and so are all its kept weights, as they were written."""
        record = self.run(key)
        return record is not None and all(self.weights(key, moment) is not None for moment in record.weights)

    def run_keys(self) -> list[str]:
        """Return the keys of all runs in their order, damaged ones included."""
        return [name for name in self._names("runs") if "." not in name]

    def runs(self) -> Iterator[RunRecord]:
        """Return every run that can be read, in order of key, each read anew and kept by nobody."""
        for key in self.run_keys():
            record = self._of_key(key, self._parsed(key))
            if record is not None:
                yield record

    def conflicts(self) -> Iterator[tuple[str, RunRecord]]:
        """Return other results of runs that were imported: the folder's name and the record of each."""
        for name in self._names("runs"):
            record = self._parsed(name) if ".theirs-" in name else None
            if record is not None:
                yield name, record

    def put_run(self, record: RunRecord, weights: Mapping[str, bytes]) -> None:
        """Write a run with its kept weights in one atomic step; an existing intact run is left as it is.

        The run's checkpoints are no longer needed, then, and go.
        """
        target = self.root / "runs" / record.key
        part = self._written(target, record, weights)
        try:
            while True:
                if target.exists():
                    if self.intact(record.key):
                        break
                    target.rename(files.free_name(target, "damaged"))
                try:
                    part.rename(target)
                except OSError:
                    # Another process has put the same run there since; nothing else may lie in the way.
                    if not target.exists():
                        raise
                else:
                    break
        finally:
            shutil.rmtree(part, ignore_errors=True)
        files.sync_folder(target.parent)
        shutil.rmtree(self.root / "checkpoints" / record.key, ignore_errors=True)

    def put_conflict(self, record: RunRecord, weights: Mapping[str, bytes]) -> str:
        """Keep another result of a run beside ours, which stays in use; return the name of its folder."""
        target = self.root / "runs" / record.key
        part = self._written(target, record, weights)
        return part.rename(files.free_name(target, "theirs")).name

    def put_weights(self, key: str, moment: str, blob: bytes) -> None:
        """Put weights where they are missing, of a run whose record names them."""
        files.write(self.root / "runs" / key / f"weights-{moment}.pt", blob)

    def _written(self, target: Path, record: RunRecord, weights: Mapping[str, bytes]) -> Path:
        part = files.part_of(target)
        try:
            part.mkdir()
            for moment, blob in weights.items():
                files.write_synced(part / f"weights-{moment}.pt", blob)
            files.write_synced(part / "run.json", files.sealed(record.as_json()).encode())
            files.sync_folder(part)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        return part

    def sweep(self, key: str) -> None:
        """Remove what a process that was killed has left half written of a run; call with its lock held."""
        for part in (self.root / "runs").glob(f"{key}.part-*"):
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

    def reading(self, key: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the rows of a reading; None where it is absent or damaged."""

        def anew() -> Sequence[Mapping[str, Any]] | None:
            content = self.whole_reading(key)
            return None if content is None else self._packer.rows(content["rows"])

        return self.recent_readings.read(f"{self._readings}/{key}.json", anew)

    def whole_reading(self, key: str) -> dict[str, Any] | None:
        """Return a reading's "spec", "rows" and "provenance", read anew; None where it is absent or damaged."""
        return self._usable("reading", f"{self._readings}/{key}.json")

    def readings(self) -> Iterator[str]:
        """Return the keys of all readings, damaged ones included."""
        return (name.removesuffix(".json") for name in self._names("readings") if name.endswith(".json"))

    def put_reading(
        self, spec: ReadingSpec, rows: list[dict[str, Any]], provenance: Mapping[str, Any]
    ) -> None:
        """Write a reading atomically."""
        content = {"spec": spec.as_json(), "rows": rows, "provenance": dict(provenance)}
        self.put_whole_reading(spec.key, content)

    def put_whole_reading(self, key: str, content: Mapping[str, Any]) -> None:
        """Write what :meth:`whole_reading` gave; a damaged one in its place is moved aside."""
        path = self.root / "readings" / f"{key}.json"
        if path.exists() and self.reading(key) is None:
            path.rename(files.free_name(path, "damaged"))
        files.write(path, files.sealed(content).encode())

    def put_reading_beside(self, key: str, content: Mapping[str, Any]) -> str | None:
        """Keep another result of a reading beside ours, and return its file's name; None where it is there by now."""
        path = self.root / "readings" / f"{key}.json"
        for there in path.parent.glob(f"{path.name}.theirs-*"):
            kept = self._usable("reading", there)
            if kept is not None and files.as_text(kept["rows"]) == files.as_text(content["rows"]):
                return None
        beside = files.free_name(path, "theirs")
        files.write(beside, files.sealed(content).encode())
        return beside.name

    def checkpoints(self, key: str) -> CheckpointFolder:
        """Return the checkpoints of a run."""
        return CheckpointFolder(self.root / "checkpoints" / key, self.damaged)

    def unfinished(self) -> Iterator[Checkpoint]:
        """Return the newest checkpoint of every run that is not there yet, in order of key."""
        for key in self._names("checkpoints"):
            newest = self.checkpoints(key).newest() if self.run(key) is None else None
            if newest is not None:
                yield newest

    def stopped(self, key: str) -> Mapping[str, Sequence[float]] | None:
        """Return the history of a run that was stopped because no more of it was needed, or None."""
        folder = self.checkpoints(key)
        newest = folder.newest()
        if newest is None or newest.stopped is None:
            return None

        def anew() -> Mapping[str, Sequence[float]] | None:
            return next((checkpoint.stopped for _, checkpoint, _ in folder.whole()), None)

        return self.recent_stopped.read(str(folder.files()[0]), anew)

    def failure(self, key: str) -> str | None:
        """Return why the last attempt at this run or reading failed, or None."""
        content = self._usable("failure", self.root / "failures" / f"{key}.json")
        return None if content is None else str(content["reason"])

    def failures(self) -> Iterator[Failure]:
        """Return every failure that can be read, in order of key."""
        for name in self._names("failures"):
            content = self._usable("failure", self.root / "failures" / name)
            if content is not None:
                yield Failure(name.removesuffix(".json"), str(content["title"]), str(content["reason"]))

    def put_failure(self, key: str, title: str, reason: str) -> None:
        """Record why an attempt failed. A failed run is not a result; the next check tries again."""
        content = {"title": title, "reason": reason}
        files.write(self.root / "failures" / f"{key}.json", files.sealed(content).encode())

    def clear_failure(self, key: str) -> None:
        """Forget a failure, once the run is there."""
        (self.root / "failures" / f"{key}.json").unlink(missing_ok=True)

    def lock(self, key: str) -> AbstractContextManager[bool]:
        """Hold the lock of a run; gives False at once where another process carries it out."""
        return files.held(self.root / "locks" / f"{key}.lock")

    def lines(self, ledger: str) -> Iterator[dict[str, Any]]:
        """Return what the lines of a ledger say, in their order; what is wrong with one is named in `damaged`."""
        for line in self._ledger(ledger):
            if line.wrong is not None:
                self.damaged.append(f"{ledger} line {line.number} {line.wrong}")
            if line.content is not None:
                yield line.content

    def append(self, ledger: str, *lines: Mapping[str, Any]) -> None:
        """Append lines to a ledger.

        Raises:
            ReproError: it cannot be written.
        """
        path = self.root / ledger
        try:
            with files.held(self.root / "locks" / "ledgers.lock", seconds=LEDGER_SECONDS) as mine:
                if not mine:
                    raise OSError(None, "another process does not let go of its lock")
                about = self._read(self.root / "store.json") or {"format": FORMAT}
                ends = _ends(about)
                seals = [line.seal for line in self._ledger(ledger)]
                # Lines that are missing at the end stay missed: what follows is sealed over them.
                before = seals[-1] if seals else ledgers.FIRST
                if ledger in ends and ends[ledger] not in seals:
                    before = ends[ledger]
                written = []
                for line in lines:
                    text, before = ledgers.sealed(line, before)
                    written.append(text)
                files.append_lines(path, written)
                about["ledgers"] = {**ends, ledger: before}
                files.write(self.root / "store.json", files.sealed(about).encode())
        except OSError as error:
            hint = "make room, or choose another folder with --store DIR; runs that are there are safe"
            raise mistake(str(path), f"cannot be written: {error.strerror}", hint=hint) from None

    def check_ledgers(self) -> None:
        """Name in `damaged` what is wrong with `store.json` and with the ledgers, lines that are gone among it."""
        about = self._read(self.root / "store.json")
        if about is None:
            # A store of format 1 has none; it had no checkpoints, either.
            if (self.root / "checkpoints").is_dir() and not (self.root / "store.json").exists():
                self.damaged.append("store.json is missing, and with it where the ledgers end")
            about = {}
        ends = _ends(about)
        for ledger in sorted({path.name for path in self.root.glob("*.jsonl")} | ends.keys()):
            for _ in self.lines(ledger):
                pass
            if ledger in ends and ends[ledger] not in {line.seal for line in self._ledger(ledger)}:
                self.damaged.append(f"{ledger} lacks its end: lines that were there are gone")

    def _ledger(self, name: str) -> Iterator[ledgers.Line]:
        try:
            text = (self.root / name).read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            self.damaged.append(f"{name} cannot be read: {error.strerror}")
            return
        yield from ledgers.read(text)

    def _names(self, folder: str) -> list[str]:
        path = self.root / folder
        # Names that begin with a dot are those of editors and file managers.
        names = (entry.name for entry in path.iterdir()) if path.is_dir() else ()
        return sorted(name for name in names if not name.startswith("."))

    def _usable(self, kind: str, path: Path | str) -> dict[str, Any] | None:
        """Return the content of an entry that is whole and makes sense; others are named in `damaged`."""
        content = self._read(path)
        if content is None:
            return None
        from repro.store.contract import wrong_with  # pydantic, not before something is read

        wrong = wrong_with(kind, content)
        if wrong is not None:
            self.damaged.append(f"{Path(path).relative_to(self.root).as_posix()} {wrong}")
            return None
        return content

    def _read(self, path: Path | str) -> dict[str, Any] | None:
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - of tens of thousands of files
                return files.unsealed(file.read())
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            self.damaged.append(
                f"{Path(path).relative_to(self.root).as_posix()} cannot be read or does not match its checksum"
            )
            return None


def _ends(about: Mapping[str, Any]) -> dict[str, str]:
    """Return ledger → the seal of its last line, as `store.json` tells it."""
    ends = about.get("ledgers")
    return {str(name): str(seal) for name, seal in ends.items()} if isinstance(ends, dict) else {}
