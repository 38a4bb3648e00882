"""A net that was trained elsewhere, taken for a run: its weights are loaded, and it is evaluated."""

from __future__ import annotations

import math
import time
from contextlib import closing
from pathlib import Path

import torch

from repro.datasets import ImageData, ImageFiles
from repro.errors import mistake
from repro.models import build_model
from repro.models.pretrained import pretrained_state
from repro.source_code import digest_of
from repro.spec import RunSpec
from repro.training.devices import fix_algorithms, own_stream
from repro.training.evaluation import evaluate
from repro.training.feed_choice import feed_for
from repro.training.run import TrainedRun
from repro.training.seeds import global_stream


def take(
    spec: RunSpec, data: ImageData | ImageFiles, device: torch.device, claims_folder: Path, readers: int = 0
) -> TrainedRun:
    """Return the run that a pretrained net is: one evaluation, and its weights as the last.

    Args:
        spec: with `weights`.
        data: the dataset of the spec.
        device: where to evaluate.
        claims_folder: where the file lies.
        readers: processes that read images ahead, where these lie in files.

    Raises:
        ReproError: the file has changed, does not fit the net, or the net does not have the test error that is
            published of it.
    """
    weights = spec.weights
    assert weights is not None
    path = claims_folder / weights.file
    if digest_of(path) != weights.sha256:
        what = "has changed since the run was planned"
        raise mistake(f"weights {weights.file}", what, None, "run the same command again")
    began = time.perf_counter()
    fix_algorithms(spec.numerics.precision, device)
    with own_stream(device), closing(feed_for(data, spec.recipe, spec.seed, device, readers)) as feed:
        with global_stream(spec.seed, torch.device("cpu")):
            model = build_model(spec.model, feed.in_shape, feed.classes, claims_folder)
        state = pretrained_state(model, weights, path)
        model.load_state_dict(state)
        model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs
        row = {"step": 0.0, "epoch": 0.0, "running_error": math.nan, "running_loss": math.nan}
        for name in spec.recipe.evaluate:
            row[f"{name}_error"], row[f"{name}_loss"] = evaluate(model, feed.clean(name, last=True))
        chance = 1 - 1 / feed.classes
    _check(spec, row)
    return TrainedRun([row], "finished", None, {"last": state}, time.perf_counter() - began, 0, chance)


def _check(spec: RunSpec, row: dict[str, float]) -> None:
    """Hold the net against what is published of it."""
    assert spec.weights is not None
    published = spec.weights.test_error
    if published is None:
        return
    if "test_error" not in row:
        hint = 'name "test" in the recipe\'s `evaluate`, or remove `check`'
        raise mistake("weights.check", "is of test errors, and the test set is not evaluated", None, hint)
    low, high = published
    if not low - 1e-12 <= row["test_error"] <= high + 1e-12:
        what = f"has a test error of {row['test_error']:.2%} here, and {low:.2%} to {high:.2%} are published"
        hint = (
            "are the names, the order of channels, the scale of inputs (the recipe's `input`) and the test set those "
            "that it was trained for? `within` allows more"
        )
        raise mistake(f"weights {spec.weights.file}", what, None, hint)
