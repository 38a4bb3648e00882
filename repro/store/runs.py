"""The runs of a store: a folder each, with the record and the kept weights."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from repro.store import files
from repro.store.entries import Entries
from repro.store.packed import History
from repro.store.recent import Recent, Signature
from repro.store.record import RunRecord
from repro.store.snapshot import Packed


class Runs(Entries):
    """The part of a store that holds runs."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        # Joined as text: paths are asked for tens of thousands of times.
        self._runs = str(root / "runs")
        self.recent_runs = Recent[RunRecord](lambda key: f"{self._runs}/{key}/run.json")

    def run(self, key: str) -> RunRecord | None:
        """Return the run with this key; None where it is absent or damaged (see :attr:`damaged`)."""
        return self._of_key(key, self.recent_runs.read(key, self._packed, self._of_snapshot))

    def _of_snapshot(self, key: str, unchanged: Signature) -> RunRecord | None:
        found = self.snapshot.take(f"runs/{key}/run.json", unchanged)
        if found is None:
            return None
        head, columns = found
        return RunRecord(**head, history=History(columns))

    def _kept_runs(self) -> Iterator[tuple[str, Signature, Packed]]:
        """Yield what a snapshot can hold of the runs that were read."""
        for key, unchanged, record in self.recent_runs.items():
            if isinstance(record.history, History):
                named = (field.name for field in fields(record) if field.name != "history")
                head = {name: getattr(record, name) for name in named}
                yield f"runs/{key}/run.json", unchanged, (head, record.history.columns)

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

    def has_weights(self, record: RunRecord) -> bool:
        """Tell whether any weights of a run are here: an export may have left all of them out, which is no damage."""
        folder = self.root / "runs" / record.key
        return any((folder / f"weights-{moment}.pt").exists() for moment in record.weights)

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
