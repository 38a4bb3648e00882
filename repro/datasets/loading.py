"""A DatasetSpec → the images, checked against the fingerprint that the run was planned with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from repro.datasets.files import ImageFiles
from repro.datasets.images import ImageData
from repro.datasets.opening import read_dataset
from repro.errors import Problem, ReproError, mistake
from repro.registry import DataRef, Names, find_dataset, load
from repro.spec import DatasetSpec


class ChangedDataError(ReproError):
    """What lies at a place is not what was read there when the run was planned."""


def load_dataset(
    spec: DatasetSpec,
    source: DataRef | None = None,
    claims_folder: Path | None = None,
    *,
    as_files: bool = False,
) -> ImageData | ImageFiles:
    """Return the dataset of a run: images in memory, or their listing where the recipe reads files (`as_files`).

    Args:
        spec: name and fingerprint. Of its options, "train_images" leaves only the first so many training images, in
            an order that ignores classes; a user's own function is called with the others.
        source: where it lies, for a user's.
        claims_folder: where a user's own code is looked for.
        as_files: whether a listing is wanted.

    Raises:
        ChangedDataError: a user's data is not what its fingerprint says.
        ReproError: the dataset is unknown or not at hand, a shipped one is damaged, it has fewer images than are
            wanted, or the user's function returns something else than what is wanted.
    """
    where = f"dataset {spec.name}"
    options = dict(spec.options)
    wanted_images = options.pop("train_images", None)
    if source is not None:
        data = read_dataset(source)
    else:
        entry = find_dataset(DataRef(spec.name, as_files=as_files), where, Names(claims_folder))
        if not entry.target:
            raise mistake(where, entry.missing or "is not at hand")
        data = load(entry.target, claims_folder, spec.fingerprint)(**options)
    wanted = ImageFiles if as_files else ImageData
    if not isinstance(data, wanted):
        raise mistake(
            where, f"its function must return a repro.datasets.{wanted.__name__}", type(data).__name__
        )
    if ":" in spec.name:
        # A user's own is known by its source: its content has no published fingerprint to be checked against.
        return _first(data, wanted_images, where)
    if data.fingerprint != spec.fingerprint:
        what = f"its content is not that of the run, {spec.fingerprint}"
        if source is None:
            raise mistake(where, what, data.fingerprint, "the shipped file is damaged: reinstall")
        hint = f"{source.path} has changed since it was read, and is read again"
        raise ChangedDataError(Problem(where, what, data.fingerprint, hint))
    return _first(data, wanted_images, where)


def _first(data: ImageData | ImageFiles, count: int | None, where: str) -> ImageData | ImageFiles:
    """Return the data with its first `count` training images only; the test images are all there."""
    if count is None:
        return data
    if not isinstance(data, ImageData):
        raise mistake(where, "train_images is of images in memory, and these are read from files")
    if count > len(data.train_labels):
        what = f"has {len(data.train_labels):,} training images, and more are wanted"
        raise mistake(where, what, count, "lower train_images")
    return replace(data, train_images=data.train_images[:count], train_labels=data.train_labels[:count])
