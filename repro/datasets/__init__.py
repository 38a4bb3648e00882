"""Datasets: labelled images, whole in memory or listed in files, with a fingerprint of what they are."""

from repro.datasets.files import ImageFiles
from repro.datasets.images import ImageData, fingerprint
from repro.datasets.loading import ChangedDataError, load_dataset
from repro.datasets.opening import read_dataset

__all__ = ["ChangedDataError", "ImageData", "ImageFiles", "fingerprint", "load_dataset", "read_dataset"]
