"""Augmentation of a whole batch in one operation, on whatever device holds it."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor

from repro.training.counters import random_bits
from repro.training.seeds import stream

PADDING = 4
"""Pixels a side: ResNet, Sec. 4.2 (after Lee et al., Deeply-supervised nets)."""


class RandomCrops:
    """Where the crops of a run lie and which are mirrored: functions of seed, step and place in the batch.

    Args:
        seed: the run's.
        batch_size: images a step.
        device: where to compute.
        places: in how many places a crop may lie, each way; two paddings and one unless set.
    """

    def __init__(
        self, seed: int, batch_size: int, device: torch.device, places: int = 2 * PADDING + 1
    ) -> None:
        self.crops, self.flips = stream(seed, "crops"), stream(seed, "flips")
        self.batch_size = batch_size
        self.device = device
        self.places = places

    def drawn(self, steps: int | Tensor) -> tuple[Tensor, Tensor]:
        """Return the offsets, int64 of 0 to places − 1, shape (k·b, 2), and flips, bool (k·b,), of k steps.

        Args:
            steps: one, or an int64 tensor of k on the device.
        """
        offsets = random_bits(self.crops, steps, 2 * self.batch_size, self.device) % self.places
        flips = random_bits(self.flips, steps, self.batch_size, self.device) % 2 == 1
        return offsets.view(-1, 2), flips.flatten()


def pad_crop_flip(images: Tensor, offsets: Tensor, flips: Tensor) -> Tensor:
    """Pad with zeros, crop to the old size, mirror left-right.

    Args:
        images: (N, C, H, W), or (C, H, W) to cut the same crops out of one image.
        offsets: int64, (N, 2): top and left of each crop in the padded image, 0 to 2·PADDING.
        flips: bool, (N,): which crops to mirror.

    Returns:
        (N, C, H, W), channels last in memory.
    """
    height, width = images.shape[-2:]
    return crop_flip(F.pad(images, (PADDING,) * 4), (height, width), offsets, flips)


def crop_flip(images: Tensor, size: tuple[int, int], offsets: Tensor, flips: Tensor) -> Tensor:
    """Crop to `size` (H, W) and mirror left-right; the rest as :func:`pad_crop_flip`."""
    height, width = size
    device = images.device
    rows = offsets[:, :1] + torch.arange(height, device=device)
    columns = torch.arange(width, device=device).expand(len(offsets), width)
    columns = offsets[:, 1:] + torch.where(flips[:, None], columns.flip(1), columns)
    rows, columns = rows[:, :, None], columns[:, None, :]
    if images.dim() == 3:
        return images.permute(1, 2, 0)[rows, columns].permute(0, 3, 1, 2)
    image = torch.arange(len(offsets), device=device)[:, None, None]
    # Indices on both sides of a slice put the sliced dimension, the channels, last.
    return images[image, :, rows, columns].permute(0, 3, 1, 2)
