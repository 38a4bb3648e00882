"""Shortcuts: options A, B and C of He et al., arXiv:1512.03385v1, Sec. 3.3 and 4.1 (Table 3)."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn


class PaddedIdentity(nn.Module):
    """Option A where dimensions grow: every second pixel, and zeros for the new channels (Sec. 3.3)."""

    probe_role = "shortcut"

    def __init__(self, new_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels = new_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C + new_channels, H/stride, W/stride)."""
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))


class Projection(nn.Sequential):
    """Options B and C: a strided 1×1 convolution (Eqn. 2), normalised as the other convolutions are."""

    probe_role = "shortcut"

    def __init__(self, in_channels: int, out_channels: int, stride: int, norm: str) -> None:
        conv = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=norm == "none")
        super().__init__(conv, norm_layer(out_channels, norm))


def shortcut_module(
    in_channels: int, out_channels: int, stride: int, norm: str, shortcut: str | None
) -> nn.Module | None:
    """Return the shortcut of a block by option "A", "B" or "C"; None for a plain block."""
    if shortcut is None:
        return None
    grows = in_channels != out_channels or stride != 1
    if shortcut == "C" or (shortcut == "B" and grows):
        return Projection(in_channels, out_channels, stride, norm)
    return PaddedIdentity(out_channels - in_channels, stride) if grows else nn.Identity()


def norm_layer(channels: int, norm: str) -> nn.Module:
    """Return batch normalisation, or nothing for norm "none"."""
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.Identity()
