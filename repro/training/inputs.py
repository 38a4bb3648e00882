"""Pixels → a net's inputs: the three input scales of recipes, on the device that trains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from repro.datasets.images import ImageData, Images
from repro.recipes import Input


@dataclass(frozen=True)
class DeviceData:
    """A dataset as nets see it: whole, on the device.

    Attributes:
        train_inputs: float32, shape (N, C, H, W), channels last in memory.
        train_labels: int64, shape (N,).
        test_inputs, test_labels: the same of the test set, with the training set's mean and scale.
    """

    train_inputs: Tensor
    train_labels: Tensor
    test_inputs: Tensor
    test_labels: Tensor


def to_device(data: ImageData, kind: Input, device: torch.device) -> DeviceData:
    """Return `data` as float32 inputs on `device`.

    Args:
        data: the images, pixels of 0–255.
        kind: "per-pixel-mean" (pixels / 255 minus the training set's mean image), "standardised" (minus mean,
            over standard deviation of the training set, per channel) or "raw-centred" (minus the mean image,
            unscaled).
        device: where the tensors live.
    """
    offset, scale = _statistics(data.train_images, kind)

    def inputs(images: Images) -> Tensor:
        scaled = (torch.from_numpy(images).to(device, torch.float32) - offset.to(device)) * scale.to(device)
        return scaled.contiguous(memory_format=torch.channels_last)

    return DeviceData(
        train_inputs=inputs(data.train_images),
        train_labels=torch.from_numpy(data.train_labels).to(device),
        test_inputs=inputs(data.test_images),
        test_labels=torch.from_numpy(data.test_labels).to(device),
    )


def _statistics(images: Images, kind: Input) -> tuple[Tensor, Tensor]:
    """Return what to subtract from pixels and what to multiply by then; shapes broadcast to (N, C, H, W)."""
    if kind == "standardised":
        # Counting grey levels is exact and needs no float64 copy of the set.
        levels = np.arange(256.0)
        counts = np.stack([np.bincount(images[:, c].ravel(), minlength=256) for c in range(images.shape[1])])
        share = counts / counts.sum(axis=1, keepdims=True)
        mean = share @ levels
        std = np.sqrt(share @ levels**2 - mean**2)
        return _float32(mean[:, None, None]), _float32(1 / np.maximum(std, 1e-6)[:, None, None])
    mean_image = images.mean(axis=0, dtype=np.float64)
    scale = 1 / 255 if kind == "per-pixel-mean" else 1.0
    return _float32(mean_image), _float32(np.array(scale))


def _float32(values: npt.NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values.astype(np.float32))
