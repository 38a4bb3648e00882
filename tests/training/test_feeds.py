"""Batches and sets: what a step sees, against numpy, torchvision and arithmetic in Python's integers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF  # noqa: N812

from repro.datasets import ImageData
from repro.recipes import Recipe
from repro.training.augmentation import RandomCrops, pad_crop_flip
from repro.training.batches import BatchStream
from repro.training.counters import random_bits
from repro.training.feeds import MemoryFeed, evenly_spaced
from repro.training.seeds import global_stream

CPU = torch.device("cpu")
RECIPE = Recipe(name="quick", batch_size=16, steps=6, lr=0.05)


def tiny(n_train: int = 50, n_test: int = 7, shape: tuple[int, int, int] = (3, 8, 6)) -> ImageData:
    random = np.random.default_rng(3)
    arrays = [random.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (n_train, n_test)]
    labels = [random.integers(0, 3, n) for n in (n_train, n_test)]
    return ImageData(arrays[0], labels[0], arrays[1], labels[1], classes=3, fingerprint="")


# Random numbers ------------------------------------------------------------------------------------------------------


def splitmix64(state: int) -> int:
    """The published finaliser, in Python's unbounded integers."""
    mask = 2**64 - 1
    z = state & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def test_the_published_vector() -> None:
    """The first outputs of SplitMix64 seeded with 1234567, as its authors' reference code gives them."""
    published = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
    assert [splitmix64(1234567 + (i + 1) * 0x9E3779B97F4A7C15) for i in range(4)] == published
    assert random_bits(1234567, 0, 4, CPU).tolist() == [value >> 1 for value in published]


@pytest.mark.parametrize(("key", "step"), [(0, 0), (2**63 - 1, 63_999), (987654321, 600_000)])
def test_random_bits_against_python_integers(key: int, step: int) -> None:
    expected = [splitmix64(key + ((step << 24) + i + 1) * 0x9E3779B97F4A7C15) >> 1 for i in range(50)]
    assert random_bits(key, step, 50, CPU).tolist() == expected
    assert random_bits(key, torch.tensor([step - 1, step]), 50, CPU)[1].tolist() == expected


def test_crops_and_flips_are_uniform_and_independent() -> None:
    """Chi-square at a level of 1e-6: 81 places, and whether a place tells the flip."""
    offsets, flips = RandomCrops(5, 200_000, CPU).drawn(11)
    cells = (offsets[:, 0] * 9 + offsets[:, 1]) * 2 + flips.long()
    counts = torch.bincount(cells, minlength=162).double()
    expected = 200_000 / 162
    assert offsets.min() == 0
    assert offsets.max() == 8
    assert ((counts - expected) ** 2 / expected).sum().item() < 257  # 161 degrees of freedom


def test_augmentation_is_a_function_of_seed_and_step() -> None:
    def drawn(seed: int, step: int) -> list[Any]:
        return [value.tolist() for value in RandomCrops(seed, 30, CPU).drawn(step)]

    assert drawn(1, 7) == drawn(1, 7)
    assert drawn(1, 7) != drawn(1, 8)
    assert drawn(1, 7) != drawn(2, 7)


# Batches -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("images", "batch_size"), [(10, 4), (10, 10), (7, 20), (100, 1)])
def test_every_epoch_has_every_image_once(images: int, batch_size: int) -> None:
    stream = BatchStream(images, batch_size, 3, CPU)
    batches = [stream.indices(step) for step in range(images)]
    assert all(len(batch) == batch_size for batch in batches)
    drawn = torch.cat(batches)
    epochs = drawn[: len(drawn) // images * images].view(-1, images)
    assert all(sorted(epoch) == list(range(images)) for epoch in epochs.tolist())
    assert len(epochs) < 2 or images == 1 or not torch.equal(epochs[0], epochs[1])


def test_a_batch_does_not_depend_on_the_batches_asked_for_before() -> None:
    stream = BatchStream(10, 4, 3, CPU)
    forward = [stream.indices(step).tolist() for step in range(8)]
    assert [BatchStream(10, 4, 3, CPU).indices(step).tolist() for step in range(8)] == forward
    assert [stream.indices(step).tolist() for step in (7, 2, 0)] == [forward[7], forward[2], forward[0]]
    assert BatchStream(10, 4, 4, CPU).indices(0).tolist() != forward[0]


def test_pad_crop_flip_against_torchvision() -> None:
    torch.manual_seed(0)
    x = torch.randn(30, 3, 8, 6).contiguous(memory_format=torch.channels_last)
    offsets = torch.randint(0, 9, (30, 2))
    flips = torch.rand(30) < 0.5
    out = pad_crop_flip(x, offsets, flips)
    for image, (top, left), flip, got in zip(x, offsets.tolist(), flips.tolist(), out, strict=True):
        expected = TF.crop(TF.pad(image, [4]), top, left, 8, 6)
        assert torch.equal(got, TF.hflip(expected) if flip else expected)
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_the_same_crops_of_one_image() -> None:
    image = torch.randn(3, 8, 6)
    offsets, flips = RandomCrops(1, 12, CPU).drawn(0)
    expected = pad_crop_flip(image.expand(12, 3, 8, 6), offsets, flips)
    assert torch.equal(pad_crop_flip(image, offsets, flips), expected)


# The feed ------------------------------------------------------------------------------------------------------------


def test_a_sample_is_spread_over_a_set_that_is_sorted_by_class() -> None:
    assert evenly_spaced(4, 10).tolist() == [0, 2, 5, 7]
    assert evenly_spaced(10, 10).tolist() == list(range(10))
    assert evenly_spaced(0, 10).tolist() == []
    data = tiny()
    ordered = replace(data, train_labels=np.sort(data.train_labels))
    recipe = replace(RECIPE, train_error_images=7, curve_images=3)
    feed = MemoryFeed(ordered, recipe, 0, CPU)
    for last, count in ((True, 7), (False, 3)):
        ((inputs, labels),) = feed.clean("train", last=last)
        chosen = [i * len(ordered.train_labels) // count for i in range(count)]
        assert labels.tolist() == ordered.train_labels[chosen].tolist()
        np.testing.assert_array_equal(inputs, feed.first(len(ordered.train_labels))[0][chosen])
    assert [len(labels) for last in (True, False) for _, labels in feed.clean("test", last=last)] == [
        len(data.test_labels),
        3,
    ]


def test_whoever_asks_for_no_evaluation_is_given_the_whole_set() -> None:
    """Probes read sets that a recipe evaluates in part, or never."""
    data = tiny()
    recipe = replace(RECIPE, evaluate=("train",), train_error_images=7, curve_images=3)
    feed = MemoryFeed(data, recipe, 0, CPU)
    for split, labels in (("train", data.train_labels), ("test", data.test_labels)):
        assert torch.cat([found for _, found in feed.clean(split)]).tolist() == labels.tolist()  # type: ignore[arg-type]
    assert list(feed.clean("test", last=True)) == []


def test_inputs_against_numpy() -> None:
    data = tiny()
    a, c = data.train_images.astype(float), data.test_images.astype(float)
    mean_image = a.mean(axis=0)
    mean, std = a.mean(axis=(0, 2, 3)), a.std(axis=(0, 2, 3))
    expected = {
        "per-pixel-mean": lambda x: x / 255 - mean_image / 255,
        "raw-centred": lambda x: x - mean_image,
        "standardised": lambda x: (x - mean[:, None, None]) / std[:, None, None],
    }
    for kind, formula in expected.items():
        feed = MemoryFeed(data, replace(RECIPE, input=kind), 0, CPU)  # type: ignore[arg-type]
        ((train, _),), ((test, labels),) = list(feed.clean("train")), list(feed.clean("test"))
        np.testing.assert_allclose(train, formula(a), atol=1e-4)
        np.testing.assert_allclose(test, formula(c), atol=1e-4)
        assert train.is_contiguous(memory_format=torch.channels_last)
        assert train.dtype == torch.float32
        assert labels.tolist() == data.test_labels.tolist()
        np.testing.assert_array_equal(feed.first(9)[0], train[:9])


def test_a_channel_without_contrast_does_not_divide_by_zero() -> None:
    data = tiny()
    data.train_images[:, 1] = 7
    feed = MemoryFeed(data, replace(RECIPE, input="standardised"), 0, CPU)
    assert feed.first(50)[0].isfinite().all()


@pytest.mark.parametrize("kind", ["per-pixel-mean", "standardised", "raw-centred"])
def test_a_batch_is_scaled_then_padded_with_zeros_cropped_and_mirrored(kind: Any) -> None:
    """The order of the papers: the mean is subtracted first, so what lies outside is the mean image."""
    data = tiny()
    feed = MemoryFeed(data, replace(RECIPE, input=kind, augmentation="pad-crop-flip"), 4, CPU)
    inputs, labels = feed.batch(3)
    chosen = BatchStream(50, 16, 4, CPU).indices(3)
    offsets, flips = RandomCrops(4, 16, CPU).drawn(3)
    scaled = feed.first(50)[0][chosen]
    for image, (top, left), flip, got in zip(scaled, offsets.tolist(), flips.tolist(), inputs, strict=True):
        expected = TF.crop(TF.pad(image, [4]), top, left, 8, 6)
        assert torch.equal(got, TF.hflip(expected) if flip else expected)
    assert labels.tolist() == data.train_labels[chosen.numpy()].tolist()
    assert inputs.is_contiguous(memory_format=torch.channels_last)


def test_without_augmentation_a_batch_is_the_images() -> None:
    feed = MemoryFeed(tiny(), RECIPE, 4, CPU)
    assert torch.equal(feed.batch(3)[0], feed.first(50)[0][BatchStream(50, 16, 4, CPU).indices(3)])


def test_staged_batches_are_the_batches_one_by_one() -> None:
    recipe = replace(RECIPE, augmentation="pad-crop-flip")
    feed = MemoryFeed(tiny(), recipe, 4, CPU, most_steps=5)
    feed.stage(2, 5)
    staged = feed.staged(5)
    alone = [MemoryFeed(tiny(), recipe, 4, CPU).batch(step) for step in range(2, 7)]
    assert all(
        torch.equal(a[0], b[0]) and torch.equal(a[1], b[1]) for a, b in zip(staged, alone, strict=True)
    )


def test_pixels_stay_bytes() -> None:
    assert {pixels.dtype for pixels in MemoryFeed(tiny(), RECIPE, 0, CPU).pixels.values()} == {torch.uint8}


def test_layers_draw_from_a_stream_of_their_own_and_others_go_on_where_they_were() -> None:
    before = torch.random.get_rng_state()
    with global_stream(7, CPU):
        drawn = torch.rand(5)
    assert torch.equal(drawn, torch.rand(5, generator=torch.Generator().manual_seed(7)))
    assert torch.equal(torch.random.get_rng_state(), before)
