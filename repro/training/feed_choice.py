"""A dataset and a recipe → the feed that fits both."""

from __future__ import annotations

import torch

from repro.datasets import ImageData, ImageFiles
from repro.errors import mistake
from repro.recipes import Recipe
from repro.training.capture import MOST_STEPS
from repro.training.feeds import Feed, MemoryFeed
from repro.training.streaming import StreamingFeed


def feed_for(
    data: ImageData | ImageFiles, recipe: Recipe, seed: int, device: torch.device, readers: int = 0
) -> Feed:
    """Return the feed of a run.

    Args:
        data: the dataset; images in files are for recipes with `crop_size`.
        recipe: of the run.
        seed: the run's.
        device: where batches are wanted.
        readers: processes that read files ahead.

    Raises:
        ReproError: the recipe wants the other kind of dataset, or files cannot be read.
    """
    if isinstance(data, ImageFiles):
        if recipe.crop_size is None:
            raise mistake(
                "recipe", "is of images in memory, and the dataset is of files", None, "set crop_size"
            )
        return StreamingFeed(data, recipe, seed, device, readers)
    if recipe.crop_size is not None:
        what = "is of images in files, and the dataset is in memory"
        raise mistake("recipe.crop_size", what, recipe.crop_size, "leave crop_size out")
    return MemoryFeed(data, recipe, seed, device, MOST_STEPS)
