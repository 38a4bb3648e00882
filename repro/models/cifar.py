"""Plain and residual nets of 6n + 2 layers for small images.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, arXiv:1512.03385v1, Sec. 4.2.

    output map        H × W       H/2 × W/2   H/4 × W/4
    3×3 layers        1 + 2n      2n          2n
    filters           width       2 width     4 width       (width = 16 in the paper)

then global average pooling and a linear classifier; depth = 6n + 2. A residual net adds a shortcut over each
pair of 3×3 layers (3n shortcuts); it differs from its plain counterpart in nothing else.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.errors import Problem, ReproError
from repro.models.shortcuts import norm_layer, shortcut_module

Shape = tuple[int, int, int]


def plain(
    in_shape: Shape, classes: int, *, depth: int = 20, width: int = 16, norm: str = "batch"
) -> nn.Module:
    """Return the plain net: no shortcuts.

    Args:
        in_shape: (C, H, W).
        classes: number of classes.
        depth: 6n + 2, at least 8.
        width: filters of the first stage.
        norm: "batch" (after each convolution, which then has no bias) or "none".

    Raises:
        ReproError: an option is out of range.
    """
    return CifarNet(in_shape, classes, depth=depth, width=width, norm=norm, shortcut=None)


def resnet(
    in_shape: Shape,
    classes: int,
    *,
    depth: int = 20,
    width: int = 16,
    norm: str = "batch",
    shortcut: str = "A",
) -> nn.Module:
    """Return the residual net.

    Args:
        in_shape: (C, H, W).
        classes: number of classes.
        depth: 6n + 2, at least 8.
        width: filters of the first stage.
        norm: "batch" (after each convolution, which then has no bias) or "none".
        shortcut: the options of Sec. 3.3 and 4.1: "A" identities, subsampled and padded with zeros where
            dimensions grow (no parameters; Sec. 4.2 uses it throughout); "B" projections where dimensions
            grow; "C" all projections.

    Raises:
        ReproError: an option is out of range.
    """
    return CifarNet(in_shape, classes, depth=depth, width=width, norm=norm, shortcut=shortcut)


class CifarNet(nn.Module):
    """The net of Sec. 4.2; `shortcut` None makes it plain. Inputs (N, C, H, W) → logits (N, classes)."""

    activation = "relu"

    def __init__(
        self, in_shape: Shape, classes: int, *, depth: int, width: int, norm: str, shortcut: str | None
    ) -> None:
        super().__init__()
        _check(depth, width, norm, shortcut)
        pairs = (depth - 2) // 6
        self.conv1 = _conv3x3(in_shape[0], width, 1, norm)
        self.bn1 = norm_layer(width, norm)
        blocks: list[nn.Module] = []
        channels = width
        for out_channels, first_stride in ((width, 1), (2 * width, 2), (4 * width, 2)):
            for i in range(pairs):
                stride = first_stride if i == 0 else 1
                blocks.append(Block(channels, out_channels, stride, norm, shortcut))
                channels = out_channels
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        x = self.blocks(F.relu(self.bn1(self.conv1(x))))
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits


class Block(nn.Module):
    """Two 3×3 layers (Fig. 2), with or without a shortcut; ReLU after the addition."""

    probe_role = "block"

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, norm: str, shortcut: str | None
    ) -> None:
        super().__init__()
        self.conv1 = _conv3x3(in_channels, out_channels, stride, norm)
        self.bn1 = norm_layer(out_channels, norm)
        self.conv2 = _conv3x3(out_channels, out_channels, 1, norm)
        self.bn2 = norm_layer(out_channels, norm)
        self.shortcut = shortcut_module(in_channels, out_channels, stride, norm, shortcut)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, H/stride, W/stride)."""
        y: Tensor = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return F.relu(y)


def _conv3x3(in_channels: int, out_channels: int, stride: int, norm: str) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=norm == "none")


def _check(depth: object, width: object, norm: str, shortcut: str | None) -> None:
    problems = []
    if not isinstance(depth, int) or depth < 8 or (depth - 2) % 6:
        problems.append(
            Problem("model option depth", "must be 6n + 2: 8, 14, 20, 32, 44, 56, 110 …", repr(depth))
        )
    if not isinstance(width, int) or width < 1:
        problems.append(Problem("model option width", "must be a whole number of at least 1", repr(width)))
    if norm not in ("batch", "none"):
        problems.append(Problem("model option norm", 'must be "batch" or "none"', repr(norm)))
    if shortcut not in (None, "A", "B", "C"):
        problems.append(Problem("model option shortcut", 'must be "A", "B" or "C"', repr(shortcut)))
    if problems:
        raise ReproError(*problems)
