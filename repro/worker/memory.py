"""A device that nets share which train side by side: each waits until its estimate fits into the memory."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


class DeviceMemory:
    """A budget of bytes. A net that needs more than the whole budget is let in when it is alone.

    Args:
        total: bytes to share; infinite where memory is not to be counted, as on the CPU.
        now: a clock, in seconds.
    """

    def __init__(self, total: float, now: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.taken = 0.0
        self.nets = 0
        self.kind = ""
        self._now = now
        self._clock, self._read_at = 0.0, now()
        self._changed = threading.Condition()

    @contextmanager
    def reserved(self, wanted: float, kind: str = "") -> Iterator[None]:
        """Hold `wanted` bytes, waiting until they are there and all other nets are of the same kind.

        Args:
            wanted: bytes.
            kind: what nets side by side must agree on, such as flags of the process.
        """

        def fits() -> bool:
            return self.nets == 0 or (kind == self.kind and self.taken + wanted <= self.total)

        with self._changed:
            self._changed.wait_for(fits)
            self._bring_forward()
            self.kind = kind
            self.taken += wanted
            self.nets += 1
        try:
            yield
        finally:
            with self._changed:
                self._bring_forward()
                self.taken -= wanted
                self.nets -= 1
                self._changed.notify_all()

    def ran_out(self) -> bool:
        """Lower the budget to four fifths of what is reserved now; return whether there is any use in trying again.

        To be called by a net that ran out of memory, while it still holds its own bytes. One that was alone has no
        use of another try.
        """
        with self._changed:
            if self.nets <= 1:
                return False
            self.total = min(self.total, 0.8 * self.taken)
            return True

    def clock(self) -> float:
        """Return a time that runs at one over the number of nets: what passes while a net is there is its share."""
        with self._changed:
            self._bring_forward()
            return self._clock

    def _bring_forward(self) -> None:
        now = self._now()
        self._clock += (now - self._read_at) / max(1, self.nets)
        self._read_at = now


def bytes_to_share(device: torch.device) -> float:
    """Return nine tenths of what is free on a GPU; torch's allocator shall leave something to the libraries."""
    if device.type != "cuda":
        return math.inf
    free, total = torch.cuda.mem_get_info(device)
    torch.cuda.set_per_process_memory_fraction(0.95 * free / total, device)
    return 0.9 * free
