"""What was read, kept in memory for the length of a command, which asks for the same run and reading at every stage.

A file is taken to be as it was read while its size, time of change and number are the same: damage that leaves all
three as they were is seen by the next command, which reads every file that it uses, and by `repro runs verify`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

MOST = 100_000
"""Kept at once; packed, a record of 164 evaluations takes about 12 kB, a reading of 54 layers 1 kB.

Each stage goes through all files in the same order, so the first ones stay: making room for the last would leave
none to be found when the next stage begins.
"""

SETTLED_NS = 1_000_000_000
"""A younger file is not kept: a change in the same tick of the file system's clock would not be seen."""

Signature = tuple[int, int, int]

UNTOLD: Signature = (-1, -1, -1)
"""Of a file that is there, or may be, and of which the system tells nothing."""

Content = TypeVar("Content")


class Recent(Generic[Content]):
    """Contents by key, each as good as its file is unchanged: of the same size, time and number.

    `place` gives the path of a key's file.
    """

    def __init__(self, place: Callable[[str], str]) -> None:
        self._place = place
        self._kept: dict[str, tuple[Signature, Content]] = {}
        self._answers: dict[str, Content | None] | None = None
        self.read_anew = 0

    @contextmanager
    def still(self) -> Iterator[None]:
        """Answer what is asked in a block as it was answered first, whatever happens to the files meanwhile."""
        before = self._answers
        self._answers = {} if before is None else before
        try:
            yield
        finally:
            self._answers = before

    def read(
        self,
        key: str,
        anew: Callable[[str], Content | None],
        snapshot: Callable[[str, Signature], Content | None] = lambda _key, _signature: None,
    ) -> Content | None:
        """Return what is kept of a file, in memory or else in a snapshot; else what `anew` reads, which is then kept.

        `snapshot` is given the file's signature. `read_anew` counts what neither had. None: it is not there.
        """
        answers = self._answers
        if answers is None:
            return self._read(key, anew, snapshot)
        if key not in answers:
            answers[key] = self._read(key, anew, snapshot)
        return answers[key]

    def _read(
        self,
        key: str,
        anew: Callable[[str], Content | None],
        snapshot: Callable[[str, Signature], Content | None],
    ) -> Content | None:
        unchanged = signature(self._place(key))
        if unchanged is None:
            return None
        content = self.find(key, unchanged)
        if content is None:
            content = snapshot(key, unchanged)
            if content is None:
                content = anew(key)
                self.read_anew += content is not None
            if content is not None:
                self.keep(key, unchanged, content)
        return content

    def items(self) -> Iterator[tuple[str, Signature, Content]]:
        """Yield what is kept: key, signature and content."""
        for key, (unchanged, content) in self._kept.items():
            yield key, unchanged, content

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: str, signature: Signature) -> Content | None:
        """Return what was read from a file that had this signature, if it is kept."""
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] == signature else None

    def keep(self, key: str, signature: Signature, content: Content) -> None:
        """Keep what was read from a file; its signature is from before it was read."""
        if signature == UNTOLD or time.time_ns() - signature[1] <= SETTLED_NS:
            return
        if len(self._kept) < MOST or key in self._kept:
            self._kept[key] = signature, content


def signature(path: str) -> Signature | None:
    """Return a file's size, time of its last change and number; None where it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - asked for thousands of files
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        return UNTOLD
    return found.st_size, found.st_mtime_ns, found.st_ino
