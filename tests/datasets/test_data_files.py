"""Datasets in files: the same content is the same data in whatever form and order, and bad files are named."""

from __future__ import annotations

import hashlib
import http.server
import pickle
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from repro.datasets import ImageData, ImageFiles, fingerprint, load_dataset, read_dataset
from repro.datasets.images import digests
from repro.datasets.listing import list_images
from repro.datasets.tree import in_class_order
from repro.errors import ReproError
from repro.registry import DATASETS, DataRef
from repro.spec import DatasetSpec
from tests.support.data_files import (
    CIFAR_CLASSES,
    arrays,
    as_data,
    batches,
    python_3_pickle,
    save_archive,
    save_batches,
    save_folders,
    save_npz,
)


def read(path: Path, **options: Any) -> ImageData:
    data = read_dataset(DataRef("data", str(path), **options))
    assert isinstance(data, ImageData)
    return data


def wrong(path: Path, **options: Any) -> list[str]:
    """Return the problems of a dataset that cannot be read."""
    with pytest.raises(ReproError) as caught:
        read_dataset(DataRef("data", str(path), **options))
    return [str(problem) for problem in caught.value.problems]


# --- the same content in every form


def shuffled(made: list[np.ndarray]) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    first, second = (random.permutation(len(labels)) for labels in made[1::2])
    return [made[0][first], made[1][first], made[2][second], made[3][second]]


FORMS: dict[str, Callable[[Path, list[np.ndarray]], Path]] = {
    "keras": lambda folder, made: save_npz(folder / "a.npz", made),
    "keras in another order": lambda folder, made: save_npz(folder / "a.npz", shuffled(made)),
    "class folders": lambda folder, made: save_folders(folder, shuffled(made), CIFAR_CLASSES),
    "numbered folders": lambda folder, made: save_folders(folder, made, list("0123456789"), "val"),
    "batches": save_batches,
    "folder of batches": lambda folder, made: save_batches(folder / "cifar-10-batches-py", made).parent,
    "archive": lambda folder, made: save_archive(folder / "cifar-10-python.tar.gz", batches(made)),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_same_images_are_the_same_dataset_in_every_form_and_order(form: str, tmp_path: Path) -> None:
    made = arrays()
    data = read(FORMS[form](tmp_path, made))
    assert data.fingerprint == fingerprint(*made, classes=10)
    # Position by position, since a run depends on the order: that of the digests, as documented.
    for images, labels, original, original_labels in (
        (data.train_images, data.train_labels, *made[:2]),
        (data.test_images, data.test_labels, *made[2:]),
    ):
        found = digests(original, original_labels)
        order = sorted(range(len(found)), key=lambda index: found[index])
        np.testing.assert_array_equal(images, original[order])
        np.testing.assert_array_equal(labels, original_labels[order])
        assert images.flags.c_contiguous


def test_another_labelling_is_another_dataset(tmp_path: Path) -> None:
    made = arrays()
    swapped = [CIFAR_CLASSES[1], CIFAR_CLASSES[0], *CIFAR_CLASSES[2:]]
    assert read(save_folders(tmp_path, made, swapped)).fingerprint != fingerprint(*made, classes=10)


def test_classes_are_numbered_by_value_or_by_name() -> None:
    assert in_class_order(["10", "9", "1"]) == ["1", "9", "10"]
    assert in_class_order(["b", "10", "9"]) == ["10", "9", "b"]
    assert in_class_order(CIFAR_CLASSES[::-1]) == CIFAR_CLASSES


def test_archives_of_numpy_take_any_axis_for_channels_and_whole_numbers_for_pixels(tmp_path: Path) -> None:
    made = arrays((3, 8, 10), classes=3)
    same = as_data(made).fingerprint
    x_train, y_train, x_test, y_test = made
    path = tmp_path / "a.npz"
    np.savez(path, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    assert read(path).fingerprint == same
    labels = {"y_train": y_train.reshape(-1, 1).astype(np.uint8), "y_test": y_test.reshape(-1, 1)}
    np.savez(path, x_train=x_train.astype(np.float32), x_test=x_test.astype(np.int16), **labels)
    assert read(path).fingerprint == same
    grey = arrays((1, 8, 10), classes=3)
    np.savez(path, x_train=grey[0][:, 0], y_train=y_train, x_test=grey[2][:, 0], y_test=y_test)
    assert read(path).fingerprint == as_data(grey).fingerprint
    many = save_npz(path, arrays((5, 8, 10), classes=3))
    assert read(many).in_shape == (5, 8, 10)


def test_grey_images_in_folders_have_one_channel_unless_there_is_a_coloured_one(tmp_path: Path) -> None:
    made = arrays((1, 6, 4), classes=2)
    root = save_folders(tmp_path, made, ["a", "b"])
    assert read(root).fingerprint == as_data(made).fingerprint
    Image.new("RGB", (4, 6), (10, 20, 30)).save(root / "train/a/one.png")
    data = read(root)
    assert data.in_shape == (3, 6, 4)
    grey = [
        image for image in data.train_images if (image[0] == image[1]).all() and (image[1] == image[2]).all()
    ]
    assert len(grey) == len(made[0])
    coloured = next(image for image in data.train_images if image[0, 0, 0] != image[1, 0, 0])
    assert coloured[:, 0, 0].tolist() == [10, 20, 30]


def test_images_are_resized_by_a_filter_that_averages(tmp_path: Path) -> None:
    row = np.array([0, 70, 140, 210], dtype=np.uint8)
    for split, pixels in (("train", row), ("test", row[::-1])):
        for name in ("a", "b"):
            (tmp_path / split / name).mkdir(parents=True)
            Image.fromarray(np.tile(pixels, (2, 1))).save(tmp_path / split / name / "1.png")
    data = read(tmp_path, size=(2, 2))
    # A triangle of two pixels' half width, by hand: (3·0 + 3·70 + 140) / 7 and (70 + 3·140 + 3·210) / 7.
    assert data.train_images[0].tolist() == [[[50, 160], [50, 160]]]


def test_a_test_set_is_split_off_by_content_alone(tmp_path: Path) -> None:
    made = arrays((1, 4, 4), n_train=40, classes=4)
    made[0][0] = made[0][1]  # two images alike, but for the label
    found = []
    for number, (images, labels) in enumerate((made[:2], shuffled(made)[:2])):
        np.savez(tmp_path / f"{number}.npz", x_train=images, y_train=labels)
        found.append(read(tmp_path / f"{number}.npz", test_fraction=0.25))
    assert found[0].fingerprint == found[1].fingerprint
    assert (len(found[0].train_labels), len(found[0].test_labels)) == (30, 10)
    parts = [
        digests(found[0].train_images, found[0].train_labels),
        digests(found[0].test_images, found[0].test_labels),
    ]
    assert sorted(parts[0] + parts[1]) == sorted(digests(*made[:2]))
    assert "set test_fraction in the claim" in wrong(tmp_path / "0.npz")[0]
    assert "has test images already" in wrong(save_npz(tmp_path / "c.npz", arrays()), test_fraction=0.5)[0]


# --- archives of NumPy that cannot be read


def with_nan(made: dict[str, Any]) -> None:
    made["x_train"] = made["x_train"].astype(np.float64)
    made["x_train"][3, 0, 0, 0] = np.nan


BAD_ARRAYS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "not finite": (with_nan, "x_train: has pixels that are not finite (received: 1 of them)"),
    "0 to 1": (
        lambda a: a.update(x_test=a["x_test"] / 255),
        "x_test: has pixels that are no whole numbers of 0",
    ),
    "above 255": (lambda a: a.update(x_test=a["x_test"].astype(int) * 2), "no whole numbers of 0 to 255"),
    "texts": (lambda a: a.update(x_train=np.array(["a"] * 9).reshape(3, 3, 1)), "x_train: holds no numbers"),
    "two axes": (lambda a: a.update(x_train=a["x_train"][:, 0, 0]), "x_train: is no array of images"),
    "no images": (
        lambda a: a.update(x_test=a["x_test"][:0], y_test=a["y_test"][:0]),
        "x_test: is no array of",
    ),
    "float labels": (lambda a: a.update(y_train=a["y_train"] * 1.0), "y_train: are no whole numbers"),
    "names as labels": (lambda a: a.update(y_test=a["y_test"].astype(str)), "y_test: are no whole numbers"),
    "too few labels": (
        lambda a: a.update(y_train=a["y_train"][1:]),
        "y_train: are not as many as the images",
    ),
    "below 0": (lambda a: a.update(y_test=a["y_test"] - 1), "y_test: are below 0"),
    "from 1": (
        lambda a: a.update(y_train=a["y_train"] + 1),
        "labels that no training image has (received: 0)",
    ),
    "unknown in test": (lambda a: a.update(y_test=a["y_test"] + 1), "test labels that no training image has"),
    "one class": (lambda a: a.update(y_train=a["y_train"] * 0, y_test=a["y_test"] * 0), "has one class only"),
    "other size": (
        lambda a: a.update(x_test=a["x_test"][:, 1:]),
        "a.npz: test_images: not of the training shape",
    ),
    "objects": (lambda a: a.update(y_train=a["y_train"].astype(object)), "y_train: holds Python objects"),
    "no labels": (lambda a: a.pop("y_test"), "y_test: is missing"),
    "other keys": (lambda a: a.update(images=a.pop("x_train")), "x_train: is missing"),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_what_is_wrong_with_an_archive_is_said(case: str, tmp_path: Path) -> None:
    change, says = BAD_ARRAYS[case]
    x_train, y_train, x_test, y_test = arrays((3, 6, 8), classes=3)
    made = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    made |= {key: made[key].transpose(0, 2, 3, 1) for key in ("x_train", "x_test")}
    change(made)
    np.savez(tmp_path / "a.npz", **made)
    assert says in "\n".join(wrong(tmp_path / "a.npz"))


def test_all_that_is_wrong_with_an_archive_is_said_at_once(tmp_path: Path) -> None:
    x_train, y_train, x_test, y_test = arrays()
    np.savez(
        tmp_path / "a.npz", x_train=x_train / 255, y_train=y_train * 0.5, x_test=x_test, y_test=y_test[1:]
    )
    assert [problem.split(": ")[1] for problem in wrong(tmp_path / "a.npz")] == [
        "x_train",
        "y_train",
        "y_test",
    ]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_archive_is_refused(share: float, tmp_path: Path) -> None:
    path = save_npz(tmp_path / "a.npz", arrays())
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "is truncated, or no NumPy archive" in wrong(path)[0]


def test_a_text_file_is_no_archive_and_nobody_is_told_to_unpickle_it(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_text("hello", encoding="utf-8")
    (problem,) = wrong(tmp_path / "a.npz")
    assert "is truncated, or no NumPy archive" in problem
    assert "pickle" not in problem


def test_a_damaged_member_of_an_archive_is_named(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "a.npz", arrays())
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 255
    path.write_bytes(content)
    assert "x_train: is truncated or damaged" in wrong(path)[0]


def test_other_files_are_no_archives(tmp_path: Path) -> None:
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    assert "is one array, not an archive" in wrong(tmp_path / "a.npz")[0]
    (tmp_path / "b.npz").write_bytes(pickle.dumps({"x_train": 1}))
    assert "no NumPy archive" in wrong(tmp_path / "b.npz")[0]
    (tmp_path / "c.parquet").write_bytes(b"")
    assert "is no dataset that can be read (received: '.parquet')" in wrong(tmp_path / "c.parquet")[0]
    assert "is not there" in wrong(tmp_path / "d.npz")[0]


# --- CIFAR-10's own files


class Hostile:
    """Unpickled without care, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_that_would_execute_code_is_refused_unexecuted(tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    hostile = pickle.dumps({b"data": Hostile(trap), b"labels": [0]}, protocol=2)
    pickle.loads(hostile)
    assert trap.exists()
    trap.unlink()
    folder = save_batches(tmp_path / "cifar-10-batches-py", arrays())
    (folder / "data_batch_3").write_bytes(hostile)
    archive = save_archive(tmp_path / "a.tar.gz", {**batches(arrays()), "data_batch_3": hostile})
    for path in (folder, archive):
        (problem,) = wrong(path)
        assert "data_batch_3: asks for" in problem
        assert "not read" in problem
    assert not trap.exists()


def bad_batch(**changes: Any) -> bytes:
    images, labels = arrays()[:2]
    content: dict[Any, Any] = {b"data": images.reshape(50, -1), b"labels": labels.tolist()}
    return pickle.dumps(content | {key.encode(): value for key, value in changes.items()}, protocol=2)


BAD_BATCHES = {
    "objects": (lambda: bad_batch(data=np.array([{}, []], dtype=object)), "asks for an array of"),
    "another type": (lambda: bad_batch(data=np.zeros((50, 3072), np.int64)), "asks for an array of"),
    "another size": (
        lambda: bad_batch(data=np.zeros((50, 3000), np.uint8)),
        "b'data' must be uint8 (N, 3072)",
    ),
    "no array": (lambda: bad_batch(data=b"x"), "b'data' must be uint8 (N, 3072)"),
    "no list": (lambda: bad_batch(labels=b"x"), "b'labels' must be a list of whole numbers"),
    "float labels": (lambda: bad_batch(labels=[0.5] * 50), "b'labels' must be a list of whole numbers"),
    "few labels": (lambda: bad_batch(labels=[0]), "are not as many as the images"),
    "no dictionary": (lambda: pickle.dumps([1], protocol=2), "must be a dictionary"),
    "truncated": (lambda: python_3_pickle(*arrays()[:2])[:999], "is truncated or damaged"),
    "empty": (lambda: b"", "is truncated or damaged"),
}


@pytest.mark.parametrize("case", BAD_BATCHES)
def test_what_is_wrong_with_a_batch_is_said(case: str, tmp_path: Path) -> None:
    content, says = BAD_BATCHES[case]
    folder = save_batches(tmp_path, arrays())
    (folder / "data_batch_2").write_bytes(content())
    (problem,) = wrong(folder)
    assert f"data_batch_2: {says}" in problem


def test_batches_that_are_missing_are_all_named(tmp_path: Path) -> None:
    folder = save_batches(tmp_path, arrays())
    (folder / "data_batch_4").unlink()
    (folder / "test_batch").unlink()
    assert [problem.split(": ")[1] for problem in wrong(folder)] == ["data_batch_4", "test_batch"]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 0.999])
def test_a_truncated_archive_of_batches_is_refused(share: float, tmp_path: Path) -> None:
    path = save_archive(tmp_path / "a.tar.gz", batches(arrays()))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "is truncated or damaged" in wrong(path)[0]


# --- image folders


def test_files_that_are_no_images_by_their_names_are_skipped_and_counted(tmp_path: Path) -> None:
    made = arrays((3, 4, 4), classes=2)
    root = save_folders(tmp_path, made, ["a", "b"])
    (root / "train/a/notes.txt").write_text("x", encoding="utf-8")
    (root / "test/b/more").mkdir()
    (root / "train/b/.hidden.png").write_bytes(b"x")
    (root / "train/.cache").mkdir()
    (root / "train/a/000.png").rename(root / "train/a/000.PNG")
    said: list[str] = []
    data = read_dataset(DataRef("data", str(root)), said.append)
    assert data.fingerprint == as_data(made).fingerprint
    assert [text.removeprefix(f"{root}: ")[:7] for text in said] == ["2 files"]


def write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


BAD_FOLDERS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "no train": (
        lambda root: (root / "train").rename(root / "training"),
        ["no folder `train`", "test, training"],
    ),
    "two tests": (lambda root: (root / "val").mkdir(), ["has both `test` and `val`"]),
    "empty class": (lambda root: (root / "train/c").mkdir(), ["c: holds no image"]),
    "no class": (
        lambda root: (root / "test").rename(root / "x") and (root / "test").mkdir(),
        ["holds no class"],
    ),
    "untrained class": (
        lambda root: write_bytes(root / "test/z/1.png", b""),
        ["z: is a class without training"],
    ),
    "loose": (lambda root: write_bytes(root / "test/1.png", b""), ["has 1 images outside of any class"]),
    "corrupt": (
        lambda root: write_bytes(root / "train/a/x.jpg", b"no"),
        ["x.jpg: cannot be read as an image"],
    ),
    "truncated": (lambda root: truncate(root / "train/b/001.png"), ["001.png: cannot be read as an image"]),
    "sizes": (
        lambda root: Image.new("RGB", (5, 7)).save(root / "train/b/z.png"),
        ["train/a/000.png is 4×4, train/b/z.png is 7×5", "size = [H, W]"],
    ),
    "16 bits": (
        lambda root: Image.fromarray(np.zeros((4, 4), np.uint16)).save(root / "train/a/deep.png"),
        ["deep.png: has more than 8 bits a channel"],
    ),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_what_is_wrong_with_a_folder_is_said(case: str, tmp_path: Path) -> None:
    change, says = BAD_FOLDERS[case]
    change(save_folders(tmp_path, arrays((3, 4, 4), classes=2), ["a", "b"]))
    (problem,) = wrong(tmp_path)
    for part in says:
        assert part in problem


def test_many_unreadable_images_are_counted(tmp_path: Path) -> None:
    root = save_folders(tmp_path, arrays((3, 4, 4), classes=2), ["a", "b"])
    for number in range(7):
        write_bytes(root / f"train/a/x{number}.png", b"no")
    problems = wrong(root)
    assert len(problems) == 6
    assert "and 2 more" in problems[-1]


# --- images that stay in files


def listed(root: Path) -> ImageFiles:
    data = read_dataset(DataRef("imagenet", str(root), as_files=True))
    assert isinstance(data, ImageFiles)
    return data


def test_a_listing_is_sorted_and_labelled_and_reads_no_image(tmp_path: Path) -> None:
    for name in ("train/n2/b.JPEG", "train/n2/a.JPEG", "train/n10/z.JPEG", "val/n10/y.JPEG", "val/n2/x.txt"):
        write_bytes(tmp_path / name, b"not an image")
    write_bytes(tmp_path / "val/n2/x.JPEG", b"12345")
    data = listed(tmp_path)
    assert data.class_names == ("n10", "n2")
    assert data.classes == 2
    assert data.train_files == ("train/n10/z.JPEG", "train/n2/a.JPEG", "train/n2/b.JPEG")
    assert data.train_labels.tolist() == [0, 1, 1]
    assert (data.test_files, data.test_labels.tolist()) == (("val/n10/y.JPEG", "val/n2/x.JPEG"), [0, 1])
    assert data.root == tmp_path
    text = "repro listing 1, 2 classes\ntrain 3\nn10/z.JPEG 0 12\nn2/a.JPEG 1 12\nn2/b.JPEG 1 12\n"
    text += "test 2\nn10/y.JPEG 0 12\nn2/x.JPEG 1 5\n"
    assert data.fingerprint == hashlib.sha256(text.encode()).hexdigest()


def test_imagenet_is_known_by_classes_and_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("train/n00000001/a.JPEG", "train/n00000002/b.JPEG", "val/n00000001/c.JPEG"):
        write_bytes(tmp_path / name, b"")
    assert listed(tmp_path).fingerprint != DATASETS["imagenet"].fingerprint
    for name, count in (("ILSVRC_CLASSES", 2), ("ILSVRC_TRAIN", 2), ("ILSVRC_VAL", 1)):
        monkeypatch.setattr(f"repro.datasets.listing.{name}", count)
    assert listed(tmp_path).fingerprint == DATASETS["imagenet"].fingerprint
    spec = DatasetSpec("imagenet", DATASETS["imagenet"].fingerprint)
    source = DataRef("imagenet", str(tmp_path), as_files=True)
    assert isinstance(load_dataset(spec, source, as_files=True), ImageFiles)
    (tmp_path / "train/n00000002").rename(tmp_path / "train/dogs")
    assert listed(tmp_path).fingerprint != DATASETS["imagenet"].fingerprint


def test_imagenet_as_it_is_unpacked_is_to_be_sorted_first(tmp_path: Path) -> None:
    for name in ("train/n00000001/a.JPEG", "train/n00000002/b.JPEG", "val/c.JPEG", "val/d.JPEG"):
        write_bytes(tmp_path / name, b"")
    (problem,) = wrong(tmp_path, as_files=True)
    assert "has 2 images outside of any class" in problem
    assert "sort them into val/<class>/" in problem


def test_a_listing_needs_a_folder_with_test_images_and_classes(tmp_path: Path) -> None:
    assert "no folder of images" in wrong(save_npz(tmp_path / "a.npz", arrays()), as_files=True)[0]
    write_bytes(tmp_path / "train/a/1.png", b"")
    with pytest.raises(ReproError, match="no test images"):
        list_images(tmp_path)
    write_bytes(tmp_path / "val/a/1.png", b"")
    with pytest.raises(ReproError, match="one class only"):
        list_images(tmp_path)


# --- what a run was planned with


def test_data_that_has_changed_since_the_plan_is_refused(tmp_path: Path) -> None:
    made = arrays()
    source = DataRef("pets", str(save_npz(tmp_path / "a.npz", made)))
    spec = DatasetSpec("pets", as_data(made).fingerprint)
    assert isinstance(load_dataset(spec, source), ImageData)
    made[0][0, 0, 0, 0] ^= 1
    save_npz(tmp_path / "a.npz", made)
    with pytest.raises(ReproError, match="has changed since it was read"):
        load_dataset(spec, source)


# --- the download


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `content` under every name, but only the first `sent` bytes of it."""

    content = b""
    sent = 0
    requests = 0

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()

    def do_GET(self) -> None:
        type(self).requests += 1
        self.do_HEAD()
        self.wfile.write(self.content[: self.sent])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Server]]:
    from torchvision.datasets import CIFAR10

    class Mine(Server):
        content = save_archive(tmp_path / "made.tar.gz", batches(arrays())).read_bytes()
        sent = len(content)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mine) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{running.server_port}/cifar.tar.gz")
        monkeypatch.setattr(CIFAR10, "tgz_md5", hashlib.md5(Mine.content).hexdigest())
        yield Mine
        running.shutdown()
        thread.join()


def test_a_download_is_fetched_once_and_anew_if_it_is_broken(server: type[Server], tmp_path: Path) -> None:
    from repro.datasets.download import cifar10

    folder = tmp_path / "store/data"
    server.sent = 1000
    with pytest.raises(ReproError, match="CIFAR-10 could not be downloaded"):
        cifar10(folder)
    assert list(folder.iterdir()) == []
    server.sent = len(server.content)
    path = cifar10(folder)
    assert read(path).fingerprint == as_data(arrays()).fingerprint
    asked = server.requests
    assert cifar10(folder) == path
    assert server.requests == asked
    truncate(path)
    assert cifar10(folder).read_bytes() == server.content


def test_a_connection_that_is_refused_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import CIFAR10

    from repro.datasets.download import cifar10

    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setattr(CIFAR10, "url", f"http://127.0.0.1:{port}/cifar.tar.gz")
    with pytest.raises(ReproError, match=r"could not be downloaded(.|\n)*--data cifar10=PATH"):
        cifar10(tmp_path)
