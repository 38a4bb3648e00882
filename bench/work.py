"""The work that `python -m bench speed` gives to each arm: nets, images, steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from repro.datasets import ImageData
from repro.recipes import RECIPES, Recipe
from repro.spec import DatasetSpec, ModelSpec, Numerics, RunSpec

BATCH = 128
ITERATIONS = 64_000
"""ResNet, Sec. 4.2."""


@dataclass(frozen=True)
class Work:
    """Nets to be trained side by side, each as often as it is named, on images that are made up.

    Random images serve: no arm is faster or slower for what they show.

    Attributes:
        name: of the row.
        nets: names of :data:`NETS`, one for each net that is trained.
        shape: (C, H, W).
        train_images, test_images: how many.
        end_to_end: after each epoch every arm evaluates what it needs to: ours a tenth of the training set and as many
            test images, as the shipped claims declare, the others the test set. Else all evaluate both sets.
        steps: iterations of each net.
        seeds: of each net.
    """

    name: str
    nets: tuple[str, ...]
    shape: tuple[int, int, int]
    train_images: int
    test_images: int
    steps: int
    seeds: int = 1
    end_to_end: bool = False

    @property
    def epoch_steps(self) -> int:
        """Iterations of an epoch."""
        return max(1, self.train_images // BATCH)


def _cifar(kind: str, depth: int) -> ModelSpec:
    options = {"depth": depth, "width": 16} | ({"shortcut": "A"} if kind == "resnet" else {})
    return ModelSpec(f"cifar-{kind}", 1, options)


NETS = {
    **{
        f"{kind}-{depth}": _cifar(kind, depth)
        for kind in ("plain", "resnet")
        for depth in (20, 32, 44, 56, 110)
    },
    "conv3-fc": ModelSpec("conv3-fc", 1, {"activation": "relu"}),
}

CPU = (
    Work("ResNet-20, 8×8", ("resnet-20",), (1, 8, 8), 1_408, 397, 55),
    Work("ResNet-20, 32×32", ("resnet-20",), (3, 32, 32), 1_280, 256, 40),
    Work("ResNet-20, 32×32, end to end", ("resnet-20",), (3, 32, 32), 1_280, 256, 40, end_to_end=True),
    Work("four layers, 32×32", ("conv3-fc",), (3, 32, 32), 6_400, 1_280, 100),
)

_NINE = (*(f"{kind}-{depth}" for depth in (20, 32, 44, 56) for kind in ("plain", "resnet")), "resnet-110")
_CIFAR10 = ((3, 32, 32), 50_000, 10_000)

CUDA = (
    Work("ResNet-20 alone", ("resnet-20",), *_CIFAR10, 3_900),
    Work("ResNet-110 alone", ("resnet-110",), *_CIFAR10, 1_560),
    Work("16 ResNet-20 together", ("resnet-20",) * 16, *_CIFAR10, 1_560),
    Work("nine nets, one seed", _NINE, *_CIFAR10, 780),
    Work("nine nets, five seeds", _NINE, *_CIFAR10, 780, seeds=5),
    Work("16 four-layer nets together", ("conv3-fc",) * 16, *_CIFAR10, 3_900),
)


def quick(work: Work, *, cuda: bool) -> Work:
    """Return the smallest work of its kind, to see that everything runs.

    On a GPU it goes on until steps and evaluations have been captured as graphs and replayed.
    """
    epoch_steps, epochs = (20, 4) if cuda else (2, 2)
    return replace(
        work,
        name=f"{work.name}, a few steps only",
        nets=work.nets[:2],
        train_images=epoch_steps * BATCH,
        test_images=BATCH,
        steps=epoch_steps * epochs,
        seeds=1,
    )


def images(work: Work) -> ImageData:
    """Return made-up images and labels."""
    draw = np.random.default_rng(0)
    return ImageData(
        draw.integers(0, 256, (work.train_images, *work.shape), dtype=np.uint8),
        draw.integers(0, 10, work.train_images),
        draw.integers(0, 256, (work.test_images, *work.shape), dtype=np.uint8),
        draw.integers(0, 10, work.test_images),
        10,
        "made up",
    )


def spec(work: Work, net: str, seed: int, numerics: Numerics) -> RunSpec:
    """Return the run of one net, as our arm carries it out."""
    return RunSpec(DatasetSpec("bench", "made up"), NETS[net], recipe(work), seed, numerics)


def recipe(work: Work) -> Recipe:
    """Return ResNet's recipe with the work's steps; the learning rate falls at a half and three quarters.

    Of a work that is timed end to end the last evaluation, of all images, is one of many: an epoch is added, which is
    not timed. The rate starts lower than the paper's, so that the four-layer net, without BN, does not diverge.
    """
    return replace(
        RECIPES["resnet-cifar"],
        steps=work.steps + (work.epoch_steps if work.end_to_end else 0),
        curve_images=work.train_images // 10 if work.end_to_end else None,
        lr=0.01,
        milestones=(work.steps // 2, work.steps * 3 // 4),
        input="standardised",
        bn_group=None,
        batch_size=BATCH,
    )
