"""The rough model of what training costs, where nothing like it was measured: of a CPU's core, and of a GPU.

A time for each layer of each step, and one for each multiplication, in steps and in evaluations. The constants were
measured once, on CIFAR's nets.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from repro.planning.net_size import NetSize, net_size
from repro.recipes import EvaluatedSet
from repro.registry import DatasetEntry
from repro.spec import RunSpec

CPU, GPU = "cpu", "cuda"

TEST_SHARE = 0.2
"""Test images for each training image, as in CIFAR-10: their number is not known before they are read."""


@dataclass(frozen=True, slots=True)
class RoughModel:
    """Of one device.

    Attributes:
        says: of which, and how far it may be off, in words.
        run_seconds: of building a net, and writing what is kept of it.
        dispatch_seconds: of a layer's forward, backward and update, whatever the batch.
        learnt: multiply-adds a second, of training, forward and backward.
        evaluated: multiply-adds a second, of evaluation.
        learnt_bf16: as `learnt`, of runs in this precision.
    """

    says: str
    run_seconds: float
    dispatch_seconds: float
    learnt: float
    evaluated: float
    learnt_bf16: float

    def to_the_end(self, spec: RunSpec, data: DatasetEntry) -> float:
        """Return the seconds of a run that nothing ends before its last step."""
        planned = steps(spec, data)
        return self.seconds(spec, data, planned, evaluations_of(spec, data, planned))

    def seconds(self, spec: RunSpec, data: DatasetEntry, steps: int, evaluations: int) -> float:
        """Return the seconds of a run that does so many steps and evaluations."""
        recipe = spec.recipe
        net = net_size(spec.model, in_shape(spec, data), data.classes or 10)
        images = images_of(spec, data)
        sets: dict[EvaluatedSet, int] = {"train": images, "test": round(TEST_SHARE * images)}
        before, after = (
            sum(recipe.images_evaluated(name, size, last=last) for name, size in sets.items())
            for last in (False, True)
        )
        evaluated = max(evaluations - 1, 0) * before + min(evaluations, 1) * after
        passing = self.passing(net, steps * recipe.batch_size, evaluated, spec.numerics.precision)
        return self.run_seconds + steps * net.layers * self.dispatch_seconds + passing

    def passing(self, net: NetSize, learnt: float, evaluated: float, precision: str = "fp32") -> float:
        """Return the seconds in which so many images pass a net, forward and backward, and forward only."""
        rate, once = self.learnt_bf16 if precision == "bf16" else self.learnt, net.multiply_adds
        return 3 * learnt * once / rate + evaluated * once / self.evaluated


_CPU = RoughModel(
    "an idle CPU, within a factor of about 2",
    run_seconds=0.1,
    # ResNet's nets of 8 to 56 layers on 8×8.
    dispatch_seconds=0.4e-3,
    # Plain nets of 20 and 56 layers and conv3-fc, batches of 128 of 32×32.
    learnt=4.2e10,
    # Larger batches leave the cache.
    evaluated=3e10,
    # ResNet-20, batches of 128 of 32×32: 30 images a second, where fp32 does 271.
    learnt_bf16=4.6e9,
)

_GPU = RoughModel(
    "an idle H200 with 16 nets side by side, within a factor of about 3",
    run_seconds=0.5,
    # Steps are replayed as graphs, and nets beside fill the gaps.
    dispatch_seconds=0.0,
    # Between conv3-fc (4.5e12) and conv2-local2-fc (8.0e12), by `repro check`, a net's share of the time.
    learnt=6e12,
    evaluated=6e12,
    # ResNet-20 (1.4e13) and conv3-fc (1.3e13), `python -m bench gpu-facts`.
    learnt_bf16=1.35e13,
)


def model_of(device: str) -> RoughModel:
    """Return the model of a kind of device; what is neither the CPU nor CUDA is taken for the CPU."""
    return _GPU if device == GPU else _CPU


def rough_seconds(spec: RunSpec, data: DatasetEntry) -> float:
    """Return what a run takes of a CPU's core to its last step."""
    return _CPU.to_the_end(spec, data)


def steps(spec: RunSpec, data: DatasetEntry) -> int:
    """Return the iterations of a run at most; epochs of a dataset of unknown size count 100 steps each.

    Nets that were trained elsewhere take none.
    """
    recipe = spec.recipe
    if spec.weights is not None:
        return 0
    if recipe.steps is not None:
        return recipe.steps
    return round((recipe.epochs or 0) * images_of(spec, data) / recipe.batch_size)


def evaluations_of(spec: RunSpec, data: DatasetEntry, steps: int) -> int:
    """Return how often a run is evaluated: before the first step, at its epochs, and after the last."""
    every = max(spec.recipe.evaluate_every * images_of(spec, data) / spec.recipe.batch_size, 1.0)
    regular = math.floor(steps / every)
    return 1 + regular + (round(regular * every) < steps)


def images_of(spec: RunSpec, data: DatasetEntry) -> int:
    """Return how many images a run is trained on; 100 batches where that is not known."""
    return spec.dataset.train_images or data.n_train or 100 * spec.recipe.batch_size


def in_shape(spec: RunSpec, data: DatasetEntry) -> tuple[int, int, int]:
    """Return the shape of the images, (channels, height, width); CIFAR's where it is not known."""
    return spec.in_shape(data) or (3, 32, 32)
