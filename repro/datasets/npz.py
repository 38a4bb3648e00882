"""Reading a NumPy archive in Keras's layout: x_train, y_train, x_test, y_test. Nothing in it is executed."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from repro.datasets.arrays import Split, Tell, as_images, as_labels, put_together
from repro.datasets.images import ImageData
from repro.errors import Problem, ReproError, mistake

KEYS = ("x_train", "y_train", "x_test", "y_test")

_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, MemoryError)


def read_npz(path: Path, test_fraction: float | None = None, tell: Tell = lambda remark: None) -> ImageData:
    """Return the dataset in an archive.

    Images are uint8 (other types where all values are whole numbers of 0–255), of any size and number of channels,
    see repro.datasets.arrays.as_images; labels are integers from 0 on, (N,) or (N, 1). `tell` is called with what was
    converted or guessed.

    Raises:
        ReproError: everything that is wrong with it.
    """
    try:
        with path.open("rb") as file:
            arrays, problems = _arrays(file, path)
    except OSError as error:
        raise mistake(str(path), f"cannot be read: {error.strerror}") from None
    parts: dict[str, Split] = {}
    for split in ("train", "test"):
        found = [arrays[key] for key in (f"x_{split}", f"y_{split}") if key in arrays]
        if len(found) < 2:
            continue
        try:
            images = as_images(found[0], f"{path}: x_{split}", tell)
        except ReproError as error:
            problems += error.problems
        try:
            labels = as_labels(found[1], len(found[0]) if found[0].ndim else 0, f"{path}: y_{split}")
        except ReproError as error:
            problems += error.problems
        if not problems:
            parts[split] = Split(images, labels)
    if problems:
        raise ReproError(*problems)
    return put_together(parts["train"], parts.get("test"), test_fraction, str(path), tell)


def _arrays(file: BinaryIO, path: Path) -> tuple[dict[str, npt.NDArray[Any]], list[Problem]]:
    try:
        archive = np.load(file, allow_pickle=False)
    except _DAMAGE:
        # NumPy takes any other file for a pickle, and would advise to load it unsafely.
        what = "is truncated, or no NumPy archive"
        raise mistake(str(path), what, hint=f"a .npz of {', '.join(KEYS)}") from None
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise mistake(str(path), "is one array, not an archive", hint=f"a .npz of {', '.join(KEYS)}")
    arrays: dict[str, npt.NDArray[Any]] = {}
    problems: list[Problem] = []
    with archive:
        names = set(archive.files)
        # The test split may be left out as a whole.
        wanted = KEYS if names & {"x_test", "y_test"} else KEYS[:2]
        for key in wanted:
            where = f"{path}: {key}"
            if key not in names:
                problems.append(
                    Problem(where, "is missing", None, f"it has {', '.join(sorted(names)) or 'nothing'}")
                )
                continue
            try:
                arrays[key] = archive[key]
            except _DAMAGE as error:
                problems.append(_unreadable(where, error))
    return arrays, problems


def _unreadable(where: str, error: Exception) -> Problem:
    if "Object arrays" in str(error):
        what, hint = (
            "holds Python objects, which could execute code",
            "store plain numbers: uint8 and integers",
        )
        return Problem(where, what, None, hint)
    return Problem(where, f"is truncated or damaged: {error}".splitlines()[0], None, "copy the file again")
