"""A worker process: reads jobs as JSON lines and answers with events.

`repro.worker.process --store DIR --claims DIR --device cpu`; started by execution/pool.py, not by people. It saves what
it is at and ends when its parent says so, at SIGTERM, SIGINT, SIGUSR1 and SIGUSR2, and where its standard input ends
without a word, which the parent's death brings: then it has ORPHAN_SECONDS for it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from repro.startup import cores
from repro.store import Store
from repro.training.devices import MOST_STREAMS
from repro.worker.jobs import Worker

ORPHAN_SECONDS = 10.0
"""How long a worker whose parent has died may take to save what it is at."""


def choose_device(name: str) -> torch.device:
    """Return the device, having used it once; "auto" is the first GPU where there is one.

    Raises:
        RuntimeError: torch knows no such device, or cannot use it.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    # The device that a tensor there is on has a number: parts of torch ask for it.
    return torch.zeros(1, device=torch.device(name)).device


def gpus_seen(device: torch.device) -> int:
    """Return how many devices of its kind this process sees; 0 on the CPU."""
    return torch.cuda.device_count() if device.type == "cuda" else int(device.type != "cpu")


def room_on(device: torch.device, nets: int) -> int:
    """Return how many jobs are taken side by side: processes share a CPU, a core each, and threads of one a GPU."""
    return min(nets, MOST_STREAMS) if device.type == "cuda" else 1


def main() -> None:
    """Serve jobs from standard input until it ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--claims", type=Path, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--nets", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--gpus", type=int, default=1)
    parser.add_argument("--checkpoint-seconds", type=float)
    arguments = parser.parse_args()

    stop = threading.Event()
    jobs: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def end(*_: object) -> None:
        stop.set()
        jobs.put(None)

    for name in ("SIGTERM", "SIGINT", "SIGUSR1", "SIGUSR2"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    # Prints of a user's own code must not mix with events, nor programs that it starts read jobs.
    events, orders = os.fdopen(os.dup(1), "w", encoding="utf-8"), os.dup(0)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    speaking = threading.Lock()

    def emit(event: Mapping[str, Any]) -> None:
        try:
            with speaking:
                events.write(json.dumps(event) + "\n")
                events.flush()
        except OSError:
            end()  # the parent has died

    try:
        device = choose_device(arguments.device)
    except (RuntimeError, AssertionError) as error:
        emit({"event": "refused", "reason": f"cannot be used: {str(error).splitlines()[0]}"})
        return
    torch.set_num_threads(1)
    # The cores that this process has to itself: one computes, the others read images ahead.
    gpus = gpus_seen(device)
    own_cores = cores.available() // (max(gpus, arguments.gpus) if gpus else arguments.workers)
    worker = Worker(
        Store(arguments.store),
        arguments.claims,
        device,
        emit,
        stop,
        arguments.checkpoint_seconds,
        readers=max(0, own_cores - 1),
        threads=max(1, own_cores),
    )

    threading.Thread(target=_listen, args=(orders, jobs.put, end), daemon=True).start()

    def serve(job: dict[str, Any]) -> None:
        try:
            worker.work(job)
        except BaseException:
            # Nobody looks after a thread: the process ends, and its parent gives the jobs a second try.
            traceback.print_exc()
            os._exit(1)

    room = room_on(device, arguments.nets)
    emit({"event": "ready", "gpus": gpus, "room": room})
    with ThreadPoolExecutor(room) as threads:
        while (job := jobs.get()) is not None:
            threads.submit(serve, job)


def _listen(orders: int, take: Callable[[dict[str, Any]], None], end: Callable[[], None]) -> None:
    """Take jobs from a descriptor until they end; where nobody said that they would, the parent has died."""
    told = False
    # Unbuffered: a thread that waits in a buffered stream cannot be left behind when the process ends.
    with (
        contextlib.suppress(ValueError),
        io.FileIO(orders) as lines,
    ):  # half a line: it was killed as it wrote
        for line in lines:
            job = json.loads(line)
            told = "end" in job
            if not told:
                take(job)
    end()
    if not told:
        time.sleep(ORPHAN_SECONDS)
        os._exit(1)


if __name__ == "__main__":
    main()
