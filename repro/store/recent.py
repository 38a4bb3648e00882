"""What was read, kept in memory for the length of a command, which asks for the same run and reading at every stage.

A file is taken to be as it was read while its size, time of change and number are the same: damage that leaves all
three as they were is seen by the next command, which reads every file that it uses, and by `repro runs verify`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

MOST = 100_000
"""Kept at once; packed, a record of 164 evaluations takes about 12 kB, a reading of 54 layers 1 kB.

Each stage goes through all files in the same order, so the first ones stay: making room for the last would leave
none to be found when the next stage begins.
"""

SETTLED_NS = 1_000_000_000
"""A younger file is not kept: a change in the same tick of the file system's clock would not be seen."""

Signature = tuple[int, int, int]

Content = TypeVar("Content")


class Recent(Generic[Content]):
    """Contents by file, each as good as the file is unchanged: of the same size, time and number."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Signature, Content]] = {}
        self.read_anew = 0

    def read(
        self,
        path: str,
        anew: Callable[[], Content | None],
        snapshot: Callable[[Signature | None], Content | None] = lambda _: None,
    ) -> Content | None:
        """Return what is kept of a file, in memory or else in a snapshot; else what `anew` reads, which is then kept.

        `snapshot` is given the file's signature. `read_anew` counts what neither had.
        """
        unchanged = signature(path)
        content = self.find(path, unchanged)
        if content is None:
            content = snapshot(unchanged)
            if content is None:
                content = anew()
                self.read_anew += content is not None
            if content is not None:
                self.keep(path, unchanged, content)
        return content

    def items(self) -> Iterator[tuple[str, Signature, Content]]:
        """Yield what is kept: path, signature and content."""
        for path, (unchanged, content) in self._kept.items():
            yield path, unchanged, content

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, path: str, signature: Signature | None) -> Content | None:
        """Return what was read from a file that had this signature, if it is kept."""
        kept = self._kept.get(path)
        return kept[1] if kept is not None and kept[0] == signature else None

    def keep(self, path: str, signature: Signature | None, content: Content) -> None:
        """Keep what was read from a file; its signature is from before it was read."""
        if signature is None or time.time_ns() - signature[1] <= SETTLED_NS:
            return
        if len(self._kept) < MOST or path in self._kept:
            self._kept[path] = signature, content


def signature(path: str) -> Signature | None:
    """Return a file's size, time of its last change and number; None where it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for thousands of files
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
