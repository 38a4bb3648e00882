"""What a GPU is to a run: a stream of its own, fixed algorithms, and errors that leave the device usable or do not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from repro.training.device_use import device_use

MOST_STREAMS = 32
"""Runs of a process that may be on one GPU: torch has so many streams, and hands them out in turn, over and over.

Two runs on one stream would not only wait for each other: a captured graph would hold the other's work.
"""

_OUT_OF_MEMORY = (
    "DefaultCPUAllocator",
    "out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)
"""Not every allocator has an error of its own: the CPU's, the driver's and the libraries' say it in words."""

_guard = threading.Lock()
_idle: list[torch.cuda.Stream] = []
_taken: set[int] = set()


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Have what the calling thread does on a GPU done on a stream that nobody else uses meanwhile.

    What comes after waits for it. The stream used last is given first: memory, which torch keeps apart by stream, is
    found again. Graphs of other threads are captured when the caller makes way. On a CPU nothing is changed.

    Raises:
        RuntimeError: there are more runs than streams.
    """
    if device.type != "cuda":
        yield
        return
    with _guard:
        stream = _idle.pop() if _idle else _new_stream(device)
    try:
        with device_use.shared():
            with torch.cuda.stream(stream):
                yield
            stream.synchronize()
    finally:
        with _guard:
            _idle.append(stream)


def _new_stream(device: torch.device) -> torch.cuda.Stream:
    for _ in range(MOST_STREAMS):
        # Others may have drawn from torch's streams, too, and moved its turn.
        stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        if stream.cuda_stream not in _taken:
            _taken.add(stream.cuda_stream)
            return stream
    raise RuntimeError(f"more than {MOST_STREAMS} runs on one device")


def fix_algorithms(precision: str, device: torch.device) -> None:
    """Fix how CUDA rounds fp32 products and chooses its algorithms: a run's precision is part of its key.

    The flags belong to the process: what it does side by side agrees on them.
    """
    if device.type == "cuda":
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        # Timing the candidates, as a benchmark would, chooses others under another load.
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error says that memory ran out, of whichever kind."""
    told = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return told or (isinstance(error, RuntimeError) and any(text in str(error) for text in _OUT_OF_MEMORY))


def is_usable(device: torch.device) -> bool:
    """Tell whether a device still computes: after some errors, CUDA refuses everything until the process ends."""
    try:
        return torch.ones(2, device=device).sum().item() == 2.0
    except RuntimeError:
        return False
