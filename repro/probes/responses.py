"""How strongly layers respond: ResNet, Fig. 7."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.probes.context import ProbeContext, Rows
from repro.probes.layers import batch_statistics, evaluation_mode, layers_of

IMAGES = 2_000
IMAGES_AT_ONCE = 500

STATISTICS = {"running": evaluation_mode, "batch": batch_statistics}


def response_std(context: ProbeContext) -> Rows:
    """Return the standard deviation of each layer's responses.

    "The responses are the outputs of each 3×3 layer, after BN and before other nonlinearity (ReLU/addition)"
    (Fig. 7): the output of the batch normalisation that takes the convolution's output, or of the convolution
    where there is none. The deviation is over images, channels and positions together (divided by n), in
    evaluation mode, over the first 2,000 training images without augmentation. The paper says neither which
    images nor which mode, nor whether channels are pooled: these are our choices.

    Options: `layers`, "conv3x3" (default) or "conv"; `statistics`, what batch normalisation takes: its "running" ones
    (default), as in evaluation, or those of each "batch" of the recipe's size, as in training. At initialisation the
    running ones are still 0 and 1, and normalise nothing.

    Raises:
        ReproError: not of a run, unknown statistics, or the net has no such layer.
    """
    model, data, recipe = context.needs_run()
    layers = layers_of(model, context.options.get("layers", "conv3x3"), data.first(1)[0])
    statistics = context.options.get("statistics", "running")
    if statistics not in STATISTICS:
        raise mistake("probe option statistics", f"must be one of {', '.join(STATISTICS)}", statistics)
    sums = {layer.module: torch.zeros(3, dtype=torch.float64, device=context.device) for layer in layers}
    waiting: dict[int, nn.Module] = {}  # id of a convolution's output → the convolution
    responses: dict[nn.Module, Tensor] = {}

    def after_convolution(module: nn.Module, _: object, output: Tensor) -> None:
        responses[module] = output
        waiting[id(output)] = module

    def after_normalisation(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if id(inputs[0]) in waiting:
            responses[waiting[id(inputs[0])]] = output.clone()

    handles = [layer.module.register_forward_hook(after_convolution) for layer in layers]
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    handles += [norm.register_forward_hook(after_normalisation) for norm in norms]
    try:
        with STATISTICS[str(statistics)](model), torch.inference_mode():
            for inputs in _pieces(
                data.first(IMAGES)[0], recipe.batch_size if statistics == "batch" else None
            ):
                model(inputs)
                for module, response in responses.items():
                    values = response.double()
                    count = torch.tensor(values.numel(), dtype=torch.float64, device=context.device)
                    sums[module] += torch.stack([count, values.sum(), values.square().sum()])
                responses.clear()
                waiting.clear()
    finally:
        for handle in handles:
            handle.remove()
    return [layer.row(_std(*sums[layer.module].tolist())) for layer in layers]


def _pieces(inputs: Tensor, batch_size: int | None) -> list[Tensor]:
    """Return the images a few at a time, or in full batches."""
    if batch_size is None or len(inputs) < batch_size:
        return list(inputs.split(IMAGES_AT_ONCE))  # type: ignore[no-untyped-call]
    return [piece for piece in inputs.split(batch_size) if len(piece) == batch_size]  # type: ignore[no-untyped-call]


def _std(count: float, total: float, squares: float) -> float:
    variance = squares / count - (total / count) ** 2
    # A tiny negative variance is rounding; NaN stays NaN.
    return math.sqrt(variance) if variance >= 0 else (0.0 if variance < 0 else math.nan)
