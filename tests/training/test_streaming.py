"""Images in files: decoding, crops and colours against torchvision and numpy, and batches whoever reads them."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as TF  # noqa: N812
import torchvision.transforms.transforms as theirs
from PIL import Image
from torch import Tensor

from repro.datasets.files import ImageFiles
from repro.errors import ReproError
from repro.models.alexnet import AlexNet
from repro.models.imagenet import resnet
from repro.recipes import RECIPES, Recipe
from repro.training.augmentation import RandomCrops
from repro.training.batches import BatchStream
from repro.training.colours import ColourNoise
from repro.training.counters import random_bits, uniform
from repro.training.crops import (
    ATTEMPTS,
    centre_square,
    in_proportion,
    random_resized_crop,
    read_rgb,
    scaled_crop,
)
from repro.training.evaluation import evaluate, multi_view_error
from repro.training.image_statistics import pixel_statistics
from repro.training.initialisation import initialise
from repro.training.learner import Learner
from repro.training.seeds import stream
from repro.training.streaming import StreamingFeed, ten_crops

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
BILINEAR = TF.InterpolationMode.BILINEAR
SIZES = [(97, 80), (70, 111), (64, 64), (301, 40), (75, 130)]


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours with some grain, so that a place, a mirror image and a channel are told apart."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 7, 3), dtype=np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray((smooth + random.integers(-9, 10, smooth.shape)).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ImageFiles:
    """40 images of four classes, half of them JPEG, of several sizes."""
    root = tmp_path_factory.mktemp("images")
    names: dict[str, list[str]] = {"train": [], "val": []}
    labels: dict[str, list[int]] = {"train": [], "val": []}
    for label, number in itertools.product(range(4), range(10)):
        split = "train" if number < 7 else "val"
        name = f"{split}/class{label}/{number}.{'jpg' if number % 2 else 'png'}"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        picture(*SIZES[(label + number) % 5], seed=10 * label + number).save(root / name)
        names[split].append(name)
        labels[split].append(label)
    return ImageFiles(
        root=root,
        train_files=tuple(names["train"]),
        train_labels=np.array(labels["train"]),
        test_files=tuple(names["val"]),
        test_labels=np.array(labels["val"]),
        class_names=tuple(f"class{label}" for label in range(4)),
        fingerprint="",
    )


def small(name: str, **fields: Any) -> Recipe:
    """A published recipe on crops of 64 pixels and few images."""
    made = replace(RECIPES[name], batch_size=8, crop_size=64, steps=4, epochs=None, milestones=(), **fields)
    return replace(made, bn_group=4 if made.bn_group else None)


# Decoding ------------------------------------------------------------------------------------------------------------


def saved(path: Path, image: Image.Image, **how: Any) -> np.ndarray[Any, Any]:
    image.save(path, **how)
    return np.asarray(read_rgb(path))


def test_files_of_every_kind_become_rgb(tmp_path: Path) -> None:
    grey = Image.fromarray(np.array([[0, 7], [128, 255]], dtype=np.uint8))
    assert saved(tmp_path / "grey.png", grey)[..., 1].tolist() == [[0, 7], [128, 255]]
    deep = Image.fromarray(np.array([[0x00FF, 0xABCD], [0x8000, 0xFFFF]], dtype=np.uint16))
    assert saved(tmp_path / "deep.png", deep)[0, 1].tolist() == [0xAB] * 3
    assert saved(tmp_path / "deep.tif", deep)[..., 2].tolist() == [[0, 0xAB], [0x80, 0xFF]]
    # Ink: magenta and yellow at full strength are red.
    ink = Image.new("CMYK", (2, 2), (0, 255, 255, 0))
    assert saved(tmp_path / "ink.tif", ink)[0, 0].tolist() == [255, 0, 0]
    glass = Image.new("RGBA", (2, 2), (10, 20, 30, 0))
    assert saved(tmp_path / "glass.png", glass)[1, 1].tolist() == [10, 20, 30]
    palette = Image.new("P", (2, 2), 1)
    palette.putpalette([1, 2, 3, 40, 50, 60])
    assert saved(tmp_path / "palette.png", palette, transparency=b"\xff\x00")[0, 0].tolist() == [40, 50, 60]


def test_an_orientation_in_exif_is_not_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = saved(tmp_path / "turned.png", picture(30, 20), exif=exif)
    with Image.open(tmp_path / "turned.png") as image:
        assert image.getexif()[0x0112] == 6
    assert np.array_equal(turned, np.asarray(picture(30, 20)))


def test_uniform_numbers_have_53_bits() -> None:
    bits = [0, 1 << 10, (1 << 63) - 1, 123456789123456789]
    assert uniform(torch.tensor(bits)).tolist() == [(number >> 10) / 2**53 for number in bits]


# Crops ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [37, 64, 73, 256])
def test_centre_square_against_torchvision(size: tuple[int, int], side: int) -> None:
    image = picture(*size)
    expected = TF.center_crop(TF.resize(image, side, BILINEAR), [side, side])
    assert np.array_equal(np.asarray(centre_square(image, side)), np.asarray(expected))


@pytest.mark.parametrize("size", SIZES)
def test_scaled_crop_against_torchvision(size: tuple[int, int]) -> None:
    image = picture(*size)
    for numbers in np.random.default_rng(1).random((20, 4)):
        side = 73 + int(numbers[0] * (137 - 73 + 1))  # 256 and 480, times 64 / 224
        resized = TF.resize(image, side, BILINEAR)
        y, x = int(numbers[1] * (resized.height - 63)), int(numbers[2] * (resized.width - 63))
        expected = TF.crop(resized, y, x, 64, 64)
        expected = TF.hflip(expected) if numbers[3] < 0.5 else expected
        assert np.array_equal(np.asarray(scaled_crop(image, 64, numbers.tolist())), np.asarray(expected))


def test_scaled_crop_reaches_both_ends() -> None:
    """At 224 pixels, shorter sides of 256 to 480: a ramp's slope tells the size that it was resized to."""
    ramp = Image.fromarray(np.tile((np.arange(120) * 2).astype(np.uint8)[:, None, None], (1, 120, 3)))
    almost = 1 - 2**-53
    for number, side in [(0.0, 256), (almost, 480), (0.5, 368)]:
        crop = np.asarray(scaled_crop(ramp, 224, [number, 0.5, almost, almost])).astype(float)
        assert 240 / np.diff(crop[:, 5, 0]).mean() == pytest.approx(side, rel=0.01)


@pytest.mark.parametrize("size", SIZES)
def test_random_resized_crop_against_torchvision(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = picture(*size)
    for numbers in np.random.default_rng(2).random((20, 2 * ATTEMPTS + 3)).tolist():
        attempts, places = iter(numbers[:-3]), iter(numbers[-3:-1])

        class Drawn:
            def __init__(self, drawn: Iterator[float] = attempts) -> None:
                self.drawn = drawn

            def uniform_(self, least: Tensor | float, greatest: Tensor | float) -> Tensor:
                return torch.tensor(float(least) + (float(greatest) - float(least)) * next(self.drawn))

        def randint(low: int, high: int, size: object, drawn: Iterator[float] = places) -> Tensor:
            return torch.tensor(low + int(next(drawn) * (high - low)))

        fake = SimpleNamespace(
            empty=lambda _, made=Drawn: made(),
            randint=randint,
            log=torch.log,
            exp=torch.exp,
            tensor=torch.tensor,
        )
        with monkeypatch.context() as patch:
            patch.setattr(theirs, "torch", fake)
            y, x, height, width = theirs.RandomResizedCrop.get_params(image, [0.08, 1.0], [3 / 4, 4 / 3])
        expected = TF.resized_crop(image, y, x, height, width, [64, 64], BILINEAR)
        expected = TF.hflip(expected) if numbers[-1] < 0.5 else expected
        assert np.array_equal(np.asarray(random_resized_crop(image, 64, numbers)), np.asarray(expected))


@pytest.mark.parametrize(("square", "size"), [(73, 64), (256, 224), (80, 73)])
def test_ten_crops_against_torchvision(square: int, size: int) -> None:
    images = torch.randn(2, 3, square, square)
    five = torch.stack(TF.five_crop(images, [size, size]), dim=1)
    assert torch.equal(ten_crops(images, size), torch.cat([five, TF.hflip(five)], dim=1))


# Colours -------------------------------------------------------------------------------------------------------------


def test_statistics_against_numpy() -> None:
    pixels = torch.randint(0, 256, (9, 3, 5, 5), dtype=torch.uint8)
    found = pixel_statistics(pixels.split(4))
    array = pixels.numpy().astype(float)
    colours = array.transpose(1, 0, 2, 3).reshape(3, -1)
    np.testing.assert_allclose(found.mean_image, array.mean(axis=0))
    np.testing.assert_allclose(found.mean, colours.mean(axis=1))
    np.testing.assert_allclose(found.covariance, np.cov(colours, bias=True))


def test_colour_noise_by_hand() -> None:
    """Two grey images, 55 and 157: the variance of each channel and every covariance are 51² = (255/5)².

    As fractions of 255 the one eigenvalue is 3 · 0.04 = 0.12, its vector (1, 1, 1)/√3: each channel gets the same
    255 · α · 0.12/√3, a standard deviation of 25.5 · 0.12/√3 = 1.7667 grey levels.
    """
    images = torch.stack([torch.full((3, 4, 4), level, dtype=torch.uint8) for level in (55, 157)])
    drawn = ColourNoise(pixel_statistics([images]).covariance, seed=3, batch_size=100_000).drawn(7)
    torch.testing.assert_close(drawn, drawn[:, :1].expand(-1, 3), atol=1e-5, rtol=0)
    assert drawn[:, 0].std().item() == pytest.approx(1.7667, rel=0.02)
    assert drawn[:, 0].mean().item() == pytest.approx(0, abs=6 * 1.7667 / 100_000**0.5)


def test_colour_noise_has_the_covariance_that_the_formula_says() -> None:
    mixed = np.random.default_rng(0).normal(size=(3, 3)) * 40
    covariance = mixed @ mixed.T
    noise = ColourNoise(torch.from_numpy(covariance), seed=1, batch_size=200_000)
    fractions = covariance / 255**2
    expected = 255**2 * 0.1**2 * fractions @ fractions  # Σ p λ² pᵀ is the square of Σ p λ pᵀ
    got = np.cov(noise.drawn(0).numpy().T)
    np.testing.assert_allclose(got, expected, atol=0.02 * expected.max())
    assert torch.equal(noise.drawn(4), noise.drawn(4))
    assert not torch.equal(noise.drawn(4), noise.drawn(5))


# The feed ------------------------------------------------------------------------------------------------------------


def squares(files: ImageFiles, names: Sequence[str], side: int) -> Tensor:
    """Centre squares by torchvision, float32 (N, 3, side, side)."""
    read = [Image.open(files.root / name).convert("RGB") for name in names]
    cut = [TF.center_crop(TF.resize(image, side, BILINEAR), [side, side]) for image in read]
    return torch.stack([TF.pil_to_tensor(image) for image in cut]).float()


def test_a_batch_for_alexnet(files: ImageFiles) -> None:
    recipe = small("alexnet-imagenet")
    feed = StreamingFeed(files, recipe, 5, CPU)
    inputs, labels = feed.batch(9)
    chosen = BatchStream(28, 8, 5, CPU).indices(9).tolist()
    assert labels.tolist() == files.train_labels[chosen].tolist()
    every = squares(files, files.train_files, 73)
    centred = every[chosen] - every.mean(dim=0)
    offsets, flips = RandomCrops(5, 8, CPU, 10).drawn(9)
    crops = [TF.crop(image, y, x, 64, 64) for image, (y, x) in zip(centred, offsets.tolist(), strict=True)]
    crops = [TF.hflip(crop) if flip else crop for crop, flip in zip(crops, flips, strict=True)]
    expected = torch.stack(crops) + feed.noise.drawn(9)[:, :, None, None]
    torch.testing.assert_close(inputs, expected, atol=1e-3, rtol=1e-4)
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    assert offsets.max() > 6


def test_a_batch_for_resnet(files: ImageFiles) -> None:
    recipe = small("resnet-imagenet")
    feed = StreamingFeed(files, recipe, 5, CPU)
    inputs, _ = feed.batch(2)
    chosen = BatchStream(28, 8, 5, CPU).indices(2).tolist()
    numbers = uniform(random_bits(stream(5, "crops"), 2, 32, CPU)).view(8, 4).tolist()
    cut = [
        scaled_crop(Image.open(files.root / files.train_files[i]).convert("RGB"), 64, row)
        for i, row in zip(chosen, numbers, strict=True)
    ]
    pixels = torch.stack([TF.pil_to_tensor(image) for image in cut]).float()
    mean = TF.center_crop(squares(files, files.train_files, 73), [64, 64]).mean(dim=0)
    expected = (pixels + feed.noise.drawn(2)[:, :, None, None] - mean) / 255
    torch.testing.assert_close(inputs, expected, atol=1e-5, rtol=1e-4)


def test_standardised_inputs_and_no_augmentation(files: ImageFiles) -> None:
    feed = StreamingFeed(files, small("resnet-imagenet-modern", augmentation="none"), 5, CPU)
    inputs, _ = feed.batch(0)
    every = squares(files, files.train_files, 73)
    mean, std = every.mean(dim=(0, 2, 3)), every.std(dim=(0, 2, 3), correction=0)
    chosen = BatchStream(28, 8, 5, CPU).indices(0).tolist()
    expected = TF.normalize(TF.center_crop(every[chosen], [64, 64]), mean, std)
    torch.testing.assert_close(inputs, expected, atol=1e-4, rtol=1e-4)
    clean = {tuple(image.flatten()[:50].tolist()) for image in torch.cat([x for x, _ in feed.clean("train")])}
    assert all(tuple(image.flatten()[:50].tolist()) in clean for image in inputs)


def test_test_images_and_their_views(files: ImageFiles) -> None:
    for name, moves in (("alexnet-imagenet", True), ("resnet-imagenet", False)):
        feed = StreamingFeed(files, small(name), 1, CPU)
        scale = 1.0 if moves else 1 / 255
        mean = squares(files, files.train_files, 73).mean(dim=0)
        every = squares(files, files.test_files, 73)
        inputs, labels = (torch.cat(part) for part in zip(*feed.clean("test"), strict=True))
        assert labels.tolist() == files.test_labels.tolist()
        torch.testing.assert_close(inputs, scale * TF.center_crop(every - mean, [64, 64]))
        batches = feed.views()
        assert batches is not None
        views = torch.cat([views for views, _ in batches])
        five = torch.stack(TF.five_crop(every - mean if moves else every, [64, 64]), dim=1)
        expected = torch.cat([five, TF.hflip(five)], dim=1)
        if not moves:
            expected = expected - TF.center_crop(mean, [64, 64])
        torch.testing.assert_close(views, scale * expected)
    assert StreamingFeed(files, small("resnet-imagenet", test_views="centre"), 1, CPU).views() is None


def test_the_training_error_is_that_of_a_fixed_sample(files: ImageFiles) -> None:
    feeds = [
        StreamingFeed(files, small("resnet-imagenet", **{"train_error_images": 11}), s, CPU) for s in (0, 1)
    ]
    inputs, labels = (torch.cat(part) for part in zip(*feeds[0].clean("train", last=True), strict=True))
    assert len(inputs) == len(labels) == 11
    assert len(set(labels.tolist())) == 4
    assert torch.equal(inputs, torch.cat([x for x, _ in feeds[1].clean("train", last=True)]))
    first, first_labels = feeds[0].first(9)
    assert torch.equal(first, inputs[:9])
    assert torch.equal(first_labels, labels[:9])
    whole = StreamingFeed(files, small("resnet-imagenet", train_error_images=None), 0, CPU)
    assert sum(len(labels) for _, labels in whole.clean("train")) == 28


@pytest.fixture(scope="module")
def helped(files: ImageFiles) -> Iterator[StreamingFeed]:
    """A feed with two processes that read: seconds to start, so that tests share it."""
    with closing(StreamingFeed(files, small("resnet-imagenet-modern"), 5, CPU, processes=2)) as feed:
        yield feed


def test_batches_are_the_same_whoever_reads_them_and_wherever_one_begins(
    files: ImageFiles, helped: StreamingFeed
) -> None:
    recipe = small("resnet-imagenet-modern")
    alone = StreamingFeed(files, recipe, 5, CPU)
    expected = [alone.batch(step) for step in range(6)]
    got = [helped.batch(step) for step in range(3)]
    # An evaluation in between, and an abandoned one.
    clean = list(helped.clean("test"))
    next(iter(helped.clean("train")))
    got += [helped.batch(step) for step in range(3, 6)]
    for (inputs, labels), (wanted, wanted_labels) in zip(got, expected, strict=True):
        assert torch.equal(inputs, wanted)
        assert torch.equal(labels, wanted_labels)
    assert all(torch.equal(a, b) for (a, _), (b, _) in zip(clean, alone.clean("test"), strict=True))
    resumed = StreamingFeed(files, recipe, 5, CPU)
    assert torch.equal(resumed.batch(4)[0], expected[4][0])
    assert not torch.equal(StreamingFeed(files, recipe, 6, CPU).batch(0)[0], expected[0][0])


@pytest.mark.skipif(os.name == "nt", reason="a signal to one process is POSIX's")
def test_ctrl_c_does_not_end_the_processes_that_read(files: ImageFiles, helped: StreamingFeed) -> None:
    expected = StreamingFeed(files, small("resnet-imagenet-modern"), 5, CPU).batch(30)
    helped.batch(29)
    readers = multiprocessing.active_children()
    assert len(readers) == 2
    for reader in readers:
        assert reader.pid is not None
        os.kill(reader.pid, signal.SIGINT)
    assert torch.equal(helped.batch(30)[0], expected[0])
    assert torch.equal(
        helped.batch(50)[1], StreamingFeed(files, small("resnet-imagenet-modern"), 5, CPU).batch(50)[1]
    )
    assert all(reader.is_alive() for reader in readers)


@pytest.mark.parametrize("alone", [False, True])
def test_files_that_cannot_be_read_are_named_and_never_skipped(
    files: ImageFiles, helped: StreamingFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    feed = StreamingFeed(files, small("resnet-imagenet-modern"), 5, CPU) if alone else helped
    whole = (files.root / files.train_files[0]).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no image", encoding="utf-8")
    broken = tuple(str(tmp_path / name) for name in ("cut.png", "text.jpg", "gone.png"))
    order = BatchStream(28, 8, 5, CPU).indices(1).tolist()
    names = list(files.train_files)
    for place, name in zip((order[0], order[3], order[7]), broken, strict=True):
        names[place] = name
    monkeypatch.setattr(feed, "files", replace(files, train_files=tuple(names)))
    feed.batch(0)
    with pytest.raises(ReproError) as caught:
        feed.batch(1)
    problems = caught.value.problems
    assert [problem.where for problem in problems] == list(broken)
    assert "truncated" in problems[0].what
    assert "UnidentifiedImageError" in problems[1].what
    assert "FileNotFoundError" in problems[2].what
    assert all(problem.hint and "restore" in problem.hint for problem in problems)


# Training ------------------------------------------------------------------------------------------------------------


def learner(files: ImageFiles, recipe: Recipe, alexnet: bool) -> Learner:
    feed = StreamingFeed(files, recipe, 5, CPU)
    with torch.random.fork_rng():
        model = AlexNet(feed.in_shape, 4) if alexnet else resnet(feed.in_shape, 4, depth=18)
    initialise(model, recipe.initialisation, 5)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Learner(recipe, 5, model, feed, reseeds=alexnet)


@pytest.mark.parametrize("alexnet", [False, True])
def test_a_run_goes_on_where_it_was(files: ImageFiles, alexnet: bool) -> None:
    recipe = small("alexnet-imagenet" if alexnet else "resnet-imagenet")
    with torch.random.fork_rng():
        whole = learner(files, recipe, alexnet)
        for step in range(3):
            whole.advance(step, [recipe.lr])
        half = learner(files, recipe, alexnet)
        half.advance(0, [recipe.lr])
        state = half.state()
        resumed = learner(files, recipe, alexnet)
        resumed.restore(state)
        for step in (1, 2):
            resumed.advance(step, [recipe.lr])
    ours, theirs = resumed.weights(), whole.weights()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert whole.finite_steps == 3
    error, loss = evaluate(whole.model, whole.feed.clean("test"))
    views = whole.feed.views()
    assert views is not None
    assert 0 <= multi_view_error(whole.model, views) <= 1
    assert 0 <= error <= 1
    assert np.isfinite(loss)


def test_a_new_stream_leaves_the_random_numbers_of_dropout_alone(files: ImageFiles) -> None:
    feed = StreamingFeed(files, small("alexnet-imagenet"), 5, CPU)
    before = torch.random.get_rng_state()
    feed.batch(0)
    feed.batch(3)
    list(feed.clean("test"))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_sizes_are_in_proportion_to_the_crop() -> None:
    assert [in_proportion(side, 224) for side in (256, 480)] == [256, 480]
    assert [in_proportion(side, 112) for side in (256, 480)] == [128, 240]
