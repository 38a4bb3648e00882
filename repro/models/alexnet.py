"""AlexNet: five convolutions and three fully connected layers, on two GPUs.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012, Sec. 3.5 and
Fig. 2. For 3×224×224 inputs and 1,000 classes, with two groups:

    layer   kernels                      maps          neurons    parameters
    conv1    96 of 11×11×3,  stride 4    55×55 ×96     290,400        34,944   → LRN → 3×3 max pool, stride 2
    conv2   256 of  5×5×48               27×27 ×256    186,624       307,456   → LRN → 3×3 max pool, stride 2
    conv3   384 of  3×3×256              13×13 ×384     64,896       885,120
    conv4   384 of  3×3×192              13×13 ×384     64,896       663,936
    conv5   256 of  3×3×192              13×13 ×256     43,264       442,624   → 3×3 max pool, stride 2
    fc6     4096                                         4,096    37,752,832   → dropout
    fc7     4096                                         4,096    16,781,312   → dropout
    fc8     1000                                         1,000     4,097,000
                                                       659,272    60,965,224   (the abstract: 650,000 and 60 million)

Where sources differ: NIPS prints 253,440 neurons for conv1, a misprint that the CACM text of 2017 corrects. 224-pixel
inputs give 55×55 only with padding, here 2 pixels a side; the paper is silent. The paper puts LRN after ReLU, as is
done here; the released code (Computer History Museum) has it before ReLU in layer 1, divides LRN's α by n, has a
further normalisation in layer 2, and starts conv3 to conv5 at 0.03 in place of 0.01. torchvision's alexnet, of
61,100,840 parameters, is the one-tower net of arXiv:1404.5997: 64, 192, 384, 256 and 256 kernels, no groups, no LRN.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.errors import Problem, ReproError
from repro.models.activations import activation_function
from repro.models.response_normalisation import across_maps

Shape = tuple[int, int, int]

N, ALPHA, BETA, K = 5, 1e-4, 0.75, 2.0
"""Of local response normalisation, Sec. 3.3."""

LEAST_SIDE = 63
"""Smaller images leave nothing to the last pooling."""


class AlexNet(nn.Module):
    """The net of Fig. 2. Inputs (N, C, H, W) → logits (N, classes).

    Args:
        in_shape: (C, H, W), H and W at least 63.
        classes: number of classes.
        activation: "relu", "tanh" or "scaled-tanh".
        lrn: "printed" (α Σ a², Sec. 3.3), "released" (α divided by n, as the code does) or "none".
        groups: 2: conv2, conv4 and conv5 see the maps of their own GPU only (Sec. 3.2); 1: of both.
        dropout: share of the outputs of fc6 and fc7 that are zeroed in training (Sec. 4.2).
        left_out: "conv3" or "conv4": a middle layer that the net does without; "" for none.
        positive_biases: whether biases of :attr:`init_bias` start at 1; all start at 0 else.

    Raises:
        ReproError: an option is out of range, or images are too small.
    """

    init_bias: dict[str, float] = dict.fromkeys(("conv2", "conv4", "conv5", "fc6", "fc7"), 1.0)
    """Sec. 5: 1 "in the second, fourth, and fifth convolutional layers, as well as in the fully-connected hidden
    layers", so that ReLUs start with positive inputs."""

    def __init__(
        self,
        in_shape: Shape,
        classes: int,
        *,
        activation: str = "relu",
        lrn: str = "printed",
        groups: int = 2,
        dropout: float = 0.5,
        left_out: str = "",
        positive_biases: bool = True,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.act = activation_function(activation)
        _check(in_shape, lrn, groups, dropout, left_out, positive_biases)
        if not positive_biases:
            self.init_bias = {}
        channels, height, width = in_shape
        self.conv1 = nn.Conv2d(channels, 96, 11, stride=4, padding=2)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=groups)
        self.conv3 = None if left_out == "conv3" else nn.Conv2d(256, 384, 3, padding=1)
        inner = 256 if left_out == "conv3" else 384
        self.conv4 = None if left_out == "conv4" else nn.Conv2d(inner, 384, 3, padding=1, groups=groups)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=groups)
        self.lrn = _normalisation(lrn)
        self.dropout = nn.Dropout(dropout)
        self.fc6 = nn.Linear(256 * _last_map(height) * _last_map(width), 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        x = _pooled(self.lrn(self.act(self.conv1(x))))
        x = _pooled(self.lrn(self.act(self.conv2(x))))
        x = x if self.conv3 is None else self.act(self.conv3(x))
        x = x if self.conv4 is None else self.act(self.conv4(x))
        x = _pooled(self.act(self.conv5(x)))
        x = self.dropout(self.act(self.fc6(x.flatten(1))))
        x = self.dropout(self.act(self.fc7(x)))
        logits: Tensor = self.fc8(x)
        return logits


def _pooled(x: Tensor) -> Tensor:
    # Overlapping, Sec. 3.4.
    return F.max_pool2d(x, 3, stride=2)


def _normalisation(lrn: str) -> nn.Module:
    if lrn == "none":
        return nn.Identity()
    return across_maps(N, N * ALPHA if lrn == "printed" else ALPHA, BETA, K)


def _last_map(side: int) -> int:
    """Return the side of the map after the last pooling."""
    side = (side + 2 * 2 - 11) // 4 + 1
    for _ in range(3):
        side = (side - 3) // 2 + 1
    return side


def _check(
    in_shape: Shape, lrn: object, groups: object, dropout: object, left_out: object, positive_biases: object
) -> None:
    problems = []
    if left_out not in ("", "conv3", "conv4"):
        problems.append(Problem("model option left_out", 'must be "conv3", "conv4" or ""', repr(left_out)))
    if not isinstance(positive_biases, bool):
        what = "must be true or false"
        problems.append(Problem("model option positive_biases", what, repr(positive_biases)))
    if min(in_shape[1:]) < LEAST_SIDE:
        what = f"AlexNet takes images of at least {LEAST_SIDE}×{LEAST_SIDE} pixels"
        problems.append(Problem("model alexnet", what, f"{in_shape[1]}×{in_shape[2]}"))
    if lrn not in ("printed", "released", "none"):
        problems.append(Problem("model option lrn", 'must be "printed", "released" or "none"', repr(lrn)))
    if groups not in (1, 2):
        problems.append(Problem("model option groups", "must be 1 or 2", repr(groups)))
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        problems.append(Problem("model option dropout", "must lie in 0 to 1, 1 left out", repr(dropout)))
    if problems:
        raise ReproError(*problems)
