"""Pixels → what nets see: what is subtracted from them, and what they are multiplied by then."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from repro.datasets.images import Images
from repro.recipes import Input


def input_statistics(images: Images, kind: Input) -> tuple[Tensor, Tensor]:
    """Return offset and scale of a recipe's inputs, (pixel − offset) · scale, from the training images.

    Args:
        images: uint8, (N, C, H, W), pixels of 0–255.
        kind: "per-pixel-mean" (pixels / 255 minus the training set's mean image), "standardised" (minus mean,
            over standard deviation of the training set, per channel) or "raw-centred" (minus the mean image,
            unscaled).

    Returns:
        float32: offset of shape (C, H, W); scale of shape (C, 1, 1).
    """
    channels, height, width = images.shape[1:]
    if kind == "standardised":
        # Counting grey levels is exact and needs no float64 copy of the set.
        levels = np.arange(256.0)
        counts = np.stack([np.bincount(images[:, c].ravel(), minlength=256) for c in range(channels)])
        share = counts / counts.sum(axis=1, keepdims=True)
        mean = share @ levels
        std = np.sqrt(share @ levels**2 - mean**2)
        offset = np.broadcast_to(mean[:, None, None], (channels, height, width))
        return _float32(offset), _float32(1 / np.maximum(std, 1e-6)[:, None, None])
    scale = 1 / 255 if kind == "per-pixel-mean" else 1.0
    return _float32(images.mean(axis=0, dtype=np.float64)), _float32(np.full((channels, 1, 1), scale))


def _float32(values: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
