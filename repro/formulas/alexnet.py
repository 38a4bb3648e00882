"""AlexNet's layers as Fig. 2 and Sec. 3.5 give them (NIPS 2012): neurons, and parameters of one GPU's half."""

from __future__ import annotations

from collections.abc import Sequence

from repro.formulas.convolutions import output_side

FILTERS = {"conv1": 96, "conv2": 256, "conv3": 384, "conv4": 384, "conv5": 256}
UNITS = {"fc6": 4096, "fc7": 4096, "fc8": 1000}
_INPUTS = {"fc6": 256 * 6 * 6, "fc7": 4096, "fc8": 4096}

TOTAL = 60_965_224
"""Parameters of the whole net: weights and biases of Fig. 2; a test sums them."""

_KERNELS = {"conv1": 11, "conv2": 5, "conv3": 3, "conv4": 3, "conv5": 3}
_MAPS_SEEN = {"conv1": 3, "conv2": 48, "conv3": 256, "conv4": 192, "conv5": 192}
"""Maps that a kernel sees: those of its own GPU in the second, fourth and fifth layer."""


def neurons(*, layer: str, side: int = 224, padding: int = 2) -> int:
    """Return the outputs of one layer for one image of side × side; `padding` is that of the first layer."""
    if layer in UNITS:
        return UNITS[layer]
    first = output_side(side=side, kernel=11, stride=4, padding=padding)
    # Max pooling of 3×3 at stride 2 follows the first and the second layer.
    second = output_side(side=first, kernel=3, stride=2)
    third = output_side(side=second, kernel=3, stride=2)
    return FILTERS[layer] * {"conv1": first, "conv2": second}.get(layer, third) ** 2


def share_of_parameters(*, layer: str, tower: bool = False) -> float:
    """Return a convolutional layer's share of the net's parameters; `tower`: that of the half on one GPU."""
    filters = FILTERS[layer]
    own = filters * (_KERNELS[layer] ** 2 * _MAPS_SEEN[layer] + 1)
    return own / (2 if tower else 1) / TOTAL


def fully_connected_share(*, layers: Sequence[str]) -> float:
    """Return the share of the net's parameters that `layers`, of "fc6", "fc7" and "fc8", hold together: a fraction."""
    return sum(UNITS[layer] * (_INPUTS[layer] + 1) for layer in layers) / TOTAL
