"""Sizes of a net as built: nothing is trained, no data is needed."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from repro.models.local import LocallyConnected2d
from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import evaluation_mode, on_main_path

_WEIGHT_LAYERS = (nn.Conv2d, nn.Linear, LocallyConnected2d)


def parameters(context: ProbeContext) -> Rows:
    """Return the number of learnable numbers: weights, biases, BN's gamma and beta; shared ones count once."""
    model, _ = context.needs_model()
    return [{"value": sum(parameter.numel() for parameter in model.parameters())}]


def weight_layers(context: ProbeContext) -> Rows:
    """Return the depth as ResNet counts it: convolutional, locally connected and linear layers, projections not."""
    model, _ = context.needs_model()
    counted = [
        n for n, m in model.named_modules() if isinstance(m, _WEIGHT_LAYERS) and on_main_path(model, n)
    ]
    return [{"value": len(counted)}]


def multiply_adds(context: ProbeContext) -> Rows:
    """Return the multiplications (each with its addition) of convolutional and linear layers for one image.

    Projections count, since they are computed; biases, normalisation, pooling and activations do not. ResNet
    calls this FLOPs (Table 1).
    """
    model, in_shape = context.needs_model()
    total = 0

    def see(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += _multiply_adds(module, output)

    handles = [m.register_forward_hook(see) for m in model.modules() if isinstance(m, _WEIGHT_LAYERS)]
    try:
        with evaluation_mode(model), torch.inference_mode():
            model(torch.zeros(1, *in_shape, device=context.device))
    finally:
        for handle in handles:
            handle.remove()
    return [{"value": total}]


def _multiply_adds(module: nn.Module, output: Tensor) -> int:
    if isinstance(module, nn.Conv2d):
        height, width = module.kernel_size
        return output.numel() * module.in_channels // module.groups * height * width
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    assert isinstance(module, LocallyConnected2d)
    return output.numel() * module.fan_in
