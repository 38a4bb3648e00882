"""Who works on a GPU, and who has it alone: no graph is captured while another thread is at work there.

What is done on a device for the first time, a library's handle or a kernel that is loaded when it is launched, waits
for the whole device, and that breaks another thread's capture whatever its mode: seen on an H200 with nets that began
side by side. Replays, and waiting for them, break nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class DeviceUse:
    """A lock that many share or one has alone; who waits to have it alone goes before those who would share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: set[int] = set()
        self._waiting = 0
        self._taken = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work on the device beside others."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Let others have the device meanwhile; nothing where the calling thread does not share it."""
        if threading.get_ident() not in self._inside:
            yield
            return
        self._leave()
        try:
            yield
        finally:
            self._enter()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the device once nobody works on it, whether or not the calling thread shares it now."""
        with self.left():
            with self._changed:
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: not self._inside and not self._taken)
                    self._taken = True
                finally:
                    self._waiting -= 1
                    self._changed.notify_all()
            try:
                yield
            finally:
                with self._changed:
                    self._taken = False
                    self._changed.notify_all()

    def make_way(self) -> None:
        """Let those have the device who wait to have it alone; called between two pieces of work."""
        if self._waiting:
            with self.left():
                pass

    def _enter(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._taken)
            self._inside.add(threading.get_ident())

    def _leave(self) -> None:
        with self._changed:
            self._inside.discard(threading.get_ident())
            self._changed.notify_all()


device_use = DeviceUse()
"""Of the process's GPU: a worker has one."""
