"""What a reading of a run will cost, before it is taken: from the images that its probe passes through the net.

The rates are those of :mod:`repro.planning.rough`. A test counts the images that pass, probe by probe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from repro.planning.net_size import NetSize
from repro.spec import ReadingSpec

AT_LEAST_SECONDS = 0.15
"""Of any reading: its weights are loaded, a net is built, and rows are written."""


@dataclass(frozen=True, slots=True)
class Passes:
    """Images that a reading passes through the net: forward and backward, and forward only."""

    learnt: float = 0.0
    evaluated: float = 0.0


@dataclass(frozen=True, slots=True)
class _Sizes:
    batch: int
    train: int
    test: int
    layers: int


def _gradients(sizes: _Sizes) -> Passes:
    return Passes(learnt=min(4 * sizes.batch, max(sizes.train, 1)))


def _left_out(sizes: _Sizes) -> Passes:
    # Once whole, and once without each block of two layers; the first of each stage stays.
    return Passes(evaluated=min(2_000, sizes.test) * max(1.0, 1 + (sizes.layers - 2) / 2 - 3))


_PASSES: Mapping[str, Callable[[_Sizes], Passes]] = {
    "weight_gradient_norm": _gradients,
    "output_gradient_norm": _gradients,
    "response_std": lambda sizes: Passes(evaluated=min(2_000, sizes.train)),
    # 200 images, in double precision, through the net and a deeper one.
    "insertion_difference": lambda sizes: Passes(evaluated=6 * 200),
    "block_left_out": _left_out,
    "same_class_neighbours": lambda sizes: Passes(evaluated=sizes.train + min(1_000, sizes.test)),
    "nearest_images": lambda sizes: Passes(evaluated=sizes.train + 4),
    "test_outputs": lambda sizes: Passes(evaluated=min(2_000, sizes.test)),
    "augmented_minus_test_error": lambda sizes: Passes(evaluated=min(5_000, sizes.train) + sizes.test),
}


def passes(reading: ReadingSpec, net: NetSize, train: int, test: int) -> Passes:
    """Return what a reading passes through its run's net; nothing where its probe is a user's own, or looks at weights.

    Args:
        reading: of a run, or of none.
        net: the size of the run's net.
        train: images of its training set.
        test: images of its test set.
    """
    count = _PASSES.get(reading.probe)
    if reading.run is None or count is None:
        return Passes()
    if reading.options.get("together"):
        return Passes(evaluated=2 * min(2_000, test))
    return count(_Sizes(reading.run.recipe.batch_size, train, test, net.layers))
