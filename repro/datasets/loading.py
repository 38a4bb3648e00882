"""A DatasetSpec → the images, checked against the fingerprint that was published for them."""

from __future__ import annotations

from pathlib import Path

from repro.datasets.images import ImageData
from repro.errors import mistake
from repro.registry import find_dataset, load
from repro.spec import DatasetSpec


def load_dataset(spec: DatasetSpec, claims_folder: Path | None = None) -> ImageData:
    """Return the dataset of a run; a user's own is called as ``function(**options)``.

    Raises:
        ReproError: the dataset is unknown or not on this machine, is not what its fingerprint says, or the
            user's function returns something else than an ImageData.
    """
    where = f"dataset {spec.name}"
    entry = find_dataset(spec.name, where, claims_folder)
    if not entry.target:
        raise mistake(where, entry.missing or "is not on this machine")
    data = load(entry.target, claims_folder)(**spec.options)
    if not isinstance(data, ImageData):
        raise mistake(where, "its function must return a repro.datasets.ImageData", type(data).__name__)
    if ":" in spec.name:
        # A user's own is known by its source: its content has no published fingerprint to be checked against.
        return data
    if data.fingerprint != entry.fingerprint:
        raise mistake(where, f"its content is not the published one, {entry.fingerprint}", data.fingerprint,
                      "the shipped file is damaged: reinstall")  # fmt: skip
    return data
