"""What training a RunSpec gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class TrainedRun:
    """A run carried out.

    Attributes:
        history: a row for each evaluation, the first before training (step 0). Keys: "step"; "epoch" (images
            seen / training images); "lr" (of the last step; at step 0, of the first to come); "train_error",
            "test_error" (fractions) and "train_loss", "test_loss" (mean cross-entropy, nats) of the clean
            sets in evaluation mode, of those that the recipe evaluates; "running_error", "running_loss" over the
            augmented training batches since the row before (NaN in the first), of smoothed targets where the recipe
            smooths them. With ten-crop testing also "ten_crop_error", after the last planned step (NaN in other rows).
        outcome: "finished", or "diverged": a loss was not finite. The last row of a diverged run has errors
            of chance and the losses as they were.
        diverged_at_step: the first step whose loss was not finite, counted from 1; None where none was.
        weights: moment → state of the net on the CPU: "init"; "epoch-1", after the first step that completes
            an epoch; "mid", after half of the planned steps; "last", after the last step done. A moment that
            the run did not reach is absent; a run of 0 steps has "init" only.
        wall_seconds: training time, evaluations included, building the net left out.
        steps_done: steps carried out, fewer than planned after an early stop or divergence.
        chance_error: error of guessing, 1 − 1/classes.
    """

    history: list[dict[str, float]]
    outcome: Literal["finished", "diverged"]
    diverged_at_step: int | None
    weights: Mapping[str, State]
    wall_seconds: float
    steps_done: int
    chance_error: float
