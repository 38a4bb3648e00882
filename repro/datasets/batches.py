"""Reading CIFAR-10 as its authors distribute it, the way torchvision keeps it: pickled batches, or their archive.

Source: "CIFAR-10 python version", A. Krizhevsky; ``cifar-10-batches-py`` holds data_batch_1 to 5 and test_batch, each a
dictionary with b"data", uint8 (N, 3072): 1,024 red, green and blue pixels a row, row by row, and b"labels".
"""

from __future__ import annotations

import io
import math
import pickle
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from repro.datasets.arrays import Split, as_labels, put_together
from repro.datasets.images import ImageData
from repro.errors import Problem, ReproError, mistake

FOLDER = "cifar-10-batches-py"
TRAIN = tuple(f"data_batch_{number}" for number in range(1, 6))
TEST = "test_batch"
SHAPE = (3, 32, 32)

MOST_BYTES = 1 << 30
"""Of an unpacked batch; real ones have 31 MB."""


def batches_folder(path: Path) -> Path | None:
    """Return where the batches lie: the folder itself or the one in it; None where there are none."""
    return next((folder for folder in (path, path / FOLDER) if (folder / TRAIN[0]).is_file()), None)


def read_batches(folder: Path) -> ImageData:
    """Return the dataset in a folder of batches; raises ReproError with everything that is wrong."""
    names = [name for name in (*TRAIN, TEST) if (folder / name).is_file()]
    return _put_together({name: (folder / name).read_bytes() for name in names}, str(folder))


def read_archive(path: Path) -> ImageData:
    """Return the dataset in a .tar or .tar.gz of batches; raises ReproError with everything that is wrong."""
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = PurePosixPath(member.name).name
                if name in (*TRAIN, TEST) and member.isfile():
                    if member.size > MOST_BYTES:
                        raise mistake(f"{path}: {name}", "is too large for a batch", member.size)
                    file = archive.extractfile(member)
                    assert file is not None
                    found[name] = file.read()
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        what = f"is truncated or damaged: {error}"
        raise mistake(str(path), what, hint="download or copy it again") from None
    return _put_together(found, str(path))


def _put_together(batches: Mapping[str, bytes], where: str) -> ImageData:
    problems = [
        Problem(f"{where}: {name}", "is missing", None, f"{FOLDER} holds {', '.join((*TRAIN, TEST))}")
        for name in (*TRAIN, TEST)
        if name not in batches
    ]
    parts: dict[str, Split] = {}
    for name, content in batches.items():
        try:
            parts[name] = _part(content, f"{where}: {name}")
        except ReproError as error:
            problems += error.problems
    if problems:
        raise ReproError(*problems)
    train = Split(
        np.concatenate([parts[name].images for name in TRAIN]),
        np.concatenate([parts[name].labels for name in TRAIN]),
    )
    return put_together(train, parts[TEST], None, where)


def _part(content: bytes, where: str) -> Split:
    batch = _unpickled(content, where)
    pixels, labels = (batch.get(key, batch.get(key.encode())) for key in ("data", "labels"))
    values = pixels.values if isinstance(pixels, _Array) else _Array.values
    size = math.prod(SHAPE)
    if values.ndim != 2 or values.shape[1] != size or len(values) == 0:
        raise ReproError(Problem(where, f"b'data' must be uint8 (N, {size})", str(values.shape)))
    if not isinstance(labels, list) or not all(isinstance(label, int) for label in labels):
        raise mistake(where, "b'labels' must be a list of whole numbers")
    return Split(values.reshape(-1, *SHAPE), as_labels(np.array(labels, dtype=np.int64), len(values), where))


def _unpickled(content: bytes, where: str) -> Mapping[Any, Any]:
    try:
        batch = _Unpickler(io.BytesIO(content), encoding="bytes").load()
    except _ForbiddenError as error:
        what = f"asks for {error}, and a batch of images has no need of that: it is not read"
        raise mistake(where, what, hint="it may be hostile; take the archive of CIFAR-10's authors") from None
    except Exception as error:  # a damaged pickle may raise anything
        what = f"is truncated or damaged: {type(error).__name__}: {error}".splitlines()[0]
        raise mistake(where, what, hint="download or copy it again") from None
    if not isinstance(batch, dict):
        raise mistake(where, "must be a dictionary", type(batch).__name__)
    return batch


class _ForbiddenError(Exception):
    """A pickle names something that is not one of an array's parts."""


class _Unpickler(pickle.Unpickler):
    """Makes plain values, and notes of arrays of uint8; whatever else a pickle names is refused unexecuted."""

    def find_class(self, module: str, name: str) -> Any:
        made = _KNOWN.get((module, name))
        if made is None:
            raise _ForbiddenError(f"{module}.{name}")
        return made


class _Uint8:
    """Stands for numpy's type; whatever state a pickle gives it is of no account."""

    def __init__(self, kind: str | bytes, *_: object) -> None:
        if kind not in ("u1", b"u1"):
            raise _ForbiddenError(f"an array of {kind!r}")

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """Stands for an array: numpy's (version, shape, type, is Fortran order, bytes) is all that is taken from it."""

    values: npt.NDArray[np.uint8] = np.empty(0, np.uint8)

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: tuple[object, tuple[int, ...], object, bool, bytes]) -> None:
        _, shape, kind, fortran, content = state
        if not isinstance(kind, _Uint8):
            raise _ForbiddenError(f"an array of {kind!r}")
        self.values = np.frombuffer(content, np.uint8).reshape(shape, order="F" if fortran else "C")


def _encoded(text: str, _encoding: object = None) -> bytes:
    # How Python 3 writes bytes for Python 2.
    return text.encode("latin1")


_KNOWN: Mapping[tuple[str, str], Any] = {
    ("numpy", "dtype"): _Uint8,
    ("numpy", "ndarray"): _Array,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _encoded,
}
