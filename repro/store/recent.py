"""What was read lately, kept in memory: a command asks for the same run and reading at every stage."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Generic, TypeVar

MOST = 2_000
"""Kept at once; a record of 164 evaluations takes about 50 kB, a reading of 54 layers 20 kB."""

SETTLED_NS = 1_000_000_000
"""A younger file is not kept: a change in the same tick of the file system's clock would not be seen."""

Signature = tuple[int, int, int]

Content = TypeVar("Content")


class Recent(Generic[Content]):
    """Contents by file, each as good as the file is unchanged: of the same size, time and number."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[Signature, Content]] = {}

    def find(self, path: Path, signature: Signature | None) -> Content | None:
        """Return what was read from a file that had this signature, if it is kept."""
        kept = self._kept.get(path)
        return kept[1] if kept is not None and kept[0] == signature else None

    def keep(self, path: Path, signature: Signature | None, content: Content) -> None:
        """Keep what was read from a file; its signature is from before it was read."""
        if signature is not None and time.time_ns() - signature[1] > SETTLED_NS:
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[path] = signature, content


def signature(path: Path) -> Signature | None:
    """Return a file's size, time of its last change and number; None where it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for thousands of files
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
