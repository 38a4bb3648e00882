"""The training loop: one for every recipe, on CPU and GPU alike."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.datasets import ImageData
from repro.errors import mistake
from repro.models import build_model
from repro.models.normalisation import group_batch_norm
from repro.recipes import Recipe
from repro.spec import RunSpec
from repro.training.augmentation import augment
from repro.training.batches import BatchStream
from repro.training.evaluation import evaluate
from repro.training.initialisation import initialise
from repro.training.inputs import DeviceData, to_device
from repro.training.parameter_groups import parameter_groups
from repro.training.run import State, TrainedRun
from repro.training.schedules import WarmUp, scheduled_lr
from repro.training.seeds import stream


def train(
    spec: RunSpec,
    data: ImageData,
    device: torch.device,
    *,
    claims_folder: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> TrainedRun:
    """Carry out a run. In one thread on one machine, the same spec gives the same bits.

    Args:
        spec: what to train; its recipe's every field counts.
        data: the dataset of the spec.
        device: where to train.
        claims_folder: where a user's own model is looked for.
        on_progress: called after each step with the steps done and planned.

    Raises:
        ReproError: the model cannot be built, the recipe does not fit it or the data, or its precision is
            unknown.
    """
    recipe = spec.recipe
    _check(spec)
    if device.type == "cuda":
        # cuDNN rounds fp32 convolutions to TF32 unless told not to; a run's precision is part of its key.
        torch.backends.cudnn.allow_tf32 = False
    with torch.random.fork_rng(devices=[]):
        # For a user's own layers, whose constructors draw from the global stream.
        torch.manual_seed(spec.seed)
        model = build_model(spec.model, data.in_shape, data.classes, claims_folder)
    initialise(model, recipe.initialisation, spec.seed)
    group_batch_norm(model, recipe.bn_group)
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing from torch's stubs
    loop = _Loop(recipe, spec.seed, model, to_device(data, recipe.input, device), 1 - 1 / data.classes)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        return loop.run(on_progress)


def _check(spec: RunSpec) -> None:
    recipe = spec.recipe
    if spec.numerics.precision != "fp32":
        raise mistake("numerics.precision", 'only "fp32" is implemented', spec.numerics.precision)
    if (recipe.steps is None) == (recipe.epochs is None):
        raise mistake("recipe", "needs `steps` or `epochs`, one of the two")
    if recipe.bn_group is not None and recipe.batch_size % recipe.bn_group:
        raise mistake("recipe.bn_group", f"must divide batch_size = {recipe.batch_size}", recipe.bn_group)
    if (recipe.warmup_lr is None) != (recipe.warmup_until_train_error is None):
        raise mistake("recipe", "needs both `warmup_lr` and `warmup_until_train_error`, or neither")
    if recipe.evaluate_every <= 0:
        raise mistake("recipe.evaluate_every", "must be a positive number of epochs", recipe.evaluate_every)


class _Loop:
    """The state of one run while it is carried out."""

    def __init__(
        self, recipe: Recipe, seed: int, model: nn.Module, data: DeviceData, chance_error: float
    ) -> None:
        self.recipe = recipe
        self.seed = seed
        self.model = model
        self.data = data
        self.chance_error = chance_error
        self.images = len(data.train_labels)
        an_epoch = self.images / recipe.batch_size
        self.steps = math.ceil((recipe.epochs or 0) * an_epoch) if recipe.steps is None else recipe.steps
        self.evaluations = evaluation_steps(self.steps, recipe.evaluate_every * an_epoch)
        self.moments = {"epoch-1": math.ceil(an_epoch), "mid": self.steps // 2}
        device = data.train_labels.device
        self.stream = BatchStream(self.images, recipe.batch_size, seed, device)
        self.warm_up = WarmUp(recipe, self.images)
        # One kernel for all parameters. On the CPU, too: 0.07 ms a step of ResNet-20, against 0.24 ms (foreach) and
        # 0.35 ms (one by one).
        self.optimiser = torch.optim.SGD(
            parameter_groups(model, recipe), lr=recipe.lr, momentum=recipe.momentum, fused=True
        )
        # Kept on the device, so that a GPU is not waited for: wrong answers and loss since the last
        # evaluation and since the last warm-up window, and the number of steps whose loss was finite.
        self.wrong, self.window_wrong, self.loss, self.finite_steps = torch.zeros(4, device=device)
        self.history: list[dict[str, float]] = []
        self.weights: dict[str, State] = {}
        self.step = 0
        self.lr = self.next_lr()

    def run(self, on_progress: Callable[[int, int], None]) -> TrainedRun:
        started = time.perf_counter()
        self.keep("init")
        finite = self.evaluate()
        while self.step < self.steps and finite and not self.reached_target():
            self.lr = self.next_lr()
            self.do_step()
            for moment, at in self.moments.items():
                if self.step == at:
                    self.keep(moment)
            if self.step in self.evaluations:
                finite = self.evaluate()
            on_progress(self.step, self.steps)
        if self.step:
            self.keep("last")
        return TrainedRun(
            history=self.history,
            outcome="finished" if finite else "diverged",
            diverged_at_step=None if finite else min(int(self.finite_steps) + 1, self.step),
            weights=self.weights,
            wall_seconds=time.perf_counter() - started,
            steps_done=self.step,
            chance_error=self.chance_error,
        )

    def next_lr(self) -> float:
        return self.warm_up.applied_to(scheduled_lr(self.recipe, self.step, max(self.steps, 1)))

    def do_step(self) -> None:
        self.model.train()
        # For layers that draw from the global stream, such as dropout: each step has a stream of its own.
        torch.manual_seed(stream(self.seed, "layers", self.step))
        for group in self.optimiser.param_groups:
            group["lr"] = self.lr * group["lr_factor"]
        indices = self.stream.indices(self.step)
        labels = self.data.train_labels[indices]
        inputs = augment(self.data.train_inputs[indices], self.recipe.augmentation, self.seed, self.step)
        logits = self.model(inputs)
        loss = F.cross_entropy(logits, labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # missing from torch's stubs
        self.optimiser.step()
        self.count(logits.detach(), labels, loss.detach())
        self.step += 1

    def count(self, logits: Tensor, labels: Tensor, loss: Tensor) -> None:
        wrong = (logits.argmax(dim=1) != labels).sum()
        self.wrong += wrong
        self.loss += loss
        self.finite_steps += torch.isfinite(self.loss)
        if self.warm_up.active:
            self.window_wrong += wrong
            if self.warm_up.ends_window(self.step):
                self.warm_up.see(self.window_wrong.item() / (self.warm_up.window * self.recipe.batch_size))
                self.window_wrong.zero_()

    def evaluate(self) -> bool:
        """Append a row to the history; return whether all losses are finite."""
        train_error, train_loss = evaluate(self.model, self.data.train_inputs, self.data.train_labels)
        test_error, test_loss = evaluate(self.model, self.data.test_inputs, self.data.test_labels)
        steps = self.step - (self.history[-1]["step"] if self.history else 0)
        running_loss = self.loss.item() / steps if steps else math.nan
        running_error = self.wrong.item() / (steps * self.recipe.batch_size) if steps else math.nan
        self.wrong.zero_()
        self.loss.zero_()
        finite = math.isfinite(train_loss) and (steps == 0 or math.isfinite(running_loss))
        row = {
            "step": self.step,
            "epoch": self.step * self.recipe.batch_size / self.images,
            "lr": self.lr,
            "train_error": train_error if finite else self.chance_error,
            "train_loss": train_loss,
            "test_error": test_error if finite else self.chance_error,
            "test_loss": test_loss,
            "running_error": running_error if finite else self.chance_error,
            "running_loss": running_loss,
        }
        self.history.append(row)
        return finite

    def reached_target(self) -> bool:
        target = self.recipe.stop_at_train_error
        last = self.history[-1]
        return target is not None and last["step"] == self.step and last["train_error"] <= target

    def keep(self, moment: str) -> None:
        # A copy even on the CPU: the net goes on changing its own tensors.
        self.weights[moment] = {
            name: tensor.detach().to("cpu", copy=True) for name, tensor in self.model.state_dict().items()
        }


def evaluation_steps(steps: int, every: float) -> frozenset[int]:
    """Return after which steps to evaluate: the nearest to each multiple of `every` (in steps), and the last.

    Args:
        steps: planned steps.
        every: steps between evaluations, positive; a fraction below 1 means every step.
    """
    count = math.floor(steps / every) if steps else 0
    regular = {round(i * every) for i in range(1, count + 1)}
    return frozenset(step for step in regular | {steps} if step > 0)
