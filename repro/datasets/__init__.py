"""Datasets: labelled images, whole in memory, with a fingerprint of their content."""

from repro.datasets.images import ImageData, fingerprint
from repro.datasets.loading import load_dataset

__all__ = ["ImageData", "fingerprint", "load_dataset"]
