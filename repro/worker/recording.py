"""A run carried out → what the store keeps of it."""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Mapping
from typing import Any

import torch

from repro.datasets import ImageData, ImageFiles
from repro.spec import RunSpec
from repro.store import RunRecord, predicted_seconds, processor_seconds
from repro.training import TrainedRun


def as_bytes(state: Mapping[str, torch.Tensor]) -> bytes:
    """Return a net's state as a file that loads without executing code."""
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    return buffer.getvalue()


def record_of(
    spec: RunSpec,
    result: TrainedRun,
    data: ImageData | ImageFiles,
    blobs: Mapping[str, bytes],
    sessions: list[Mapping[str, Any]],
) -> RunRecord:
    """Return what the store keeps of a run, its weights aside.

    Args:
        spec: the run.
        result: what training gave.
        data: what it was trained on.
        blobs: moment → the file of its weights.
        sessions: where and with what, oldest first.
    """
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
        # The last session speaks for the whole run, but not for what was predicted of it, nor for what it took.
        provenance={
            **sessions[-1],
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "predicted_seconds": predicted_seconds(sessions),
            "processor_seconds": processor_seconds(sessions),
            "diverged_at_step": result.diverged_at_step,
            "sessions": sessions,
        },
    )


def errors_of(result: TrainedRun) -> str:
    """Return how well a run ended, for people."""
    last = result.history[-1]
    names = {"train_error": "training error", "test_error": "test error"}
    errors = [f"{words} {last[name]:.1%}" for name, words in names.items() if name in last]
    return ", ".join([*errors, f"{result.wall_seconds:.1f} s"])
