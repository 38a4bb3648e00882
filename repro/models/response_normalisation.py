"""Local response normalisation: a unit's response over the squared responses around it, raised to a power.

Krizhevsky, Sutskever, Hinton, NIPS 2012, Sec. 3.3, across maps: b = a / (k + α Σ a²)^β, the sum over n adjacent maps
at one position. cuda-convnet has that and a form within a map, the sum over n × n positions; it divides the α of its
configurations ("scale") by the number of terms, n or n², as torch's LocalResponseNorm does. The paper's formula does
not: its α is n times as strong as the same number there.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn


def across_maps(size: int, scale: float, power: float, constant: float) -> nn.Module:
    """Return b = a / (constant + scale · mean of a² over `size` adjacent maps)^power.

    Maps outside the layer count as zeros. The paper's formula has scale = n α.
    """
    return nn.LocalResponseNorm(size, alpha=scale, beta=power, k=constant)


class WithinMap(nn.Module):
    """b = a / (1 + scale · mean of a² over size × size positions of the same map)^power; cuda-convnet's "rnorm".

    Positions outside the map count as zeros.

    Args:
        size: odd.
        scale: as in a configuration, before it is divided by size².
        power: β.
    """

    def __init__(self, size: int, scale: float, power: float) -> None:
        super().__init__()
        self.size = size
        self.scale = scale
        self.power = power

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        mean_square = F.avg_pool2d(x.square(), self.size, stride=1, padding=self.size // 2)
        return x / (1 + self.scale * mean_square) ** self.power
