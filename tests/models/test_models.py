from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn
from torchvision.models import vgg11, vgg13, vgg16, vgg19
from torchvision.models.resnet import BasicBlock

from repro.errors import ReproError
from repro.models import build_model
from repro.models.alexnet import AlexNet
from repro.models.cifar import Block, plain, resnet
from repro.models.four_layer import Conv2Local2FC, Conv3FC
from repro.models.local import LocallyConnected2d
from repro.models.normalisation import GroupedBatchNorm2d, group_batch_norm
from repro.models.response_normalisation import WithinMap, across_maps
from repro.models.shortcuts import PaddedIdentity
from repro.models.vgg import VGG
from repro.spec import ModelSpec
from repro.training.initialisation import initialise

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
    assert count(Conv2Local2FC((3, 24, 24), 10, lrn=True, local3_filters=64)) == 2_112_970


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


def responses(net: nn.Module, x: torch.Tensor) -> dict[str, torch.Tensor]:
    """What each child of a net put out, the last time that it was asked."""
    seen: dict[str, torch.Tensor] = {}

    def see(name: str) -> Any:
        return lambda module, inputs, output: seen.__setitem__(name, output.detach())

    handles = [child.register_forward_hook(see(name)) for name, child in net.named_children()]
    net(x)
    for handle in handles:
        handle.remove()
    return seen


def test_response_normalisation_across_maps_is_the_papers_formula() -> None:
    """AlexNet, Sec. 3.3: b = a / (k + α Σ a²)^β over maps max(0, i − n/2) to min(N − 1, i + n/2); k = 2, n = 5."""
    a = 60 * torch.randn(2, 9, 3, 4)
    expected = torch.empty_like(a)
    for i in range(9):
        total = sum(a[:, j] ** 2 for j in range(max(0, i - 2), min(8, i + 2) + 1))
        expected[:, i] = a[:, i] / (2 + 1e-4 * total) ** 0.75
    torch.testing.assert_close(AlexNet((3, 64, 64), 2).lrn(a), expected)
    torch.testing.assert_close(across_maps(5, 5e-4, 0.75, 2.0)(a), expected)


def test_released_response_normalisation_is_a_fifth_as_strong() -> None:
    a = 60 * torch.randn(1, 7, 2, 2)
    total = sum(a[:, j] ** 2 for j in range(1, 6))
    got = AlexNet((3, 64, 64), 2, lrn="released").lrn(a)[:, 3]
    torch.testing.assert_close(got, a[:, 3] / (2 + 1e-4 / 5 * total) ** 0.75)
    assert torch.equal(AlexNet((3, 64, 64), 2, lrn="none").lrn(a), a)


def test_response_normalisation_within_a_map_is_cuda_convnets() -> None:
    """layers-18pct: scale 5e-5, divided by 9 positions, power 0.75, constant 1."""
    a = 300 * torch.randn(2, 3, 4, 5)
    expected = torch.empty_like(a)
    for y in range(4):
        for x in range(5):
            window = a[:, :, max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
            total = (window**2).sum(dim=(2, 3))
            expected[:, :, y, x] = a[:, :, y, x] / (1 + 5e-5 / 9 * total) ** 0.75
    torch.testing.assert_close(WithinMap(3, 5e-5, 0.75)(a), expected)


def test_response_normalisation_stands_where_the_configurations_have_it() -> None:
    torch.manual_seed(0)
    x = 100 * torch.randn(2, 3, 32, 32)
    net = Conv3FC((3, 32, 32), 10, lrn=True)
    norm = WithinMap(3, 5e-5, 0.75)
    y = norm(F.relu(net.max_pool(net.conv1(x))))
    y = norm(net.average_pool(F.relu(net.conv2(y))))
    y = net.average_pool(F.relu(net.conv3(y)))
    torch.testing.assert_close(net(x), net.fc(y.flatten(1)))
    other = Conv2Local2FC((3, 24, 24), 10, lrn=True)
    y = across_maps(9, 0.001, 0.75, 1.0)(other.max_pool(F.relu(other.conv1(x[..., :24, :24]))))
    y = other.max_pool(across_maps(9, 0.001, 0.75, 1.0)(F.relu(other.conv2(y))))
    y = F.relu(other.local4(F.relu(other.local3(y))))
    torch.testing.assert_close(other(x[..., :24, :24]), other.fc(y.flatten(1)))
    with pytest.raises(ReproError, match="lrn"):
        build_model(ModelSpec("conv3-fc", 1, {"lrn": "yes"}), CIFAR, 10)


def test_parameters_of_alexnet() -> None:
    """Computed by hand from Fig. 2: kernels × (their size) + biases."""
    net = AlexNet((3, 224, 224), 1000)
    by_hand = {
        "conv1": 96 * 3 * 11 * 11 + 96,
        "conv2": 256 * 48 * 5 * 5 + 256,
        "conv3": 384 * 256 * 3 * 3 + 384,
        "conv4": 384 * 192 * 3 * 3 + 384,
        "conv5": 256 * 192 * 3 * 3 + 256,
        "fc6": 256 * 6 * 6 * 4096 + 4096,
        "fc7": 4096 * 4096 + 4096,
        "fc8": 4096 * 1000 + 1000,
    }
    assert {name: count(child) for name, child in net.named_children() if count(child)} == by_hand
    assert count(net) == sum(by_hand.values()) == 60_965_224
    one_tower = count(AlexNet((3, 224, 224), 1000, groups=1)) - count(net)
    assert one_tower == 256 * 48 * 25 + 384 * 192 * 9 + 256 * 192 * 9


def test_neurons_of_alexnet() -> None:
    """Fig. 2, with conv1 as the CACM text of 2017 prints it."""
    seen = responses(AlexNet((3, 224, 224), 1000), torch.zeros(1, 3, 224, 224))
    neurons = [
        seen[name].numel() for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
    ]
    assert neurons == [290_400, 186_624, 64_896, 64_896, 43_264, 4_096, 4_096, 1_000]


def test_alexnet_layer_by_layer() -> None:
    torch.manual_seed(0)
    net = AlexNet((3, 67, 71), 5, activation="tanh", lrn="none").eval()
    x = torch.randn(2, 3, 67, 71)

    def halves(y: torch.Tensor, layer: nn.Conv2d) -> torch.Tensor:
        """A convolution on two GPUs, each with its own half of maps and kernels."""
        parts = zip(y.chunk(2, 1), layer.weight.chunk(2), layer.bias.chunk(2), strict=True)
        return torch.cat([F.conv2d(y, w, b, padding=layer.padding) for y, w, b in parts], dim=1)

    def pool(y: torch.Tensor) -> torch.Tensor:
        return F.max_pool2d(y, 3, 2)

    y = pool(torch.tanh(F.conv2d(x, net.conv1.weight, net.conv1.bias, stride=4, padding=2)))
    y = pool(torch.tanh(halves(y, net.conv2)))
    y = torch.tanh(F.conv2d(y, net.conv3.weight, net.conv3.bias, padding=1))
    y = pool(torch.tanh(halves(torch.tanh(halves(y, net.conv4)), net.conv5)))
    y = torch.tanh(F.linear(y.flatten(1), net.fc6.weight, net.fc6.bias))
    y = torch.tanh(F.linear(y, net.fc7.weight, net.fc7.bias))
    torch.testing.assert_close(net(x), F.linear(y, net.fc8.weight, net.fc8.bias))


def test_alexnet_drops_half_of_both_hidden_layers_in_training() -> None:
    torch.manual_seed(0)
    net = AlexNet((3, 63, 63), 5)
    dropped: list[float] = []
    net.dropout.register_forward_hook(
        lambda module, inputs, output: dropped.append((output[inputs[0] > 0] == 0).double().mean().item())
    )
    net(torch.randn(4, 3, 63, 63))
    assert len(dropped) == 2
    assert dropped == pytest.approx([0.5, 0.5], abs=0.05)


def test_alexnet_starts_as_the_paper_says() -> None:
    net = AlexNet((3, 63, 63), 5)
    initialise(net, "gaussian-0.01", 0)
    ones = {name for name, layer in net.named_children() if count(layer) and bool((layer.bias == 1).all())}
    zeros = {name for name, layer in net.named_children() if count(layer) and not layer.bias.any()}
    assert ones == {"conv2", "conv4", "conv5", "fc6", "fc7"}
    assert zeros == {"conv1", "conv3", "fc8"}
    assert net.fc7.weight.std().item() == pytest.approx(0.01, rel=0.01)


def test_options_of_alexnet_are_reported_together() -> None:
    with pytest.raises(ReproError) as caught:
        AlexNet((3, 62, 80), 10, lrn="on", groups=3, dropout=1.0)
    assert [p.where.split()[-1] for p in caught.value.problems] == ["alexnet", "lrn", "groups", "dropout"]
    with pytest.raises(ReproError, match="activation"):
        AlexNet((3, 64, 64), 10, activation="gelu")
    with pytest.raises(ReproError, match="unknown option"):
        build_model(ModelSpec("alexnet", 1, {"width": 3}), (3, 64, 64), 10)


VGGS = {
    "A": 132_863_336,
    "A-LRN": 132_863_336,
    "B": 133_047_848,
    "C": 133_638_952,
    "D": 138_357_544,
    "E": 143_667_240,
}


@pytest.mark.parametrize(
    ("configuration", "printed", "theirs"),
    [
        ("A", 133, vgg11),
        ("A-LRN", 133, None),
        ("B", 133, vgg13),
        ("C", 134, None),
        ("D", 138, vgg16),
        ("E", 144, vgg19),
    ],
)
def test_vgg_against_table_2_and_torchvision(configuration: str, printed: int, theirs: Any) -> None:
    with torch.device("meta"):
        ours = VGG((3, 224, 224), 1000, configuration=configuration)
        other = theirs(weights=None, init_weights=False) if theirs else None
    assert count(ours) == VGGS[configuration]
    assert round(count(ours) / 1e6) == printed
    if other is not None:
        shapes = [tuple(p.shape) for p in other.parameters()]
        assert [tuple(p.shape) for p in ours.parameters()] == shapes


def test_vgg_computes_what_torchvisions_computes() -> None:
    torch.manual_seed(0)
    ours = VGG((3, 64, 64), 10, configuration="A").eval()
    with torch.device("meta"):
        theirs = vgg11(weights=None, init_weights=False).features
    theirs.to_empty(device="cpu").load_state_dict(ours.convolutions.state_dict())
    x = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(ours(x), ours.classifier(theirs(x).flatten(1)))
    with pytest.raises(ReproError) as caught:
        VGG((3, 31, 64), 10, configuration="F", dropout=-0.1)
    assert len(caught.value.problems) == 3


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
