"""A worker: takes jobs, trains and probes, writes into the store, answers with events."""

from __future__ import annotations

import contextlib
import hashlib
import io
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from repro.datasets import ImageData, ImageFiles, load_dataset
from repro.errors import Problem, ReproError
from repro.execution.checkpoints import RunCheckpoints
from repro.execution.provenance import provenance
from repro.probes.reading import take_reading
from repro.registry import DataRef
from repro.spec import ReadingSpec, RunSpec
from repro.store import RunRecord, Store
from repro.training import TrainedRun, train
from repro.training.checkpoints import Interrupted

Emit = Callable[[Mapping[str, Any]], None]


class _UnwritableError(ReproError):
    """A run that is done and cannot be kept: further ones could not, either."""


class Worker:
    """Carries out one job at a time; keeps the datasets it has loaded.

    Args:
        store: where results and checkpoints go.
        claims_folder: where a user's own code is looked for.
        device: where to train.
        emit: told about events.
        stop: set once the worker shall save and end.
        checkpoint_seconds: save a run's state so often; None leaves it to `RunCheckpoints`.
    """

    def __init__(
        self,
        store: Store,
        claims_folder: Path,
        device: torch.device,
        emit: Emit,
        stop: threading.Event,
        checkpoint_seconds: float | None = None,
    ) -> None:
        self.store = store
        self.claims_folder = claims_folder
        self.device = device
        self.emit = emit
        self.stop = stop
        self.checkpoint_seconds = checkpoint_seconds
        self.sources: dict[tuple[str, str], DataRef] = {}
        self.datasets: dict[tuple[str, str], ImageData | ImageFiles] = {}
        self.provenance = provenance(device)

    def work(self, job: Mapping[str, Any]) -> None:
        """Carry out one job and say how it ended: "done", "failed" with a reason, "busy" or "interrupted"."""
        run = RunSpec.from_json(job["run"]) if job["run"] else None
        if run and job.get("source"):
            self.sources[run.dataset.identity] = DataRef.from_json(job["source"])
        readings = [ReadingSpec(**{**r, "run": run if r["moment"] else None}) for r in job["readings"]]
        key = run.key if run else readings[0].key
        try:
            while not self.stop.is_set():
                with self.store.lock(key) as mine:
                    if mine:
                        self.emit(self.carry_out(run, readings, job.get("predicted_seconds")))
                        return
                if not job["wait"]:
                    self.emit({"event": "busy"})
                    return
                self.stop.wait(0.2)
        except OSError as error:  # there is no room even for the lock
            reason = f"{self.store.root}: cannot be written: {error.strerror or error}"
            self.emit({"event": "failed", "reason": reason, "in_vain": True})
        else:
            self.emit({"event": "interrupted"})

    def carry_out(
        self, run: RunSpec | None, readings: list[ReadingSpec], predicted_seconds: float | None
    ) -> dict[str, Any]:
        """Train what is missing and read what is missing; nothing raised gets past here."""
        try:
            what = self.train(run, predicted_seconds) if run else "computed"
            for reading in readings:
                if self.stop.is_set():
                    return {"event": "interrupted"}
                self.read(reading, run)
        except Interrupted:
            return {"event": "interrupted"}
        except _UnwritableError as error:
            return {"event": "failed", "reason": str(error), "in_vain": True}
        except Exception as error:  # a crashed run is a failure with its reason; the other runs go on
            return {"event": "failed", "reason": _reason(error)}
        return {"event": "done", "what": what}

    def train(self, spec: RunSpec, predicted_seconds: float | None) -> str:
        """Train `spec`, from its last checkpoint on, unless the store has it by now; return what to tell."""
        if self.store.intact(spec.key):
            return "already there"
        self.store.sweep(spec.key)
        data = self.data(spec)
        checkpoints = RunCheckpoints(
            self.store.checkpoints(spec.key),
            spec,
            {**self.provenance, "predicted_seconds": predicted_seconds},
            self.stop,
            lambda text: self.emit({"event": "warning", "message": f"{spec.title}: {text}"}),
            self.checkpoint_seconds,
        )
        result = self.trained(spec, data, checkpoints)
        blobs = {moment: _as_bytes(state) for moment, state in result.weights.items()}
        record = _record(spec, result, data, blobs, checkpoints.sessions(result.steps_done))
        try:
            self.store.put_run(record, blobs)
        except OSError as error:
            kept = "its last checkpoint is" if checkpoints.folder.files() else "nothing of it is"
            what = f"the run was trained but cannot be written: {error.strerror}; {kept} kept"
            hint = "make room and run the same command again"
            raise _UnwritableError(Problem(str(self.store.root), what, hint=hint)) from None
        self.store.clear_failure(spec.key)
        return f"{result.outcome}, {_error(result)}"

    def trained(self, spec: RunSpec, data: ImageData | ImageFiles, checkpoints: RunCheckpoints) -> TrainedRun:
        """Train; a checkpoint that the run cannot go on from is set aside for the one before, or for none."""
        last, moved = 0.0, False

        def on_progress(done: int, total: int) -> None:
            nonlocal last, moved
            moved, checkpoints.planned_steps = True, total
            if time.monotonic() - last > 0.25:
                last = time.monotonic()
                self.emit({"event": "progress", "fraction": done / max(total, 1)})

        while True:
            try:
                return train(
                    spec,
                    data,
                    self.device,
                    claims_folder=self.claims_folder,
                    on_progress=on_progress,
                    checkpoints=checkpoints,
                )
            except Interrupted:
                raise
            except Exception as error:
                if moved or not checkpoints.going_on_from or _out_of_memory(error):
                    raise
                checkpoints.reject(f"{type(error).__name__}: {error}".splitlines()[0])

    def read(self, reading: ReadingSpec, run: RunSpec | None) -> None:
        """Take one reading, from a run's kept weights where it is of a run."""
        if self.store.reading(reading.key) is not None:
            return
        weights = None
        if reading.run is not None:
            blob = self.store.weights(reading.run.key, reading.moment or "")
            if blob is None:
                return  # the run ended before this moment
            weights = torch.load(io.BytesIO(blob), map_location=self.device, weights_only=True)
        data = self.data(run) if run is not None else None
        try:
            rows = take_reading(
                reading, weights=weights, data=data, device=self.device, claims_folder=self.claims_folder
            )
        except Exception as error:
            with contextlib.suppress(OSError):  # the run's own failure tells of it, too
                self.store.put_failure(reading.key, reading.probe, _reason(error))
            raise
        self.store.put_reading(reading, rows, self.provenance)
        self.store.clear_failure(reading.key)

    def data(self, spec: RunSpec) -> ImageData | ImageFiles:
        """Return the dataset of a run, loaded once."""
        identity, as_files = spec.dataset.identity, spec.recipe.crop_size is not None
        if identity not in self.datasets:
            source = self.sources.get(identity)
            self.datasets[identity] = load_dataset(
                spec.dataset, source, self.claims_folder, as_files=as_files
            )
        return self.datasets[identity]


def _as_bytes(state: Mapping[str, torch.Tensor]) -> bytes:
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()


def _record(
    spec: RunSpec,
    result: TrainedRun,
    data: ImageData | ImageFiles,
    blobs: Mapping[str, bytes],
    sessions: list[Mapping[str, Any]],
) -> RunRecord:
    columns = {name: [row[name] for row in result.history] for name in result.history[0]}
    return RunRecord(
        key=spec.key,
        spec=spec.as_json(),
        history=columns,
        outcome=result.outcome,
        steps_done=result.steps_done,
        chance_error=result.chance_error,
        images={"train": len(data.train_labels), "test": len(data.test_labels)},
        wall_seconds=result.wall_seconds,
        weights={moment: hashlib.sha256(blob).hexdigest() for moment, blob in blobs.items()},
        # The last session speaks for the whole run, but what was predicted for all of it was the first one's.
        provenance={
            **sessions[-1],
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "predicted_seconds": sessions[0].get("predicted_seconds"),
            "diverged_at_step": result.diverged_at_step,
            "sessions": sessions,
        },
    )


def _out_of_memory(error: Exception) -> bool:
    # The CPU's allocator has no error of its own.
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def _reason(error: Exception) -> str:
    if isinstance(error, ReproError):
        return str(error)
    text = f"{type(error).__name__}: {error}"
    if _out_of_memory(error):
        return f"out of memory: {text}\n    → fewer workers (--workers 1), or a device with more memory"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} ({Path(place.filename).name}:{place.lineno})"


def _error(result: TrainedRun) -> str:
    last = result.history[-1]
    return f"training error {last['train_error']:.1%}, test error {last['test_error']:.1%}, {result.wall_seconds:.1f} s"
