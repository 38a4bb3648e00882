"""Image folders: ``train/<class>/<image>`` and ``test/<class>/<image>`` (or ``val``), the layout of torchvision's
ImageFolder. Looked through without reading an image.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.errors import Problem, ReproError, mistake

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
"""Of files that are taken for images, in capitals or not; all others are skipped, and counted."""

TEST_NAMES = ("test", "val")


@dataclass(frozen=True)
class ImageFile:
    """An image: its name relative to the root, with forward slashes, its label and its size in bytes."""

    name: str
    label: int
    size_bytes: int


@dataclass(frozen=True)
class Tree:
    """The images of a folder, in order of name; classes are numbered as :func:`in_class_order` has them."""

    class_names: tuple[str, ...]
    train: tuple[ImageFile, ...]
    test: tuple[ImageFile, ...]


def read_tree(root: Path, tell: Callable[[str], None] = lambda remark: None) -> Tree:
    """Return the images below `root`; without a test folder there are no test images.

    Only files directly in a class's folder count, of those only the ones whose names end as those of images do
    (:data:`SUFFIXES`); `tell` is called with how many others there were. Names that begin with a dot are not looked at.

    Raises:
        ReproError: no training folder, two test folders, empty classes, or test classes that are not trained; all
            problems at once.
    """
    if not (root / "train").is_dir():
        inside = ", ".join(sorted(_names(root, folders=True))[:8]) or "no folder"
        hint = "images lie in train/<class>/ and test/<class>/ (or val/<class>/)"
        raise mistake(str(root), "has no folder `train`", inside, hint)
    tests = [name for name in TEST_NAMES if (root / name).is_dir()]
    if len(tests) > 1:
        raise mistake(
            str(root), "has both `test` and `val`", hint="rename the one that shall not be tested on"
        )
    classes = in_class_order(_names(root / "train", folders=True))
    labels = {name: label for label, name in enumerate(classes)}
    problems: list[Problem] = []
    skipped = 0
    found: dict[str, tuple[ImageFile, ...]] = {"test": ()}
    for split in ("train", *tests):
        images: list[ImageFile] = []
        for name in sorted(_names(root / split, folders=True)):
            where = f"{root / split / name}"
            if name not in labels:
                problems.append(
                    Problem(where, "is a class without training images", None, f"make train/{name}")
                )
                continue
            mine, others = _images(root, f"{split}/{name}", labels[name])
            skipped += others
            images += mine
            if not mine:
                known = " ".join(sorted(SUFFIXES))
                problems.append(Problem(where, "holds no image", None, f"remove it, or fill it with {known}"))
        loose = sum(is_image(name) for name in _names(root / split, folders=False))
        if loose:
            what = f"has {loose:,} images outside of any class"
            problems.append(Problem(f"{root / split}", what, None, f"sort them into {split}/<class>/"))
        elif not images and not problems:
            problems.append(Problem(f"{root / split}", "holds no class", None, f"make {split}/<class>/"))
        found["train" if split == "train" else "test"] = tuple(sorted(images, key=lambda image: image.name))
    if problems:
        raise ReproError(*problems)
    if skipped:
        tell(f"{root}: {skipped:,} files or folders that are no images by their names were skipped")
    return Tree(tuple(classes), found["train"], found["test"])


def in_class_order(names: Sequence[str]) -> list[str]:
    """Return classes in the order of their labels: numbers by value, other names by code point.

    CIFAR-10's labels, airplane 0 to truck 9, are in both orders.
    """
    if all(name.isascii() and name.isdigit() for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


def is_image(name: str) -> bool:
    """Tell whether a file counts as an image."""
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 - a million times


def _images(root: Path, folder: str, label: int) -> tuple[list[ImageFile], int]:
    """Return the images of a class and how many other things lie there."""
    images: list[ImageFile] = []
    others = 0
    for entry in _entries(root / folder):
        if is_image(entry.name) and entry.is_file():
            images.append(ImageFile(f"{folder}/{entry.name}", label, entry.stat().st_size))
        else:
            others += 1
    return images, others


def _names(folder: Path, *, folders: bool) -> list[str]:
    return [entry.name for entry in _entries(folder) if entry.is_dir() == folders]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError as error:
        raise mistake(str(folder), f"cannot be read: {error.strerror}") from None
