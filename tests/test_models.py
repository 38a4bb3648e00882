from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torchvision.models.resnet import BasicBlock

from repro.errors import ReproError
from repro.models import build_model
from repro.models.cifar import Block, plain, resnet
from repro.models.four_layer import Conv2Local2FC, Conv3FC
from repro.models.local import LocallyConnected2d
from repro.models.normalisation import GroupedBatchNorm2d, group_batch_norm
from repro.models.shortcuts import PaddedIdentity
from repro.spec import ModelSpec

CIFAR = (3, 32, 32)


def count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("depth", "exact", "printed"),
    [
        (20, 269_722, 0.27),
        (32, 464_154, 0.46),
        (44, 658_586, 0.66),
        (56, 853_018, 0.85),
        (110, 1_727_962, 1.7),
    ],
)
def test_parameters_of_table_6(depth: int, exact: int, printed: float) -> None:
    assert count(resnet(CIFAR, 10, depth=depth)) == count(plain(CIFAR, 10, depth=depth)) == exact
    assert round(exact / 1e6, 2 if printed < 1 else 1) == printed


@pytest.mark.parametrize("width", [4, 16])
@pytest.mark.parametrize("depth", [8, 32])
def test_projections_add_what_their_formula_says(depth: int, width: int) -> None:
    n, w = (depth - 2) // 6, width
    base = count(resnet(CIFAR, 10, depth=depth, width=w))
    growing = w * 2 * w + 2 * w * 4 * w + 2 * (2 * w + 4 * w)
    assert count(resnet(CIFAR, 10, depth=depth, width=w, shortcut="B")) == base + growing
    equal = n * (w * w + 2 * w) + (n - 1) * (4 * w * w + 4 * w + 16 * w * w + 8 * w)
    assert count(resnet(CIFAR, 10, depth=depth, width=w, shortcut="C")) == base + growing + equal


def test_option_b_adds_2752_at_the_papers_width() -> None:
    assert count(resnet(CIFAR, 10, depth=56, shortcut="B")) == 853_018 + 2_752


def test_without_normalisation_convolutions_have_biases_instead_of_gamma_and_beta() -> None:
    bare = plain(CIFAR, 10, depth=20, norm="none")
    channels = 16 * 7 + 32 * 6 + 64 * 6
    assert count(bare) == 269_722 - channels
    assert not any(isinstance(m, nn.BatchNorm2d) for m in bare.modules())
    assert bare(torch.zeros(2, *CIFAR)).shape == (2, 10)


@pytest.mark.parametrize("in_shape", [(1, 8, 8), (3, 32, 32), (3, 9, 13)])
@pytest.mark.parametrize("shortcut", ["A", "B", "C"])
def test_residual_nets_take_any_image_size(in_shape: tuple[int, int, int], shortcut: str) -> None:
    assert resnet(in_shape, 7, depth=8, width=4, shortcut=shortcut)(torch.randn(2, *in_shape)).shape == (2, 7)


@pytest.mark.parametrize("training", [True, False])
def test_block_with_projection_equals_torchvisions(training: bool) -> None:
    torch.manual_seed(0)
    downsample = nn.Sequential(nn.Conv2d(16, 32, 1, stride=2, bias=False), nn.BatchNorm2d(32))
    theirs = BasicBlock(16, 32, 2, downsample).train(training)
    ours = Block(16, 32, 2, "batch", "B").train(training)
    ours.load_state_dict({k.replace("downsample", "shortcut"): v for k, v in theirs.state_dict().items()})
    x = torch.randn(4, 16, 8, 8)
    torch.testing.assert_close(ours(x), theirs(x))


def test_block_with_identity_equals_torchvisions() -> None:
    torch.manual_seed(0)
    theirs, ours = BasicBlock(16, 16), Block(16, 16, 1, "batch", "A")
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(4, 16, 8, 8)
    torch.testing.assert_close(ours(x), theirs(x))


def test_option_a_takes_every_second_pixel_and_adds_zero_channels() -> None:
    x = torch.randn(2, 3, 5, 6)
    y = PaddedIdentity(4, 2)(x)
    assert y.shape == (2, 7, 3, 3)
    for i in range(3):
        for j in range(3):
            assert torch.equal(y[:, :3, i, j], x[:, :, 2 * i, 2 * j])
    assert not y[:, 3:].any()


def test_a_residual_net_whose_shortcuts_are_cut_is_the_plain_net() -> None:
    residual, bare = resnet(CIFAR, 10, depth=14, width=4), plain(CIFAR, 10, depth=14, width=4)
    bare.load_state_dict(residual.state_dict())
    for module in residual.modules():
        if isinstance(module, Block):
            module.shortcut = None
    x = torch.randn(2, *CIFAR)
    assert torch.equal(residual(x), bare(x))


def test_bad_options_are_reported_together() -> None:
    with pytest.raises(ReproError) as caught:
        resnet(CIFAR, 10, depth=21, width=0, norm="layer", shortcut="D")
    assert [p.where.split()[-1] for p in caught.value.problems] == ["depth", "width", "norm", "shortcut"]


def test_parameters_of_cuda_convnets_nets() -> None:
    assert count(Conv3FC((3, 32, 32), 10)) == 89_578
    assert count(Conv2Local2FC((3, 24, 24), 10)) == 1_116_490


@pytest.mark.parametrize("net", [Conv3FC, Conv2Local2FC])
@pytest.mark.parametrize("activation", ["relu", "tanh", "scaled-tanh"])
@pytest.mark.parametrize("in_shape", [(1, 8, 8), (3, 32, 32), (2, 9, 14)])
def test_four_layer_nets_take_any_image_size(
    net: Any, activation: str, in_shape: tuple[int, int, int]
) -> None:
    assert net(in_shape, 5, activation=activation)(torch.randn(2, *in_shape)).shape == (2, 5)


def test_conv3fc_layer_by_layer() -> None:
    torch.manual_seed(0)
    net = Conv3FC((3, 32, 32), 10, activation="scaled-tanh")
    x = torch.randn(2, 3, 32, 32)

    def act(x: torch.Tensor) -> torch.Tensor:
        return 1.7159 * torch.tanh(2 * x / 3)

    y = act(F.max_pool2d(F.conv2d(x, net.conv1.weight, net.conv1.bias, padding=2), 3, 2, ceil_mode=True))
    assert y.shape[2:] == (16, 16)
    y = F.avg_pool2d(act(F.conv2d(y, net.conv2.weight, net.conv2.bias, padding=2)), 3, 2, ceil_mode=True)
    y = F.avg_pool2d(act(F.conv2d(y, net.conv3.weight, net.conv3.bias, padding=2)), 3, 2, ceil_mode=True)
    torch.testing.assert_close(net(x), F.linear(y.reshape(2, -1), net.fc.weight, net.fc.bias))


def test_average_pooling_leaves_out_what_is_outside_the_map() -> None:
    constant = torch.full((1, 1, 8, 8), 3.0)
    torch.testing.assert_close(Conv3FC((1, 8, 8), 2).average_pool(constant), torch.full((1, 1, 4, 4), 3.0))


def test_every_weight_layer_declares_its_initial_deviation() -> None:
    for net in (Conv3FC((3, 32, 32), 10), Conv2Local2FC((3, 24, 24), 10)):
        layers = {
            n for n, m in net.named_modules() if isinstance(m, nn.Conv2d | nn.Linear | LocallyConnected2d)
        }
        assert layers == net.init_std.keys()


def test_unknown_activation() -> None:
    with pytest.raises(ReproError, match="activation"):
        Conv3FC(CIFAR, 10, activation="gelu")


def test_local_layer_with_equal_filters_everywhere_is_a_convolution() -> None:
    torch.manual_seed(0)
    layer = LocallyConnected2d(3, 5, (6, 7), 3)
    filters = torch.randn(5, 3, 3, 3)
    bias = torch.randn(5)
    with torch.no_grad():
        layer.weight.copy_(filters.flatten(1).expand(42, 5, 27))
        layer.bias.copy_(bias[:, None, None].expand(5, 6, 7))
    x = torch.randn(2, 3, 6, 7)
    torch.testing.assert_close(layer(x), F.conv2d(x, filters, bias, padding=1))


def test_local_layer_has_filters_of_its_own_at_every_position() -> None:
    torch.manual_seed(0)
    layer = LocallyConnected2d(2, 3, (4, 5), 3)
    x = torch.randn(1, 2, 4, 5)
    padded = F.pad(x, (1, 1, 1, 1))
    for row, column in [(0, 0), (2, 3), (3, 4)]:
        patch = padded[0, :, row : row + 3, column : column + 3].reshape(-1)
        expected = layer.weight[row * 5 + column] @ patch + layer.bias[:, row, column]
        torch.testing.assert_close(layer(x)[0, :, row, column], expected)


def test_build_model_reads_the_registry() -> None:
    model = build_model(ModelSpec("cifar-resnet", 1, {"depth": 8, "width": 4}), (1, 8, 8), 10)
    assert model(torch.zeros(1, 1, 8, 8)).shape == (1, 10)
    with pytest.raises(ReproError, match="did you mean 'cifar-resnet'"):
        build_model(ModelSpec("cifar-resnt", 1), (1, 8, 8), 10)
    with pytest.raises(ReproError, match="unknown option 'shortcut'"):
        build_model(ModelSpec("cifar-plain", 1, {"shortcut": "A"}), (1, 8, 8), 10)


def test_build_model_takes_a_users_own(tmp_path: Path) -> None:
    (tmp_path / "own_model_a.py").write_text(
        "from torch import nn\n"
        "def net(in_shape, classes, *, hidden):\n    return nn.Linear(in_shape[0], classes)\n"
        "def wrong(in_shape, classes):\n    return 3\n"
        "def broken(in_shape, classes):\n    return len(5)\n"
    )

    def build(name: str, **options: object) -> nn.Module:
        return build_model(ModelSpec(f"own_model_a:{name}", "x", options), (1, 8, 8), 10, tmp_path)

    assert isinstance(build("net", hidden=3), nn.Linear)
    with pytest.raises(ReproError, match="hidden"):
        build("net")
    with pytest.raises(ReproError, match=r"torch\.nn\.Module"):
        build("wrong")
    with pytest.raises(TypeError):
        build("broken")


@pytest.mark.parametrize("momentum", [0.1, None])
def test_grouped_norm_against_groups_one_by_one(momentum: float | None) -> None:
    torch.manual_seed(0)
    like = nn.BatchNorm2d(3, momentum=momentum)
    with torch.no_grad():
        like.weight.uniform_(0.5, 2)
        like.bias.normal_()
    grouped = GroupedBatchNorm2d(like, 4)
    x = torch.randn(12, 3, 5, 5, requires_grad=True)
    gamma, beta = like.weight[:, None, None], like.bias[:, None, None]
    expected, means, variances = [], [], []
    for part in x.split(4):
        mean, variance = part.mean(dim=(0, 2, 3)), part.var(dim=(0, 2, 3), unbiased=False)
        scaled = (part - mean[:, None, None]) / (variance + 1e-5).sqrt()[:, None, None]
        expected.append(scaled * gamma + beta)
        means.append(mean)
        variances.append(part.var(dim=(0, 2, 3), unbiased=True))
    probe = torch.randn(12, 3, 5, 5)
    wanted = torch.autograd.grad((torch.cat(expected) * probe).sum(), [x, like.weight])
    out = grouped(x)
    torch.testing.assert_close(out, torch.cat(expected), atol=1e-5, rtol=1e-5)
    got = torch.autograd.grad((out * probe).sum(), [x, grouped.weight])
    torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)
    share = 0.1 if momentum else 1.0
    torch.testing.assert_close(grouped.running_mean, share * torch.stack(means).mean(0).detach())
    expected_variance = (1 - share) + share * torch.stack(variances).mean(0).detach()
    torch.testing.assert_close(grouped.running_var, expected_variance)
    assert grouped.num_batches_tracked == 1


def test_grouped_norm_is_the_ordinary_one_in_evaluation_and_for_one_group() -> None:
    torch.manual_seed(0)
    ordinary, x = nn.BatchNorm2d(3), torch.randn(8, 3, 4, 4)
    grouped = GroupedBatchNorm2d(nn.BatchNorm2d(3), 8)
    assert torch.equal(grouped(x), ordinary(x))
    assert torch.equal(grouped.eval()(x), ordinary.eval()(x))
    with pytest.raises(ValueError, match="groups of 8"):
        grouped.train()(torch.randn(12, 3, 4, 4))


def test_group_batch_norm_replaces_every_layer_and_keeps_the_state() -> None:
    model = resnet((1, 8, 8), 10, depth=8, width=4, shortcut="B")
    before = {k: v.clone() for k, v in model.state_dict().items()}
    group_batch_norm(model, 16)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 7 + 2
    assert all(isinstance(m, GroupedBatchNorm2d) for m in norms)
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
