"""The training loop: one for every recipe, on CPU and GPU alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import torch

from repro.datasets import ImageData, ImageFiles
from repro.errors import ReproError, mistake
from repro.models import build_model
from repro.models.normalisation import group_batch_norm
from repro.recipes import Recipe, contradictions
from repro.spec import PRECISIONS, RunSpec, Until
from repro.training.capture import can_be_captured, draws_random_numbers
from repro.training.checkpoints import Checkpoints, Interrupted, Stopped
from repro.training.devices import fix_algorithms, own_stream
from repro.training.feed_choice import feed_for
from repro.training.feeds import MemoryFeed
from repro.training.initialisation import initialise
from repro.training.learner import Learner
from repro.training.run import State, TrainedRun
from repro.training.schedules import WarmUp, scheduled_lr
from repro.training.seeds import global_stream

STATE_VERSION = 2
"""Of what a checkpoint holds; a state of another version is not gone on from."""


def train(
    spec: RunSpec,
    data: ImageData | ImageFiles,
    device: torch.device,
    *,
    claims_folder: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    checkpoints: Checkpoints | None = None,
    until: Until | None = None,
    readers: int = 0,
) -> TrainedRun:
    """Carry out a run. In one thread on one machine, the same spec gives the same bits, interrupted or not.

    Args:
        spec: what to train; its recipe's every field counts.
        data: the dataset of the spec.
        device: where to train.
        claims_folder: where a user's own model is looked for.
        on_progress: called after each step, or several at once, with the steps done and planned.
        checkpoints: where the state is kept and found again; None keeps none.
        until: how far it is needed; None: to its end.
        readers: processes that read images ahead, where these lie in files.

    Raises:
        ReproError: the model cannot be built, the recipe does not fit it or the data, or its precision is
            unknown.
        Interrupted: the checkpoints asked for an end; the state is saved.
        Stopped: the run has come as far as it is needed, and is not at its end; the state is saved.
    """
    recipe = spec.recipe
    _check(spec)
    fix_algorithms(spec.numerics.precision, device)
    # Everything that the run does on the device is on its stream: nothing else would be waited for.
    with own_stream(device), closing(feed_for(data, recipe, spec.seed, device, readers)) as feed:
        with global_stream(spec.seed, torch.device("cpu")):
            # For a user's own layers, whose constructors draw from it.
            model = build_model(spec.model, feed.in_shape, feed.classes, claims_folder)
        initialise(model, recipe.initialisation, spec.seed)
        group_batch_norm(model, recipe.bn_group)
        model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs
        # A user's own net may draw random numbers or look at its tensors from Python: no graph, a seed each step.
        own = ":" in spec.model.name
        captures = isinstance(feed, MemoryFeed) and can_be_captured(model, device) and not own
        reseeds = own or draws_random_numbers(model)
        learner = Learner(recipe, spec.seed, model, feed, spec.numerics, captures=captures, reseeds=reseeds)
        with closing(learner):
            return _Loop(recipe, learner, until).run(on_progress, checkpoints)


def _check(spec: RunSpec) -> None:
    recipe = spec.recipe
    if spec.numerics.precision not in PRECISIONS:
        raise mistake(
            "numerics.precision", f"must be one of {', '.join(PRECISIONS)}", spec.numerics.precision
        )
    if recipe.evaluate_every <= 0:
        raise mistake("recipe.evaluate_every", "must be a positive number of epochs", recipe.evaluate_every)
    if problems := contradictions(recipe):
        raise ReproError(*problems)


class _Loop:
    """One run while it is carried out: what happens after which step."""

    def __init__(self, recipe: Recipe, learner: Learner, until: Until | None) -> None:
        self.recipe = recipe
        self.learner = learner
        self.until = until
        self.images = learner.feed.images
        self.chance_error = 1 - 1 / learner.feed.classes
        an_epoch = self.images / recipe.batch_size
        self.steps = math.ceil((recipe.epochs or 0) * an_epoch) if recipe.steps is None else recipe.steps
        self.sets = recipe.evaluate if self.steps else ()
        self.evaluations = evaluation_steps(self.steps, recipe.evaluate_every * an_epoch)
        self.moments = {"epoch-1": math.ceil(an_epoch), "mid": self.steps // 2}
        self.stops = sorted({*self.evaluations, *self.moments.values()})
        self.warm_up = WarmUp(recipe, self.images)
        self.history: list[dict[str, float]] = []
        self.weights: dict[str, State] = {}
        self.step = 0
        self.lr = self.next_lr(0)
        self.wall_seconds = 0.0

    def run(self, on_progress: Callable[[int, int], None], checkpoints: Checkpoints | None) -> TrainedRun:
        if checkpoints:
            self.resume(checkpoints.load())
        began = time.perf_counter() - self.wall_seconds

        def evaluated() -> bool:
            return self.evaluate(lambda: self.end_if_asked(checkpoints))

        if not self.step:
            self.weights["init"] = self.learner.weights()
        # A run that ended in the midst of an evaluation begins with it.
        pending = self.step in {0, *self.evaluations} and not self.evaluated_now()
        finite = evaluated() if pending else _finite(self.history[-1])
        while self.step < self.steps and finite and not self.reached_target():
            self.stop_if_far_enough(checkpoints)
            self.advance()
            for moment, at in self.moments.items():
                if self.step == at:
                    self.weights[moment] = self.learner.weights()
            if self.step in self.evaluations:
                finite = evaluated()
            on_progress(self.step, self.steps)
            self.wall_seconds = time.perf_counter() - began
            if checkpoints and self.step < self.steps and checkpoints.due():
                checkpoints.save(self.state())
                self.end_if_asked(checkpoints, saved=True)
        if self.step:
            self.weights["last"] = self.learner.weights()
        first_bad = int(self.learner.finite_steps) + 1
        return TrainedRun(
            history=self.history,
            outcome="finished" if finite else "diverged",
            diverged_at_step=None if finite else min(first_bad, self.step),
            weights=self.weights,
            wall_seconds=time.perf_counter() - began,
            steps_done=self.step,
            chance_error=self.chance_error,
        )

    def next_lr(self, step: int) -> float:
        return self.warm_up.applied_to(scheduled_lr(self.recipe, step, max(self.steps, 1)))

    def advance(self) -> None:
        """Do the next step, or several where nothing is to happen between them."""
        free = 1 if self.warm_up.active else next(stop for stop in self.stops if stop > self.step) - self.step
        rates = [self.next_lr(self.step + ahead) for ahead in range(self.learner.at_once(free))]
        self.learner.advance(self.step, rates)
        self.lr = rates[-1]
        self.step += len(rates)
        self.warm_up.steps += len(rates) if self.warm_up.active else 0
        if self.warm_up.ends_window(self.step):
            self.warm_up.see(self.learner.window_error(self.warm_up.window))

    def end_if_asked(self, checkpoints: Checkpoints | None, *, saved: bool = False) -> None:
        if checkpoints and checkpoints.stopping:
            if self.step and not saved:
                checkpoints.save(self.state())
            raise Interrupted(self.step, self.steps)

    def stop_if_far_enough(self, checkpoints: Checkpoints | None) -> None:
        if self.until is not None and self.until.passed(self.history[-1]):
            if checkpoints:
                checkpoints.save(self.state(), stopped=True)
            raise Stopped(self.history[-1])

    def evaluated_now(self) -> bool:
        return bool(self.history) and self.history[-1]["step"] == self.step

    def evaluate(self, between: Callable[[], None]) -> bool:
        """Append a row to the history; return whether all losses are finite."""
        row = {
            "step": self.step,
            "epoch": self.step * self.recipe.batch_size / self.images,
            "lr": self.lr,
            **self.learner.evaluate(between, self.sets, last=self.step == self.steps),
            **self.learner.running(self.step - int(self.history[-1]["step"]) if self.history else 0),
        }
        if self.recipe.warmup_lr is not None:
            row["warmup_steps"] = self.warm_up.steps
        if self.recipe.test_views != "centre":
            # Ten times the work of an evaluation: once, at the end.
            row["ten_crop_error"] = self.learner.multi_view_error() if self.step == self.steps else math.nan
        finite = _finite(row)
        if not finite:
            errors = [f"{name}_error" for name in (*self.sets, "running")]
            row |= dict.fromkeys(errors, self.chance_error)
        self.history.append(row)
        return finite

    def reached_target(self) -> bool:
        target = self.recipe.stop_at_train_error
        return target is not None and self.evaluated_now() and self.history[-1]["train_error"] <= target

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "step": self.step,
            "lr": self.lr,
            "learner": self.learner.state(),
            "warm_up_active": self.warm_up.active,
            "warm_up_steps": self.warm_up.steps,
            "history": self.history,
            "weights": self.weights,
            "wall_seconds": self.wall_seconds,
        }

    def resume(self, state: Mapping[str, Any] | None) -> None:
        if state is None or state["version"] != STATE_VERSION:
            return
        self.step = state["step"]
        self.lr = state["lr"]
        self.learner.restore(state["learner"])
        self.warm_up.active = state["warm_up_active"]
        self.warm_up.steps = state["warm_up_steps"]
        self.history = [dict(row) for row in state["history"]]
        self.weights = {moment: dict(weights) for moment, weights in state["weights"].items()}
        self.wall_seconds = float(state["wall_seconds"])


def _finite(row: Mapping[str, float]) -> bool:
    clean = row.get("train_loss", row.get("test_loss", 0.0))
    return math.isfinite(clean) and (row["step"] == 0 or math.isfinite(row["running_loss"]))


def evaluation_steps(steps: int, every: float) -> frozenset[int]:
    """Return after which steps to evaluate: the nearest to each multiple of `every` (in steps), and the last.

    Args:
        steps: planned steps.
        every: steps between evaluations, positive; a fraction below 1 means every step.
    """
    count = math.floor(steps / every) if steps else 0
    regular = {round(i * every) for i in range(1, count + 1)}
    return frozenset(step for step in regular | {steps} if step > 0)
