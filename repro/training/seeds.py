"""One seed a run → independent streams of random numbers, each by its purpose and index."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def generator(seed: int, purpose: str, index: int = 0) -> torch.Generator:
    """Return a CPU generator that depends on its arguments alone: not on the device, nor on what else runs."""
    return torch.Generator().manual_seed(stream(seed, purpose, index))


def stream(seed: int, purpose: str, index: int = 0) -> int:
    """Return the seed of one stream of random numbers, of 0 to 2⁶³ − 1.

    Args:
        seed: the run's.
        purpose: "init", "order" (index: epoch), "crops", "flips", "colours", "sample", "layers" (index: step).
        index: which of the purpose's streams.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}/{index}".encode()).digest()
    # Half the range of int64: torch refuses larger seeds on some builds.
    return int.from_bytes(digest[:8], "big") >> 1


nobody_else_draws = threading.Lock()
"""Held while torch's global stream is seeded and drawn from, and while a CUDA graph is captured."""


@contextmanager
def global_stream(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's global stream for layers that draw from it, and leave it as it was; one net at a time."""
    devices = [device] if device.type == "cuda" else []
    with nobody_else_draws, torch.random.fork_rng(devices=devices):
        _seed(seed)
        yield


def _seed(seed: int) -> None:
    """Do what `torch.manual_seed` does, for the devices in use.

    For those that are not, it keeps the call and a trace of the stack each time, which takes as long as all else of a
    small net's step.
    """
    torch.default_generator.manual_seed(seed)
    torch.mps.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)
