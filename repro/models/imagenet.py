"""Plain and residual nets of 18 to 152 layers for ImageNet.

He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition, arXiv:1512.03385v1, Table 1.

    7×7, 64, stride 2 → 3×3 max pool, stride 2 → four stages of blocks (64, 128, 256, 512 filters) → average
    pool → fc

    depth   18          34          50          101          152
    blocks  2 2 2 2     3 4 6 3     3 4 6 3     3 4 23 3     3 8 36 3
    block   two 3×3 layers          1×1, 3×3, 1×1 with four times the filters (bottleneck, Fig. 5)
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.errors import mistake
from repro.models.cifar import Block, Shape
from repro.models.shortcuts import shortcut_module

STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
EXPANSION = 4
"""A bottleneck's output has four times its filters."""


def plain(in_shape: Shape, classes: int, *, depth: int = 34) -> nn.Module:
    """Return the plain net of Table 2, of 18 or 34 layers.

    Raises:
        ReproError: another depth.
    """
    if depth not in (18, 34):
        raise mistake("model option depth", "the paper's plain nets have 18 or 34 layers", depth)
    return ImageNetNet(in_shape, classes, depth, None)


def resnet(in_shape: Shape, classes: int, *, depth: int = 34, shortcut: str = "B") -> nn.Module:
    """Return the residual net of Table 1 with shortcut option A, B or C (Table 3).

    Raises:
        ReproError: a depth or an option that the paper does not have.
    """
    if shortcut not in ("A", "B", "C"):
        raise mistake("model option shortcut", 'must be "A", "B" or "C"', shortcut)
    return ImageNetNet(in_shape, classes, depth, shortcut)


class ImageNetNet(nn.Module):
    """The net of Table 1; `shortcut` None makes it plain. Inputs (N, C, H, W) → logits (N, classes)."""

    activation = "relu"

    def __init__(self, in_shape: Shape, classes: int, depth: int, shortcut: str | None) -> None:
        super().__init__()
        if depth not in STAGES:
            raise mistake("model option depth", f"must be one of {', '.join(map(str, STAGES))}", depth)
        self.conv1 = nn.Conv2d(in_shape[0], 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        blocks: list[nn.Module] = []
        channels = 64
        for stage, count in enumerate(STAGES[depth]):
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                filters = 64 * 2**stage
                if depth >= 50:
                    blocks.append(Bottleneck(channels, filters, stride, shortcut))
                    channels = EXPANSION * filters
                else:
                    blocks.append(Block(channels, filters, stride, "batch", shortcut))
                    channels = filters
        self.blocks = nn.Sequential(*blocks)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, stride=2, padding=1)
        logits: Tensor = self.fc(self.blocks(x).mean(dim=(2, 3)))
        return logits


class Bottleneck(nn.Module):
    """1×1, 3×3, 1×1 with a shortcut (Fig. 5 right). The first 1×1 has the stride, as in the paper."""

    probe_role = "block"

    def __init__(self, in_channels: int, filters: int, stride: int, shortcut: str | None) -> None:
        super().__init__()
        out_channels = EXPANSION * filters
        self.conv1 = nn.Conv2d(in_channels, filters, 1, stride=stride, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.conv3 = nn.Conv2d(filters, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.shortcut = shortcut_module(in_channels, out_channels, stride, "batch", shortcut)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, 4 × filters, H/stride, W/stride)."""
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        y = self.bn3(self.conv3(y))
        if self.shortcut is not None:
            y = y + self.shortcut(x)
        return F.relu(y)
