"""How much device memory a run will take, estimated beforehand on the CPU."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.datasets import ImageData, ImageFiles
from repro.models import build_model
from repro.spec import RunSpec
from repro.training.seeds import global_stream

GRAPHS_AND_WORKSPACES = 1.6
"""Activations are held by autograd or by a graph's pool; libraries take workspaces beside: a factor with room."""


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

    Weights, their gradients and momentum; the pixels of the dataset, a byte each; and what the forward pass keeps
    for the backward pass, counted on two images and multiplied.

    Args:
        model: on the CPU, in fp32.
        in_shape: (C, H, W).
        batch_size: images a step.
        images: images that lie on the device, training and test.
    """
    channels, height, width = in_shape
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    pixels = images * channels * height * width
    return 3 * weights + pixels + round(GRAPHS_AND_WORKSPACES * batch_size * kept_bytes(model, in_shape))


def kept_bytes(model: nn.Module, in_shape: tuple[int, int, int]) -> float:
    """Return the bytes an image that a training step's forward pass keeps for its backward pass.

    The net's buffers are left as they were.
    """
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}

    def see(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    was_training = model.training
    inputs = torch.zeros(2, *in_shape).contiguous(memory_format=torch.channels_last)
    with torch.autograd.graph.saved_tensors_hooks(see, lambda tensor: tensor):
        F.cross_entropy(model.train()(inputs), torch.zeros(2, dtype=torch.int64))
    model.train(was_training)
    for name, buffer in model.named_buffers():
        buffer.copy_(before[name])
    return sum(size for place, size in kept.items() if place not in weights) / 2
