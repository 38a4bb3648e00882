"""Which parameters decay, and which learn at another rate."""

from __future__ import annotations

from typing import Any

from torch import nn

from repro.recipes import Recipe


def parameter_groups(model: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return torch.optim's groups; each has "lr_factor", by which the schedule's learning rate is multiplied.

    A bias is a parameter named ``bias``, BN's beta among them. With `decay` "weights", only parameters of two
    dimensions or more that are not biases decay: neither BN's gamma and beta nor any bias.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        is_bias = name.rpartition(".")[2] == "bias"
        decays = recipe.decay == "all" or (parameter.dim() >= 2 and not is_bias)
        factor = recipe.bias_lr_factor if is_bias else 1.0
        groups.setdefault((recipe.weight_decay if decays else 0.0, factor), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "lr_factor": factor, "lr": recipe.lr * factor}
        for (decay, factor), parameters in groups.items()
    ]
