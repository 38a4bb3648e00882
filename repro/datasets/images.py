"""A dataset of labelled images in memory, and the fingerprint of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repro.errors import Problem, ReproError

Images = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ImageData:
    """Training and test images with their labels.

    Attributes:
        train_images: uint8, shape (N, C, H, W), pixels of 0–255.
        train_labels: int64, shape (N,), values of 0 to classes − 1.
        test_images: as `train_images`, with the same C, H and W.
        test_labels: as `train_labels`.
        classes: number of classes, 2 or more.
        fingerprint: of the content, see :func:`fingerprint`.

    Raises:
        ReproError: an array has another type, shape or range; all problems at once.
    """

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels
    classes: int
    fingerprint: str

    def __post_init__(self) -> None:
        problems = [
            *_problems("train", self.train_images, self.train_labels, self.classes),
            *_problems("test", self.test_images, self.test_labels, self.classes),
        ]
        if not problems and self.train_images.shape[1:] != self.test_images.shape[1:]:
            shape = str(self.test_images.shape[1:])
            problems.append(
                Problem("test_images", f"not of the training shape {self.train_images.shape[1:]}", shape)
            )
        if problems:
            raise ReproError(*problems)

    @property
    def in_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of one image."""
        _, channels, height, width = self.train_images.shape
        return channels, height, width


def _problems(split: str, images: Images, labels: Labels, classes: int) -> list[Problem]:
    found = []
    if images.dtype != np.uint8 or images.ndim != 4 or len(images) == 0:
        received = f"{images.dtype} {images.shape}"
        found.append(Problem(f"{split}_images", "must be uint8 of shape (N, C, H, W), N ≥ 1", received))
    if labels.dtype != np.int64 or labels.shape != images.shape[:1]:
        received = f"{labels.dtype} {labels.shape}"
        found.append(Problem(f"{split}_labels", "must be int64 of shape (N,), one for each image", received))
    elif len(labels) and not 0 <= labels.min() <= labels.max() < classes:
        received = f"{labels.min()} to {labels.max()}"
        found.append(Problem(f"{split}_labels", f"must lie in 0 to classes − 1 = {classes - 1}", received))
    return found


def image_data(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels, classes: int
) -> ImageData:
    """Return images in canonical order, with their fingerprint: equal content gives equal runs, whatever its order.

    The order of each split is that of the digests of which the fingerprint is made (see :func:`fingerprint`).

    Raises:
        ReproError: as ImageData.
    """
    data = ImageData(train_images, train_labels, test_images, test_labels, classes, fingerprint="")
    train, test = digests(train_images, train_labels), digests(test_images, test_labels)
    first, second = in_order(train), in_order(test)
    return ImageData(
        data.train_images[first],
        data.train_labels[first],
        data.test_images[second],
        data.test_labels[second],
        classes,
        _fingerprint(train, test, classes),
    )


def fingerprint(
    train_images: Images, train_labels: Labels, test_images: Images, test_labels: Labels, classes: int
) -> str:
    """Return a hash of what the images and labels are, whatever file they came from and in whatever order.

    Each image gives the SHA-256 of ``"C,H,W,label:"`` (ASCII) followed by its bytes in the order C, H, W. The
    digests of a split, sorted, follow the line ``"train N"`` or ``"test N"``; both splits follow
    ``"repro images 1, K classes"``. The SHA-256 of all that, in 64 hexadecimal digits, is the fingerprint.
    """
    return _fingerprint(digests(train_images, train_labels), digests(test_images, test_labels), classes)


def digests(images: Images, labels: Labels) -> list[bytes]:
    """Return the SHA-256 of each image with its label, as :func:`fingerprint` has it."""
    shape = ",".join(str(size) for size in images.shape[1:])
    pairs = zip(images, labels.tolist(), strict=True)
    return [hashlib.sha256(f"{shape},{label}:".encode() + image.tobytes()).digest() for image, label in pairs]


def in_order(found: Sequence[bytes]) -> Labels:
    """Return the indices that sort digests."""
    return np.array(sorted(range(len(found)), key=found.__getitem__), dtype=np.int64)


def _fingerprint(train: Sequence[bytes], test: Sequence[bytes], classes: int) -> str:
    whole = hashlib.sha256(f"repro images 1, {classes} classes\n".encode())
    for split, found in (("train", train), ("test", test)):
        whole.update(f"{split} {len(found)}\n".encode())
        for digest in sorted(found):
            whole.update(digest)
    return whole.hexdigest()
