"""Runs that are killed again and again: forked from a process that has imported torch once. Not on Windows.

`python -m tests.support.killing FOLDER KILLS` carries out runs in FOLDER/killed, one after the other, by processes that
are killed with SIGKILL at random moments, until so many were; and the same runs undisturbed in FOLDER/left-alone.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from repro.recipes import Recipe
from repro.registry import DATASETS
from repro.spec import DatasetSpec, ModelSpec, RunSpec
from repro.store import Store
from repro.worker.jobs import Worker

CPU = torch.device("cpu")


def spec_of(seed: int) -> RunSpec:
    recipe = Recipe(
        name="quick", batch_size=32, steps=60, lr=0.05, weight_decay=1e-4, augmentation="pad-crop-flip"
    )
    digits = DatasetSpec("digits", DATASETS["digits"].fingerprint)
    return RunSpec(
        digits, ModelSpec("cifar-resnet", 1, {"depth": 8, "width": 2, "shortcut": "A"}), recipe, seed
    )


def worker_of(folder: Path, seconds: float | None) -> Worker:
    store = Store(folder)
    store.prepare()

    def emit(event: Mapping[str, Any]) -> None:
        if event["event"] != "progress":
            print(os.getpid(), event, file=sys.stderr, flush=True)

    worker = Worker(store, folder, CPU, emit, threading.Event(), seconds)
    worker.datasets.of_run(spec_of(0))
    return worker


def carry_out(worker: Worker, seed: int) -> None:
    worker.work({"run": spec_of(seed).as_json(), "readings": [], "wait": False})


def survived(worker: Worker, seed: int, seconds: float) -> bool:
    """Carry a run out in a process of its own that is killed after some time; return whether it ended before."""
    child = os.fork()
    if child == 0:
        carry_out(worker, seed)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return not os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main() -> None:
    folder, most = Path(sys.argv[1]), int(sys.argv[2])
    torch.set_num_threads(1)
    alone, killed = worker_of(folder / "left-alone", None), worker_of(folder / "killed", 0.0)
    moments = random.Random(0)
    # The first run of a process imports much: this one's time is not theirs.
    carry_out(alone, 0)
    seed = kills = 0
    while kills < most:
        seed += 1
        began = time.monotonic()
        carry_out(alone, seed)
        took = time.monotonic() - began
        while kills < most and killed.store.run(spec_of(seed).key) is None:
            kills += not survived(killed, seed, moments.uniform(0, took))
    carry_out(killed, seed)
    print(kills)


if __name__ == "__main__":
    main()
