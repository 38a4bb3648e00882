"""The data that a claim file names → what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard

from repro.claims.schema_data import OwnData
from repro.claims.toml import validated
from repro.errors import ReproError, mistake
from repro.recipes import Recipe
from repro.registry import DataRef, Names, find_dataset
from repro.spec import DatasetSpec

Data = str | Mapping[str, Any]
"""A name, or a table that OwnData describes."""


def names_data(value: object) -> TypeGuard[Data]:
    """Tell whether a claim file's `dataset` is one of the kinds it may be."""
    return isinstance(value, str | Mapping)


def data_ref(data: Data, where: str, recipe: Recipe | None) -> DataRef:
    """Return what a claim file names with `dataset`; images are read from files where the recipe crops them.

    Raises:
        ReproError: a table that names no data; all problems at once.
    """
    as_files = recipe is not None and recipe.crop_size is not None
    if isinstance(data, str):
        return DataRef(data, as_files=as_files)
    own = _described(data, where)
    return DataRef(own.name, own.npz or own.folder, own.size, own.test_fraction, as_files)


def _described(data: Mapping[str, Any], where: str) -> OwnData:
    try:
        return validated(OwnData, data)
    except ReproError as error:
        raise ReproError(
            *(replace(p, where=f"{where}.{p.where}".rstrip(".")) for p in error.problems)
        ) from None


def dataset_spec(data: Data, where: str, recipe: Recipe | None, names: Names) -> DatasetSpec:
    """Return the dataset of a run; without a `recipe`, whether the two go together is not looked at.

    Raises:
        ReproError: no such dataset, or one that the recipe cannot read.
    """
    ref = data_ref(data, where, recipe)
    entry = find_dataset(ref, where, names)
    if recipe is not None and entry.files is not None and entry.files != ref.as_files:
        if entry.files:
            what, hint = "is images in files, of any size", "the recipe must set `crop_size`"
        else:
            what, hint = "is whole in memory: `crop_size` is for images in files", "choose another recipe"
        raise mistake(where, what, ref.name, hint)
    wanted = None if isinstance(data, str) else _described(data, where).train_images
    if wanted is None:
        return DatasetSpec(ref.name, entry.fingerprint)
    if ref.as_files:
        hint = "use a recipe for images in memory, or all of them"
        raise mistake(
            f"{where}.train_images", "is of images in memory: these are read from files", wanted, hint
        )
    if entry.n_train is not None and wanted > entry.n_train:
        what = f"{ref.name} has {entry.n_train:,} training images"
        raise mistake(f"{where}.train_images", what, wanted, "use fewer, or all of them by its name")
    return DatasetSpec(ref.name, entry.fingerprint, {"train_images": wanted})
