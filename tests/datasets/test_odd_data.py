"""Data as people have it: labels of any kind of integer, images that a viewer shows otherwise, test sets that were
trained on. What is dropped, converted or guessed is counted and said.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from repro.datasets import ImageData, read_dataset
from repro.errors import ReproError
from repro.experiment.data_index import DataIndex
from repro.experiment.requirements import requirements
from repro.experiment.user_data import with_user_data
from repro.judging.frame import collect
from repro.registry import DataRef
from repro.report.build.runs import datasets
from tests.support.helpers import BASE, World, changed

RNG = np.random.Generator(np.random.PCG64(7))


def images(count: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, 256, (count, *(shape or (4, 4))), dtype=np.uint8)


def saved(folder: Path, **arrays: np.ndarray) -> DataRef:
    made = {
        "x_train": images(20),
        "y_train": np.arange(20) % 4,
        "x_test": images(8),
        "y_test": np.arange(8) % 4,
    }
    np.savez(folder / "a.npz", **(made | arrays))  # type: ignore[arg-type]
    return DataRef("pets", str(folder / "a.npz"))


def read(source: DataRef) -> tuple[ImageData, list[str]]:
    said: list[str] = []
    data = read_dataset(source, said.append)
    assert isinstance(data, ImageData)
    return data, said


def refused(source: DataRef) -> str:
    with pytest.raises(ReproError) as caught:
        read(source)
    return str(caught.value)


# Labels -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4"]
)
def test_labels_of_any_kind_of_integer(tmp_path: Path, kind: str) -> None:
    labels = (np.arange(20) % 4).astype(kind)
    data, said = read(saved(tmp_path, y_train=labels))
    assert (data.classes, data.train_labels.dtype, said) == (4, np.int64, [])
    # −1, as many write "no class": what it becomes where there are no numbers below 0.
    labels[3] = np.iinfo(kind).max if np.dtype(kind).kind == "u" else -1
    says = refused(saved(tmp_path, y_train=labels))
    small = np.dtype(kind).kind == "u" and np.dtype(kind).itemsize < 4
    below = "are below 0" if np.dtype(kind).kind == "i" else "are above 2,147,483,648"
    assert ("has labels that no training image has" if small else below) in says


def test_a_gap_of_two_thousand_millions_is_not_counted_out(tmp_path: Path) -> None:
    labels = np.arange(20) % 4
    labels[3] = 2_000_000_000
    assert "has labels that no training image has (received: 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 …)" in refused(
        saved(tmp_path, y_train=labels)
    )


# Pixels of arrays ---------------------------------------------------------------------------------------------------


def test_floats_of_0_to_1_are_refused_and_ones_are_told(tmp_path: Path) -> None:
    shares = images(20) / 255
    assert "no whole numbers of 0 to 255" in refused(saved(tmp_path, x_train=shares))
    ones = RNG.integers(0, 2, (20, 4, 4))
    assert "has pixels of 0 and 1 only" in refused(saved(tmp_path, x_train=ones.astype(np.float32)))
    _, said = read(saved(tmp_path, x_train=ones.astype(np.uint8)))
    (line,) = said
    assert "x_train has no pixel above 1 of 255" in line


def test_what_is_converted_or_guessed_is_said(tmp_path: Path) -> None:
    _, said = read(saved(tmp_path, x_train=images(20).astype(np.float64)))
    assert ["x_train was float64" in line for line in said] == [True]
    square = images(20, 3, 3, 3), images(8, 3, 3, 3)
    _, said = read(saved(tmp_path, x_train=square[0], x_test=square[1]))
    assert [line.partition(" was taken for ")[2] for line in said] == ["(N, H, W, C)"] * 2


# Test sets that were trained on -------------------------------------------------------------------------------------


def test_a_test_set_of_training_images_is_refused_and_a_part_is_told(tmp_path: Path) -> None:
    x, y = images(20), np.arange(20) % 4
    own = images(8)
    assert "has no test image that is not a training image, too (received: 8)" in refused(
        saved(tmp_path, x_train=x, y_train=y, x_test=x[5:13], y_test=y[5:13])
    )
    own[:2] = x[:2]
    _, said = read(saved(tmp_path, x_train=x, y_train=y, x_test=own))
    assert [line.partition(": ")[2] for line in said] == ["2 of 8 test images are training images, too"]


# Image files --------------------------------------------------------------------------------------------------------


def folder_of(root: Path, first: Image.Image | bytes, name: str = "first.png", **options: object) -> DataRef:
    """Write an image folder whose first training image is given."""
    for split, count in (("train", 4), ("test", 2)):
        for number in range(count):
            path = root / split / "ab"[number % 2] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images(1, 4, 4, 3)[0]).save(path)
    path = root / "train" / "a" / name
    if isinstance(first, bytes):
        path.write_bytes(first)
    else:
        first.save(path, **options)  # type: ignore[arg-type]
    return DataRef("pets", str(root))


def told(source: DataRef) -> list[str]:
    return [line.partition(": ")[2] for line in read(source)[1]]


def test_images_that_a_viewer_shows_otherwise_are_counted(tmp_path: Path) -> None:
    rgb = Image.fromarray(images(1, 4, 4, 3)[0])
    exif = Image.Exif()
    exif[274] = 6
    cases = {
        "turned.png": (rgb, {"exif": exif}, "1 of 7 images are stored turned or mirrored (EXIF orientation)"),
        "clear.png": (
            rgb.convert("RGBA"),
            {},
            "1 of 7 images are transparent in places: transparency was dropped",
        ),
        "press.jpg": (rgb.convert("CMYK"), {}, "1 of 7 images are of PIL's mode CMYK and became RGB"),
        "moving.gif": (
            rgb.convert("P"),
            {"save_all": True, "append_images": [Image.fromarray(images(1, 4, 4)[0]).convert("P")]},
            "1 of 7 images have several frames, of which the first is used",
        ),
    }
    for number, (name, (image, options, says)) in enumerate(cases.items()):
        said = told(folder_of(tmp_path / str(number), image, name, **options))
        assert [line.startswith(says) for line in said] == [True], (name, said)
    assert told(folder_of(tmp_path / "plain", rgb)) == []


def test_sixteen_bits_a_channel_are_counted_where_eight_are_used(tmp_path: Path) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    rows = b"".join(b"\0" + RNG.bytes(4 * 3 * 2) for _ in range(4))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert told(folder_of(tmp_path, png)) == [
        "1 of 7 images have 16 bits a channel, of which the upper 8 are used"
    ]


def test_links_to_nothing_are_counted(tmp_path: Path) -> None:
    source = folder_of(tmp_path, Image.fromarray(images(1, 4, 4, 3)[0]))
    try:
        (tmp_path / "train" / "a" / "gone.png").symlink_to("nowhere.png")
    except OSError:
        pytest.skip("no links here")
    assert told(source) == ["1 files or folders that are no images by their names were skipped"]


# It stands in the report --------------------------------------------------------------------------------------------


def test_what_was_said_when_data_was_read_is_remembered_and_stands_in_the_report(world: World) -> None:
    world.write(changed(BASE, experiment__dataset={"npz": "a.npz"}))
    ones = RNG.integers(0, 2, (20, 4, 4)).astype(np.uint8)
    source = saved(world.root / "p", x_train=ones)
    memory = DataIndex(world.store.root)
    said: list[str] = []
    content = memory.read(source, said.append)
    memory.save()
    (remark,) = content.remarks
    assert remark.startswith("a.npz: x_train has no pixel above 1"), "without the place where it lies"
    assert DataIndex(world.store.root).content(source) == content
    (claim,) = with_user_data([world.claim()], "smoke", {}, world.store, lambda text: None)
    item = requirements(claim, "smoke", world.store)
    for need in item.needs:
        world.put(need.spec)
    runs = collect([item], world.store).runs
    (used,) = datasets(runs, runs, [item])
    assert (used.name, used.remarks) == ("a", [remark])
