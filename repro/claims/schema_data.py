"""Data that a claim file describes: a user's own, beside the file, or a part of a data set that has a name."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Self

from pydantic import Field, model_validator

from repro.claims.files import leads_out
from repro.claims.vocabulary import Frozen
from repro.registry import DATASETS

Side = Annotated[int, Field(ge=1, le=10_000)]


class OwnData(Frozen):
    """Where labelled images lie, relative to the claim file, with forward slashes, and how many of them are used.

    subset_of: the name of a data set, such as "cifar10", of which `train_images` are used. npz: a NumPy archive of
    x_train, y_train, x_test and y_test (repro/datasets/npz.py). folder: images in ``train/<class>/`` and
    ``test/<class>/`` (repro/datasets/folders.py), resized to `size` = [H, W] where given. test_fraction: where there
    are no test images, this share of the others, drawn once for all. train_images: only the first so many training
    images, in an order that ignores classes and is the same on every machine.
    """

    subset_of: str | None = None
    """The name of a data set, of which `train_images` are used."""
    npz: str | None = None
    """A NumPy archive of x_train, y_train, x_test and y_test, beside the claim file."""
    folder: str | None = None
    """A folder of images beside the claim file: ``train/<class>/`` and, if any, ``test/<class>/``."""
    size: tuple[Side, Side] | None = None
    """Height and width that the images of a folder are resized to."""
    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Where there are no test images, this share of the others, drawn once for all."""
    train_images: Annotated[int, Field(ge=1)] | None = None
    """Only so many training images: the same on every machine, of all classes."""

    @property
    def name(self) -> str:
        """What the data is called, without the place where it lies."""
        if self.subset_of is not None:
            return self.subset_of
        stem = PurePosixPath(self.npz or self.folder or "").stem
        name = re.sub("[^A-Za-z0-9]+", "-", stem).strip("-") or "data"
        return f"own-{name}" if name in DATASETS else name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if sum(place is not None for place in (self.npz, self.folder, self.subset_of)) != 1:
            raise ValueError(
                'give one of npz, folder and subset_of: { npz = "pets.npz" }, { folder = "pets" } or '
                '{ subset_of = "cifar10", train_images = 5_000 }'
            )
        if self.subset_of is not None:
            if self.train_images is None:
                raise ValueError("a subset says how many images it has: train_images = 5_000")
            if self.size is not None or self.test_fraction is not None:
                raise ValueError("size and test_fraction are of images beside the claim file")
            return self
        if not (self.npz or self.folder):
            raise ValueError("names no file")
        place = self.npz or self.folder or ""
        if leads_out(place):
            raise ValueError(
                'lies beside the claim file; what lies elsewhere has a name, dataset = "pets", and is brought with '
                "--data pets=PATH"
            )
        if self.size is not None and self.folder is None:
            raise ValueError("size is of images in a folder: those of an archive have one already")
        return self
