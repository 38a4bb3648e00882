"""What a net returns, held against what training and probes take from it."""

from __future__ import annotations

from torch import Tensor, nn

from repro.errors import mistake


def checked(outputs: object, model: nn.Module, images: int, classes: int) -> Tensor:
    """Return a net's outputs if they are logits (N, classes) of `images` images.

    Raises:
        ReproError: they are something else, such as the pair (logits, auxiliary logits) of GoogLeNet in training.
    """
    if isinstance(outputs, Tensor) and outputs.shape == (images, classes) and outputs.is_floating_point():
        return outputs
    what = f"must return a tensor of floats of shape (N, classes) = ({images}, {classes}), in training, too"
    raise mistake(f"net {type(model).__name__}", what, _described(outputs), "return the logits alone")


def _described(outputs: object) -> str:
    if isinstance(outputs, Tensor):
        return f"a tensor {tuple(outputs.shape)} of {str(outputs.dtype).removeprefix('torch.')}"
    if isinstance(outputs, tuple | list):
        return f"a {type(outputs).__name__} of {', '.join(map(_described, outputs[:4]))}"
    return type(outputs).__name__
