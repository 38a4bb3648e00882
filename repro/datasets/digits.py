"""The embedded digits: 1,797 real 8×8 images, small enough to ship and to train on in seconds.

Source: "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI Machine Learning
Repository (CC BY 4.0), test part, as distributed with scikit-learn; see data/LICENSE-digits.txt.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np

from repro.datasets.images import ImageData, fingerprint

SPLIT_SEED = 1998
"""Of the one permutation, numpy's PCG64; the year of the data."""

N_TRAIN = 1400


def digits() -> ImageData:
    """Return the digits, split 1,400/397 after a fixed permutation; images of shape (1, 8, 8).

    The file counts ink in a 4×4 cell, 0 to 16; pixels are that count × 255 / 16, rounded half up. The split
    is part of the fingerprint, so a numpy that permutes otherwise would be noticed.
    """
    with (files("repro.datasets") / "data" / "digits.npz").open("rb") as file, np.load(file) as archive:
        counts, labels = archive["images"].astype(np.int64), archive["labels"].astype(np.int64)
    # The file is ordered by writer.
    order = np.random.Generator(np.random.PCG64(SPLIT_SEED)).permutation(len(labels))
    images = ((counts * 255 + 8) // 16).astype(np.uint8)[order, np.newaxis]
    labels = labels[order]
    arrays = (images[:N_TRAIN], labels[:N_TRAIN], images[N_TRAIN:], labels[N_TRAIN:])
    return ImageData(*arrays, classes=10, fingerprint=fingerprint(*arrays, classes=10))
