"""Image folders that are too large for memory: their listing, from which training reads as it goes on."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from repro.datasets.files import ImageFiles
from repro.datasets.images import Labels
from repro.datasets.tree import ImageFile, Tree, read_tree
from repro.errors import mistake
from repro.registry import DATASETS

ILSVRC_CLASSES, ILSVRC_TRAIN, ILSVRC_VAL = 1_000, 1_281_167, 50_000
"""Classification task of 2012: O. Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", Table 2."""


def list_images(root: Path, tell: Callable[[str], None] = lambda remark: None) -> ImageFiles:
    """Return what lies in ``train/<class>/`` and ``val/<class>/`` (or ``test``) below `root`; no image is read.

    The fingerprint is of the listing: the SHA-256 of ``"repro listing 1, K classes"`` and, a split, of the line
    ``"train N"`` or ``"test N"`` and a line ``"<class>/<file> <label> <bytes>"`` a file, in order of name. A listing
    of ILSVRC 2012's classes and numbers of images is taken for it, whatever the files' sizes: many copies of it have
    been recoded.

    Raises:
        ReproError: as repro.datasets.tree.read_tree; no test images; fewer than two classes.
    """
    tree = read_tree(root, tell)
    if not tree.test:
        raise mistake(str(root), "has no test images", hint="put them into val/<class>/")
    if len(tree.class_names) < 2:
        raise mistake(str(root), "has one class only", tree.class_names[0], "two or more")
    return ImageFiles(
        root=root,
        train_files=tuple(image.name for image in tree.train),
        train_labels=_labels(tree.train),
        test_files=tuple(image.name for image in tree.test),
        test_labels=_labels(tree.test),
        class_names=tree.class_names,
        fingerprint=DATASETS["imagenet"].fingerprint if _is_ilsvrc(tree) else _fingerprint(tree),
    )


def _labels(images: Sequence[ImageFile]) -> Labels:
    return np.array([image.label for image in images], dtype=np.int64)


def _is_ilsvrc(tree: Tree) -> bool:
    counts = (len(tree.class_names), len(tree.train), len(tree.test))
    named = all(re.fullmatch(r"n\d{8}", name) for name in tree.class_names)
    return named and counts == (ILSVRC_CLASSES, ILSVRC_TRAIN, ILSVRC_VAL)


def _fingerprint(tree: Tree) -> str:
    digest = hashlib.sha256(f"repro listing 1, {len(tree.class_names)} classes\n".encode())
    for split, images in (("train", tree.train), ("test", tree.test)):
        digest.update(f"{split} {len(images)}\n".encode())
        for image in images:
            name = image.name.partition("/")[2]
            digest.update(f"{name} {image.label} {image.size_bytes}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
