"""Formulas against other libraries, automatic differentiation, simulation, and counts by hand."""

from __future__ import annotations

import importlib
import inspect
import math

import numpy as np
import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from repro.formulas import (
    NAMES,
    alexnet,
    convolutions,
    dropout,
    masked_autoencoder,
    residual_block,
    resnet,
    transformer,
)
from repro.models.alexnet import AlexNet
from repro.probes.context import ProbeContext
from repro.probes.static import multiply_adds

META = torch.device("meta")


@pytest.mark.parametrize("name", NAMES)
def test_the_options_that_are_listed_are_those_that_a_formula_takes(name: str) -> None:
    target, options = NAMES[name]
    module, _, function = target.partition(":")
    found = inspect.signature(getattr(importlib.import_module(f"repro.formulas.{module}"), function))
    assert set(found.parameters) == options
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in found.parameters.values())


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "padding"), [(224, 11, 4, 0), (224, 11, 4, 2), (56, 3, 2, 1)]
)
def test_sides_of_maps_and_what_is_overcounted(side: int, kernel: int, stride: int, padding: int) -> None:
    x = torch.zeros(1, 1, side, side)
    out = nn.Conv2d(1, 1, kernel, stride, padding)(x)
    given = {"side": side, "kernel": kernel, "stride": stride, "padding": padding}
    assert convolutions.output_side(**given) == out.shape[-1]
    assert convolutions.overcount(**given) == pytest.approx(x.numel() / out.numel())


@pytest.mark.parametrize("kernels", [[3], [3, 3], [3, 3, 3], [5, 3], [7]])
def test_receptive_fields_by_automatic_differentiation(kernels: list[int]) -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 1, 21, 21, requires_grad=True)
    y: torch.Tensor = x
    for kernel in kernels:
        y = nn.Conv2d(1, 1, kernel, padding=kernel // 2)(y)
    y[0, 0, 10, 10].backward()
    assert x.grad is not None
    rows, columns = torch.nonzero(x.grad[0, 0], as_tuple=True)
    seen = int(rows.max() - rows.min()) + 1
    assert seen == int(columns.max() - columns.min()) + 1 == convolutions.receptive_field(kernels=kernels)


@pytest.mark.parametrize("biases", [False, True])
def test_weights_of_stacks(biases: bool) -> None:
    stack = nn.Sequential(*(nn.Conv2d(6, 6, 3, bias=biases) for _ in range(3)))
    counted = sum(p.numel() for p in stack.parameters())
    assert convolutions.stack_weights(kernel=3, channels=6, layers=3, biases=biases) == counted


def test_crops_one_by_one() -> None:
    image = np.arange(6 * 6).reshape(6, 6)
    crops = set()
    for i in range(4):
        for j in range(4):
            crop = image[i : i + 3, j : j + 3]
            crops |= {crop.tobytes(), crop[:, ::-1].tobytes()}
    assert convolutions.crops(image=6, crop=3) == len(crops)
    assert convolutions.crops(image=6, crop=3, mirrored=False) == len(crops) // 2


@pytest.mark.parametrize(("side", "padding"), [(224, 2), (224, 0), (227, 0)])
def test_alexnets_neurons_are_those_of_the_net_as_run(side: int, padding: int) -> None:
    sizes: dict[str, int] = {}
    with torch.device(META):
        net = AlexNet((3, 224, 224), 1000, lrn="none")
    net.conv1.padding = (padding, padding)
    for name in alexnet.FILTERS:
        net.get_submodule(name).register_forward_hook(
            lambda _, __, out, name=name: sizes.update({name: out.numel()})
        )
    x = torch.zeros(1, 3, side, side, device=META)
    with pytest.MonkeyPatch.context() as patch:
        # Without padding the last map is smaller than the classifier expects: only the convolutions matter.
        patch.setattr(net, "fc6", nn.Identity())
        patch.setattr(net, "fc7", nn.Identity())
        patch.setattr(net, "fc8", nn.Identity())
        net(x)
    assert {name: alexnet.neurons(layer=name, side=side, padding=padding) for name in sizes} == sizes
    assert [alexnet.neurons(layer=name) for name in ("fc6", "fc7", "fc8")] == [4096, 4096, 1000]


def test_alexnets_shares_layer_by_layer() -> None:
    with torch.device(META):
        net = AlexNet((3, 224, 224), 1000)
    assert sum(p.numel() for p in net.parameters()) == alexnet.TOTAL
    for name in alexnet.FILTERS:
        own = sum(p.numel() for p in net.get_submodule(name).parameters())
        assert alexnet.share_of_parameters(layer=name) == pytest.approx(own / alexnet.TOTAL)
        assert alexnet.share_of_parameters(layer=name, tower=True) == pytest.approx(own / 2 / alexnet.TOTAL)
    for names in (["fc6"], ["fc8"], ["fc6", "fc7"], ["fc6", "fc7", "fc8"]):
        own = sum(p.numel() for name in names for p in net.get_submodule(name).parameters())
        assert alexnet.fully_connected_share(layers=names) == pytest.approx(own / alexnet.TOTAL)


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_table_1_against_torchvisions_nets_whose_stride_is_in_the_3x3_layer(depth: int) -> None:
    with torch.device(META):
        net = getattr(torchvision.models, f"resnet{depth}")()
    theirs = multiply_adds(ProbeContext(device=META, model=net, in_shape=(3, 224, 224)))[0]["value"]
    assert resnet.table_1(depth=depth, stride_in="3x3") == theirs
    # The paper's own stride: a quarter of the first 1x1 layer of three stages, by hand.
    moved = (
        0
        if depth < 50
        else sum(3 * s * s * b * f for s, b, f in ((28, 256, 128), (14, 512, 256), (7, 1024, 512)))
    )
    assert resnet.table_1(depth=depth) == theirs - moved
    assert (
        resnet.table_1(depth=depth, classifier=False) == theirs - moved - (2048 if depth > 34 else 512) * 1000
    )
    assert resnet.table_1(depth=depth, stem=False) == theirs - moved - 118_013_952


def test_blocks_of_figure_5_by_hand() -> None:
    assert resnet.block(design="basic") == 2 * 9 * 64 * 64 == 73_728
    assert resnet.block(design="bottleneck") == 256 * 64 + 9 * 64 * 64 + 64 * 256 == 69_632
    assert resnet.block(design="bottleneck", projection=True) == 69_632 + 256 * 256
    assert resnet.block(design="basic", projection=True) == 73_728 + 64 * 64


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_residual_block_of_one_layer_is_the_linear_layer_w_plus_one(layers: int) -> None:
    assert (residual_block.nonlinearity(layers=layers) == 0) == (layers == 1)
    torch.manual_seed(0)
    inner = nn.Linear(6, 6, bias=False)
    linear = nn.Linear(6, 6, bias=False)
    with torch.no_grad():
        linear.weight.copy_(inner.weight + torch.eye(6))
    x = torch.randn(5, 6)
    torch.testing.assert_close(inner(x) + x, linear(x))


def flops(width: int, blocks: int, tokens: int) -> float:
    """Count a transformer's multiply-adds with torch's own counter; its MLP is four times as wide."""
    with torch.device(META):
        layer = nn.MultiheadAttention(width, width // 64, batch_first=True)
        mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        x = torch.zeros(1, tokens, width)
    with FlopCounterMode(display=False) as counter:
        mlp(layer(x, x, x, need_weights=True)[0])
    return blocks * counter.get_total_flops() / 2


def test_masked_autoencoders_against_torchs_counter() -> None:
    decoder = flops(512, 8, 197)
    every, seen = flops(1024, 24, 197), flops(1024, 24, 50)
    assert masked_autoencoder.training_ratio() == pytest.approx((every + decoder) / (seen + decoder))
    small = flops(512, 1, 197)
    assert masked_autoencoder.training_ratio(decoder_blocks=1) == pytest.approx(
        (every + small) / (seen + small)
    )
    assert masked_autoencoder.decoder_share() == pytest.approx(decoder / every)
    without = (flops(1024, 24, 196) + flops(512, 8, 196)) / (flops(1024, 24, 49) + flops(512, 8, 196))
    assert masked_autoencoder.training_ratio(class_token=False) == pytest.approx(without)
    # Of linear layers alone the share is that of the weights: a third of the blocks, a quarter of the weights of each.
    assert masked_autoencoder.decoder_share(attention=False) == pytest.approx(1 / 12)
    # Patch embedding, decoder input and prediction, by hand.
    more = 196 * 768 * 1024
    with_all = (every + decoder + more + 197 * 1024 * 512 + 197 * 512 * 768) / (
        seen + decoder + more + 50 * 1024 * 512 + 197 * 512 * 768
    )
    assert masked_autoencoder.training_ratio(embeddings=True) == pytest.approx(with_all)


def encoding(positions: np.ndarray, d_model: int = 32) -> np.ndarray:
    angles = positions[:, None] / 10_000 ** (np.arange(0, d_model, 2) / d_model)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


@pytest.mark.parametrize(("argument", "linear"), [("position", True), ("logarithm", False)])
def test_shifts_are_linear_by_least_squares(argument: str, linear: bool) -> None:
    positions = np.arange(300.0)
    here, there = positions, positions + 7
    if argument == "logarithm":
        here, there = np.log1p(here), np.log1p(there)
    # Rank and conditioning aside, a matrix that shifts all positions leaves no residual.
    matrix, *_ = np.linalg.lstsq(encoding(here, 8), encoding(there, 8), rcond=None)
    residual = np.abs(encoding(here, 8) @ matrix - encoding(there, 8)).max()
    ours = transformer.shift_deviation(d_model=8, positions=300, offsets=[7], argument=argument)  # type: ignore[arg-type]
    assert (residual < 1e-9) == (ours < 1e-9) == linear


def test_wavelengths_by_the_formula_of_the_paper() -> None:
    found = [transformer.wavelength(pair=i, d_model=512) for i in (0, 1, 255)]
    assert found == pytest.approx(
        [1.0, math.exp(math.log(10_000) / 256), math.exp(math.log(10_000) * 255 / 256)]
    )
    assert transformer.wavelength(pair=-1) == found[2] == pytest.approx(9646.6, abs=0.05)
    assert transformer.wavelength_steps(d_model=64) < 1e-12


@pytest.mark.parametrize("components", ["signs", "skewed"])
def test_the_variance_of_dot_products_by_simulation(components: str) -> None:
    random = np.random.default_rng(0)
    values, chances = {"signs": ([-1, 1], [0.5, 0.5]), "skewed": ([2, -0.5], [0.2, 0.8])}[components]
    q, k = (random.choice(values, (100_000, 16), p=chances) for _ in range(2))
    assert np.mean(values * np.array(chances) * len(values)) == pytest.approx(0)
    drawn = (q * k).sum(axis=1).var()
    assert transformer.dot_product_variance(d_k=16, components=components) == 16.0  # type: ignore[arg-type]
    assert drawn == pytest.approx(16, rel=0.03)
    own = transformer.dot_product_variance(d_k=16, components=components, same=True)  # type: ignore[arg-type]
    assert own == pytest.approx((q * q).sum(axis=1).var(), rel=0.03, abs=1e-9)
    assert transformer.dot_product_variance(d_k=16, components=components, scaled=True) == 1.0  # type: ignore[arg-type]


@pytest.mark.parametrize(("d_k", "scaled"), [(64, False), (64, True), (4, False)])
def test_the_slope_of_a_softmax_by_simulation_and_automatic_differentiation(d_k: int, scaled: bool) -> None:
    torch.manual_seed(0)
    logits = torch.randn(200_000, 2, dtype=torch.float64) * (1 if scaled else math.sqrt(d_k))
    typical = (logits[:, 0] - logits[:, 1]).abs().median()
    pair = torch.tensor([float(typical), 0.0], dtype=torch.float64, requires_grad=True)
    torch.softmax(pair, 0)[0].backward()
    assert pair.grad is not None
    assert transformer.softmax_slope(d_k=d_k, scaled=scaled) == pytest.approx(float(pair.grad[0]), rel=0.08)


@pytest.mark.parametrize(("d_model", "d_ff", "heads"), [(512, 2048, 8), (1024, 4096, 16)])
def test_the_transformer_against_torchs(d_model: int, d_ff: int, heads: int) -> None:
    with torch.device(META):
        net = nn.Transformer(d_model, heads, 6, 6, d_ff, batch_first=True)
    # torch's has biases in its 18 attentions (four of d_model each), and a norm after either stack; the paper has not.
    extra = 18 * 4 * d_model + 2 * 2 * d_model
    theirs = sum(p.numel() for p in net.parameters()) - extra
    ours = transformer.parameters(d_model=d_model, d_ff=d_ff, heads=heads, vocabulary=0)
    assert ours == theirs
    assert transformer.parameters(d_model=d_model, d_ff=d_ff, heads=heads) == theirs + 37_000 * d_model
    bare = sum(p.numel() for n, p in net.named_parameters() if p.dim() == 2)
    assert transformer.parameters(d_model=d_model, d_ff=d_ff, heads=heads, vocabulary=0, biases=False) == bare
    fewer = transformer.parameters(d_model=d_model, d_ff=d_ff, heads=heads, d_k=16)
    assert ours + 37_000 * d_model - fewer == 18 * 2 * heads * d_model * (64 - 16)


@pytest.mark.parametrize("heads", [1, 8])
def test_the_cost_of_attention_against_torchs_counter(heads: int) -> None:
    with torch.device(META):
        layer = nn.MultiheadAttention(512, heads, batch_first=True)
        x = torch.zeros(1, 50, 512)
    with FlopCounterMode(display=False) as counter:
        layer(x, x, x, need_weights=True)
    assert transformer.attention_cost(heads=heads) == counter.get_total_flops() / 2


@pytest.mark.parametrize(("recurrent", "module"), [("simple", nn.RNN), ("lstm", nn.LSTM)])
@pytest.mark.parametrize("projections", [False, True])
def test_where_attention_and_recurrence_break_even(
    recurrent: str, module: type[nn.RNNBase], projections: bool
) -> None:
    d = 64
    layer = module(d, d, bias=False)
    a_token = sum(p.numel() for p in layer.parameters())  # each weight is multiplied once a token
    lengths = np.arange(1, 8 * d)
    attention = 2 * lengths**2 * d + (4 * lengths * d**2 if projections else 0)
    cheaper = lengths[attention < lengths * a_token]
    longest = (cheaper.max() + 1) / d if len(cheaper) else 0.0
    assert transformer.break_even(recurrent=recurrent, projections=projections) == longest  # type: ignore[arg-type]


def test_training_costs_by_hand() -> None:
    assert transformer.training_cost(hours=12) == pytest.approx(12 * 60 * 60 * 8 * 9.5e12)
    assert transformer.training_hours(steps=100_000, seconds_a_step=0.4) == pytest.approx(40_000 / 3600)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_what_dropout_adds_by_simulation_with_torchs_dropout(loss: str) -> None:
    torch.manual_seed(0)
    x, y = torch.tensor(dropout.INPUTS), torch.tensor(dropout.TARGETS)
    w = torch.tensor(dropout.WEIGHTS)
    # Half of the inputs dropped, the rest doubled: torch's convention, too.
    masked = nn.functional.dropout(x.expand(100_000, -1, -1), 0.5)

    def mean(outputs: torch.Tensor) -> float:
        each = (y - outputs) ** 2 if loss == "squared" else torch.log1p(torch.exp(-y * outputs))
        return float(each.mean())

    assert dropout.penalty(loss=loss) == pytest.approx(mean(masked @ w) - mean(x @ w), rel=0.02)  # type: ignore[arg-type]
    by_hand = float((w**2 * (x**2).mean(dim=0)).sum())
    assert dropout.weighted_l2() == pytest.approx(by_hand)
    assert (dropout.l2_deviation(loss=loss) < 1e-9) == (loss == "squared")  # type: ignore[arg-type]
    assert dropout.growth(loss="squared") == pytest.approx(4)
    assert dropout.growth(loss="logistic") < 3


def test_one_coefficient_needs_inputs_of_one_size() -> None:
    moments = (np.array(dropout.INPUTS) ** 2).mean(axis=0)
    assert dropout.coefficients() == pytest.approx(moments.max() / moments.min())
    assert dropout.coefficients(standardised=True) == pytest.approx(1)
