"""Locally connected layers: convolutions whose filters are not shared between positions."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn


class LocallyConnected2d(nn.Module):
    """A filter bank and a bias of its own at every position, stride 1, padded so that the map keeps its size.

    As cuda-convnet's ``type=local``. Weight (H·W, out, in·k·k), bias (out, H, W).

    Args:
        in_channels: channels of the input.
        out_channels: filters at each position.
        map_size: (H, W) of input and output.
        kernel_size: k, odd.
    """

    def __init__(
        self, in_channels: int, out_channels: int, map_size: tuple[int, int], kernel_size: int
    ) -> None:
        super().__init__()
        height, width = map_size
        self.map_size = map_size
        self.kernel_size = kernel_size
        self.fan_in = in_channels * kernel_size**2
        self.weight = nn.Parameter(torch.empty(height * width, out_channels, self.fan_in))
        self.bias = nn.Parameter(torch.zeros(out_channels, height, width))
        nn.init.normal_(self.weight, std=self.fan_in**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in, H, W) to (N, out, H, W)."""
        size, (height, width) = self.kernel_size, self.map_size
        # Views and one copy; F.unfold would copy image by image on a GPU, a kernel each.
        patches = F.pad(x, (size // 2,) * 4).unfold(2, size, 1).unfold(3, size, 1)  # (N, in, H, W, k, k)
        patches = patches.permute(2, 3, 0, 1, 4, 5).reshape(height * width, len(x), self.fan_in)
        responses = torch.bmm(patches, self.weight.transpose(1, 2))  # (H·W, N, out)
        return responses.permute(1, 2, 0).reshape(len(x), -1, height, width) + self.bias
