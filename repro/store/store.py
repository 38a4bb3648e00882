"""The store: its runs, readings and ledgers, and beside them failures, checkpoints and locks."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from repro.command_spec import CommandSpec
from repro.errors import mistake
from repro.store import files
from repro.store.checkpoints import Checkpoint, CheckpointFolder
from repro.store.environments import Environments
from repro.store.ledgers import FORMAT, Ledgers
from repro.store.outputs import Output
from repro.store.readings import Readings
from repro.store.recent import MOST, Recent
from repro.store.runs import Runs
from repro.store.snapshot import FEWEST, STALE_SHARE

Made = TypeVar("Made")


@dataclass(frozen=True)
class Failure:
    """Why the last attempt at a run or reading failed."""

    key: str
    title: str
    reason: str


class Store(Runs, Readings, Environments, Ledgers):
    """Runs and readings under one folder. Reading never writes; every write is atomic.

    Raises:
        ReproError: the folder is a store of a later format.
    """

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._made: dict[Hashable, Any] | None = None
        # Joined as text, as in `Runs`.
        failures, checkpoints = str(root / "failures"), str(root / "checkpoints")
        self.recent_failures = Recent[str](lambda key: f"{failures}/{key}.json")
        self.recent_stopped = Recent[Mapping[str, Sequence[float]]](lambda place: f"{checkpoints}/{place}")
        content = self._read(root / "store.json") or {}
        if content.get("format", FORMAT) != FORMAT:
            what = f"is a store of another format; this version of repro reads {FORMAT}"
            hint = "use the version that wrote it, or another folder with --store DIR"
            raise mistake(str(root), what, content["format"], hint)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Answer what is asked in a block from one state of the store: each file is looked at once.

        What others write meanwhile is seen after the block. Nothing that is asked for in it may be written in it.
        """
        before = self._made
        self._made = {} if before is None else before
        try:
            with self.recent_runs.still(), self.recent_readings.still(), self.recent_failures.still():
                yield
        finally:
            self._made = before

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` makes of the store alone; within one `still` block, what it made under this key before."""
        if self._made is None:
            return make()
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

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

    def keep_snapshot(self) -> None:
        """Keep what was read in one file for the next command, where it is much and most of it was read anew."""
        count = len(self.recent_runs) + len(self.recent_readings)
        anew = self.recent_runs.read_anew + self.recent_readings.read_anew
        if count < FEWEST or anew <= STALE_SHARE * count:
            return
        entries = {
            place: (unchanged, packed)
            for place, unchanged, packed in (*self._kept_runs(), *self._kept_readings())
        }
        for place, unchanged, packed in self.snapshot.rest():
            if len(entries) < MOST:
                entries[place] = unchanged, packed
        self.snapshot.write((place, *entry) for place, entry in entries.items())

    def output(self, spec: CommandSpec) -> Output:
        """Return what the command of a run has written, if it ever ran; several runs may be read of it."""
        return Output(self.root / "commands" / spec.output_key)

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

        def anew(_: str) -> Mapping[str, Sequence[float]] | None:
            return next((checkpoint.stopped for _, checkpoint, _ in folder.complete()), None)

        return self.recent_stopped.read(f"{key}/{folder.files()[0].name}", anew)

    def failure(self, key: str) -> str | None:
        """Return why the last attempt at this run or reading failed, or None."""
        return self.recent_failures.read(key, self._read_failure)

    def _read_failure(self, key: str) -> str | None:
        content = self._usable("failure", self.root / "failures" / f"{key}.json")
        return None if content is None else str(content["reason"])

    def failures(self) -> Iterator[Failure]:
        """Return every failure that can be read, in order of key."""
        for name in self._names("failures"):
            content = self._usable("failure", self.root / "failures" / name)
            if content is not None:
                yield Failure(name.removesuffix(".json"), str(content["title"]), str(content["reason"]))

    def put_failure(self, key: str, title: str, reason: str, output: str | None = None) -> None:
        """Record why an attempt failed. A failed run is not a result; the next check tries again.

        `output` is the key of what a command has written, of which a run was to be read.
        """
        content = {"title": title, "reason": reason} | ({} if output is None else {"output": output})
        files.write(self.root / "failures" / f"{key}.json", files.sealed(content).encode())

    def clear_failure(self, key: str) -> None:
        """Forget a failure, once the run is there."""
        (self.root / "failures" / f"{key}.json").unlink(missing_ok=True)

    def clear_failures_of(self, output: str) -> None:
        """Forget that an output could not be read in other ways, once it is read in one."""
        for name in self._names("failures"):
            content = self._usable("failure", self.root / "failures" / name)
            if content is not None and content.get("output") == output:
                (self.root / "failures" / name).unlink(missing_ok=True)

    def lock(self, key: str) -> AbstractContextManager[bool]:
        """Hold the lock of a run; gives False at once where another process carries it out."""
        return files.held(self.root / "locks" / f"{key}.lock")
