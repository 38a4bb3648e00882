"""Image file → pixels of one size, on the CPU with PIL. What is random comes in as uniform numbers.

Sizes are those of the papers for crops of 224 pixels; for other crops they grow or shrink in proportion.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
"""(H, W, 3)."""

SQUARE, LEAST_SIDE, GREATEST_SIDE = 256, 256, 480
"""Beside crops of 224: AlexNet, Sec. 2 (a 256×256 square); ResNet, Sec. 3.4 (shorter side in [256, 480])."""

AREAS, RATIOS, ATTEMPTS = (0.08, 1.0), (3 / 4, 4 / 3), 10
"""Of a random resized crop: Szegedy et al., arXiv:1409.4842, Sec. 6, as torchvision carries it out."""


def in_proportion(side: int, crop_size: int) -> int:
    """Return what `side` beside crops of 224 pixels is beside crops of `crop_size`."""
    return round(side * crop_size / 224)


def read_rgb(path: Path) -> Image.Image:
    """Decode a file into 8-bit RGB.

    Grey becomes three equal channels; of 16 bits the upper 8 count; palettes are looked up, transparency is dropped,
    CMYK is converted without colour profiles. An orientation in EXIF is not applied: pixels stay as they are stored,
    as in torchvision's ImageFolder.

    Raises:
        Exception: of whatever kind PIL raises for a file that it cannot read.
    """
    with Image.open(path) as image:
        if image.mode.startswith("I"):
            upper = np.asarray(image).astype(np.int64) >> 8
            return Image.fromarray(upper.clip(0, 255).astype(np.uint8)).convert("RGB")
        if image.mode == "F":
            raise ValueError("its pixels are floating-point numbers")
        if image.mode == "P" and "transparency" in image.info:
            return image.convert("RGBA").convert("RGB")
        return image.convert("RGB")


def centre_square(image: Image.Image, side: int) -> Image.Image:
    """Resize the shorter side to `side` and cut out the square in the middle."""
    resized = with_shorter_side(image, side)
    left, top = middle(resized.width, side), middle(resized.height, side)
    return resized.crop((left, top, left + side, top + side))


def with_shorter_side(image: Image.Image, side: int) -> Image.Image:
    """Resize, bilinear with antialiasing, so that the shorter side is `side`; the longer one is rounded down."""
    longer = int(side * max(image.size) / min(image.size))
    size = (side, longer) if image.width <= image.height else (longer, side)
    return image.resize(size, Image.Resampling.BILINEAR)


def middle(length: int, part: int) -> int:
    """Return where the middle `part` of `length` begins."""
    return round((length - part) / 2)


def scaled_crop(image: Image.Image, crop_size: int, numbers: Sequence[float]) -> Image.Image:
    """ResNet, Sec. 3.4: the shorter side of random length, a random crop, mirrored half of the time.

    Args:
        image: RGB.
        crop_size: side of the crop.
        numbers: four, of 0 to 1 (1 left out): length, top, left, mirror.
    """
    length, top, left, mirror = numbers
    side = in_proportion(LEAST_SIDE, crop_size)
    resized = with_shorter_side(
        image, side + _below(length, in_proportion(GREATEST_SIDE, crop_size) - side + 1)
    )
    y = _below(top, resized.height - crop_size + 1)
    x = _below(left, resized.width - crop_size + 1)
    return _mirrored(resized.crop((x, y, x + crop_size, y + crop_size)), mirror)


def random_resized_crop(image: Image.Image, crop_size: int, numbers: Sequence[float]) -> Image.Image:
    """A box of random area (8% to all of it) and aspect (3/4 to 4/3), resized; mirrored half of the time.

    Args:
        image: RGB.
        crop_size: side of the crop.
        numbers: 2 · ATTEMPTS + 3, of 0 to 1 (1 left out): area and aspect of each attempt; top, left, mirror.
    """
    width, height = _box(image.size, numbers)
    *_, top, left, mirror = numbers
    if width is None or height is None:
        width, height = _widest_box(image.size)
        y, x = (image.height - height) // 2, (image.width - width) // 2
    else:
        y, x = _below(top, image.height - height + 1), _below(left, image.width - width + 1)
    crop = image.crop((x, y, x + width, y + height))
    return _mirrored(crop.resize((crop_size, crop_size), Image.Resampling.BILINEAR), mirror)


def _box(size: tuple[int, int], numbers: Sequence[float]) -> tuple[int, int] | tuple[None, None]:
    """Return width and height of the first attempt that fits into the image."""
    least, greatest = math.log(RATIOS[0]), math.log(RATIOS[1])
    for attempt in range(ATTEMPTS):
        share, ratio = numbers[2 * attempt : 2 * attempt + 2]
        area = size[0] * size[1] * (AREAS[0] + (AREAS[1] - AREAS[0]) * share)
        aspect = math.exp(least + (greatest - least) * ratio)
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < width <= size[0] and 0 < height <= size[1]:
            return width, height
    return None, None


def _widest_box(size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest box of an allowed aspect."""
    width, height = size
    if width / height < RATIOS[0]:
        return width, round(width / RATIOS[0])
    if width / height > RATIOS[1]:
        return round(height * RATIOS[1]), height
    return width, height


def _below(number: float, count: int) -> int:
    return int(number * count)


def _mirrored(image: Image.Image, number: float) -> Image.Image:
    return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if number < 0.5 else image


@dataclass(frozen=True)
class Crop:
    """A way to cut pixels out of an image: the function, and how many uniform numbers it takes."""

    cut: Callable[[Image.Image, int, Sequence[float]], Image.Image]
    numbers: int


def _square(image: Image.Image, crop_size: int, numbers: Sequence[float]) -> Image.Image:
    return centre_square(image, in_proportion(SQUARE, crop_size))


CROPS: Mapping[str, Crop] = {
    "square": Crop(_square, 0),
    "resnet-imagenet": Crop(scaled_crop, 4),
    "random-resized-crop": Crop(random_resized_crop, 2 * ATTEMPTS + 3),
}
"""What a loader process does to an image. "square": the centre square that test crops, and AlexNet's, are cut from."""


def cut_out(path: Path, crop: Crop, crop_size: int, numbers: Sequence[float]) -> Pixels:
    """Read an image and return its crop; raises what PIL raises."""
    return np.asarray(crop.cut(read_rgb(path), crop_size, numbers))
