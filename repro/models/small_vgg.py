"""A small net in the manner of VGG, for images of CIFAR's size: what small filters are worth can be asked of it.

Simonyan, Zisserman (arXiv:1409.1556v6), Sec. 4.1, compare net B with a shallower one, in which a single 5×5 layer
stands in the place of each pair of 3×3 layers.

    output map    H × W           H/2 × W/2           H/4 × W/4
    "B"           width, width    2 width, 2 width    4 width, 4 width
    "B-5x5"       width           2 width             4 width

Each stage ends with a 2×2 max pool of stride 2; on top is one linear layer.
"""

from __future__ import annotations

from torch import Tensor, nn

from repro.errors import Problem, ReproError

Shape = tuple[int, int, int]

STACKS = {"B": (3, 3), "B-5x5": (5,)}
"""Sides of the convolutions of a stage: their receptive fields are alike (Sec. 2.3)."""

STAGES = 3


class SmallVGG(nn.Module):
    """Inputs (N, C, H, W), H and W at least 8 → logits (N, classes).

    Args:
        in_shape: (C, H, W).
        classes: number of classes.
        configuration: what each stage is made of: "B", two 3×3 convolutions, or "B-5x5", one of 5×5.
        width: filters of the first stage.

    Raises:
        ReproError: an option is out of range, or images are too small.
    """

    activation = "relu"

    def __init__(self, in_shape: Shape, classes: int, *, configuration: str = "B", width: int = 32) -> None:
        super().__init__()
        _check(in_shape, configuration, width)
        channels, height, side = in_shape
        layers: list[nn.Module] = []
        for stage in range(STAGES):
            for size in STACKS[configuration]:
                layers += [nn.Conv2d(channels, width << stage, size, padding=size // 2), nn.ReLU()]
                channels = width << stage
            layers.append(nn.MaxPool2d(2))
        self.convolutions = nn.Sequential(*layers)
        self.fc = nn.Linear(channels * (height >> STAGES) * (side >> STAGES), classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        logits: Tensor = self.fc(self.convolutions(x).flatten(1))
        return logits


def _check(in_shape: Shape, configuration: object, width: object) -> None:
    problems = []
    if min(in_shape[1:]) < 2**STAGES:
        what = f"takes images of at least {2**STAGES}×{2**STAGES} pixels"
        problems.append(Problem("model small-vgg", what, f"{in_shape[1]}×{in_shape[2]}"))
    if configuration not in STACKS:
        problems.append(
            Problem("model option configuration", f"must be one of {', '.join(STACKS)}", repr(configuration))
        )
    if not isinstance(width, int) or width < 1:
        problems.append(Problem("model option width", "must be a whole number of at least 1", repr(width)))
    if problems:
        raise ReproError(*problems)
