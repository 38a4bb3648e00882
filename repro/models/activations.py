"""The nonlinearities by which nets of 2011 and 2012 are compared."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from repro.errors import mistake

Activation = Callable[[Tensor], Tensor]


def _scaled_tanh(x: Tensor) -> Tensor:
    # LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998, Sec. 4.4.
    return 1.7159 * torch.tanh(2 / 3 * x)


_ACTIVATIONS: dict[str, Activation] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "scaled-tanh": _scaled_tanh,
}


def activation_function(name: str) -> Activation:
    """Return "relu", "tanh" or "scaled-tanh" (1.7159 tanh(2x/3)); raises ReproError for another name."""
    if name not in _ACTIVATIONS:
        raise mistake("model option activation", f"must be one of {', '.join(_ACTIVATIONS)}", name)
    return _ACTIVATIONS[name]
