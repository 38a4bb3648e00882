"""A worker: takes jobs, trains and probes, writes into the store, answers with events."""

from __future__ import annotations

import contextlib
import io
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import torch

from repro.command_spec import CommandSpec, run_from_json
from repro.datasets import ChangedDataError, ImageData, ImageFiles
from repro.probes.reading import take_reading
from repro.registry import DataRef
from repro.spec import ReadingSpec, RunSpec, Until
from repro.store import Spent, Store
from repro.training import TrainedRun, train
from repro.training.checkpoints import Interrupted, Stopped
from repro.training.devices import fix_algorithms, is_out_of_memory, own_stream
from repro.training.footprint import run_bytes
from repro.training.pretrained import take
from repro.worker.checkpoints import RunCheckpoints
from repro.worker.command_jobs import CommandJobs
from repro.worker.datasets import Datasets
from repro.worker.events import Emit, progress, warning
from repro.worker.failures import UnwritableError, ends_the_process, reason, unwritable
from repro.worker.found import FOUND, is_there
from repro.worker.machine import Machine
from repro.worker.memory import DeviceMemory, bytes_to_share
from repro.worker.provenance import code_provenance, installed, provenance
from repro.worker.recording import as_bytes, errors_of, record_of

Predicted: TypeAlias = tuple[ReadingSpec, float | None]
"""A reading that is wanted, and the seconds that it was expected to take."""


class Worker:
    """Carries out jobs, on a GPU several side by side, a thread each; keeps the datasets it has loaded.

    Args:
        store: where results and checkpoints go.
        claims_folder: where a user's own code is looked for.
        device: where to train.
        emit: called with each event.
        stop: set once the worker shall save and end.
        checkpoint_seconds: save a run's state so often; None leaves it to `RunCheckpoints`.
        readers: processes that read images ahead, where these lie in files.
        threads: cores that a command may take.
    """

    def __init__(
        self,
        store: Store,
        claims_folder: Path,
        device: torch.device,
        emit: Emit,
        stop: threading.Event,
        checkpoint_seconds: float | None = None,
        *,
        readers: int = 0,
        threads: int = 1,
    ) -> None:
        self.store = store
        self.claims_folder = claims_folder
        self.device = device
        self.emit = emit
        self.stop = stop
        self.checkpoint_seconds = checkpoint_seconds
        self.readers = readers
        self.datasets = Datasets(claims_folder)
        self.provenance = provenance(device) | {"installed": store.put_environment(installed())}
        self.memory = DeviceMemory(bytes_to_share(device))
        # A job is a thread's: on a CPU it keeps a core busy, on a GPU its nets have shares.
        self.clock = time.thread_time if device.type == "cpu" else self.memory.clock
        of_this = ("python", "torch", "threads", "installed")
        made = {name: told for name, told in self.provenance.items() if name not in of_this}
        self.commands = CommandJobs(Machine(store, claims_folder, device, threads), made, emit, stop)

    def work(self, job: Mapping[str, Any]) -> None:
        """Carry out one job and say how it ended.

        "done"; "failed" or "changed" (its data), with a reason; "busy"; or "interrupted".
        """
        run = run_from_json(job["run"]) if job["run"] else None
        trained = run if isinstance(run, RunSpec) else None
        if trained and job.get("source"):
            self.datasets.lies_at(trained, DataRef.from_json(job["source"]))
        readings = [_reading(told, trained) for told in job["readings"]]
        until = Until(**job["until"]) if job.get("until") else None
        key = run.key if run else readings[0][0].key
        try:
            while not self.stop.is_set():
                with self.store.lock(key) as mine:
                    if mine:
                        if isinstance(run, CommandSpec):
                            done = self.commands.carry_out(run, until, job)
                        else:
                            done = self.carry_out(run, until, readings, job.get("predicted_seconds"))
                        self.emit({**done, "key": key})
                        return
                if not job["wait"]:
                    self.emit({"event": "busy", "key": key})
                    return
                self.stop.wait(0.2)
        except OSError as error:  # there is no room even for the lock
            reason = f"{self.store.root}: cannot be written: {error.strerror or error}"
            self.emit({"event": "failed", "reason": reason, "in_vain": True, "key": key})
        else:
            self.emit({"event": "interrupted", "key": key})

    def carry_out(
        self,
        run: RunSpec | None,
        until: Until | None,
        readings: list[Predicted],
        predicted_seconds: float | None,
    ) -> dict[str, Any]:
        """Train what is missing and read what is missing; raises only what leaves a GPU of no use."""
        try:
            what = self.train(run, until, predicted_seconds) if run else "computed"
            found = what in ("computed", FOUND)
            for reading, predicted in readings:
                if self.stop.is_set():
                    return {"event": "interrupted"}
                found &= not self.read(reading, run, predicted)
        except Interrupted:
            return {"event": "interrupted"}
        except ChangedDataError as error:
            return {"event": "changed", "reason": str(error)}
        except Stopped as end:
            # No readings are taken of a part of a run.
            what, found = f"as far as tuning needs it: {end}", False
        except UnwritableError as error:
            return {"event": "failed", "reason": str(error), "in_vain": True}
        except Exception as error:
            if ends_the_process(error, self.device):
                raise
            # A crashed run is a failure with its reason; the other runs go on.
            return {"event": "failed", "reason": reason(error, self.claims_folder)}
        # Of the run itself, or of a probe that has been mended since.
        self.store.clear_failure(run.key if run else readings[0][0].key)
        return {"event": "done", "what": what, "found": found}

    def train(self, spec: RunSpec, until: Until | None, predicted_seconds: float | None) -> str:
        """Train `spec`, from its last checkpoint on, unless the store has it by now; return what to tell."""
        if is_there(self.store, spec.key, until):
            return FOUND
        self.store.sweep(spec.key)
        data = self.datasets.of_run(spec)
        checkpoints = RunCheckpoints(
            self.store.checkpoints(spec.key),
            spec,
            {
                **self.made_with(spec),
                "predicted_seconds": predicted_seconds,
                "until_epochs": until.epochs if until else None,
            },
            self.stop,
            lambda text: self.emit(warning(spec.title, text)),
            self.checkpoint_seconds,
            self.clock,
        )
        result = self.beside_others(spec, until, data, checkpoints)
        sessions = checkpoints.sessions(result.steps_done)
        blobs = {moment: as_bytes(state) for moment, state in result.weights.items()}
        record = record_of(spec, result, data, blobs, sessions)
        try:
            self.store.put_run(record, blobs)
        except OSError as error:
            kept = "its last checkpoint is" if checkpoints.folder.files() else "nothing of it is"
            raise unwritable(self.store.root, error, f"{kept} kept") from None
        return f"{result.outcome}, {errors_of(result)}"

    def beside_others(
        self,
        spec: RunSpec,
        until: Until | None,
        data: ImageData | ImageFiles,
        checkpoints: RunCheckpoints,
    ) -> TrainedRun:
        """Train as soon as there is room on the device; where memory runs out in company, again with fewer beside."""
        wanted = self.bytes_of(spec, data)
        while True:
            with self.memory.reserved(wanted, spec.numerics.precision):
                try:
                    return self.trained(spec, until, data, checkpoints)
                except Exception as error:
                    if not is_out_of_memory(error) or not self.memory.ran_out():
                        raise
            self.emit(warning(spec.title, "out of memory; with fewer nets beside it, then"))

    def trained(
        self,
        spec: RunSpec,
        until: Until | None,
        data: ImageData | ImageFiles,
        checkpoints: RunCheckpoints,
    ) -> TrainedRun:
        """Train; a checkpoint that the run cannot go on from is set aside for the one before, or for none."""
        readers = math.ceil(self.readers / max(1, self.memory.nets))
        if spec.weights is not None:
            return take(spec, data, self.device, self.claims_folder, readers)
        last, moved = 0.0, False

        def on_progress(done: int, total: int) -> None:
            nonlocal last, moved
            moved, checkpoints.planned_steps = True, total
            if time.monotonic() - last > 0.25:
                last = time.monotonic()
                self.emit(progress(spec.key, done / max(total, 1)))

        while True:
            try:
                return train(
                    spec,
                    data,
                    self.device,
                    claims_folder=self.claims_folder,
                    on_progress=on_progress,
                    checkpoints=checkpoints,
                    until=until,
                    readers=readers,
                )
            except (Interrupted, Stopped):
                raise
            except Exception as error:
                if moved or not checkpoints.going_on_from or is_out_of_memory(error):
                    raise
                checkpoints.reject(f"{type(error).__name__}: {error}".splitlines()[0])

    def read(self, reading: ReadingSpec, run: RunSpec | None, predicted_seconds: float | None) -> bool:
        """Take one reading, from a run's kept weights where it is of a run; return whether it was still to be taken."""
        if self.store.reading(reading.key) is not None:
            return False
        blob = None
        if reading.run is not None:
            blob = self.store.weights(reading.run.key, reading.moment or "")
            if blob is None:
                return False  # the run ended before this moment
        data = self.datasets.of_run(run) if run is not None else None
        began = time.monotonic()
        # As the run was trained: beside others only where there is room and they agree on the algorithms.
        precision = run.numerics.precision if run is not None else "fp32"
        try:
            with (
                self.memory.reserved(self.bytes_of(run, data), precision),
                own_stream(self.device),
            ):
                begins = self.clock()
                fix_algorithms(precision, self.device)
                weights = (
                    torch.load(io.BytesIO(blob), map_location=self.device, weights_only=True)
                    if blob is not None
                    else None
                )
                rows = take_reading(
                    reading,
                    weights=weights,
                    data=data,
                    device=self.device,
                    claims_folder=self.claims_folder,
                )
                took = self.clock() - begins
        except Exception as error:
            with contextlib.suppress(OSError):  # the run's own failure tells of it, too
                self.store.put_failure(reading.key, reading.probe, reason(error, self.claims_folder))
            raise
        spent = Spent(time.monotonic() - began, took, predicted_seconds)
        self.store.put_reading(reading, rows, {**self.made_with(run, reading.probe), **asdict(spent)})
        self.store.clear_failure(reading.key)
        return True

    def made_with(self, run: RunSpec | None, *probes: str) -> dict[str, Any]:
        """Return where and with what a run or a reading is made, a user's own code and data included."""
        targets = [run.model.name, run.dataset.name] if run is not None else []
        found = {**self.provenance, **code_provenance([*targets, *probes], self.claims_folder)}
        if run is not None and ":" in run.dataset.name:
            # Its fingerprint is that of the code that makes it: what it made is told beside.
            found["data"] = self.datasets.of_run(run).fingerprint
        return found

    def bytes_of(self, spec: RunSpec | None, data: ImageData | ImageFiles | None) -> int:
        """Return an estimate of what a run or its readings take on a GPU; 0 where that does not matter."""
        if spec is None or data is None or self.device.type != "cuda":
            return 0
        return run_bytes(spec, data, self.claims_folder)


def _reading(told: Mapping[str, Any], run: RunSpec | None) -> Predicted:
    fields = {name: value for name, value in told.items() if name != "predicted_seconds"}
    return ReadingSpec(**{**fields, "run": run if told["moment"] else None}), told.get("predicted_seconds")
