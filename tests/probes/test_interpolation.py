"""Filling masked patches from their neighbours, against an image for which the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from repro.datasets.images import image_data
from repro.errors import ReproError
from repro.probes.context import ProbeContext
from repro.probes.interpolation import _fill_error, masked_fill_ratio
from repro.recipes import Recipe
from repro.training.feeds import MemoryFeed

CPU = torch.device("cpu")


def test_a_flat_image_is_filled_without_error_and_a_chequered_one_is_not() -> None:
    flat = torch.full((3, 1, 8, 8), 0.7)
    assert _fill_error(flat, 2, 12, seed=0) == pytest.approx(0.0)
    places = torch.arange(4)
    chequered = ((places[:, None] + places) % 2).double().repeat_interleave(2, 0).repeat_interleave(2, 1)
    # One patch is hidden: its nearest neighbours, those beside it, are all of the other colour.
    assert _fill_error(chequered[None, None], 2, 1, seed=0) == pytest.approx(1.0)


def test_a_ramp_loses_more_the_more_is_hidden_of_it() -> None:
    rng = np.random.default_rng(0)
    ramps = np.cumsum(rng.integers(0, 3, size=(60, 1, 16, 16)), axis=3).astype(np.uint8)
    data = image_data(ramps[:40], np.arange(40) % 2, ramps[40:], np.arange(20) % 2, 2)
    recipe = Recipe(name="x", batch_size=4, steps=0, lr=0.1, input="standardised")
    values = []
    for seed in (0, 1):
        feed = MemoryFeed(data, recipe, seed, CPU)
        context = ProbeContext(
            device=CPU, options={"patch": 2}, model=torch.nn.Identity(), data=feed, recipe=recipe, seed=seed
        )
        (row,) = masked_fill_ratio(context)
        assert row["value"] == pytest.approx(row["high"] / row["low"])
        values.append(row["value"])
    assert values[0] != values[1], "masks follow from the seed"
    assert min(values) > 1.2
    wrong = ProbeContext(
        device=CPU, options={"patch": 3}, model=torch.nn.Identity(), data=feed, recipe=recipe, seed=0
    )
    with pytest.raises(ReproError, match="must divide the side of the images, 16"):
        masked_fill_ratio(wrong)
