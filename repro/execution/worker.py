"""A worker process: reads jobs as JSON lines, trains and probes, writes into the store, answers with events.

`python -m repro.execution.worker --store DIR --claims DIR --device cpu`; started by pool.py, not by people.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from repro.datasets import ImageData, load_dataset
from repro.errors import ReproError
from repro.execution.provenance import provenance
from repro.probes.reading import take_reading
from repro.spec import ReadingSpec, RunSpec
from repro.store import RunRecord, Store
from repro.training import TrainedRun, train

Emit = Callable[[Mapping[str, Any]], None]


class Worker:
    """Carries out one job at a time; keeps the datasets it has loaded."""

    def __init__(self, store: Store, claims_folder: Path, device: torch.device, emit: Emit) -> None:
        self.store = store
        self.claims_folder = claims_folder
        self.device = device
        self.emit = emit
        self.datasets: dict[str, ImageData] = {}
        self.provenance = provenance(device)

    def work(self, job: Mapping[str, Any]) -> None:
        """Carry out one job and say how it ended: "done", "failed" with a reason, or "busy"."""
        run = RunSpec.from_json(job["run"]) if job["run"] else None
        readings = [ReadingSpec(**{**r, "run": run if r["moment"] else None}) for r in job["readings"]]
        key = run.key if run else readings[0].key
        while True:
            with self.store.lock(key) as mine:
                if mine:
                    self.emit(self.carry_out(run, readings))
                    return
            if not job["wait"]:
                self.emit({"event": "busy"})
                return
            time.sleep(0.2)

    def carry_out(self, run: RunSpec | None, readings: list[ReadingSpec]) -> dict[str, Any]:
        """Train what is missing and read what is missing; nothing raised gets past here."""
        try:
            what = self.train(run) if run else "computed"
            for reading in readings:
                self.read(reading, run)
        except ReproError as error:
            return {"event": "failed", "reason": str(error)}
        except Exception as error:  # a crashed run is a failure with its reason; the other runs go on
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            return {"event": "failed", "reason": f"{type(error).__name__}: {error} ({where})"}
        return {"event": "done", "what": what}

    def train(self, spec: RunSpec) -> str:
        """Train `spec` unless the store has it by now; return what to tell."""
        if self.store.intact(spec.key):
            return "already there"
        last = 0.0

        def on_progress(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last > 0.25:
                last = time.monotonic()
                self.emit({"event": "progress", "fraction": done / max(total, 1)})

        data = self.data(spec)
        result = train(spec, data, self.device, claims_folder=self.claims_folder, on_progress=on_progress)
        blobs = {moment: _as_bytes(state) for moment, state in result.weights.items()}
        self.store.put_run(_record(spec, result, data, blobs, self.provenance), blobs)
        self.store.clear_failure(spec.key)
        return f"{result.outcome}, {_error(result)}"

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
            reason = str(error) if isinstance(error, ReproError) else f"{type(error).__name__}: {error}"
            self.store.put_failure(reading.key, reading.probe, reason)
            raise
        self.store.put_reading(reading, rows, self.provenance)
        self.store.clear_failure(reading.key)

    def data(self, spec: RunSpec) -> ImageData:
        """Return the dataset of a run, loaded once."""
        if spec.dataset.name not in self.datasets:
            self.datasets[spec.dataset.name] = load_dataset(spec.dataset, self.claims_folder)
        return self.datasets[spec.dataset.name]


def _as_bytes(state: Mapping[str, torch.Tensor]) -> bytes:
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()


def _record(
    spec: RunSpec, result: TrainedRun, data: ImageData, blobs: Mapping[str, bytes], machine: Mapping[str, Any]
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
        provenance={**machine, "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())},
    )


def _error(result: TrainedRun) -> str:
    last = result.history[-1]
    return f"training error {last['train_error']:.1%}, test error {last['test_error']:.1%}, {result.wall_seconds:.1f} s"


def choose_device(name: str) -> torch.device:
    """Return the device, having used it once; "auto" is the first GPU where there is one.

    Raises:
        RuntimeError: torch knows no such device, or cannot use it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    device = torch.device(name)
    torch.zeros(1, device=device)
    return device


def main() -> None:
    """Serve jobs from standard input until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--device", required=True)
    arguments = parser.parse_args()

    # Ctrl-C is for the parent, which stops its workers; prints of a user's own code must not mix with events.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: Mapping[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    try:
        device = choose_device(arguments.device)
    except (RuntimeError, AssertionError) as error:
        emit({"event": "refused", "reason": f"cannot be used: {str(error).splitlines()[0]}"})
        return
    torch.set_num_threads(1)
    worker = Worker(Store(arguments.store), arguments.claims, device, emit)
    emit({"event": "ready"})
    for line in sys.stdin:
        worker.work(json.loads(line))


if __name__ == "__main__":
    main()
