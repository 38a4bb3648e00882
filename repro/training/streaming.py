"""A feed of images in files: read, decoded and cropped as training goes on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from repro.datasets.files import ImageFiles
from repro.recipes import Recipe
from repro.training.augmentation import RandomCrops, crop_flip
from repro.training.batches import BatchStream
from repro.training.colours import ColourNoise
from repro.training.counters import random_bits, uniform
from repro.training.crops import CROPS, SQUARE, in_proportion, middle
from repro.training.feeds import Batch, Split, evaluated, evenly_spaced
from repro.training.image_statistics import STATISTICS_IMAGES, PixelStatistics, pixel_statistics
from repro.training.loader import ImageLoader, Order
from repro.training.seeds import stream

COLOURED = frozenset({"alexnet", "resnet-imagenet"})
"""Augmentations with AlexNet's colour noise; ResNet, Sec. 3.4: "The standard color augmentation in [21] is used"."""

TEN_CROPS = 10


class StreamingFeed:
    """Images in files. Pixels come to the device as uint8; colours, scale and, for AlexNet, crops are made there.

    Training, by the recipe's augmentation, for crops of 224 (others in proportion):

    - "alexnet" (Sec. 2, 4.1): shorter side 256, the centre square, a random crop, mirrored half of the time, colour
      noise. The mean image is that of the squares; crops and mirroring move it along with the picture.
    - "resnet-imagenet" (Sec. 3.4): shorter side of a random whole length in [256, 480], a random crop of the whole
      picture, mirrored half of the time, colour noise. The mean image is that of centre crops and stays where it is.
    - "random-resized-crop": a box of random area and aspect, resized, mirrored half of the time.
    - "none": the centre crop.

    Testing: the centre crop of the centre square at shorter side 256. Ten crops (AlexNet, Sec. 4.1): the corners of
    that square and its centre, and their mirror images. ResNet calls this "the standard 10-crop testing [21]" for
    Table 2 and 3 and says no more; its Table 4 averages fully-convolutional scores over five scales: not built.

    Mean and covariance are those of a fixed sample of the training images, read when the feed is made.

    Args:
        files: the dataset.
        recipe: with `crop_size`.
        seed: the run's.
        device: where batches are wanted.
        processes: that read ahead beside this one; who calls knows how many runs share the machine's cores.

    Raises:
        ReproError: here and while iterating, files that cannot be read.
    """

    def __init__(
        self, files: ImageFiles, recipe: Recipe, seed: int, device: torch.device, processes: int = 0
    ) -> None:
        assert recipe.crop_size is not None
        self.crop_size = recipe.crop_size
        self.files, self.recipe, self.device = files, recipe, device
        self.images, self.classes = len(files.train_files), files.classes
        self.in_shape = (3, self.crop_size, self.crop_size)
        self.square = in_proportion(SQUARE, self.crop_size)
        self.seed = seed
        self.names = {"train": files.train_files, "test": files.test_files}
        self.labels = {
            "train": torch.from_numpy(files.train_labels),
            "test": torch.from_numpy(files.test_labels),
        }
        # One for all seeds: what is measured on a sample is measured on the same images in every run.
        self.sample = torch.argsort(random_bits(stream(0, "sample"), 0, self.images, torch.device("cpu")))
        self.loader = ImageLoader(files.root, self.crop_size, device, processes)
        self._batches: Iterator[Batch] = iter(())
        self._turn = self._next_step = -1
        self._take_statistics()
        places = self.square - self.crop_size + 1
        self.crops = RandomCrops(seed, recipe.batch_size, device, places)

    def _take_statistics(self) -> None:
        sample = self._squares("train", self.sample[:STATISTICS_IMAGES])
        statistics = pixel_statistics(pixels for pixels, _ in self.loader.stream(sample))
        self.noise = ColourNoise(statistics.covariance, self.seed, self.recipe.batch_size)
        offset, scale = _inputs(statistics, self.recipe)
        self.square_offset, self.scale = offset.float().to(self.device), scale.float().to(self.device)
        self.offset = self._centre(self.square_offset)

    def batch(self, step: int) -> Batch:
        """Return the augmented batch of a step; those that follow are read ahead."""
        if self._turn != self.loader.turn or step != self._next_step:
            self._batches = self.loader.stream(_training_orders(self.files, self.recipe, self.seed, step))
            self._turn = self.loader.turn
        pixels, labels = self._on_device(next(self._batches))
        self._next_step = step + 1
        if self.recipe.augmentation in COLOURED:
            noise = self.noise.drawn(step).to(self.device, non_blocking=True)
            pixels = pixels + noise[:, :, None, None]
        match self.recipe.augmentation:
            case "alexnet":
                offsets, flips = self.crops.drawn(step)
                centred = crop_flip(pixels - self.square_offset, self.in_shape[1:], offsets, flips)
            case "none":
                centred = self._centre(pixels) - self.offset
            case _:
                centred = pixels - self.offset
        return self._scaled(centred), labels

    def clean(self, split: Split, *, last: bool | None = None) -> Iterator[Batch]:
        """Yield centre crops of all images of a set, or of those that an evaluation takes."""
        wanted = evaluated(self.recipe, split, len(self.names[split]), last)
        train = split == "train"
        yield from self._clean(
            split, self.sample[:wanted] if train else evenly_spaced(wanted, len(self.names["test"]))
        )

    def first(self, count: int) -> Batch:
        """Return centre crops of the first images of the sample."""
        batches = list(self._clean("train", self.sample[:count]))
        inputs = torch.cat([inputs for inputs, _ in batches])
        return inputs, torch.cat([labels for _, labels in batches])

    def views(self) -> Iterator[Batch] | None:
        """Yield ten crops of each test image, (N, 10, 3, H, W), where the recipe wants them."""
        return self._ten_crops() if self.recipe.test_views == "ten-crop" else None

    def close(self) -> None:
        """Let the processes that read ahead come to rest, at the end of a run."""
        self.loader.close()

    def _ten_crops(self) -> Iterator[Batch]:
        size = max(1, self.recipe.batch_size // TEN_CROPS)
        moves = self.recipe.augmentation == "alexnet"
        for batch in self.loader.stream(self._squares("test", torch.arange(len(self.names["test"])), size)):
            pixels, labels = self._on_device(batch)
            if moves:
                yield ten_crops(pixels - self.square_offset, self.crop_size) * self.scale, labels
            else:
                yield (ten_crops(pixels, self.crop_size) - self.offset) * self.scale, labels

    def _clean(self, split: Split, indices: Tensor) -> Iterator[Batch]:
        for batch in self.loader.stream(self._squares(split, indices)):
            pixels, labels = self._on_device(batch)
            yield self._scaled(self._centre(pixels) - self.offset), labels

    def _squares(
        self, split: Split, indices: Tensor, size: int | None = None
    ) -> Iterator[tuple[Order, Tensor]]:
        """Yield orders for centre squares, in batches of the recipe's size: what fits in training fits here."""
        for part in torch.split(indices, size or self.recipe.batch_size):
            yield Order([self.names[split][i] for i in part.tolist()]), self.labels[split][part]

    def _centre(self, squares: Tensor) -> Tensor:
        start = middle(self.square, self.crop_size)
        inside = slice(start, start + self.crop_size)
        return squares[..., inside, inside]

    def _on_device(self, batch: Batch) -> Batch:
        pixels, labels = (tensor.to(self.device, non_blocking=True) for tensor in batch)
        return pixels.float(), labels

    def _scaled(self, centred: Tensor) -> Tensor:
        return (centred * self.scale).contiguous(memory_format=torch.channels_last)


def _training_orders(
    files: ImageFiles, recipe: Recipe, seed: int, step: int
) -> Iterator[tuple[Order, Tensor]]:
    """Yield what each step from `step` on reads, and its labels, for ever."""
    assert recipe.crop_size is not None
    cpu = torch.device("cpu")
    batches = BatchStream(len(files.train_files), recipe.batch_size, seed, cpu)
    labels = torch.from_numpy(files.train_labels)
    crop = recipe.augmentation if recipe.augmentation in CROPS else "square"
    count, key = CROPS[crop].numbers, stream(seed, "crops")
    for now in itertools.count(step):
        indices = batches.indices(now)
        numbers = uniform(random_bits(key, now, recipe.batch_size * count, cpu)).view(
            recipe.batch_size, count
        )
        names = [files.train_files[i] for i in indices.tolist()]
        yield Order(names, crop, numbers.tolist()), labels[indices]


def _inputs(statistics: PixelStatistics, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Return offset, (3, S, S), and scale, (3, 1, 1), of the recipe's inputs; as repro.training.inputs has them."""
    if recipe.input == "standardised":
        std = statistics.covariance.diagonal().clamp(min=1e-12).sqrt()
        return statistics.mean[:, None, None].expand_as(statistics.mean_image), 1 / std[:, None, None]
    scale = 1 / 255 if recipe.input == "per-pixel-mean" else 1.0
    return statistics.mean_image, torch.full((3, 1, 1), scale)


def ten_crops(squares: Tensor, size: int) -> Tensor:
    """Return the four corners and the centre of (N, C, S, S), then their mirror images: (N, 10, C, size, size)."""
    end = squares.shape[-1] - size
    centre = middle(squares.shape[-1], size)
    places = [(0, 0), (0, end), (end, 0), (end, end), (centre, centre)]
    crops = torch.stack([squares[..., y : y + size, x : x + size] for y, x in places], dim=1)
    return torch.cat([crops, crops.flip(-1)], dim=1)
