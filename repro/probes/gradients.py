"""How large the backward signal is, layer by layer.

ResNet, Sec. 4.1: "We also verify that the backward propagated gradients exhibit healthy norms with BN." The
paper gives neither layers nor numbers nor the moment of training.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F  # noqa: N812 - the name every PyTorch reader knows
from torch import Tensor, nn

from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import batch_statistics, layers_of
from repro.training.feeds import Feed

BATCHES = 4


def weight_gradient_norm(context: ProbeContext) -> Rows:
    """Return ‖∂L/∂W‖₂ of each layer's weights, averaged over the training set's first 4 batches.

    L is the mean cross-entropy (nats) of a batch of the recipe's size; the images come in the data's order,
    without augmentation or weight decay; batch normalisation uses the batch's statistics, as in training. The
    norm is taken of each batch's gradient, in double precision, so that vanished gradients do not read as
    zero.

    Option `layers`: "conv3x3" (default) or "conv".

    Raises:
        ReproError: not of a run, or the net has no such layer.
    """
    model, data, recipe = context.needs_run()
    layers = layers_of(model, context.options.get("layers", "conv3x3"), data.first(1)[0])
    weights = [_weight(layer.module) for layer in layers]
    total = torch.zeros(len(layers), dtype=torch.float64, device=context.device)
    batches = list(_batches(data, recipe.batch_size))
    with batch_statistics(model):
        for inputs, labels in batches:
            gradients = torch.autograd.grad(F.cross_entropy(model(inputs), labels), weights)
            total += torch.stack([gradient.double().norm() for gradient in gradients])
    return [layer.row(value) for layer, value in zip(layers, (total / len(batches)).tolist(), strict=True)]


def output_gradient_norm(context: ProbeContext) -> Rows:
    """Return the mean over images of ‖∂L/∂y‖₂, y one image's output of a layer.

    L is the summed cross-entropy (nats) of a batch, so the norm does not depend on the batch's size but for
    what batch normalisation mixes between images. Batches, order and statistics are those of
    :func:`weight_gradient_norm`.

    Option `layers`: "block" (default), "conv3x3" or "conv".

    Raises:
        ReproError: not of a run, or the net has no such layer.
    """
    model, data, recipe = context.needs_run()
    layers = layers_of(model, context.options.get("layers", "block"), data.first(1)[0])
    outputs: dict[nn.Module, Tensor] = {}

    def see(module: nn.Module, _: object, output: Tensor) -> Tensor:
        outputs[module] = output
        # What follows gets a copy: an in-place ReLU would overwrite the output that is differentiated by.
        return output.clone()

    total = torch.zeros(len(layers), dtype=torch.float64, device=context.device)
    images = 0
    handles = [layer.module.register_forward_hook(see) for layer in layers]
    try:
        with batch_statistics(model):
            for inputs, labels in _batches(data, recipe.batch_size):
                loss = F.cross_entropy(model(inputs), labels, reduction="sum")
                gradients = torch.autograd.grad(loss, [outputs[layer.module] for layer in layers])
                total += torch.stack(
                    [gradient.double().flatten(1).norm(dim=1).sum() for gradient in gradients]
                )
                images += len(labels)
    finally:
        for handle in handles:
            handle.remove()
    return [layer.row(value) for layer, value in zip(layers, (total / images).tolist(), strict=True)]


def _batches(data: Feed, size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield up to 4 full batches; a set smaller than a batch is one batch."""
    inputs, labels = data.first(BATCHES * size)
    for i in range(max(1, min(BATCHES, len(labels) // size))):
        part = slice(i * size, (i + 1) * size)
        yield inputs[part], labels[part]


def _weight(module: nn.Module) -> Tensor:
    weight = module.weight
    assert isinstance(weight, Tensor)
    return weight
