"""The recipes' optimisers against those of torch.optim."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from repro.recipes import Recipe
from repro.training.optimisers import optimiser

OF_TORCH: dict[str, Any] = {
    "sgd": lambda groups: torch.optim.SGD(groups, momentum=0.9, nesterov=True),
    "adam": lambda groups: torch.optim.Adam(groups, betas=(0.8, 0.95), eps=1e-6),
    "adamw": lambda groups: torch.optim.AdamW(groups, betas=(0.8, 0.95), eps=1e-6),
}


def trained(name: str, *, ours: bool) -> list[Tensor]:
    """Return a layer's parameters after some steps, with a group each."""
    # With a generator of its own: where torch._dynamo is imported, to seed the default one asks for it.
    generator = torch.Generator().manual_seed(0)
    net = nn.Linear(5, 3)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.normal_(generator=generator)
    groups = [
        {"params": [net.weight], "lr": 0.1, "weight_decay": 0.01},
        {"params": [net.bias], "lr": 0.05, "weight_decay": 0.0},
    ]
    settings: Any = {
        "name": "own",
        "optimiser": name,
        "momentum": 0.9,
        "nesterov": True,
        "lr": 0.1,
        "batch_size": 1,
    }
    recipe = Recipe(**settings, beta1=0.8, beta2=0.95, epsilon=1e-6)
    made = optimiser(recipe, groups, torch.device("cpu")) if ours else OF_TORCH[name](groups)
    for _ in range(6):
        made.zero_grad(set_to_none=True)
        net(torch.randn(4, 5, generator=generator)).square().sum().backward()
        made.step()
    assert all(parameter.is_leaf and parameter.requires_grad for parameter in net.parameters())
    return [net.weight.detach(), net.bias.detach()]


@pytest.mark.parametrize("name", OF_TORCH)
def test_steps_are_those_of_torch_and_need_nothing_of_torch_compile(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = trained(name, ours=False)
    # From now on whoever imports it fails.
    monkeypatch.setitem(sys.modules, "torch._dynamo", None)
    with pytest.raises(ImportError):
        importlib.import_module("torch._dynamo")
    for one, other in zip(trained(name, ours=True), theirs, strict=True):
        # Theirs go parameter by parameter, ours in one kernel.
        torch.testing.assert_close(one, other)
