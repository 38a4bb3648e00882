"""What a store remembers of data: which place was named for which dataset, and what lies at a place.

It is in `data.json`: a warm plan, check or report reads no data, and a report needs none to be there. Of two commands
that write it at once, one may be forgotten: data is read again then, and no run is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from repro.registry import DataRef
from repro.store import files

FORMAT = 1

_DEEPEST = 2
"""Folders below the place that hold images: a split's and its classes'."""


@dataclass(frozen=True)
class UserData:
    """What a user brings under a name.

    Attributes:
        path: where it lies.
        stand_in: whether it may be something else than the name says.
    """

    path: str
    stand_in: bool = False


@dataclass(frozen=True)
class Content:
    """What was found at a place.

    Attributes:
        state: of the files then, see :func:`state_of`.
        fingerprint, shape, n_train, n_test, classes: of the dataset; the shape is None for images of any size.
        remarks: what was dropped, converted or guessed when it was read.
    """

    state: str
    fingerprint: str
    shape: tuple[int, int, int] | None
    n_train: int
    n_test: int
    classes: int
    remarks: tuple[str, ...] = ()

    @property
    def described(self) -> str:
        """What it is, for people."""
        of = f" of {'×'.join(map(str, self.shape))}" if self.shape else ""
        images = f"{self.n_train:,} training and {self.n_test:,} test images{of}"
        return f"{images}, {self.classes:,} classes, fingerprint {short(self.fingerprint)}"


def short(fingerprint: str) -> str:
    """Return the beginning of a fingerprint, enough for people to compare."""
    return fingerprint if len(fingerprint) <= 12 else f"{fingerprint[:12]}…"


class DataIndex:
    """A store's `data.json`, read at once and written by :meth:`save`.

    Attributes:
        named: dataset name → the place that was named for it last.
    """

    def __init__(self, root: Path) -> None:
        self.path = root / "data.json"
        self.named: dict[str, UserData] = {}
        self._contents: dict[str, Content] = {}
        # A file of another version, or a damaged one, is forgotten: all that it holds can be had again.
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            kept = files.unsealed(self.path.read_bytes())
            if kept["format"] == FORMAT:
                named = {name: UserData(**item) for name, item in kept["brought"].items()}
                self._contents = {key: _content(item) for key, item in kept["contents"].items()}
                self.named = named
        self._before = self._as_json()

    def content(self, source: DataRef) -> Content | None:
        """Return what lay at a place when it was read last."""
        return self._contents.get(_key(source))

    def unchanged(self, source: DataRef) -> bool:
        """Tell whether the files there are as they were then, by name, size, times and place on the disk."""
        known = self.content(source)
        return known is not None and known.state == state_of(Path(source.path or ""), source.as_files)

    def forget(self, sources: Collection[DataRef]) -> None:
        """Drop what is known of what lies at these places: it was found to be something else."""
        for source in sources:
            self._contents.pop(_key(source), None)

    def read(self, source: DataRef, tell: Callable[[str], None]) -> Content:
        """Return what lies at a place, having read it; raises ReproError where that cannot be done."""
        from repro.datasets import ImageData, read_dataset  # numpy

        state = state_of(Path(source.path or ""), source.as_files)
        remarks: list[str] = []

        def remark(text: str) -> None:
            remarks.append(text)
            tell(text)

        data = read_dataset(source, remark)
        found = Content(
            state=state,
            fingerprint=data.fingerprint,
            shape=data.in_shape if isinstance(data, ImageData) else None,
            n_train=len(data.train_labels),
            n_test=len(data.test_labels),
            classes=data.classes,
            remarks=tuple(text.replace(source.path or "", Path(source.path or "").name) for text in remarks),
        )
        self._contents[_key(source)] = found
        return found

    def save(self) -> None:
        """Write what is new; where that cannot be done, it is found out again next time."""
        content = self._as_json()
        if content != self._before:
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                files.write(self.path, files.sealed(content).encode())

    def _as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "brought": {name: asdict(item) for name, item in self.named.items()},
            "contents": {key: asdict(item) for key, item in self._contents.items()},
        }


def state_of(path: Path, listed: bool) -> str:
    """Return a hash of what the file system says of the files below a path: other files have another one.

    Of each file name, size, the times when its content and when anything about it changed, and its number on the disk.
    Archives that give every file the same time, and tools that set it, leave the time of the last change of anything
    alone, which nobody can set. Where files are only listed, it is of the folders: a file that is added, renamed or
    removed changes its folder. Names that begin with a dot are left out, as all readers do.
    """
    whole = hashlib.sha256()
    for name, status in sorted(_files(path, "", listed)):
        whole.update(f"{name} {' '.join(map(str, status))}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


Status = tuple[int, ...]


def _files(path: Path, name: str, listed: bool) -> Iterator[tuple[str, Status]]:
    """Yield name and status of what counts; one that cannot be read counts as such, and those after it all the same."""
    if not path.is_dir():
        yield name, _status(path)
        return
    if listed:
        yield name, _status(path)
    try:
        with os.scandir(path) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        yield f"{name}/", ()
        return
    for entry in found:
        inner = f"{name}/{entry.name}"
        if _is_folder(entry):
            if inner.count("/") <= _DEEPEST:
                yield from _files(Path(entry.path), inner, listed)
        elif not listed:
            yield inner, _status(entry)


def _status(path: Path | os.DirEntry[str]) -> Status:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _key(source: DataRef) -> str:
    # The same place gives the same images under whatever name.
    return json.dumps({**asdict(source), "name": ""}, sort_keys=True)


def _content(item: dict[str, Any]) -> Content:
    shape = tuple(item["shape"]) if item["shape"] else None
    return Content(**{**item, "shape": shape, "remarks": tuple(map(str, item.get("remarks", ())))})
