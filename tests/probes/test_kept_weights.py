"""Probes that are read from kept weights: nets made deeper or shallower, neighbours, kernels, augmented error."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from repro.datasets import ImageData, load_dataset
from repro.errors import ReproError
from repro.models.cifar import plain, resnet
from repro.models.four_layer import Conv3FC
from repro.probes.context import ProbeContext
from repro.probes.kernels import kernel_colour_halves, peak_share
from repro.probes.pictures import as_pixels
from repro.probes.reading import take_reading
from repro.recipes import Recipe
from repro.registry import DATASETS
from repro.spec import DatasetSpec, ModelSpec, ReadingSpec, RunSpec
from repro.training import TrainedRun, train
from repro.training.feeds import MemoryFeed

CPU = torch.device("cpu")
DIGITS = DatasetSpec("digits", DATASETS["digits"].fingerprint)
RECIPE = Recipe(name="quick", batch_size=32, steps=20, lr=0.05, input="standardised")
NETS = {
    "plain": ModelSpec("cifar-plain", 1, {"depth": 14, "width": 4}),
    "resnet": ModelSpec("cifar-resnet", 1, {"depth": 14, "width": 4, "shortcut": "A"}),
    "conv3-fc": ModelSpec("conv3-fc", 1, {}),
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@cache
def digits() -> ImageData:
    return load_dataset(DIGITS)


@cache
def trained(name: str) -> tuple[RunSpec, TrainedRun]:
    spec = RunSpec(DIGITS, NETS[name], RECIPE, 1000)
    return spec, train(spec, digits(), CPU)


def read(probe: str, name: str, moment: str = "last", **options: Any) -> list[dict[str, Any]]:
    spec, result = trained(name)
    reading = ReadingSpec(probe, 1, options, spec, moment)
    return take_reading(reading, weights=result.weights[moment], data=digits(), device=CPU)


def net_of(name: str, moment: str = "last") -> nn.Module:
    made = {
        "plain": lambda: plain((1, 8, 8), 10, depth=14, width=4),
        "resnet": lambda: resnet((1, 8, 8), 10, depth=14, width=4, shortcut="A"),
        "conv3-fc": lambda: Conv3FC((1, 8, 8), 10),
    }[name]()
    made.load_state_dict(trained(name)[1].weights[moment])
    return made.eval()


def scaled(split: str) -> tuple[torch.Tensor, torch.Tensor]:
    train_images = digits().train_images.astype(np.float64)
    images = train_images if split == "train" else digits().test_images.astype(np.float64)
    labels = digits().train_labels if split == "train" else digits().test_labels
    inputs = torch.from_numpy((images - train_images.mean()) / train_images.std()).float()
    return inputs, torch.from_numpy(labels)


def deeper_by_hand(depth: int) -> nn.Module:
    """The deeper net of the same family: copied layers, and identities put together from the definition of BN."""
    shallow, deep = net_of("plain"), plain((1, 8, 8), 10, depth=depth, width=4)
    own, more = (14 - 2) // 6, (depth - 2) // 6
    state = {name: value.clone() for name, value in shallow.state_dict().items() if "blocks" not in name}
    for name, value in shallow.state_dict().items():
        if name.startswith("blocks."):
            _, number, rest = name.split(".", 2)
            stage, place = divmod(int(number), own)
            state[f"blocks.{stage * more + place}.{rest}"] = value.clone()
    for name, value in deep.state_dict().items():
        if name in state:
            continue
        state[name] = value.clone()
        if name.endswith(("conv1.weight", "conv2.weight")):
            centre = torch.zeros_like(value)
            for channel in range(len(value)):
                centre[channel, channel, 1, 1] = 1
            state[name] = centre
        elif name.endswith((".bn1.weight", ".bn2.weight")):
            state[name] = torch.full_like(value, (1 + 1e-5) ** 0.5)
    deep.load_state_dict(state)
    return deep.eval()


def test_a_deeper_net_that_is_constructed_computes_the_same() -> None:
    (row,) = read("insertion_difference", "plain", depth=26)
    inputs = scaled("train")[0][:200]
    with torch.no_grad():
        before, after = net_of("plain")(inputs), deeper_by_hand(26)(inputs)
    assert torch.allclose(before, after, atol=1e-5)
    assert row["value"] <= 1e-12
    assert row["resolution"] == 2.0**-52
    assert row["depth"] == 26


def test_random_layers_are_no_construction() -> None:
    (row,) = read("insertion_difference", "plain", depth=26, inserted="he")
    assert row["value"] > 0.1


@pytest.mark.parametrize(
    ("name", "options"),
    [("resnet", {"depth": 26}), ("plain", {"depth": 14}), ("plain", {"depth": 27}), ("plain", {})],
)
def test_a_construction_that_is_none_is_refused(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(ReproError, match=r"must be 6n \+ 2|plain nets"):
        read("insertion_difference", name, **options)


@pytest.mark.parametrize("name", ["plain", "resnet"])
def test_a_net_without_one_of_its_blocks(name: str) -> None:
    rows = read("block_left_out", name)
    inputs, labels = scaled("test")
    net = net_of(name)

    def error(left_out: int | None) -> float:
        with torch.no_grad():
            x = F.relu(net.bn1(net.conv1(inputs)))
            for number, block in enumerate(net.blocks):
                x = x if number == left_out else block(x)
            return float((net.fc(x.mean(dim=(2, 3))).argmax(dim=1) != labels).double().mean())

    # Two blocks a stage: the first of each stays.
    assert [row["layer"] for row in rows] == ["blocks.1", "blocks.3", "blocks.5"]
    assert [row["value"] for row in rows] == pytest.approx([error(i) - error(None) for i in (1, 3, 5)])


def test_all_later_blocks_at_once() -> None:
    (row,) = read("block_left_out", "resnet", first=3, together=True)
    inputs, labels = scaled("test")
    net = net_of("resnet")
    with torch.no_grad():
        x = F.relu(net.bn1(net.conv1(inputs)))
        for number in (0, 1, 2, 4):
            x = net.blocks[number](x)
        wrong = float((net.fc(x.mean(dim=(2, 3))).argmax(dim=1) != labels).double().mean())
    assert row["value"] == pytest.approx(wrong - row["whole"])
    assert row["whole"] == pytest.approx(trained("resnet")[1].history[-1]["test_error"])


def share_by_hand(queries: np.ndarray, train: np.ndarray) -> float:
    squares = ((queries[:, None, :].astype(np.float64) - train[None]) ** 2).sum(axis=2)
    nearest = np.argsort(squares, axis=1, kind="stable")[:, :6]
    hits = digits().train_labels[nearest] == digits().test_labels[: len(queries), None]
    return float(hits.mean())


def test_neighbours_in_pixels_and_in_features() -> None:
    train, test = scaled("train")[0], scaled("test")[0]
    in_pixels = share_by_hand(test.flatten(1).numpy(), train.flatten(1).numpy())

    def features(inputs: torch.Tensor) -> np.ndarray:
        net = net_of("conv3-fc")
        with torch.no_grad():
            x = F.relu(net.max_pool(net.conv1(inputs)))
            x = net.average_pool(F.relu(net.conv2(x)))
            return net.average_pool(F.relu(net.conv3(x))).flatten(1).numpy()

    in_features = share_by_hand(features(test), features(train))
    values = {
        space: read("same_class_neighbours", "conv3-fc", space=space)[0]["value"]
        for space in ("pixels", "features", "features-pixels")
    }
    # Distances that are all but equal may change places between single and double precision.
    assert values["pixels"] == pytest.approx(in_pixels, abs=2e-3)
    assert values["features"] == pytest.approx(in_features, abs=2e-3)
    assert values["features-pixels"] == pytest.approx(values["features"] - values["pixels"])


def test_nearest_images_are_pictures_in_the_order_of_their_distance() -> None:
    rows = read("nearest_images", "conv3-fc", space="pixels")
    assert [row["line"] for row in rows] == [line for line in range(4) for _ in range(7)]
    train, test = digits().train_images.astype(float), digits().test_images.astype(float)
    firsts = sorted(
        {int(label): place for place, label in reversed(list(enumerate(digits().test_labels)))}.values()
    )[:4]
    for line, place in enumerate(firsts):
        nearest = np.argsort(((train - test[place]) ** 2).sum(axis=(1, 2, 3)), kind="stable")[:6]
        pictures = [as_pixels(torch.from_numpy(image))["pixels"] for image in (test[place], *train[nearest])]
        assert [row["pixels"] for row in rows[7 * line : 7 * line + 7]] == pictures
        classes = [digits().test_labels[place], *digits().train_labels[nearest]]
        captions = [f"test image of class {classes[0]}", *(f"class {label}" for label in classes[1:])]
        assert [row["caption"] for row in rows[7 * line : 7 * line + 7]] == captions


def test_one_grating_has_all_the_power_and_a_point_has_it_everywhere() -> None:
    x = torch.arange(5, dtype=torch.float64)
    grating = torch.cos(2 * torch.pi * (2 * x[:, None] + x[None, :]) / 5 + 0.3)
    assert peak_share(grating[None]) == pytest.approx(1.0)
    point = torch.zeros(1, 5, 5)
    point[0, 2, 2] = 1
    # 24 frequencies besides the mean, two a grating.
    assert peak_share(point) == pytest.approx(1 / 12)
    # A gradient of colours without a pattern adds nothing.
    assert peak_share(torch.stack([grating, torch.ones(5, 5), torch.zeros(5, 5)])) == pytest.approx(1.0)


def test_the_power_of_even_kernels_is_counted_once() -> None:
    kernel = torch.from_numpy(np.random.default_rng(0).normal(size=(3, 4, 6)))
    power = (np.abs(np.fft.fft2(kernel.numpy())) ** 2).sum(axis=0)
    pairs: dict[frozenset[tuple[int, int]], float] = {}
    for u in range(4):
        for v in range(6):
            if (u, v) != (0, 0):
                pair = frozenset({(u, v), (-u % 4, -v % 6)})
                pairs[pair] = pairs.get(pair, 0.0) + power[u, v]
    assert peak_share(kernel) == pytest.approx(max(pairs.values()) / sum(pairs.values()))


def test_kernels_come_with_their_pictures() -> None:
    rows = read("kernel_peak_share", "conv3-fc")
    assert len(rows) == 32
    weights = trained("conv3-fc")[1].weights["last"]["conv1.weight"]
    assert [row["value"] for row in rows] == pytest.approx(sorted(map(peak_share, weights), reverse=True))
    assert {(row["height"], row["width"]) for row in rows} == {(5, 5)}
    with pytest.raises(ReproError, match="first convolution"):
        take_reading(
            ReadingSpec("kernel_peak_share", 1, {}, subject=_linear()), weights=None, data=None, device=CPU
        )


def test_shuffled_kernels_are_the_same_numbers_elsewhere() -> None:
    own, shuffled = (read("kernel_peak_share", "conv3-fc", shuffled=flag) for flag in (False, True))
    assert [row["value"] for row in own] != [row["value"] for row in shuffled]
    pixels = [sorted(sorted(base64.b64decode(row["pixels"])) for row in rows) for rows in (own, shuffled)]
    assert pixels[0] == pixels[1]


def test_colour_of_the_halves() -> None:
    net = nn.Conv2d(3, 4, 3)
    grey, red = torch.ones(3, 3, 3), torch.zeros(3, 3, 3)
    red[0] = 1.0
    with torch.no_grad():
        net.weight.copy_(torch.stack([grey, -2 * grey, red, 3 * red]))
    context = ProbeContext(device=CPU, model=net, in_shape=(3, 8, 8))
    # A grey kernel has no colour; of a red one the channels share a third of the power.
    assert kernel_colour_halves(context) == [{"value": pytest.approx(2 / 3)}]


def _linear() -> dict[str, Any]:
    model = {"name": "torch.nn:Identity", "version": "1", "options": {}}
    return {"model": model, "in_shape": [1, 8, 8], "classes": 10}


def test_colours_are_kept_and_other_numbers_of_channels_are_grey() -> None:
    red = torch.tensor([[[1.0, 0.0]], [[0.0, 0.0]], [[0.0, 1.0]]])
    assert base64.b64decode(as_pixels(red)["pixels"]) == bytes([255, 0, 0, 0, 0, 255])
    grey = torch.tensor([[[-1.0, 1.0]], [[-1.0, 0.0]]])
    assert base64.b64decode(as_pixels(grey)["pixels"]) == bytes([0, 0, 0, 255, 255, 255])
    assert base64.b64decode(as_pixels(torch.ones(1, 1, 1))["pixels"]) == bytes([128, 128, 128])


def test_augmented_error_is_of_the_runs_own_batches() -> None:
    spec, result = trained("resnet")
    (row,) = read("augmented_minus_test_error", "resnet")
    feed = MemoryFeed(digits(), spec.recipe, spec.seed, CPU)
    net = net_of("resnet")
    wrong = images = 0
    with torch.no_grad():
        for step in range(round(1_400 / 32)):
            inputs, labels = feed.batch(step)
            wrong += int((net(inputs).argmax(dim=1) != labels).sum())
            images += len(labels)
    assert row["augmented"] == wrong / images
    assert row["test"] == pytest.approx(result.history[-1]["test_error"])
    assert row["value"] == pytest.approx(row["augmented"] - row["test"])


def test_augmentation_makes_training_images_harder() -> None:
    spec, result = trained("resnet")
    augmented = RunSpec(
        DIGITS, spec.model, Recipe(**{**_fields(spec.recipe), "augmentation": "pad-crop-flip"}), 1000
    )
    rows = [
        take_reading(
            ReadingSpec("augmented_minus_test_error", 1, {}, run, "last"),
            weights=result.weights["last"],
            data=digits(),
            device=CPU,
        )[0]
        for run in (spec, augmented)
    ]
    assert rows[1]["test"] == rows[0]["test"]
    assert rows[1]["augmented"] > rows[0]["augmented"] + 0.2


def _fields(recipe: Recipe) -> dict[str, Any]:
    return {name: getattr(recipe, name) for name in Recipe.__dataclass_fields__}


def test_with_the_batchs_statistics_responses_have_unit_variance_at_initialisation() -> None:
    spec, result = trained("plain")
    rows = {}
    for statistics in ("batch", "running"):
        reading = ReadingSpec("response_std", 1, {"statistics": statistics}, spec, "init")
        rows[statistics] = take_reading(reading, weights=result.weights["init"], data=digits(), device=CPU)
    # γ = 1 and β = 0: what leaves BN has mean 0 and variance 1 but for ε.
    assert [row["value"] for row in rows["batch"]] == pytest.approx([1.0] * 13, abs=0.01)
    # Running statistics are 0 and 1 then, which normalise nothing.
    inputs = scaled("train")[0]
    first = F.conv2d(inputs, result.weights["init"]["conv1.weight"], padding=1)
    assert rows["running"][0]["value"] == pytest.approx(float(first.std(correction=0)), rel=1e-3)
