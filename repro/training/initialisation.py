"""The four ways in which recipes draw initial weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from repro.errors import mistake
from repro.recipes import Initialisation
from repro.training.seeds import generator


def initialise(model: nn.Module, kind: Initialisation, seed: int) -> None:
    """Draw the weights of every convolution, linear and locally connected layer anew; set their biases.

    "he": normal, standard deviation √(2 / fan-in) (He et al., arXiv:1502.01852, Eqn. 10). "fan-in": that for
    nets whose attribute ``activation`` is "relu" or absent, √(1 / fan-in) for others. "gaussian-0.01":
    normal, standard deviation 0.01. "cuda-convnet": normal, standard deviations by layer name from the net's
    attribute ``init_std``. Biases start at 0, or at what the net's attribute ``init_bias`` says of a layer by its name,
    whatever the kind. Weights are drawn on the CPU, in the order of the net's modules, so every device
    starts alike. Batch normalisation keeps gamma = 1 and beta = 0.

    Raises:
        ReproError: "cuda-convnet", and the net declares no standard deviation for a layer.
    """
    random = generator(seed, "init")
    activation = getattr(model, "activation", "relu")
    declared: Mapping[str, float] = getattr(model, "init_std", {})
    biases: Mapping[str, float] = getattr(model, "init_bias", {})
    for name, layer, fan_in in weight_layers(model):
        match kind:
            case "he":
                std = math.sqrt(2 / fan_in)
            case "fan-in":
                std = math.sqrt((2 if activation == "relu" else 1) / fan_in)
            case "gaussian-0.01":
                std = 0.01
            case "cuda-convnet":
                if name not in declared:
                    raise mistake("recipe.initialisation", f'"cuda-convnet" needs init_std for layer {name!r}', None,
                                  "declare it on the net, or choose another initialisation")  # fmt: skip
                std = declared[name]
        weight, bias = layer.weight, layer.bias
        assert isinstance(weight, Tensor)
        with torch.no_grad():
            weight.copy_(torch.empty(weight.shape).normal_(0, std, generator=random))
            if isinstance(bias, Tensor):
                bias.fill_(biases.get(name, 0.0))


def weight_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module, int]]:
    """Yield name, module and fan-in of each layer whose weights a recipe initialises."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            height, width = module.kernel_size
            yield name, module, module.in_channels // module.groups * height * width
        elif isinstance(module, nn.Linear):
            yield name, module, module.in_features
        elif isinstance(fan_in := getattr(module, "fan_in", None), int):
            yield name, module, fan_in
