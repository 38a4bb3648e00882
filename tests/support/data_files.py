"""Tiny datasets in every form that can be read."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from repro.datasets import ImageData
from repro.datasets.images import image_data

CIFAR_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def arrays(
    shape: tuple[int, int, int] = (3, 32, 32), n_train: int = 50, n_test: int = 20, classes: int = 10
) -> list[np.ndarray]:
    """Return training images (N, C, H, W) and labels, test images and labels; every class is there."""
    random = np.random.default_rng(7)
    return [
        random.integers(0, 256, (n_train, *shape), dtype=np.uint8),
        np.arange(n_train) % classes,
        random.integers(0, 256, (n_test, *shape), dtype=np.uint8),
        np.arange(n_test) % classes,
    ]


def as_data(made: list[np.ndarray]) -> ImageData:
    return image_data(*made, classes=int(made[1].max()) + 1)


def save_npz(path: Path, made: list[np.ndarray]) -> Path:
    """Write Keras's layout: channels last."""
    x_train, y_train, x_test, y_test = made
    last = [images.transpose(0, 2, 3, 1) for images in (x_train, x_test)]
    np.savez(path, x_train=last[0], y_train=y_train, x_test=last[1], y_test=y_test)
    return path


def save_folders(root: Path, made: list[np.ndarray], names: list[str], test: str = "test") -> Path:
    for split, images, labels in (("train", *made[:2]), (test, *made[2:])):
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            folder = root / split / names[label]
            folder.mkdir(parents=True, exist_ok=True)
            pixels = image[0] if len(image) == 1 else image.transpose(1, 2, 0)
            Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return root


def batches(made: list[np.ndarray]) -> dict[str, bytes]:
    """Return CIFAR-10's files: the first as Python 2 wrote it, the others as Python 3 writes it for Python 2."""
    x_train, y_train, x_test, y_test = made
    parts = list(zip(np.array_split(x_train, 5), np.array_split(y_train, 5), strict=True))
    found = {"data_batch_1": python_2_pickle(parts[0][0].reshape(len(parts[0][0]), -1), parts[0][1].tolist())}
    for number, (images, labels) in enumerate(parts[1:], start=2):
        found[f"data_batch_{number}"] = python_3_pickle(images, labels)
    return found | {"test_batch": python_3_pickle(x_test, y_test)}


def python_3_pickle(images: np.ndarray, labels: np.ndarray) -> bytes:
    content = {b"data": images.reshape(len(images), -1), b"labels": labels.tolist(), b"batch_label": b"one"}
    return pickle.dumps(content, protocol=2)


def python_2_pickle(data: np.ndarray, labels: list[int]) -> bytes:
    """Return what Python 2's cPickle writes at protocol 2, opcode by opcode."""

    def text(value: str) -> bytes:
        return b"U" + bytes([len(value)]) + value.encode()

    def integer(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    raw = data.tobytes()
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n" + b"cnumpy\nndarray\n" + integer(0) + b"\x85" + text("b")
    )
    array += b"\x87R"
    kind = b"cnumpy\ndtype\n" + text("u1") + integer(0) + integer(1) + b"\x87R"
    kind += b"(" + integer(3) + text("|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
    shape = integer(data.shape[0]) + integer(data.shape[1]) + b"\x86"
    state = b"(" + integer(1) + shape + kind + b"\x89" + b"T" + struct.pack("<i", len(raw)) + raw + b"tb"
    listed = b"](" + b"".join(integer(label) for label in labels) + b"e"
    return b"\x80\x02}(" + text("data") + array + state + text("labels") + listed + b"u."


def save_batches(folder: Path, made: list[np.ndarray]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in batches(made).items():
        (folder / name).write_bytes(content)
    return folder


def save_archive(path: Path, contents: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path
