"""Reading image folders whole into memory."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repro.datasets.arrays import Split, put_together
from repro.datasets.images import ImageData
from repro.datasets.tree import ImageFile, read_tree
from repro.errors import Problem, ReproError

ORIENTATION, BITS_PER_SAMPLE = 274, 258
"""Tags of EXIF and TIFF."""

PLAIN = frozenset({"1", "L", "RGB", "P"})
TRANSPARENT = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
"""Modes of PIL that lose nothing, and those with an alpha channel."""

GREY, DEEP = frozenset({"1", "L"}), ("I", "F")
"""Modes of PIL: grey images of 8 bits or fewer; the first letters of those of more."""

MOST_NAMED = 5
"""Unreadable files are named one by one up to this number, then counted."""

Pixels = npt.NDArray[np.uint8]


def read_folders(
    root: Path,
    size: tuple[int, int] | None = None,
    test_fraction: float | None = None,
    tell: Callable[[str], None] = lambda remark: None,
) -> ImageData:
    """Return the images below `root`, see repro.datasets.tree.read_tree.

    Grey images have one channel where all are grey; else all are turned into RGB, palettes and CMYK included, and
    transparency is dropped. With `size` = (height, width) each is resized, whatever its proportions, by PIL's
    bilinear filter, which averages over all that a pixel covers when an image gets smaller.

    Raises:
        ReproError: everything that is wrong.
    """
    tree = read_tree(root, tell)
    files = [*tree.train, *tree.test]
    pixels, problems, oddities = _decoded(root, files, size)
    for what, count in oddities.items():
        tell(f"{root}: {count:,} of {len(files):,} images {what}")
    if not problems:
        problems = _sizes(root, files, pixels)
    if problems:
        more = (
            [Problem(str(root), f"and {len(problems) - MOST_NAMED:,} more")]
            if len(problems) > MOST_NAMED
            else []
        )
        raise ReproError(*problems[:MOST_NAMED], *more)
    grey = all(image.ndim == 2 for image in pixels)
    height, width = pixels[0].shape[:2]
    images = np.empty((len(files), 1 if grey else 3, height, width), np.uint8)
    for number, image in enumerate(pixels):
        # A grey image among coloured ones is the same in all three channels.
        images[number] = image if image.ndim == 2 else image.transpose(2, 0, 1)
    labels = np.array([file.label for file in files], dtype=np.int64)
    cut = len(tree.train)
    test = Split(images[cut:], labels[cut:]) if tree.test else None
    return put_together(Split(images[:cut], labels[:cut]), test, test_fraction, str(root), tell)


def _decoded(
    root: Path, files: Sequence[ImageFile], size: tuple[int, int] | None
) -> tuple[list[Pixels], list[Problem], Counter[str]]:
    """Return pixels, (H, W) or (H, W, 3), of each file; what is wrong with those that cannot be read; oddities."""
    from PIL import Image

    pixels: list[Pixels] = []
    problems: list[Problem] = []
    oddities: Counter[str] = Counter()
    with warnings.catch_warnings():
        # PIL warns of odd headers, and of images that are too large to be honest.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        for file in files:
            path = root / file.name
            try:
                with Image.open(path) as image:
                    found = list(_oddities(image, size))
                    pixels.append(_pixels(image, size))
                    oddities.update(found)
            except ReproError as error:
                problems += (Problem(str(path), p.what, p.received, p.hint) for p in error.problems)
            except Exception as error:  # decoders raise whatever they like at a damaged file
                what = f"cannot be read as an image: {error}".splitlines()[0]
                problems.append(Problem(str(path), what, None, "replace the file or remove it"))
    return pixels, problems, oddities


def _oddities(image: Any, size: tuple[int, int] | None) -> Iterator[str]:
    """Yield how a net sees an image otherwise than a viewer shows it, or what is dropped; before it is decoded."""
    # First: to look for EXIF may decode the image, and nothing tells the bits of its file afterwards.
    if any(";16" in str(tile[3]) for tile in image.tile) or max(_bits(image)) > 8:
        yield "have 16 bits a channel, of which the upper 8 are used"
    if image.getexif().get(ORIENTATION, 1) not in (0, 1):
        yield "are stored turned or mirrored (EXIF orientation): the net sees them so, a viewer shows them upright"
    if image.mode in TRANSPARENT or "transparency" in image.info:
        yield "are transparent in places: transparency was dropped"
    elif image.mode not in PLAIN:
        yield f"are of PIL's mode {image.mode} and became RGB, without colour profiles"
    if getattr(image, "is_animated", False):
        yield "have several frames, of which the first is used"
    if (
        size is not None
        and abs(image.width * size[0] - image.height * size[1]) > 0.02 * image.height * size[1]
    ):
        yield f"have other proportions than {size[0]}×{size[1]} and were squeezed"


def _bits(image: Any) -> tuple[int, ...]:
    """Return the bits of each channel of a TIFF image; of others, 8."""
    tags = getattr(image, "tag_v2", None)
    return tuple(tags.get(BITS_PER_SAMPLE, (8,))) if tags is not None else (8,)


def _pixels(image: Any, size: tuple[int, int] | None) -> Pixels:
    from PIL import Image

    if image.mode.startswith(DEEP):
        what, hint = "has more than 8 bits a channel", "convert it to 8 bits"
        raise ReproError(Problem("", what, f"PIL mode {image.mode}", hint))
    plain = image.convert("L" if image.mode in GREY else "RGB")
    if size is not None and plain.size != (size[1], size[0]):
        plain = plain.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(plain)


def _sizes(root: Path, files: Sequence[ImageFile], pixels: Sequence[Pixels]) -> list[Problem]:
    first = pixels[0].shape[:2]
    for file, image in zip(files, pixels, strict=True):
        if image.shape[:2] != first:
            one, other = (f"{height}×{width}" for height, width in (first, image.shape[:2]))
            received = f"{files[0].name} is {one}, {file.name} is {other}"
            hint = 'set one in the claim: dataset = { folder = "…", size = [H, W] }'
            return [Problem(str(root), "has images of several sizes", received, hint)]
    return []
