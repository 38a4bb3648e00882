"""A net while it learns: steps, one at a time or several in one launch, and what is counted on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.recipes import EvaluatedSet, Recipe
from repro.spec import Numerics
from repro.training.capture import (
    EAGER_STEPS,
    MOST_STEPS,
    CapturedForward,
    captured,
    graph_pool,
    unrolled_steps,
)
from repro.training.compiled import compile_blocks, compiling
from repro.training.device_use import device_use
from repro.training.evaluation import evaluate, multi_view_error
from repro.training.feeds import Batch, Feed, MemoryFeed
from repro.training.optimisers import optimiser
from repro.training.outputs import checked
from repro.training.parameter_groups import parameter_groups
from repro.training.run import State
from repro.training.seeds import global_stream, nobody_else_draws, stream


class Learner:
    """A net, its optimiser and its feed on one device.

    Args:
        recipe: the optimiser's settings and the batch size.
        seed: the run's.
        model: on the device.
        feed: a MemoryFeed where steps are to be captured.
        numerics: precision, and whether the model's blocks are compiled.
        captures: whether steps become CUDA graphs after the first few.
        reseeds: whether layers of the net draw from torch's global stream.
    """

    def __init__(
        self,
        recipe: Recipe,
        seed: int,
        model: nn.Module,
        feed: Feed,
        numerics: Numerics = Numerics(),  # noqa: B008 - frozen
        *,
        captures: bool = False,
        reseeds: bool = False,
    ) -> None:
        self.batch_size = recipe.batch_size
        self.label_smoothing = recipe.label_smoothing
        self.seed = seed
        self.model = model
        self.feed = feed
        self.numerics = numerics
        if numerics.compiled:
            compile_blocks(model)
        self.reseeds = reseeds
        self.unroll = unrolled_steps(model) if captures else 0
        device = next(model.parameters()).device
        self.device = device
        self.optimiser = optimiser(recipe, parameter_groups(model, recipe), device)
        groups = self.optimiser.param_groups
        self.lr_factors = [group["lr_factor"] for group in groups]
        self.parameters = [p for group in self.optimiser.param_groups for p in group["params"]]
        self.lr_table = torch.zeros((MOST_STEPS, len(groups)), dtype=torch.float32, device=device)
        # Kept on the device, so that a GPU is not waited for: wrong answers and loss since the last
        # evaluation, wrong answers since the last warm-up window, and the number of steps whose loss was finite.
        self.counts = torch.zeros(4, device=device)
        self.wrong, self.window_wrong, self.loss, self.finite_steps = self.counts.unbind()
        self.eager_steps = 0
        self.graphs: dict[int, Callable[[], None]] = {}
        self.pool = graph_pool() if captures else None
        self.forward = CapturedForward(self.predict, self.pool) if self.pool else None

    @property
    def replays(self) -> bool:
        """Whether steps and evaluations are launched as graphs by now."""
        return self.unroll > 0 and self.eager_steps >= EAGER_STEPS

    def at_once(self, most: int) -> int:
        """Return how many of the next `most` steps one launch does: as many as there are to a graph, else one."""
        return self.unroll if self.replays and most >= self.unroll else 1

    def advance(self, step: int, lrs: list[float]) -> None:
        """Do the steps from `step` on with these learning rates; more than one only as :meth:`at_once` says."""
        device_use.make_way()
        if not self.model.training:  # telling each of its modules takes longer than a small net's optimiser
            self.model.train()
        table = torch.tensor([[lr * factor for factor in self.lr_factors] for lr in lrs])
        if self.device.type == "cuda":
            # From memory of any other kind, a copy waits for all that was launched before.
            table = table.pin_memory()
        self.lr_table[: len(lrs)].copy_(table, non_blocking=True)
        if self.replays:
            self._staging().stage(step, len(lrs))
            self._graph(len(lrs))()
            return
        inputs, labels = self.feed.batch(step)
        if self.reseeds:
            # For layers such as dropout: each step has a stream of its own.
            with global_stream(stream(self.seed, "layers", step), self.device):
                self.learn(inputs, labels, self.lr_table[0])
        else:
            self.learn(inputs, labels, self.lr_table[0])
        self.eager_steps += 1

    def learn(self, inputs: Tensor, labels: Tensor, lrs: Tensor) -> None:
        """Do one step. Nothing here waits for the device or depends on Python's state but the net's mode.

        Args:
            inputs: float32, (N, C, H, W).
            labels: int64, (N,).
            lrs: the learning rate of each parameter group, on the device.
        """
        for group, lr in zip(self.optimiser.param_groups, lrs.unbind(), strict=True):
            group["lr"] = lr  # a tensor: a graph reads it on the device
        self.optimiser.zero_grad(set_to_none=True)
        with self._one_compiles():
            with self._autocast():
                logits = checked(self.model(inputs), self.model, len(labels), self.feed.classes)
            logits = logits.float()
            loss = F.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
            loss.backward()  # type: ignore[no-untyped-call]  # missing from torch's stubs
        self.optimiser.step()
        wrong = (logits.detach().argmax(dim=1) != labels).sum()
        self.wrong += wrong
        self.window_wrong += wrong
        self.loss += loss.detach()
        self.finite_steps += torch.isfinite(self.loss)

    def predict(self, inputs: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes), in the net's mode."""
        with self._one_compiles():
            return checked(self.model(inputs), self.model, len(inputs), self.feed.classes)

    def evaluate(
        self,
        between: Callable[[], None] = lambda: None,
        sets: Sequence[EvaluatedSet] = ("train", "test"),
        *,
        last: bool = True,
    ) -> dict[str, float]:
        """Return "train_error", "train_loss", "test_error" and "test_loss" of the clean sets.

        Args:
            sets: those to be evaluated; the others have no entries.
            last: whether it is the evaluation after the last planned step.
            between: called before each batch. It may raise; nothing that a state holds has changed then.
        """
        forward = self.forward if self.forward and self.replays else self.predict

        def watched(batches: Iterator[Batch]) -> Iterator[Batch]:
            for batch in batches:
                between()
                device_use.make_way()
                yield batch

        found: dict[str, float] = {}
        with self._autocast():
            for name in sets:
                error, loss = evaluate(self.model, watched(self.feed.clean(name, last=last)), forward)
                found |= {f"{name}_error": error, f"{name}_loss": loss}
        return found

    def multi_view_error(self) -> float:
        """Return the error, a fraction, over several views of each test image."""
        views = self.feed.views()
        assert views is not None
        with self._one_compiles(), self._autocast():
            return multi_view_error(self.model, views)

    def running(self, steps: int) -> dict[str, float]:
        """Return "running_error" and "running_loss" of the last `steps` batches, and start to count anew."""
        error = self.wrong.item() / (steps * self.batch_size) if steps else math.nan
        loss = self.loss.item() / steps if steps else math.nan
        self.wrong.zero_()
        self.loss.zero_()
        return {"running_error": error, "running_loss": loss}

    def window_error(self, steps: int) -> float:
        """Return the running error of a warm-up window of `steps` steps, and start the next window."""
        error = self.window_wrong.item() / (steps * self.batch_size)
        self.window_wrong.zero_()
        return error

    def weights(self) -> State:
        """Return the net's state on the CPU: a copy even there, for the net goes on changing its own tensors."""
        return {name: t.detach().to("cpu", copy=True) for name, t in self.model.state_dict().items()}

    def state(self) -> dict[str, Any]:
        """Return what the rest of the run depends on; order and augmentation follow from seed and step."""
        own = [
            {name: value for name, value in self.optimiser.state[p].items() if isinstance(value, Tensor)}
            for p in self.parameters
        ]
        return {"model": self.model.state_dict(), "optimiser": own, "counts": self.counts}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        for parameter, own in zip(self.parameters, state["optimiser"], strict=True):
            for name, value in own.items():
                # With the parameter's own strides, as the optimiser makes them; Adam's count of steps is one number.
                like = parameter if value.shape == parameter.shape and name != "step" else value
                device = parameter.device
                self.optimiser.state[parameter][name] = torch.empty_like(like, device=device).copy_(value)
        self.counts.copy_(state["counts"])

    def close(self) -> None:
        """Let go of the graphs and their memory."""
        # Not while another net captures: torch keeps one list of all graphs.
        with nobody_else_draws:
            self.graphs.clear()
            self.forward = None

    def _graph(self, count: int) -> Callable[[], None]:
        """Return `count` staged steps as one launch."""
        if count not in self.graphs:
            feed = self._staging()

            def steps() -> None:
                for (inputs, labels), lrs in zip(feed.staged(count), self.lr_table[:count], strict=True):
                    self.learn(inputs, labels, lrs)

            assert self.pool is not None
            self.graphs[count] = captured(steps, self.pool)
        return self.graphs[count]

    def _staging(self) -> MemoryFeed:
        assert isinstance(self.feed, MemoryFeed)
        return self.feed

    def _one_compiles(self) -> AbstractContextManager[Any]:
        return compiling if self.numerics.compiled else nullcontext()

    def _autocast(self) -> AbstractContextManager[Any]:
        """Return the context of forward passes: convolutions and matrix products in bf16, or as the tensors are.

        BN's statistics, the loss and the master weights stay fp32. Casts of weights are not cached: a graph makes
        them anew at each replay.
        """
        if self.numerics.precision != "bf16":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, cache_enabled=False)
