"""A dataset of labelled images in files, of any sizes: too many to hold in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from repro.datasets.images import Labels


@dataclass(frozen=True)
class ImageFiles:
    """Where the training and test images lie, with their labels.

    Attributes:
        root: the folder that file names are relative to.
        train_files: names with forward slashes, sorted.
        train_labels: int64, shape (N,), values of 0 to classes − 1.
        test_files: as `train_files`.
        test_labels: as `train_labels`.
        class_names: label → name.
        fingerprint: of the listing.
    """

    root: Path
    train_files: tuple[str, ...]
    train_labels: Labels
    test_files: tuple[str, ...]
    test_labels: Labels
    class_names: tuple[str, ...]
    fingerprint: str

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)
