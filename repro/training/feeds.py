"""Where a run's images come from: batches to learn from, whole sets to be evaluated on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Protocol

import torch
from torch import Tensor

from repro.datasets.images import ImageData
from repro.recipes import Recipe
from repro.training.augmentation import RandomCrops, pad_crop_flip
from repro.training.batches import BatchStream
from repro.training.inputs import input_statistics

Split = Literal["train", "test"]
Batch = tuple[Tensor, Tensor]
"""Inputs, float32 (N, C, H, W), channels last in memory, and labels, int64 (N,)."""

EVALUATED_AT_ONCE = {"cpu": 500, "cuda": 2000}
"""Images of a batch that is evaluated, by kind of device."""


class Feed(Protocol):
    """The images of one run, as its recipe wants them, on its device.

    Attributes:
        images: training images.
        classes: number of classes.
        in_shape: (C, H, W) of the net's inputs.
    """

    images: int
    classes: int
    in_shape: tuple[int, int, int]

    def batch(self, step: int) -> Batch:
        """Return the augmented batch of a step (from 0): a function of data, recipe, seed and step."""

    def clean(self, split: Split, *, last: bool | None = None) -> Iterator[Batch]:
        """Yield all images of a set, without augmentation; or those that an evaluation takes, the last or one before.

        What a probe reads depends on no evaluation that the recipe declares.
        """

    def first(self, count: int) -> Batch:
        """Return the first `count` training images without augmentation, in an order that ignores classes."""

    def views(self) -> Iterator[Batch] | None:
        """Yield the test set as several views an image, (N, V, C, H, W); None where the recipe wants none."""

    def close(self) -> None:
        """Let go of what reads ahead."""


def evaluated(recipe: Recipe, split: Split, images: int, last: bool | None) -> int:
    """Return how many of a set's images are wanted: all, or what an evaluation takes, the last or one before."""
    return images if last is None else recipe.images_evaluated(split, images, last=last)


def evenly_spaced(count: int, images: int) -> Tensor:
    """Return the indices of `count` images of a set, as far from one another as they can be: int64, (count,)."""
    return torch.arange(count) * images // max(count, 1)


class MemoryFeed:
    """A dataset in memory: pixels stay uint8 on the device; a batch is cropped, mirrored and scaled there.

    What lies outside a padded image is zero after the mean is subtracted, so it stands for the mean image.

    Args:
        data: the images.
        recipe: batch size, augmentation and input scale count.
        seed: the run's.
        device: where the pixels live and batches are made.
        most_steps: batches that :meth:`stage` may be asked for at once.
    """

    def __init__(
        self, data: ImageData, recipe: Recipe, seed: int, device: torch.device, most_steps: int = 1
    ) -> None:
        self.images, self.classes, self.in_shape = len(data.train_labels), data.classes, data.in_shape
        self.device = device
        self.batch_size = recipe.batch_size
        self.recipe = recipe
        self.augments = recipe.augmentation == "pad-crop-flip"
        self.pixels = {
            "train": torch.from_numpy(data.train_images).to(device),
            "test": torch.from_numpy(data.test_images).to(device),
        }
        self.labels = {
            "train": torch.from_numpy(data.train_labels).to(device),
            "test": torch.from_numpy(data.test_labels).to(device),
        }
        offset, scale = input_statistics(data.train_images, recipe.input)
        self.offset, self.scale = offset.to(device), scale.to(device)
        self.order = BatchStream(self.images, recipe.batch_size, seed, device)
        self.crops = RandomCrops(seed, recipe.batch_size, device)
        # What a captured graph reads: written by `stage`, never replaced.
        self.indices = torch.zeros((most_steps, recipe.batch_size), dtype=torch.int64, device=device)
        self.first_step = torch.zeros((), dtype=torch.int64, device=device)

    def stage(self, step: int, count: int) -> None:
        """Write down which images the next `count` batches from `step` on are made of."""
        self.indices[:count].copy_(self.order.indices(step, count).view(count, self.batch_size))
        self.first_step.fill_(step)

    def staged(self, count: int) -> list[Batch]:
        """Make the first `count` staged batches, all at once: device operations on fixed addresses, nothing else."""
        chosen = self.indices[:count].flatten()
        pixels, labels = self.pixels["train"][chosen], self.labels["train"][chosen]
        offset = self.offset
        if self.augments:
            steps = self.first_step + torch.arange(count, device=self.device)
            offsets, flips = self.crops.drawn(steps)
            pixels, offset = pad_crop_flip(pixels, offsets, flips), pad_crop_flip(offset, offsets, flips)
        inputs = self._scaled(pixels, offset)
        batches = torch.split(inputs, self.batch_size), torch.split(labels, self.batch_size)
        return list(zip(*batches, strict=True))

    def batch(self, step: int) -> Batch:
        """Return the augmented batch of a step."""
        self.stage(step, 1)
        return self.staged(1)[0]

    def clean(self, split: Split, *, last: bool | None = None) -> Iterator[Batch]:
        """Yield a set in its order, or every n-th image of it, whatever the order of classes."""
        pixels, labels = self.pixels[split], self.labels[split]
        wanted = evaluated(self.recipe, split, len(labels), last)
        if wanted < len(labels):
            sample = evenly_spaced(wanted, len(labels)).to(self.device)
            pixels, labels = pixels[sample], labels[sample]
        size = EVALUATED_AT_ONCE.get(self.device.type, EVALUATED_AT_ONCE["cpu"])
        for start in range(0, len(labels), size):
            part = slice(start, start + size)
            yield self._scaled(pixels[part], self.offset), labels[part]

    def first(self, count: int) -> Batch:
        """Return the first training images, in the data's order."""
        return self._scaled(self.pixels["train"][:count], self.offset), self.labels["train"][:count]

    def views(self) -> None:
        """Whole images have one view."""
        return

    def close(self) -> None:
        """Nothing reads ahead."""

    def _scaled(self, pixels: Tensor, offset: Tensor) -> Tensor:
        scaled = (pixels.to(torch.float32) - offset) * self.scale
        return scaled.contiguous(memory_format=torch.channels_last)
