"""Sizes of a net as built: nothing is trained, no data is needed, and no value of a weight is read.

`layers` narrows a size to "conv" (convolutional and locally connected layers, projections among them) or "linear" ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.models.local import LocallyConnected2d
from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import evaluation_mode, on_main_path

_KINDS: dict[str, tuple[type[nn.Module], ...]] = {
    "conv": (nn.Conv2d, LocallyConnected2d),
    "linear": (nn.Linear,),
}
_WEIGHT_LAYERS = (*_KINDS["conv"], *_KINDS["linear"])


def parameters(context: ProbeContext) -> Rows:
    """Return the number of learnable numbers: weights, biases, BN's gamma and beta; shared ones count once."""
    model, _ = context.needs_model()
    return [{"value": _parameters(model)}]


def parameter_share(context: ProbeContext) -> Rows:
    """Return each layer's share of the net's parameters, its bias included: a row a layer, a fraction."""
    model, _ = context.needs_model()
    total = _parameters(model)
    return [
        {"layer": name, "value": _parameters(module) / total}
        for name, module in model.named_modules()
        if isinstance(module, _chosen(context))
    ]


def weight_layers(context: ProbeContext) -> Rows:
    """Return the depth as ResNet counts it: convolutional, locally connected and linear layers, projections not."""
    model, _ = context.needs_model()
    chosen = _chosen(context)
    counted = [n for n, m in model.named_modules() if isinstance(m, chosen) and on_main_path(model, n)]
    return [{"value": len(counted)}]


def projections(context: ProbeContext) -> Rows:
    """Return the number of convolutions in shortcuts."""
    model, _ = context.needs_model()
    found = [n for n, m in model.named_modules() if isinstance(m, nn.Conv2d) and not on_main_path(model, n)]
    return [{"value": len(found)}]


def neurons(context: ProbeContext) -> Rows:
    """Return how many numbers each convolutional and linear layer gives for one image: a row a layer."""
    return [{"layer": name, "value": output.numel()} for name, _, output in _outputs(context)]


def multiply_adds(context: ProbeContext) -> Rows:
    """Return the multiplications (each with its addition) of convolutional and linear layers for one image.

    Projections count, since they are computed; biases, normalisation, pooling and activations do not. ResNet
    calls this FLOPs (Table 1).
    """
    chosen = _chosen(context)
    return [
        {"value": sum(_multiply_adds(m, out) for _, m, out in _outputs(context) if isinstance(m, chosen))}
    ]


def multiply_add_share(context: ProbeContext) -> Rows:
    """Return each layer's share of the net's multiply-adds: a row a layer, a fraction."""
    counts = [(name, module, _multiply_adds(module, output)) for name, module, output in _outputs(context)]
    total, chosen = sum(count for *_, count in counts), _chosen(context)
    return [
        {"layer": name, "value": count / total}
        for name, module, count in counts
        if isinstance(module, chosen)
    ]


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _chosen(context: ProbeContext) -> tuple[type[nn.Module], ...]:
    which = context.options.get("layers")
    if which is None:
        return _WEIGHT_LAYERS
    if which not in _KINDS:
        raise mistake("probe option layers", 'of a model as built must be "conv" or "linear"', which)
    return _KINDS[str(which)]


def _outputs(context: ProbeContext) -> list[tuple[str, nn.Module, Tensor]]:
    """Return name, module and output of each layer with weights, in the order of execution, for one image."""
    model, in_shape = context.needs_model()
    names = {module: name for name, module in model.named_modules() if isinstance(module, _WEIGHT_LAYERS)}
    found: list[tuple[str, nn.Module, Tensor]] = []

    def see(module: nn.Module, _: object, output: Tensor) -> None:
        found.append((names[module], module, output))

    handles = [module.register_forward_hook(see) for module in names]
    try:
        with evaluation_mode(model), torch.inference_mode():
            model(torch.zeros(1, *in_shape, device=context.device))
    finally:
        for handle in handles:
            handle.remove()
    return found


def _multiply_adds(module: nn.Module, output: Tensor) -> int:
    if isinstance(module, nn.Conv2d):
        height, width = module.kernel_size
        return output.numel() * module.in_channels // module.groups * height * width
    if isinstance(module, nn.Linear):
        return output.numel() * module.in_features
    assert isinstance(module, LocallyConnected2d)
    return output.numel() * module.fan_in
