"""How much device memory a run will take, estimated beforehand on the CPU."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from repro.datasets import ImageData, ImageFiles
from repro.models import build_model
from repro.spec import RunSpec
from repro.training.feeds import EVALUATED_AT_ONCE
from repro.training.seeds import global_stream

GRAPHS_AND_WORKSPACES = 2.5
"""Activations are held by autograd or by a graph's pool; libraries take workspaces beside: a factor with room.

On an H100, 16 nets with locally connected layers held 2.5 GiB each in their graphs' pools; 1.1 GiB of it is counted.
"""


def run_bytes(spec: RunSpec, data: ImageData | ImageFiles, claims_folder: Path | None = None) -> int:
    """Return an estimate, on the high side, of the bytes that a run takes on a GPU.

    Raises:
        ReproError: the model cannot be built.
    """
    if isinstance(data, ImageFiles):
        in_shape, images = (3, spec.recipe.crop_size or 0, spec.recipe.crop_size or 0), 0
    else:
        in_shape, images = data.in_shape, len(data.train_labels) + len(data.test_labels)
    with global_stream(spec.seed, torch.device("cpu")):
        model = build_model(spec.model, in_shape, data.classes, claims_folder)
        return training_bytes(model, in_shape, spec.recipe.batch_size, images)


def training_bytes(model: nn.Module, in_shape: tuple[int, int, int], batch_size: int, images: int) -> int:
    """Return an estimate, on the high side, of the bytes that training `model` takes on a GPU.

    Weights, their gradients and momentum; the pixels of the dataset, a byte each; and what the forward passes of a
    training step and of an evaluation hold, counted on few images and multiplied. Of an evaluation that is ten times
    as much where nets are small: it takes many images at once.

    Args:
        model: on the CPU, in fp32.
        in_shape: (C, H, W).
        batch_size: images a step.
        images: images that lie on the device, training and test; 0 where they are read from files, which are
            evaluated in batches of `batch_size`.
    """
    channels, height, width = in_shape
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    pixels = images * channels * height * width
    evaluated = min(images, EVALUATED_AT_ONCE["cuda"]) if images else batch_size
    activations = batch_size * kept_bytes(model, in_shape) + evaluated * passing_bytes(model, in_shape)
    return 3 * weights + pixels + round(GRAPHS_AND_WORKSPACES * activations)


def kept_bytes(model: nn.Module, in_shape: tuple[int, int, int]) -> float:
    """Return the bytes an image that a training step's forward pass keeps for its backward pass.

    The net's buffers are left as they were.
    """
    weights = _places(model)
    kept: dict[int, int] = {}

    def see(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    was_training = model.training
    with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
        F.cross_entropy(model.train()(_blank(2, in_shape)), torch.zeros(2, dtype=torch.int64))
    model.train(was_training)
    for name, buffer in model.named_buffers():
        buffer.copy_(before[name])
    return sum(size for place, size in kept.items() if place not in weights) / 2


def passing_bytes(model: nn.Module, in_shape: tuple[int, int, int]) -> float:
    """Return the most bytes an image that a forward pass in evaluation mode holds at any moment.

    What it makes of weights alone, a copy in another layout say, does not grow with the images and does not count.
    """
    was_training = model.training
    model.eval()
    most: list[int] = []
    for images in (2, 4):
        inputs = _blank(images, in_shape)
        with torch.no_grad(), _Living(_places(model)) as living:
            model(inputs)
        most.append(living.most)
    model.train(was_training)
    return (most[1] - most[0]) / 2


class _Living(TorchDispatchMode):  # type: ignore[no-untyped-call]  # missing from torch's stubs
    """Counts the bytes of what operations have made and nobody has let go of yet.

    Attributes:
        most: the most so far, bytes.
    """

    def __init__(self, others: set[int]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.others = others
        self.living: dict[int, int] = {}
        self.most = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Carry out an operation, and count what it made."""
        made = func(*args, **(kwargs or {}))
        for storage in (t.untyped_storage() for t in tree_leaves(made) if isinstance(t, Tensor)):
            place = storage.data_ptr()
            if place not in self.others and place not in self.living:
                self.living[place] = storage.nbytes()
                weakref.finalize(storage, self.living.pop, place)
        self.most = max(self.most, sum(self.living.values()))
        return made


def _places(model: nn.Module) -> set[int]:
    return {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}


def _blank(images: int, in_shape: tuple[int, int, int]) -> Tensor:
    return torch.zeros(images, *in_shape).contiguous(memory_format=torch.channels_last)
