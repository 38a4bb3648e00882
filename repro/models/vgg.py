"""VGG: nets of 11 to 19 weight layers, of 3×3 convolutions (1×1 in places) and three fully connected layers.

Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition, arXiv:1409.1556v6, Table 1.
Filters of each convolution; "|" is a 2×2 max pool of stride 2; then fc 4096, 4096, classes.

    A       64     | 128     | 256 256          | 512 512          | 512 512            133 million parameters (Table 2)
    A-LRN   as A, local response normalisation after the first convolution             133
    B       64 64  | 128 128 | 256 256          | 512 512          | 512 512            133
    C       64 64  | 128 128 | 256 256 256*     | 512 512 512*     | 512 512 512*       134     * 1×1
    D       64 64  | 128 128 | 256 256 256      | 512 512 512      | 512 512 512        138
    E       64 64  | 128 128 | 256 256 256 256  | 512 512 512 512  | 512 512 512 512    144
"""

from __future__ import annotations

from torch import Tensor, nn

from repro.errors import Problem, ReproError
from repro.models.response_normalisation import across_maps

Shape = tuple[int, int, int]

FILTERS = (64, 128, 256, 512, 512)
LAYERS = {"A": (1, 1, 2, 2, 2), "B": (2, 2, 2, 2, 2), "D": (2, 2, 3, 3, 3), "E": (2, 2, 4, 4, 4)}
LAYERS |= {"A-LRN": LAYERS["A"], "C": LAYERS["D"], "B-5x5": (1, 1, 1, 1, 1)}
"""Convolutions of each stage. "B-5x5" is the shallow net of Sec. 4.1: B with each pair of 3×3 layers replaced by a
single 5×5 layer."""

LEAST_SIDE = 32
"""Five poolings leave nothing of smaller images."""


class VGG(nn.Module):
    """The net of Table 1. Inputs (N, C, H, W) → logits (N, classes).

    Args:
        in_shape: (C, H, W), H and W at least 32.
        classes: number of classes.
        configuration: "A", "A-LRN", "B", "B-5x5", "C", "D" (VGG-16) or "E" (VGG-19).
        dropout: share of the outputs of the two hidden fully connected layers that are zeroed in training (Sec. 3.1).

    Raises:
        ReproError: an option is out of range, or images are too small.
    """

    activation = "relu"

    def __init__(
        self, in_shape: Shape, classes: int, *, configuration: str = "D", dropout: float = 0.5
    ) -> None:
        super().__init__()
        _check(in_shape, configuration, dropout)
        channels, height, width = in_shape
        layers: list[nn.Module] = []
        for stage, (filters, count) in enumerate(zip(FILTERS, LAYERS[configuration], strict=True)):
            for number in range(count):
                small = configuration == "C" and stage >= 2 and number == count - 1
                size = 5 if configuration == "B-5x5" else 1 if small else 3
                layers += [_convolution(channels, filters, size), nn.ReLU()]
                if configuration == "A-LRN" and stage == 0:
                    # With the parameters of AlexNet (Sec. 2.1).
                    layers.append(across_maps(5, 5 * 1e-4, 0.75, 2.0))
                channels = filters
            layers.append(nn.MaxPool2d(2, stride=2))
        self.convolutions = nn.Sequential(*layers)
        self.classifier = nn.Sequential(
            nn.Linear(channels * (height // LEAST_SIDE) * (width // LEAST_SIDE), 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(4096, classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        logits: Tensor = self.classifier(self.convolutions(x).flatten(1))
        return logits


def _convolution(in_channels: int, out_channels: int, size: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, size, padding=size // 2)


def _check(in_shape: Shape, configuration: object, dropout: object) -> None:
    problems = []
    if min(in_shape[1:]) < LEAST_SIDE:
        what = f"VGG takes images of at least {LEAST_SIDE}×{LEAST_SIDE} pixels"
        problems.append(Problem("model vgg", what, f"{in_shape[1]}×{in_shape[2]}"))
    if configuration not in LAYERS:
        what = f"must be one of {', '.join(sorted(LAYERS))}"
        problems.append(Problem("model option configuration", what, repr(configuration)))
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        problems.append(Problem("model option dropout", "must lie in 0 to 1, 1 left out", repr(dropout)))
    if problems:
        raise ReproError(*problems)
