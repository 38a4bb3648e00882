"""Nets of four weight layers or so from cuda-convnet (2011–12): candidates for AlexNet's Fig. 1.

Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks, NIPS 2012,
Sec. 3.1, compares ReLU with tanh on "a four-layer convolutional network" that was never published. Layers,
pooling and initial weights are those of cuda-convnet's example-layers: layers-19pct.cfg and
layers-conv-local-13pct.cfg, and with response normalisation layers-18pct.cfg and layers-conv-local-11pct.cfg.
"""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from repro.errors import Problem, ReproError, mistake
from repro.models.activations import activation_function
from repro.models.local import LocallyConnected2d
from repro.models.response_normalisation import WithinMap, across_maps

Shape = tuple[int, int, int]


class Conv3FC(nn.Module):
    """layers-19pct: three 5×5 convolutions and a linear classifier; 89,578 parameters on 3×32×32.

    conv1 32 → max pool → activation; conv2 32 → activation → average pool; conv3 64 → activation → average
    pool; fc.

    Args:
        in_shape: (C, H, W), H and W at least 5.
        classes: number of classes.
        activation: "relu", "tanh", or "scaled-tanh" (1.7159 tanh(2x/3)).
        lrn: normalise responses within 3×3 positions of a map, after the first two poolings (layers-18pct).
        left_out: "conv2" or "conv3": a layer that the net does without, its pooling aside; "" for none.
        filters: of the first two convolutions.
        dropout: share of the inputs of the classifier that are zeroed in training.
        positive_biases: biases of conv2 and conv3 start at 1 (AlexNet, Sec. 5), whatever the recipe.

    Raises:
        ReproError: an option is out of range.
    """

    init_std: ClassVar[dict[str, float]] = {"conv1": 1e-4, "conv2": 0.01, "conv3": 0.01, "fc": 0.01}

    def __init__(
        self,
        in_shape: Shape,
        classes: int,
        *,
        activation: str = "relu",
        lrn: bool = False,
        left_out: str = "",
        filters: int = 32,
        dropout: float = 0.0,
        positive_biases: bool = False,
    ) -> None:
        super().__init__()
        _check_conv3(left_out, filters, dropout, positive_biases)
        self.activation = activation
        self.act = activation_function(activation)
        self.init_bias = dict.fromkeys(("conv2", "conv3"), 1.0) if positive_biases else {}
        channels, height, width = in_shape
        last = filters if left_out == "conv3" else 64
        self.conv1 = nn.Conv2d(channels, filters, 5, padding=2)
        self.conv2 = None if left_out == "conv2" else nn.Conv2d(filters, filters, 5, padding=2)
        self.conv3 = None if left_out == "conv3" else nn.Conv2d(filters, last, 5, padding=2)
        # cuda-convnet's pooling windows cover the whole map: sizes round up, averages leave out what is
        # outside.
        self.max_pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.average_pool = nn.AvgPool2d(3, stride=2, ceil_mode=True)
        self.lrn = _lrn(WithinMap(3, 5e-5, 0.75), lrn)
        self.dropout = nn.Dropout(dropout) if dropout else nn.Identity()
        self.fc = nn.Linear(last * _pooled(height, 3) * _pooled(width, 3), classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        x = self.lrn(self.act(self.max_pool(self.conv1(x))))
        x = self.lrn(self.average_pool(x if self.conv2 is None else self.act(self.conv2(x))))
        x = self.average_pool(x if self.conv3 is None else self.act(self.conv3(x)))
        logits: Tensor = self.fc(self.dropout(x.flatten(1)))
        return logits


class Conv2Local2FC(nn.Module):
    """layers-conv-local-13pct: two convolutions, two locally connected layers, a linear classifier.

    conv1 64 → activation → max pool; conv2 64 → activation → max pool; local3 32 → activation; local4 32 →
    activation; fc. 1,116,490 parameters on the 3×24×24 crops of the original, which augments; Fig. 1 was made
    without regularisation, so whole images are used as they are. layers-conv-local-11pct, 2,112,970 parameters, has 64
    filters in local3 and normalises responses across 9 maps, after the first pooling and before the second.

    Args:
        in_shape: (C, H, W), H and W at least 3.
        classes: number of classes.
        activation: "relu", "tanh", or "scaled-tanh" (1.7159 tanh(2x/3)).
        lrn: normalise responses across maps.
        local3_filters: filters of local3 at each position.

    Raises:
        ReproError: unknown activation, `lrn` is neither true nor false, or no filters.
    """

    init_std: ClassVar[dict[str, float]] = {
        "conv1": 1e-4,
        "conv2": 0.01,
        "local3": 0.04,
        "local4": 0.04,
        "fc": 0.01,
    }

    def __init__(
        self,
        in_shape: Shape,
        classes: int,
        *,
        activation: str = "relu",
        lrn: bool = False,
        local3_filters: int = 32,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.act = activation_function(activation)
        channels, height, width = in_shape
        map_size = (_pooled(height, 2), _pooled(width, 2))
        self.conv1 = nn.Conv2d(channels, 64, 5, padding=2)
        self.conv2 = nn.Conv2d(64, 64, 5, padding=2)
        self.max_pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.lrn = _lrn(across_maps(9, 0.001, 0.75, 1.0), lrn)
        if not isinstance(local3_filters, int) or local3_filters < 1:
            what = "must be a whole number of at least 1"
            raise mistake("model option local3_filters", what, local3_filters)
        self.local3 = LocallyConnected2d(64, local3_filters, map_size, 3)
        self.local4 = LocallyConnected2d(local3_filters, 32, map_size, 3)
        self.fc = nn.Linear(32 * map_size[0] * map_size[1], classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, C, H, W) to logits (N, classes)."""
        x = self.lrn(self.max_pool(self.act(self.conv1(x))))
        x = self.max_pool(self.lrn(self.act(self.conv2(x))))
        x = self.act(self.local4(self.act(self.local3(x))))
        logits: Tensor = self.fc(x.flatten(1))
        return logits


def _check_conv3(left_out: object, filters: object, dropout: object, positive_biases: object) -> None:
    problems = []
    if left_out not in ("", "conv2", "conv3"):
        problems.append(Problem("model option left_out", 'must be "conv2", "conv3" or ""', repr(left_out)))
    if not isinstance(filters, int) or filters < 1:
        problems.append(
            Problem("model option filters", "must be a whole number of at least 1", repr(filters))
        )
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        problems.append(Problem("model option dropout", "must lie in 0 to 1, 1 left out", repr(dropout)))
    if not isinstance(positive_biases, bool):
        what = "must be true or false"
        problems.append(Problem("model option positive_biases", what, repr(positive_biases)))
    if problems:
        raise ReproError(*problems)


def _lrn(made: nn.Module, lrn: object) -> nn.Module:
    if not isinstance(lrn, bool):
        raise mistake("model option lrn", "must be true or false", lrn)
    return made if lrn else nn.Identity()


def _pooled(size: int, times: int) -> int:
    """Return the size of a map after pooling 3×3 at stride 2, rounded up, so many times."""
    for _ in range(times):
        size = -(-(size - 3) // 2) + 1
    return size
