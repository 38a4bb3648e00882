"""CUDA graphs: a training step, or several in a row, and the forward pass of an evaluation as one launch each.

A small net's kernels take less time than Python needs to launch them; a graph launches all at once. What a graph reads
lies at fixed addresses and is written before each replay.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor, nn

EAGER_STEPS = 11
"""Real steps before the capture: they allocate the optimiser's buffers and let libraries choose their algorithms."""

MOST_STEPS = 16
"""One graph holds at most so many steps."""

_one_at_a_time = threading.Lock()
"""Captures of nets that train side by side in one process do not overlap."""


def can_be_captured(model: nn.Module, device: torch.device) -> bool:
    """Tell whether the steps of a net may become a graph: on CUDA, and nothing in it draws random numbers."""
    return device.type == "cuda" and not draws_random_numbers(model)


def draws_random_numbers(model: nn.Module) -> bool:
    """Tell whether a net of the registry draws from torch's global stream while training: dropout does."""
    return any(isinstance(module, nn.modules.dropout._DropoutNd) for module in model.modules())


def unrolled_steps(model: nn.Module) -> int:
    """Return how many steps one graph holds: more for shallow nets, so that a launch is worth its while."""
    layers = sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules())
    return max(1, min(MOST_STEPS, 320 // max(1, layers)))


def captured(body: Callable[[], None]) -> Callable[[], None]:
    """Return a function that replays on the device what `body` does there; `body` itself is not carried out.

    The caller's stream is a side stream, on which `body` has run before.
    """
    graph = torch.cuda.CUDAGraph()
    # Other nets' threads go on working: only this thread's calls are held to what a capture allows.
    with (
        _one_at_a_time,
        torch.cuda.graph(graph, stream=torch.cuda.current_stream(), capture_error_mode="thread_local"),
    ):
        body()
    return graph.replay


class CapturedForward:
    """A net's forward pass in evaluation mode as a graph, for batches of the first batch's shape.

    Its output is overwritten by the next call. Batches of other shapes, the last one usually, are computed eagerly.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.inputs: Tensor | None = None
        self.outputs: Tensor | None = None
        self.replay: Callable[[], None] | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        if self.inputs is None:
            self.inputs = inputs.clone(memory_format=torch.preserve_format)
            self.forward()  # eagerly once, before the capture
            self.replay = captured(self.forward)
        if inputs.shape != self.inputs.shape or self.replay is None:
            logits: Tensor = self.model(inputs)
            return logits
        self.inputs.copy_(inputs)
        self.replay()
        assert self.outputs is not None
        return self.outputs

    def forward(self) -> None:
        """Compute the outputs from the inputs at their fixed addresses."""
        self.outputs = self.model(self.inputs)
