"""How large a net is, from its name and options alone: what a prediction of time needs, without torch.

Nets for small images are counted layer by layer, as their classes build them; those for ImageNet are read from the
papers' tables. A test holds the counts against the nets themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repro.spec import ModelSpec

Shape = tuple[int, int, int]

IMAGENET_RESNET_MULTIPLY_ADDS = {18: 1.8e9, 34: 3.6e9, 50: 3.8e9, 101: 7.6e9, 152: 11.3e9}
"""By depth, on 224×224 (ResNet, Table 1). Plain nets differ from them by no more than shortcuts."""

IMAGENET_MULTIPLY_ADDS = {"alexnet": (8, 0.7e9), "vgg": (16, 15.3e9)}
"""Layers and multiply-adds on 224×224: AlexNet's, rounded, and VGG-16's convolutions (ResNet, 15.3 billion)."""

UNKNOWN_LAYERS = 4


@dataclass(frozen=True, slots=True)
class NetSize:
    """What a net's time grows with.

    Attributes:
        layers: weight layers, one after the other.
        multiply_adds: of its forward pass on one image.
        known: whether this was counted; a user's own net is taken for a small one.
    """

    layers: int
    multiply_adds: float
    known: bool = True


def net_size(model: ModelSpec, in_shape: Shape, classes: int) -> NetSize:
    """Return the size of a net; what a model makes of a wrong option is said when it is built."""
    options = model.options
    match model.name:
        case "cifar-plain" | "cifar-resnet":
            return _cifar(options, in_shape, classes)
        case "conv3-fc" | "conv2-local2-fc" | "small-vgg":
            return _SMALL[model.name](options, in_shape, classes)
        case "imagenet-plain" | "imagenet-resnet":
            depth = _integer(options.get("depth"), 34)
            known = IMAGENET_RESNET_MULTIPLY_ADDS
            return NetSize(depth, known.get(depth, known[34]) * _of_224(in_shape))
        case "alexnet" | "vgg":
            layers, on_224 = IMAGENET_MULTIPLY_ADDS[model.name]
            return NetSize(layers, on_224 * _of_224(in_shape))
    channels, height, width = in_shape
    return NetSize(UNKNOWN_LAYERS, 100.0 * channels * height * width, known=False)


def _cifar(options: Mapping[str, Any], in_shape: Shape, classes: int) -> NetSize:
    """Count repro/models/cifar.py: three stages of 2n layers, each at half the side and twice the width of the last."""
    depth, width = _integer(options.get("depth"), 20), _integer(options.get("width"), 16)
    pairs = max(1, (depth - 2) // 6)
    shortcut = options.get("shortcut", "A")
    channels, rows, columns = in_shape
    total = channels * width * 9 * rows * columns
    before = width
    for filters in (width, 2 * width, 4 * width):
        if filters != width:
            rows, columns = -(-rows // 2), -(-columns // 2)
        area = rows * columns
        total += (before + (2 * pairs - 1) * filters) * filters * 9 * area
        grows = before != filters
        projected = {"B": int(grows), "C": pairs}.get(shortcut, 0)
        if projected:
            total += (before + (projected - 1) * filters) * filters * area
        before = filters
    return NetSize(depth, total + before * classes)


def _conv3_fc(options: Mapping[str, Any], in_shape: Shape, classes: int) -> NetSize:
    """Count repro/models/four_layer.py's Conv3FC: maps are pooled after each 5×5 convolution."""
    before = _integer(options.get("filters"), 32)
    first, second, third, last = _areas(in_shape, 3)
    total = in_shape[0] * before * first
    for name, own, area in (("conv2", before, second), ("conv3", 64, third)):
        if options.get("left_out") != name:
            total += before * own * area
            before = own
    layers = 4 - bool(options.get("left_out"))
    return NetSize(layers, 25 * total + before * last * classes)


def _small_vgg(options: Mapping[str, Any], in_shape: Shape, classes: int) -> NetSize:
    """Count repro/models/small_vgg.py: three stages, each of one or two convolutions, pooled by two."""
    sides = (5,) if options.get("configuration") == "B-5x5" else (3, 3)
    before, height, width = in_shape
    total = 0
    for stage in range(3):
        for side in sides:
            own = _integer(options.get("width"), 32) << stage
            total += side * side * before * own * height * width
            before = own
        height, width = height // 2, width // 2
    return NetSize(3 * len(sides) + 1, total + before * height * width * classes)


def _conv2_local2_fc(options: Mapping[str, Any], in_shape: Shape, classes: int) -> NetSize:
    """Count its Conv2Local2FC: two convolutions of 5×5, pooled, then two local layers of 3×3 on one size."""
    channels = in_shape[0]
    filters = _integer(options.get("local3_filters"), 32)
    first, second, last = _areas(in_shape, 2)
    local = 9 * (64 * filters + filters * 32) * last
    return NetSize(5, 25 * (channels * 64 * first + 64 * 64 * second) + local + 32 * last * classes)


def _areas(in_shape: Shape, poolings: int) -> list[int]:
    """Return the areas of a map before and after each pooling of 3×3 at stride 2, rounded up."""
    _, rows, columns = in_shape
    areas = [rows * columns]
    for _ in range(poolings):
        rows, columns = (-(-(side - 3) // 2) + 1 for side in (rows, columns))
        areas.append(rows * columns)
    return areas


def _of_224(in_shape: Shape) -> float:
    return in_shape[1] * in_shape[2] / 224**2


def _integer(option: object, usual: int) -> int:
    return option if isinstance(option, int) and option > 0 else usual


_SMALL = {"conv3-fc": _conv3_fc, "conv2-local2-fc": _conv2_local2_fc, "small-vgg": _small_vgg}
