"""Arrays as files hold them → pixels and labels as training wants them, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repro.datasets.images import ImageData, Images, Labels, digests, image_data, in_order
from repro.errors import Problem, ReproError

MOST_CLASSES = 2**31
"""Above, a label is a number below 0 of another kind of integer, or no label."""

SPLIT_SEED = 1998
"""Of the one permutation that splits test images off; numpy's PCG64, as for the digits."""


@dataclass(frozen=True)
class Split:
    """The images of one split: uint8 (N, C, H, W), and their labels: int64 (N,)."""

    images: Images
    labels: Labels


Tell = Callable[[str], None]


def _silent(remark: str) -> None:
    """Tell nobody."""


def as_images(values: npt.NDArray[Any], where: str, tell: Tell = _silent) -> Images:
    """Return pixels as uint8 (N, C, H, W).

    Args:
        values: (N, H, W), (N, H, W, C) or (N, C, H, W), of whole numbers of 0–255. The shorter of the second and the
            last axis is C; the last where they are equal.
        where: for errors.
        tell: called with what was converted or guessed.

    Raises:
        ReproError: another shape or other values.
    """
    if values.ndim not in (3, 4) or 0 in values.shape:
        hint = "images of one size: (N, H, W), (N, H, W, C) or (N, C, H, W)"
        raise ReproError(Problem(where, "is no array of images", f"{values.dtype} {values.shape}", hint))
    if values.dtype != np.uint8:
        kind = values.dtype
        values = _integral(values, where)
        tell(f"{where} was {kind}; its values are whole numbers of 0 to 255, and became uint8")
    if values.max() <= 1:
        tell(f"{where} has no pixel above 1 of 255: the net sees what a viewer would show as black")
    if values.ndim == 3:
        return values[:, np.newaxis]
    if values.shape[1] == values.shape[3]:
        tell(f"{where} of shape {values.shape} was taken for (N, H, W, C)")
    return values if values.shape[1] < values.shape[3] else np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def _integral(values: npt.NDArray[Any], where: str) -> npt.NDArray[np.uint8]:
    """Return pixels as uint8 where nothing is lost."""
    hint = "store pixels as uint8, 0 to 255"
    if values.dtype.kind not in "uif":
        raise ReproError(Problem(where, "holds no numbers", str(values.dtype), hint))
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise ReproError(Problem(where, "has pixels that are not finite", f"{count:,} of them", hint))
    low, high = values.min(), values.max()
    if low < 0 or high > 255 or (values != np.rint(values)).any():
        received = f"{values.dtype}, {low:g} to {high:g}"
        raise ReproError(Problem(where, "has pixels that are no whole numbers of 0 to 255", received, hint))
    if values.dtype.kind == "f" and high <= 1:
        hint = "multiply by 255, and store pixels as uint8"
        raise ReproError(
            Problem(where, "has pixels of 0 and 1 only", f"{values.dtype}, {low:g} to {high:g}", hint)
        )
    return values.astype(np.uint8)


def as_labels(values: npt.NDArray[Any], images: int, where: str) -> Labels:
    """Return labels as int64 (N,), from (N,) or (N, 1).

    Raises:
        ReproError: no integers, below 0, or not one for each of the `images`.
    """
    hint = f"one whole number from 0 on for each of the {images:,} images"
    if values.dtype.kind not in "ui":
        raise ReproError(Problem(where, "are no whole numbers", str(values.dtype), hint))
    if values.shape not in ((images,), (images, 1)):
        raise ReproError(Problem(where, "are not as many as the images", str(values.shape), hint))
    if len(values) and values.min() < 0:
        raise ReproError(Problem(where, "are below 0", str(values.min()), hint))
    if len(values) and values.max() > MOST_CLASSES:
        raise ReproError(Problem(where, f"are above {MOST_CLASSES:,}", str(values.max()), hint))
    return values.reshape(-1).astype(np.int64)


def put_together(
    train: Split, test: Split | None, test_fraction: float | None, where: str, tell: Tell = _silent
) -> ImageData:
    """Return the dataset in canonical order, test images split off where a fraction of them is asked for.

    `tell` is called with how many test images are training images, too.

    Raises:
        ReproError: no test images and no fraction, or both; labels with gaps, or of the test set alone; a test set
            that is all of training images.
    """
    classes = int(train.labels.max()) + 1
    problems = list(_class_problems(train, test, classes, where))
    if test is None and test_fraction is None:
        hint = "bring them, or set test_fraction in the claim: dataset = { …, test_fraction = 0.2 }"
        problems.append(Problem(where, "has no test images", None, hint))
    if test is not None and test_fraction is not None:
        hint = "leave out test_fraction: it is for data without test images"
        problems.append(Problem(where, "has test images already", repr(test_fraction), hint))
    if problems:
        raise ReproError(*problems)
    if test is None:
        assert test_fraction is not None
        train, test = split_off(train, test_fraction)
    if test.images.shape[1:] == train.images.shape[1:]:
        _tell_overlap(train, test, where, tell)
    try:
        return image_data(train.images, train.labels, test.images, test.labels, classes)
    except ReproError as error:
        raise ReproError(*(replace(p, where=f"{where}: {p.where}") for p in error.problems)) from None


def _class_problems(train: Split, test: Split | None, classes: int, where: str) -> Iterable[Problem]:
    if classes < 2:
        yield Problem(where, "has one class only", None, "two or more, labelled from 0 on")
    there = np.unique(train.labels)
    if len(there) < classes:
        # As many as there are, and ten: a label may be any number.
        absent = np.setdiff1d(np.arange(min(classes, len(there) + 11)), there)[:11].tolist()
        received = ", ".join(map(str, absent[:10])) + (" …" if classes - len(there) > 10 else "")
        hint = "labels number the classes from 0 on, without gaps"
        yield Problem(where, "has labels that no training image has", received, hint)
    if test is not None and int(test.labels.max()) >= classes:
        received, hint = str(test.labels.max()), f"training labels go from 0 to {classes - 1}"
        yield Problem(where, "has test labels that no training image has", received, hint)


def _tell_overlap(train: Split, test: Split, where: str, tell: Tell) -> None:
    """Tell of test images that are trained on.

    Raises:
        ReproError: all of them are: a test error would be a training error.
    """
    trained = set(digests(train.images, train.labels))
    shared = sum(digest in trained for digest in digests(test.images, test.labels))
    if shared == len(test.labels):
        hint = "bring images that are not trained on, or leave the test set out and set test_fraction in the claim"
        raise ReproError(
            Problem(where, "has no test image that is not a training image, too", f"{shared:,}", hint)
        )
    if shared:
        tell(f"{where}: {shared:,} of {len(test.labels):,} test images are training images, too")


def split_off(part: Split, fraction: float) -> tuple[Split, Split]:
    """Return training and test images: the canonical order, permuted once for all, is cut near its end."""
    count = len(part.labels)
    order = in_order(digests(part.images, part.labels))
    order = order[np.random.Generator(np.random.PCG64(SPLIT_SEED)).permutation(count)]
    cut = count - min(max(1, round(count * fraction)), count - 1)
    return (
        Split(part.images[order[:cut]], part.labels[order[:cut]]),
        Split(part.images[order[cut:]], part.labels[order[cut:]]),
    )
