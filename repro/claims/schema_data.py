"""Data of a user's own, beside the claim file."""

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
    """Where labelled images lie, relative to the claim file, with forward slashes.

    npz: a NumPy archive of x_train, y_train, x_test and y_test (repro/datasets/npz.py). folder: images in
    ``train/<class>/`` and ``test/<class>/`` (repro/datasets/folders.py), resized to `size` = [H, W] where given.
    test_fraction: where there are no test images, this share of the others, drawn once for all.
    """

    npz: str | None = None
    folder: str | None = None
    size: tuple[Side, Side] | None = None
    test_fraction: Annotated[float, Field(gt=0, lt=1)] | None = None

    @property
    def name(self) -> str:
        """What the data is called, without the place where it lies."""
        stem = PurePosixPath(self.npz or self.folder or "").stem
        name = re.sub("[^A-Za-z0-9]+", "-", stem).strip("-") or "data"
        return f"own-{name}" if name in DATASETS else name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.npz is None) == (self.folder is None):
            raise ValueError('give one of npz and folder: { npz = "pets.npz" } or { folder = "pets" }')
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
