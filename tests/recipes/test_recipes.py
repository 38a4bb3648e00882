"""Named recipes against the papers' numbers, and what a recipe's fields may say together."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
import torch
from torch import nn

from repro.errors import ReproError
from repro.recipes import RECIPES, Recipe, recipe
from repro.training.parameter_groups import parameter_groups
from repro.training.schedules import scheduled_lr

IMAGENET = 1_281_167

# Paper, section → what it says. Numbers are typed from the papers, not from the recipes.
PRINTED: dict[str, dict[str, Any]] = {
    # arXiv:1512.03385, Sec. 4.2
    "resnet-cifar": {
        "batch_size": 128,
        "momentum": 0.9,
        "weight_decay": 0.0001,
        "lr": 0.1,
        "milestones": (32_000, 48_000),
        "steps": 64_000,
        "initialisation": "he",
        "augmentation": "pad-crop-flip",
        "bn_group": 64,
        "decay": "all",
        "nesterov": False,
    },
    # arXiv:1512.03385, Sec. 3.4
    "resnet-imagenet": {
        "batch_size": 256,
        "momentum": 0.9,
        "weight_decay": 0.0001,
        "lr": 0.1,
        "steps": 600_000,
        "crop_size": 224,
        "augmentation": "resnet-imagenet",
        "initialisation": "he",
        "test_views": "ten-crop",
        "nesterov": False,
    },
    # NIPS 2012, Sec. 5
    "alexnet-imagenet": {
        "batch_size": 128,
        "momentum": 0.9,
        "weight_decay": 0.0005,
        "lr": 0.01,
        "epochs": 90,
        "crop_size": 224,
        "augmentation": "alexnet",
        "initialisation": "gaussian-0.01",
        "test_views": "ten-crop",
    },
    # cuda-convnet's example layers
    "cuda-convnet-2012": {
        "batch_size": 128,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "lr": 0.001,
        "bias_lr_factor": 2.0,
        "input": "raw-centred",
        "initialisation": "cuda-convnet",
    },
    # arXiv:1608.03983, Sec. 4.1; Nesterov's momentum: arXiv:1605.07146, Sec. 3
    "resnet-cifar-modern": {
        "batch_size": 128,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 0.0005,
        "lr": 0.05,
        "epochs": 200,
        "schedule": "cosine",
    },
    # No paper's: what it promises.
    "neutral": {
        "optimiser": "sgd",
        "nesterov": False,
        "bias_lr_factor": 1.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "schedule": "constant",
        "warmup_lr": None,
        "augmentation": "none",
        "bn_group": None,
    },
    # arXiv:1706.02677, Sec. 5.1
    "resnet-imagenet-modern": {
        "batch_size": 256,
        "momentum": 0.9,
        "nesterov": True,
        "weight_decay": 0.0001,
        "decay": "weights",
        "lr": 0.1,
        "epochs": 90,
        "bn_group": 32,
        "augmentation": "random-resized-crop",
    },
}


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_say_what_their_sources_say(name: str) -> None:
    told = asdict(RECIPES[name])
    assert told["name"] == name
    assert {key: told[key] for key in PRINTED[name]} == PRINTED[name]


@pytest.mark.parametrize(
    ("name", "epochs_of_drops"),
    [("resnet-imagenet-modern", [30, 60, 80]), ("alexnet-imagenet", [22.5, 45, 67.5])],
)
def test_drops_come_after_whole_shares_of_imagenet(name: str, epochs_of_drops: list[float]) -> None:
    made = RECIPES[name]
    steps = round(made.epochs * IMAGENET / made.batch_size) if made.epochs else 0
    for drops, epoch in enumerate(epochs_of_drops, start=1):
        step = round(epoch * IMAGENET / made.batch_size)
        assert scheduled_lr(made, step - 2, steps) == pytest.approx(made.lr / 10 ** (drops - 1))
        assert scheduled_lr(made, step + 2, steps) == pytest.approx(made.lr / 10**drops)


def descend(made: Recipe, model: nn.Module, lrs: list[float], gradients: dict[str, list[float]]) -> None:
    """Steps of torch's SGD on the recipe's parameter groups, with gradients given."""
    groups = parameter_groups(model, made)
    optimiser = torch.optim.SGD(groups, lr=made.lr, momentum=made.momentum, nesterov=made.nesterov)
    for step, lr in enumerate(lrs):
        for group in optimiser.param_groups:
            group["lr"] = lr * group["lr_factor"]
        for name, parameter in model.named_parameters():
            parameter.grad = torch.full_like(parameter, gradients[name][step])
        optimiser.step()


def scalar_net(weight: float, bias: float) -> nn.Linear:
    net = nn.Linear(1, 1).double()
    nn.init.constant_(net.weight, weight)
    nn.init.constant_(net.bias, bias)
    return net


GRADIENTS = {"weight": [0.3, -0.2, 0.7], "bias": [0.5, 0.1, -0.4]}


def test_alexnets_update_rule_while_the_rate_is_constant() -> None:
    """NIPS 2012, Sec. 5: v ← 0.9 v − 0.0005 ε w − ε g; w ← w + v. Biases do not decay (cuda-convnet)."""
    net = scalar_net(2.0, -1.0)
    descend(RECIPES["alexnet-imagenet"], net, [0.01] * 3, GRADIENTS)
    w, v, b, u = 2.0, 0.0, -1.0, 0.0
    for g, h in zip(GRADIENTS["weight"], GRADIENTS["bias"], strict=True):
        v = 0.9 * v - 0.0005 * 0.01 * w - 0.01 * g
        w += v
        u = 0.9 * u - 0.01 * h
        b += u
    assert net.weight.item() == pytest.approx(w, rel=1e-12)
    assert net.bias.item() == pytest.approx(b, rel=1e-12)


def test_where_torchs_rule_differs_from_alexnets() -> None:
    """At the step of a drop the paper's v keeps its size; torch's is scaled down with the rate."""
    net = scalar_net(0.0, 0.0)
    descend(RECIPES["alexnet-imagenet"], net, [0.01, 0.001], {"weight": [1.0, 0.0], "bias": [0.0, 0.0]})
    decay = 0.0005 * 0.001 * -0.01
    assert net.weight.item() == pytest.approx(-0.01 - 0.9 * 0.001 - decay, rel=1e-12)
    papers = -0.01 + (0.9 * -0.01 - decay)
    assert papers == pytest.approx(-0.019, rel=1e-6)


def test_cuda_convnets_update_rule() -> None:
    """inc = 0.9 inc + ε · (−g); biases at twice the rate."""
    net = scalar_net(2.0, -1.0)
    descend(RECIPES["cuda-convnet-2012"], net, [0.001] * 3, GRADIENTS)
    w, v, b, u = 2.0, 0.0, -1.0, 0.0
    for g, h in zip(GRADIENTS["weight"], GRADIENTS["bias"], strict=True):
        v = 0.9 * v - 0.001 * g
        w += v
        u = 0.9 * u - 0.002 * h
        b += u
    assert net.weight.item() == pytest.approx(w, rel=1e-12)
    assert net.bias.item() == pytest.approx(b, rel=1e-12)


@pytest.mark.parametrize("name", ["resnet-cifar-modern", "resnet-imagenet-modern"])
def test_nesterovs_rule(name: str) -> None:
    """Sutskever et al., ICML 2013, as torch writes it: v ← m v + g; w ← w − ε (g + m v), decay within g."""
    made = RECIPES[name]
    net = scalar_net(2.0, -1.0)
    descend(made, net, [0.05] * 3, GRADIENTS)
    ends = []
    for start, name_, decay in ((2.0, "weight", True), (-1.0, "bias", made.decay == "all")):
        w, v = start, 0.0
        for g in GRADIENTS[name_]:
            whole = g + (made.weight_decay * w if decay else 0.0)
            v = 0.9 * v + whole
            w -= 0.05 * (whole + 0.9 * v)
        ends.append(w)
    assert [net.weight.item(), net.bias.item()] == pytest.approx(ends, rel=1e-12)


@pytest.mark.parametrize("name", RECIPES)
def test_as_json_is_inverted(name: str) -> None:
    assert Recipe.from_json(RECIPES[name].as_json()) == RECIPES[name]
    assert recipe(name, {}) == RECIPES[name]


@pytest.mark.parametrize(
    ("name", "overrides", "where", "what"),
    [
        ("resnet-cifar", {"augmentation": "alexnet"}, "augmentation", "needs `crop_size`"),
        ("resnet-cifar", {"crop_size": 32}, "augmentation", "`crop_size` wants files"),
        ("resnet-cifar", {"test_views": "ten-crop"}, "test_views", "needs `crop_size`"),
        ("resnet-cifar", {"label_smoothing": 1.0}, "label_smoothing", "below 1"),
        ("resnet-cifar", {"nesterov": True, "momentum": 0.0}, "nesterov", "needs a momentum"),
        ("resnet-cifar", {"nesterov": 1}, "nesterov", "bool"),
        ("resnet-cifar", {"optimiser": "adam", "nesterov": True}, "nesterov", "momentum of SGD"),
        ("resnet-cifar", {"beta2": 0.99}, "beta2", "is of Adam"),
        ("resnet-cifar", {"optimiser": "adamw", "beta1": 1.0}, "beta1", "below 1"),
        ("resnet-cifar", {"optimiser": "adma"}, "optimiser", "adam"),
        ("resnet-cifar", {"crop_size": 0}, "crop_size", "out of range"),
        ("resnet-imagenet", {"train_error_images": 0}, "train_error_images", "out of range"),
        ("resnet-imagenet", {"augmentation": "alexnt"}, "augmentation", "resnet-imagenet"),
    ],
)
def test_contradictions_are_refused(name: str, overrides: dict[str, Any], where: str, what: str) -> None:
    with pytest.raises(ReproError) as caught:
        recipe(name, overrides, lambda field: f"file.{field}")
    assert [problem.where for problem in caught.value.problems] == [f"file.{where}"]
    assert what in str(caught.value)


def test_all_contradictions_at_once() -> None:
    with pytest.raises(ReproError) as caught:
        recipe("resnet-cifar", {"augmentation": "alexnet", "label_smoothing": 2.0, "batch_size": 100})
    assert {problem.where for problem in caught.value.problems} == {
        "augmentation",
        "label_smoothing",
        "batch_size",
    }
