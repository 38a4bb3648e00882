"""A worker process that pretends to have GPUs: `python -m tests.support.pretended_gpus SEEN …`, then as a worker.

It computes on the CPU, as a GPU's worker does: several nets side by side, a thread each. SEEN is how many GPUs the
machine is said to have; CUDA_VISIBLE_DEVICES leaves one of them, and number 1 is broken. What each run was made on is
written into the store's folder, a line "GPU seed" in the file `made-on`; it begins once every GPU has one.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import torch

from repro.worker import process
from repro.worker.jobs import Worker

SEEN = int(sys.argv.pop(1))
VISIBLE = os.environ.get("CUDA_VISIBLE_DEVICES")


class Noting(Worker):
    def work(self, job: Mapping[str, Any]) -> None:
        notes = self.store.root / "made-on"
        with notes.open("a", encoding="utf-8") as file:
            file.write(f"{VISIBLE or 'first'} {job['run']['seed']}\n")
        while len({line.split()[0] for line in notes.read_text(encoding="utf-8").splitlines()}) < SEEN - 1:
            time.sleep(0.01)
        super().work(job)


def chosen(name: str) -> torch.device:
    if VISIBLE == "1":
        raise RuntimeError("this GPU is broken")
    return torch.device("cpu")


if __name__ == "__main__":
    process.Worker = Noting  # type: ignore[misc]
    process.choose_device = chosen
    process.gpus_seen = lambda device: SEEN if VISIBLE is None else 1
    process.room_on = lambda device, nets: nets
    process.main()
