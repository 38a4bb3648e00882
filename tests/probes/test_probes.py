from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
import torchvision
from torch import nn

from repro.datasets import ImageData, load_dataset
from repro.errors import ReproError
from repro.models.cifar import plain, resnet
from repro.models.normalisation import group_batch_norm
from repro.probes import ProbeContext
from repro.probes.gradients import output_gradient_norm, weight_gradient_norm
from repro.probes.identities import _deviation
from repro.probes.layers import layers_of
from repro.probes.reading import take_reading
from repro.probes.static import multiply_adds, parameters
from repro.recipes import Recipe
from repro.registry import DATASETS
from repro.spec import DatasetSpec, ModelSpec, ReadingSpec, RunSpec
from repro.training import TrainedRun, train
from repro.training.feeds import MemoryFeed

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
DIGITS = DatasetSpec("digits", DATASETS["digits"].fingerprint)
RECIPE = Recipe(name="quick", batch_size=32, steps=5, lr=0.05, input="standardised")
RESNET = ModelSpec("cifar-resnet", 1, {"depth": 8, "width": 4, "shortcut": "B"})
PLAIN = ModelSpec("cifar-plain", 1, {"depth": 8, "width": 4})


@cache
def digits() -> ImageData:
    return load_dataset(DIGITS)


@cache
def trained(name: str) -> tuple[RunSpec, TrainedRun]:
    spec = RunSpec(DIGITS, RESNET if name == "resnet" else PLAIN, RECIPE, 1000)
    return spec, train(spec, digits(), CPU)


def read(probe: str, name: str = "resnet", moment: str = "last", **options: Any) -> list[dict[str, Any]]:
    spec, result = trained(name)
    reading = ReadingSpec(probe, 1, options, spec, moment)
    return take_reading(reading, weights=result.weights[moment], data=digits(), device=CPU)


def net_of(name: str, moment: str = "last") -> nn.Module:
    make = resnet if name == "resnet" else plain
    options = {"shortcut": "B"} if name == "resnet" else {}
    net = make((1, 8, 8), 10, depth=8, width=4, **options)
    net.load_state_dict(trained(name)[1].weights[moment])
    return net


def inputs() -> tuple[torch.Tensor, torch.Tensor]:
    images = digits().train_images.astype(np.float64)
    return torch.from_numpy((images - images.mean()) / images.std()).float(), torch.from_numpy(
        digits().train_labels
    )


@pytest.mark.parametrize("moment", ["init", "last"])
def test_weight_gradients_recomputed_with_backward(moment: str) -> None:
    rows = read("weight_gradient_norm", moment=moment)
    x, y = inputs()
    net = net_of("resnet", moment).train()
    convs = {n: m for n, m in net.named_modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)}
    norms = dict.fromkeys(convs, 0.0)
    for i in range(4):
        net.zero_grad()
        F.cross_entropy(net(x[32 * i : 32 * i + 32]), y[32 * i : 32 * i + 32]).backward()
        for name, conv in convs.items():
            assert conv.weight.grad is not None
            norms[name] += conv.weight.grad.pow(2).sum().sqrt().item() / 4
    assert {row["layer"]: row["value"] for row in rows} == pytest.approx(norms, rel=1e-4)


def test_output_gradients_recomputed_block_by_block() -> None:
    rows = read("output_gradient_norm")
    x, y = inputs()
    net = net_of("resnet").train()
    values = []
    for k in range(3):
        total = 0.0
        for i in range(4):
            part = slice(32 * i, 32 * i + 32)
            before = net.blocks[: k + 1](F.relu(net.bn1(net.conv1(x[part])))).detach().requires_grad_()
            logits = net.fc(net.blocks[k + 1 :](before).mean(dim=(2, 3)))
            (32 * F.cross_entropy(logits, y[part])).backward()
            assert before.grad is not None
            total += before.grad.flatten(1).norm(dim=1).sum().item()
        values.append(total / 128)
    assert [row["value"] for row in rows] == pytest.approx(values, rel=1e-4)
    assert [row["layer"] for row in rows] == ["blocks.0", "blocks.1", "blocks.2"]
    assert [row["stage"] for row in rows] == [1, 2, 3]


def test_responses_recomputed_layer_by_layer() -> None:
    rows = read("response_std", "plain")
    x, _ = inputs()
    net = net_of("plain").eval()
    stds = []
    with torch.no_grad():
        y = net.bn1(net.conv1(x))
        stds.append(np.std(y.numpy(), dtype=np.float64))
        for block in net.blocks:
            y = block.bn1(block.conv1(F.relu(y)))
            stds.append(np.std(y.numpy(), dtype=np.float64))
            y = block.bn2(block.conv2(F.relu(y)))
            stds.append(np.std(y.numpy(), dtype=np.float64))
    assert [row["value"] for row in rows] == pytest.approx(stds, rel=1e-5)


def test_responses_are_taken_before_the_addition() -> None:
    rows = {row["layer"]: row["value"] for row in read("response_std")}
    x, _ = inputs()
    net = net_of("resnet").eval()
    with torch.no_grad():
        h = F.relu(net.bn1(net.conv1(x)))
        block = net.blocks[0]
        y = block.bn2(block.conv2(F.relu(block.bn1(block.conv1(h)))))
    assert rows["blocks.0.conv2"] == pytest.approx(np.std(y.numpy(), dtype=np.float64), rel=1e-5)
    assert "blocks.1.shortcut.0" not in rows


def test_responses_without_normalisation_are_the_convolutions_own() -> None:
    spec = RunSpec(DIGITS, ModelSpec("cifar-plain", 1, {"depth": 8, "width": 4, "norm": "none"}), RECIPE, 1)
    result = train(spec, digits(), CPU)
    reading = ReadingSpec("response_std", 1, {}, spec, "init")
    rows = take_reading(reading, weights=result.weights["init"], data=digits(), device=CPU)
    x, _ = inputs()
    conv = result.weights["init"]
    first = F.conv2d(x, conv["conv1.weight"], conv["conv1.bias"], padding=1)
    assert rows[0]["value"] == pytest.approx(np.std(first.numpy(), dtype=np.float64), rel=1e-5)
    assert len(rows) == 7


def test_stages_and_order() -> None:
    rows = read("weight_gradient_norm")
    assert [row["index"] for row in rows] == list(range(1, 8))
    assert [row["stage"] for row in rows] == [1, 1, 1, 2, 2, 3, 3]
    assert rows[0]["layer"] == "conv1"
    assert rows[-1]["layer"] == "blocks.2.conv2"


def test_layers_follow_execution_not_definition() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.second = nn.Conv2d(2, 2, 3, stride=2)
            self.first = nn.Conv2d(1, 2, 3)
            self.unused = nn.Conv2d(1, 2, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(self.first(x))

    layers = layers_of(Backwards(), "conv3x3", torch.zeros(1, 1, 9, 9))
    assert [(layer.name, layer.index, layer.stage) for layer in layers] == [("first", 1, 1), ("second", 2, 2)]


@pytest.mark.parametrize("probe", [weight_gradient_norm, output_gradient_norm])
def test_gradient_probes_leave_the_net_as_it_was(probe: Any) -> None:
    net = net_of("resnet").train()
    net.fc.eval()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    data = MemoryFeed(digits(), RECIPE, 0, CPU)
    probe(ProbeContext(device=CPU, model=net, in_shape=(1, 8, 8), data=data, recipe=RECIPE))
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert net.training
    assert not net.fc.training
    assert all(parameter.grad is None for parameter in net.parameters())
    assert not any(module._forward_hooks for module in net.modules())


def test_gradient_probes_normalise_as_the_run_did() -> None:
    _, result = trained("resnet")
    recipe = Recipe(**{**RECIPE.as_json(), "milestones": (), "bn_group": 8})
    reading = ReadingSpec("weight_gradient_norm", 1, {}, RunSpec(DIGITS, RESNET, recipe, 1000), "last")
    rows = take_reading(reading, weights=result.weights["last"], data=digits(), device=CPU)
    net = group_batch_norm(net_of("resnet"), 8).train()
    x, y = inputs()
    norms = []
    for i in range(4):
        net.zero_grad()
        F.cross_entropy(net(x[32 * i : 32 * i + 32]), y[32 * i : 32 * i + 32]).backward()
        norms.append(net.conv1.weight.grad.norm().item())
    assert rows[0]["value"] == pytest.approx(np.mean(norms), rel=1e-4)
    assert rows[0]["value"] != pytest.approx(read("weight_gradient_norm")[0]["value"], rel=1e-3)


def static(probe: str, name: str, in_shape: list[int], **options: Any) -> float:
    subject = {"model": {"name": name, "version": 1, "options": options}, "in_shape": in_shape, "classes": 10}
    (row,) = take_reading(ReadingSpec(probe, 1, subject=subject), weights=None, data=None, device=CPU)
    return row["value"]


@pytest.mark.parametrize(("depth", "count"), [(20, 269_722), (56, 853_018)])
def test_parameters_and_layers_of_cifar_nets(depth: int, count: int) -> None:
    assert static("parameters", "cifar-resnet", [3, 32, 32], depth=depth) == count
    assert static("weight_layers", "cifar-resnet", [3, 32, 32], depth=depth, shortcut="C") == depth


def test_multiply_adds_of_resnet_20_by_hand() -> None:
    stem = 32 * 32 * 27 * 16
    stages = (
        32 * 32 * 9 * (6 * 16 * 16)
        + 16 * 16 * 9 * (16 * 32 + 5 * 32 * 32)
        + 8 * 8 * 9 * (32 * 64 + 5 * 64 * 64)
    )
    assert static("multiply_adds", "cifar-resnet", [3, 32, 32], depth=20) == stem + stages + 640
    projections = 16 * 16 * 16 * 32 + 8 * 8 * 32 * 64
    with_b = static("multiply_adds", "cifar-resnet", [3, 32, 32], depth=20, shortcut="B")
    assert with_b == stem + stages + 640 + projections


def test_four_layer_nets_by_hand() -> None:
    assert static("weight_layers", "conv3-fc", [3, 32, 32]) == 4
    assert static("weight_layers", "conv2-local2-fc", [3, 24, 24]) == 5
    by_hand = 24 * 24 * 75 * 64 + 12 * 12 * 1600 * 64 + 36 * 576 * 32 + 36 * 288 * 32 + 11520
    assert static("multiply_adds", "conv2-local2-fc", [3, 24, 24]) == by_hand


def test_a_net_of_table_1_built_by_torchvision() -> None:
    context = ProbeContext(device=CPU, model=torchvision.models.resnet18(), in_shape=(3, 224, 224))
    assert parameters(context) == [{"value": 11_689_512}]
    # Table 1 says 1.8e9; torchvision's documentation says 1.81.
    assert multiply_adds(context)[0]["value"] == pytest.approx(1.81e9, rel=0.005)


def test_residual_identity_holds_to_rounding() -> None:
    (row,) = take_reading(ReadingSpec("residual_identity", 1), weights=None, data=None, device=CPU)
    assert 0 < row["value"] < 1e-12


def test_residual_identity_would_notice_a_wrong_rule() -> None:
    class Impure(nn.Module):
        """Not a function of its input alone, so the rule does not hold for it."""

        calls = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            return torch.sin(self.calls * x)

    x = torch.linspace(0, 1, 4, dtype=torch.float64)
    assert _deviation(torch.sin, torch.exp, x) < 1e-12
    assert _deviation(Impure(), Impure(), x) > 1e-3


def test_a_users_own_probe(tmp_path: Path) -> None:
    (tmp_path / "own_probe_a.py").write_text(
        "def largest(context):\n"
        "    return [{'value': max(p.abs().max().item() for p in context.model.parameters())}]\n"
        "def wrong(context):\n    return 3.0\n"
    )
    spec, result = trained("plain")

    def take(name: str) -> list[dict[str, Any]]:
        reading = ReadingSpec(f"own_probe_a:{name}", "x", {}, spec, "init")
        weights = result.weights["init"]
        return take_reading(reading, weights=weights, data=digits(), device=CPU, claims_folder=tmp_path)

    names = {n for n, _ in net_of("plain").named_parameters()}
    expected = max(v.abs().max().item() for k, v in result.weights["init"].items() if k in names)
    assert take("largest") == [{"value": expected}]
    with pytest.raises(ReproError, match="list of at least one row"):
        take("wrong")


@pytest.mark.parametrize(
    "answer", ["[]", "None", "[{'value': 'high'}]", "[{'value': True}]", "[{'layer': 'conv1'}]"]
)
def test_an_answer_that_is_no_measurement_is_refused_where_it_is_given(answer: str, tmp_path: Path) -> None:
    name = "own_probe_" + "".join(filter(str.isalnum, answer))
    (tmp_path / f"{name}.py").write_text(f"def probe(context):\n    return {answer}\n")
    model = {"name": "conv3-fc", "version": 1, "options": {}}
    subject = {"model": model, "in_shape": [1, 8, 8], "classes": 10}
    reading = ReadingSpec(f"{name}:probe", "x", subject=subject)
    with pytest.raises(ReproError, match=f"probe {name}:probe: must return a list of at least one row"):
        take_reading(reading, weights=None, data=None, device=CPU, claims_folder=tmp_path)


def test_a_users_probe_is_given_the_net_in_evaluation_mode(tmp_path: Path) -> None:
    (tmp_path / "own_probe_mode.py").write_text(
        "def mode(context):\n    return [{'value': float(context.model.training)}]\n"
    )
    spec, result = trained("plain")
    reading = ReadingSpec("own_probe_mode:mode", "x", {}, spec, "last")
    rows = take_reading(
        reading, weights=result.weights["last"], data=digits(), device=CPU, claims_folder=tmp_path
    )
    assert rows == [{"value": 0.0}]


def test_mistakes_are_explained() -> None:
    with pytest.raises(ReproError, match="must be one of conv3x3, conv, block"):
        read("weight_gradient_norm", layers="conv5x5")
    with pytest.raises(ReproError, match="unknown option 'layer'"):
        read("weight_gradient_norm", layer="conv")
    with pytest.raises(ReproError, match="read from a run"):
        static("weight_gradient_norm", "conv3-fc", [1, 8, 8])
    with pytest.raises(ReproError, match="unknown formula"):
        take_reading(ReadingSpec("parameters", 1), weights=None, data=None, device=CPU)
    with pytest.raises(ReproError, match="its options are its arguments"):
        take_reading(ReadingSpec("crops", 1, {"images": 3}), weights=None, data=None, device=CPU)
