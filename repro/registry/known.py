"""What is known of a model, a probe, a formula or a data set without importing or loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Registered:
    """What is known about a model or a probe without importing it.

    Attributes:
        target: ``module:attribute``.
        version: bumped by hand when results change; for a user's own code, that of `source_code.code_of`.
        options: the keyword arguments it takes; None where unknown (a user's own).
    """

    target: str
    version: int | str = 1
    options: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DataRef:
    """A data set as a claim names it, or, with an absolute path, where it lies on this machine.

    Attributes:
        name: short name, name of a user's own, or ``package.module:function``.
        path: of a user's own: where it lies, relative to the claim file.
        size: (height, width) that images of a folder are resized to.
        test_fraction: share of the training images that is split off, where there are no test images.
        as_files: images stay in files and are read as training goes on; else they are whole in memory.
    """

    name: str
    path: str | None = None
    size: tuple[int, int] | None = None
    test_fraction: float | None = None
    as_files: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataRef:
        """Invert `dataclasses.asdict`, after JSON has made a list of the size."""
        return cls(**{**data, "size": tuple(data["size"]) if data["size"] else None})


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """What is known about a dataset without loading it.

    Attributes:
        target: ``module:attribute`` of a function that returns an ImageData, or "" where it is a user's.
        fingerprint: of the content: the published one, or that of the user's data; for a user's function, the
            version of its code; "" where nothing is known.
        shape: (channels, height, width), or None where unknown, or where images are of any size.
        n_train: training images, or None where unknown.
        classes: number of classes, or None where unknown.
        missing: why runs on it are pending, and what to bring; None when it is at hand.
        files: whether its images are read from files as training goes on; None where it can be read both ways.
        source: where it lies, or lay when it was there, if it is a user's.
        download: ``module:function`` that fetches it into a folder and returns its path, or "".
        remarks: what was dropped, converted or guessed when it was read.
    """

    target: str
    fingerprint: str
    shape: tuple[int, int, int] | None = None
    n_train: int | None = None
    classes: int | None = None
    missing: str | None = None
    files: bool | None = None
    source: DataRef | None = None
    download: str = ""
    remarks: tuple[str, ...] = ()


NOT_IMPLEMENTED = "not implemented"
"""The version of a net, and the fingerprint of a data set, that a claim file declares to be absent."""
