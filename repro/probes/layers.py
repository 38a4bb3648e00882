"""Which modules a probe looks at, in the order in which the net runs them, and their stages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from repro.errors import mistake

LAYERS = ("conv3x3", "conv", "block")
"""What the option `layers` may say: 3×3 convolutions, or all of them, on the main path; ``probe_role`` "block"."""


@dataclass(frozen=True)
class Layer:
    """A module that a probe looks at.

    Attributes:
        name: of the module in the net.
        module: itself.
        index: 1-based, in the order of execution.
        stage: 1-based; a new one begins where the height or width of the output changes.
    """

    name: str
    module: nn.Module
    index: int
    stage: int

    def row(self, value: float) -> dict[str, Any]:
        """Return a probe's row."""
        return {"layer": self.name, "index": self.index, "stage": self.stage, "value": value}


def layers_of(model: nn.Module, which: object, example: Tensor) -> list[Layer]:
    """Return the layers of kind `which` (see :data:`LAYERS`), found by running `example` (N, C, H, W).

    Raises:
        ReproError: unknown kind, or the net has no such layer.
    """
    if which not in LAYERS:
        raise mistake("probe option layers", f"must be one of {', '.join(LAYERS)}", which)
    names = {module: name for name, module in model.named_modules() if _is(which, name, module, model)}
    sizes: dict[nn.Module, tuple[int, ...]] = {}

    def see(module: nn.Module, _: object, output: Tensor) -> None:
        sizes.setdefault(module, tuple(output.shape[2:]))

    handles = [module.register_forward_hook(see) for module in names]
    try:
        with evaluation_mode(model), torch.inference_mode():
            model(example)
    finally:
        for handle in handles:
            handle.remove()
    if not sizes:
        raise mistake("probe option layers", "the net has no such layer", which)
    layers: list[Layer] = []
    stage, before = 0, None
    for index, (module, size) in enumerate(sizes.items(), start=1):
        stage += size != before
        before = size
        layers.append(Layer(names[module], module, index, stage))
    return layers


def on_main_path(model: nn.Module, name: str) -> bool:
    """Whether no module that encloses `name`, nor itself, has the ``probe_role`` "shortcut"."""
    parts = name.split(".")
    modules = (model.get_submodule(".".join(parts[:i])) for i in range(1, len(parts) + 1))
    return all(getattr(module, "probe_role", None) != "shortcut" for module in modules)


def _is(which: object, name: str, module: nn.Module, model: nn.Module) -> bool:
    if which == "block":
        return getattr(module, "probe_role", None) == "block"
    if not isinstance(module, nn.Conv2d) or not on_main_path(model, name):
        return False
    return which == "conv" or module.kernel_size == (3, 3)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Put the net in evaluation mode; afterwards every module is in the mode it was in."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def batch_statistics(model: nn.Module) -> Iterator[None]:
    """Normalise by the batch's own statistics, as in training, and leave running ones and modes as they were.

    Everything but batch normalisation (dropout, say) is in evaluation mode, so that readings are repeatable.
    """
    saved = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with evaluation_mode(model):
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.train()
        try:
            yield
        finally:
            for name, buffer in model.named_buffers():
                buffer.copy_(saved[name])
