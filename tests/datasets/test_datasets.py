from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch

from repro import registry
from repro.datasets import ImageData, fingerprint, load_dataset
from repro.errors import ReproError
from repro.spec import DatasetSpec

CPU = torch.device("cpu")
DIGITS = DatasetSpec("digits", registry.DATASETS["digits"].fingerprint)


def tiny(
    n_train: int = 6, n_test: int = 4, shape: tuple[int, int, int] = (3, 4, 5), seed: int = 0
) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [
        random.integers(0, 256, (n_train, *shape), dtype=np.uint8),
        random.integers(0, 3, n_train),
        random.integers(0, 256, (n_test, *shape), dtype=np.uint8),
        random.integers(0, 3, n_test),
    ]


def test_digits_are_all_there_once_and_match_what_the_registry_says() -> None:
    data = load_dataset(DIGITS)
    entry = registry.DATASETS["digits"]
    assert data.in_shape == entry.shape
    assert len(data.train_images) == entry.n_train == 1400
    assert len(data.test_images) == 397
    assert data.classes == entry.classes
    with np.load(str(files("repro.datasets") / "data" / "digits.npz")) as archive:
        counts, labels = archive["images"], archive["labels"]
    images = np.concatenate([data.train_images, data.test_images])[:, 0]
    back = np.rint(images / 255 * 16).astype(np.uint8)
    ours = sorted(
        zip((i.tobytes() for i in back), np.concatenate([data.train_labels, data.test_labels]), strict=True)
    )
    theirs = sorted(zip((i.tobytes() for i in counts), labels, strict=True))
    assert ours == theirs
    assert images.min() == 0
    assert images.max() == 255


def test_digits_splits_hold_every_class_in_fair_share() -> None:
    data = load_dataset(DIGITS)
    share = np.bincount(data.test_labels) / (np.bincount(data.train_labels) + np.bincount(data.test_labels))
    assert share.min() > 0.15
    assert share.max() < 0.30


def test_fingerprint_as_documented() -> None:
    images = np.arange(2 * 1 * 2 * 3, dtype=np.uint8).reshape(2, 1, 2, 3)
    labels = np.array([1, 0])

    def digest(label: int, pixels: bytes) -> bytes:
        return hashlib.sha256(f"1,2,3,{label}:".encode() + pixels).digest()

    first, second = digest(1, bytes(range(6))), digest(0, bytes(range(6, 12)))
    text = b"repro images 1, 2 classes\ntrain 2\n" + b"".join(sorted([first, second])) + b"test 1\n" + second
    assert fingerprint(images, labels, images[1:], labels[1:], 2) == hashlib.sha256(text).hexdigest()


def test_fingerprint_ignores_order_and_memory_layout() -> None:
    a, b, c, d = tiny()
    order = np.random.default_rng(1).permutation(len(a))
    strided = np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    assert fingerprint(a[order], b[order], c[::-1], d[::-1], 3) == fingerprint(strided, b, c, d, 3)


def test_fingerprint_notices_every_kind_of_change() -> None:
    a, b, c, d = tiny()
    pixel, label = a.copy(), b.copy()
    pixel[2, 1, 3, 4] ^= 1
    label[0] = (label[0] + 1) % 3
    variants = [
        (a, b, c, d, 3),
        (a, b, c, d, 4),
        (pixel, b, c, d, 3),
        (a, label, c, d, 3),
        (c, d, a, b, 3),
        (a[:-1], b[:-1], c, d, 3),
        (np.concatenate([a, a[:1]]), np.append(b, b[0]), c, d, 3),
        (a.reshape(6, 3, 5, 4), b, c.reshape(4, 3, 5, 4), d, 3),
    ]
    assert len({fingerprint(*variant) for variant in variants}) == len(variants)


def test_a_damaged_dataset_is_refused() -> None:
    with pytest.raises(ReproError, match=r"not that of the run(.|\n)*reinstall"):
        load_dataset(DatasetSpec("digits", "0" * 64))


@pytest.mark.parametrize("name", ["cifar10", "imagenet"])
def test_a_dataset_that_is_not_here_says_so(name: str) -> None:
    with pytest.raises(ReproError, match=f"bring it with --data {name}="):
        load_dataset(DatasetSpec(name, registry.DATASETS[name].fingerprint))


def test_unknown_dataset_is_answered_with_a_suggestion() -> None:
    with pytest.raises(ReproError, match="did you mean 'digits'"):
        load_dataset(DatasetSpec("digit", ""))


def test_a_users_own_dataset(tmp_path: Path) -> None:
    (tmp_path / "own_data_a.py").write_text(
        "import numpy as np\nfrom repro.datasets import ImageData\n"
        "def make(n):\n    x = np.zeros((n, 1, 2, 2), np.uint8)\n    y = np.zeros(n, np.int64)\n"
        "    return ImageData(x, y, x, y, 2, 'mine')\ndef wrong():\n    return 3\n"
    )
    assert len(load_dataset(DatasetSpec("own_data_a:make", "x", {"n": 3}), None, tmp_path).train_images) == 3
    with pytest.raises(ReproError, match=r"must return a repro\.datasets\.ImageData"):
        load_dataset(DatasetSpec("own_data_a:wrong", "x"), None, tmp_path)


def test_image_data_reports_all_its_problems_at_once() -> None:
    a, b, c, d = tiny()
    with pytest.raises(ReproError) as caught:
        ImageData(a.astype(np.float32), b + 1, c[:, 0], d.astype(np.int32), classes=3, fingerprint="")
    places = [problem.where for problem in caught.value.problems]
    assert places == ["train_images", "train_labels", "test_images", "test_labels"]
    with pytest.raises(ReproError, match="training shape"):
        ImageData(a, b, c[:, :, :3], d, classes=3, fingerprint="")


def test_a_subset_is_the_same_images_everywhere_and_tests_on_all() -> None:
    whole = load_dataset(DIGITS)
    part = load_dataset(DatasetSpec("digits", DIGITS.fingerprint, {"train_images": 300}))
    assert isinstance(whole, ImageData)
    assert isinstance(part, ImageData)
    assert np.array_equal(part.train_images, whole.train_images[:300])
    assert np.array_equal(part.train_labels, whole.train_labels[:300])
    assert np.array_equal(part.test_images, whole.test_images)
    assert part.fingerprint == whole.fingerprint
    # Digits of all classes: the order of the images has nothing to do with them.
    assert np.bincount(part.train_labels).min() > 15
    with pytest.raises(ReproError, match=r"1,400 training images(.|\n)*1500"):
        load_dataset(DatasetSpec("digits", DIGITS.fingerprint, {"train_images": 1_500}))
