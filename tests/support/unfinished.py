"""A run that is carried out by a worker in this process, and its checkpoints."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch

from repro.store import Store
from repro.training import TrainedRun
from repro.training.loop import STATE_VERSION
from repro.worker.checkpoints import RunCheckpoints
from tests.support import killing
from tests.support.helpers import PROVENANCE

SPEC = killing.spec_of(0)
KEY = SPEC.key
CPU = torch.device("cpu")


def keeper(store: Store, stop: threading.Event | None = None, **how: Any) -> tuple[RunCheckpoints, list[str]]:
    """Return the checkpoints of the run, and the list of what they warn of."""
    warnings: list[str] = []
    stop = stop or threading.Event()
    kept = RunCheckpoints(store.checkpoints(KEY), SPEC, PROVENANCE, stop, warnings.append, **how)
    kept.planned_steps = 60
    return kept, warnings


def state_at(step: int) -> dict[str, Any]:
    weights = torch.full((3,), float(step))
    return {"version": STATE_VERSION, "step": step, "wall_seconds": 0.5 * step, "weights": weights}


def files(store: Store) -> list[Path]:
    return store.checkpoints(KEY).files()


def history_of(run: TrainedRun) -> dict[str, str]:
    return {name: str([row[name] for row in run.history]) for name in run.history[0]}


def filled(store: Store, *steps: int) -> None:
    kept, _ = keeper(store)
    for step in steps:
        kept.save(state_at(step))
