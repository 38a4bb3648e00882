"""Augmentation of a whole batch in one operation, on whatever device holds it."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor

from repro.recipes import Augmentation
from repro.training.seeds import generator

PADDING = 4
"""Pixels a side: ResNet, Sec. 4.2 (after Lee et al., Deeply-supervised nets)."""


def augment(inputs: Tensor, kind: Augmentation, seed: int, step: int) -> Tensor:
    """Return `inputs` (N, C, H, W) augmented with the random numbers of (seed, step)."""
    if kind == "none":
        return inputs
    random = generator(seed, "augmentation", step)
    offsets = torch.randint(0, 2 * PADDING + 1, (len(inputs), 2), generator=random)
    flips = torch.rand(len(inputs), generator=random) < 0.5
    return pad_crop_flip(inputs, offsets.to(inputs.device), flips.to(inputs.device))


def pad_crop_flip(inputs: Tensor, offsets: Tensor, flips: Tensor) -> Tensor:
    """Pad with zeros, crop to the old size, mirror left-right.

    Zeros are added to inputs from which the mean is already subtracted, so they stand for the mean image.

    Args:
        inputs: (N, C, H, W).
        offsets: int64, (N, 2): top and left of each crop in the padded image, 0 to 2·PADDING.
        flips: bool, (N,): which crops to mirror.

    Returns:
        (N, C, H, W), channels last in memory.
    """
    count, _, height, width = inputs.shape
    device = inputs.device
    padded = F.pad(inputs, (PADDING,) * 4)
    rows = offsets[:, :1] + torch.arange(height, device=device)
    columns = torch.arange(width, device=device).expand(count, width)
    columns = offsets[:, 1:] + torch.where(flips[:, None], columns.flip(1), columns)
    image = torch.arange(count, device=device)[:, None, None]
    # Indices on both sides of a slice put the sliced dimension, the channels, last.
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
