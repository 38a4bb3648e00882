"""CUDA graphs: a training step, or several in a row, and the forward pass of an evaluation as one launch each.

A small net's kernels take less time than Python needs to launch them; a graph launches all at once. What a graph reads
lies at fixed addresses and is written before each replay.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from repro.training.compiled import compiling
from repro.training.device_use import device_use
from repro.training.seeds import nobody_else_draws

if TYPE_CHECKING:
    from torch.cuda import _POOL_HANDLE

EAGER_STEPS = 11
"""Real steps before the capture: they allocate the optimiser's buffers and let libraries choose their algorithms."""

MOST_STEPS = 16
"""One graph holds at most so many steps."""

SINCE = (2, 11)
"""The first torch whose graphs may be replayed while another thread captures one, and begin in inference mode."""


class BrokenCaptureError(RuntimeError):
    """A capture that could not be ended: torch's allocator and generators believe in it until the process ends."""


def can_be_captured(model: nn.Module, device: torch.device) -> bool:
    """Tell whether the steps of a net may become a graph: on CUDA, and nothing in it draws random numbers."""
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    return device.type == "cuda" and version >= SINCE and not draws_random_numbers(model)


def draws_random_numbers(model: nn.Module) -> bool:
    """Tell whether a net of the registry draws from torch's global stream while training: dropout does."""
    return any(isinstance(module, nn.modules.dropout._DropoutNd) for module in model.modules())


def unrolled_steps(model: nn.Module) -> int:
    """Return how many steps one graph holds: more for shallow nets, so that a launch is worth its while."""
    layers = sum(isinstance(module, nn.Conv2d | nn.Linear) for module in model.modules())
    return max(1, min(MOST_STEPS, 320 // max(1, layers)))


def graph_pool() -> _POOL_HANDLE:
    """Return memory for the graphs of one net, which take turns on one stream: what one of them leaves, others use."""
    return torch.cuda.graph_pool_handle()


def captured(body: Callable[[], None], pool: _POOL_HANDLE) -> Callable[[], None]:
    """Return a function that replays on the device what `body` does there; `body` itself is not carried out.

    The caller's stream is a side stream, on which `body` has run before. At most two replays are under way: who asks
    for a third waits for the first, so that a stop is heard and progress is what has been done.

    Raises:
        BrokenCaptureError: the capture could not be ended.
    """
    graph = torch.cuda.CUDAGraph()
    # Captures do not overlap. While one is made nobody may draw from the global stream of random numbers, nor wait for
    # the whole device, as a compiler that times its kernels does, or a library that is used for the first time. torch's
    # own context would wait for the whole device, too, and so for all that others have launched.
    with device_use.alone(), nobody_else_draws, compiling, _no_collection():
        # While a capture is under way torch gives nothing back that nets which have ended left cached, nor the memory
        # of their graphs: it says that memory ran out, instead (seen on an H100).
        torch.cuda.empty_cache()
        graph.capture_begin(pool=pool, capture_error_mode="thread_local")
        try:
            body()
        finally:
            try:
                graph.capture_end()
            except RuntimeError as error:
                raise BrokenCaptureError(str(error)) from error
    done = [torch.cuda.Event(blocking=True), torch.cuda.Event(blocking=True)]  # type: ignore[no-untyped-call]

    def replay() -> None:
        before_last = done[0]
        with device_use.left():
            before_last.synchronize()
        graph.replay()
        before_last.record()
        done.reverse()

    return replay


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep Python from looking for cycles: what it would free on the device, in this very thread, breaks a capture."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class CapturedForward:
    """A net's forward pass in evaluation mode as a graph, for batches of the first batch's shape.

    Its output is overwritten by the next call, and by any other graph of the pool. Batches of other shapes, the last
    one usually, are computed eagerly.
    """

    def __init__(self, model: Callable[[Tensor], Tensor], pool: _POOL_HANDLE) -> None:
        self.model = model
        self.pool = pool
        self.inputs: Tensor | None = None
        self.outputs: Tensor | None = None
        self.replay: Callable[[], None] | None = None

    def __call__(self, inputs: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        if self.inputs is None:
            self.inputs = inputs.clone(memory_format=torch.preserve_format)
            self.forward()  # eagerly once, before the capture
            self.replay = captured(self.forward, self.pool)
        if inputs.shape != self.inputs.shape or self.replay is None:
            return self.model(inputs)
        self.inputs.copy_(inputs)
        self.replay()
        assert self.outputs is not None
        return self.outputs

    def forward(self) -> None:
        """Compute the outputs from the inputs at their fixed addresses."""
        assert self.inputs is not None
        self.outputs = self.model(self.inputs)
