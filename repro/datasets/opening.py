"""Where a dataset lies → its images, by what is found there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from repro.datasets.batches import batches_folder, read_archive, read_batches
from repro.datasets.files import ImageFiles
from repro.datasets.folders import read_folders
from repro.datasets.images import ImageData
from repro.datasets.listing import list_images
from repro.datasets.npz import read_npz
from repro.errors import mistake
from repro.registry import DataRef

ARCHIVES = (".tar.gz", ".tgz", ".tar")


def read_dataset(
    source: DataRef, tell: Callable[[str], None] = lambda remark: None
) -> ImageData | ImageFiles:
    """Return the images at an absolute path, in canonical order, or their listing where they stay in files.

    `tell` is called with what was left out.

    Raises:
        ReproError: nothing is there, it is nothing that can be read, or something is wrong with it.
    """
    assert source.path is not None
    path = Path(source.path)
    if path.is_dir():
        batches = batches_folder(path)
        if source.as_files:
            return list_images(path, tell)
        if batches is None:
            return read_folders(path, source.size, source.test_fraction, tell)
        return read_batches(batches)
    if not path.exists():
        raise mistake(str(path), "is not there", hint="check the path")
    if source.as_files:
        raise mistake(
            str(path), "is no folder of images", hint="a recipe with `crop_size` reads files one by one"
        )
    if path.suffix == ".npz":
        return read_npz(path, source.test_fraction, tell)
    if path.name.endswith(ARCHIVES):
        return read_archive(path)
    hint = "a .npz in Keras's layout, a folder of train/<class>/ and test/<class>/, or CIFAR-10's own archive"
    raise mistake(str(path), "is no dataset that can be read", path.suffix or None, hint)
