"""Names → code, lazily. Listing and planning read the tables; only `load` imports anything.

A name is a short one of the tables below or a user's ``package.module:Name``, found in the claims folder
or on the Python path.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro.errors import mistake, suggestion
from repro.sources import source_version


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about a model or a probe without importing it.

    Attributes:
        target: ``module:attribute``.
        version: bumped by hand when results change; for a user's own code, a hash of its source.
        options: the keyword arguments it takes; None where unknown (a user's own).
    """

    target: str
    version: int | str = 1
    options: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """What is known about a dataset without loading it.

    Attributes:
        target: ``module:attribute`` of a function that returns an ImageData, or "" where it is not built in.
        fingerprint: published fingerprint of the content; for a user's own, a hash of the source.
        shape: (channels, height, width), or None where unknown.
        n_train: training images, or None where unknown.
        classes: number of classes, or None where unknown.
        missing: why runs on it are pending, and what to bring; None when it is embedded.
    """

    target: str
    fingerprint: str
    shape: tuple[int, int, int] | None = None
    n_train: int | None = None
    classes: int | None = None
    missing: str | None = None


_CIFAR = frozenset({"depth", "width", "norm", "shortcut"})
_FOUR_LAYER = frozenset({"activation"})

MODELS: dict[str, Entry] = {
    "cifar-plain": Entry("repro.models.cifar:plain", 1, _CIFAR - {"shortcut"}),
    "cifar-resnet": Entry("repro.models.cifar:resnet", 1, _CIFAR),
    "imagenet-plain": Entry("repro.models.imagenet:plain", 1, frozenset({"depth"})),
    "imagenet-resnet": Entry("repro.models.imagenet:resnet", 1, frozenset({"depth", "shortcut"})),
    "conv3-fc": Entry("repro.models.four_layer:Conv3FC", 1, _FOUR_LAYER),
    "conv2-local2-fc": Entry("repro.models.four_layer:Conv2Local2FC", 1, _FOUR_LAYER),
}

PROBES: dict[str, Entry] = {
    "weight_gradient_norm": Entry("repro.probes.gradients:weight_gradient_norm", 1, frozenset({"layers"})),
    "output_gradient_norm": Entry("repro.probes.gradients:output_gradient_norm", 1, frozenset({"layers"})),
    "response_std": Entry("repro.probes.responses:response_std", 1, frozenset({"layers"})),
    "parameters": Entry("repro.probes.static:parameters", 1, frozenset()),
    "weight_layers": Entry("repro.probes.static:weight_layers", 1, frozenset()),
    "multiply_adds": Entry("repro.probes.static:multiply_adds", 1, frozenset()),
    "residual_identity": Entry("repro.probes.identities:residual_identity", 1, frozenset()),
}

DATASETS: dict[str, DatasetEntry] = {
    "digits": DatasetEntry(
        target="repro.datasets.digits:digits",
        fingerprint="16d55714a45153fedadf73b3219283e38aec894a2e4ec5d5be73420936685d4a",
        shape=(1, 8, 8),
        n_train=1_400,
        classes=10,
    ),
    # The fingerprint is that of the real images and labels, as repro.datasets.fingerprint reads them.
    "cifar10": DatasetEntry(
        target="",
        fingerprint="bd2c0e4c80936b6247e74c20f62d324ed65b692c087ab7760342c4f3fca93efd",
        shape=(3, 32, 32),
        n_train=50_000,
        classes=10,
        missing=(
            "CIFAR-10 is not on this machine, and reading it comes with the paper's protocols; the runs are pending"
        ),
    ),
    # No content fingerprint is published for ImageNet: it is not ours to hash here.
    "imagenet": DatasetEntry(
        target="",
        fingerprint="ilsvrc-2012",
        shape=(3, 224, 224),
        n_train=1_281_167,
        classes=1_000,
        missing="ImageNet (ILSVRC 2012) is not on this machine, and cannot be read yet; the runs are pending",
    ),
}


def find_model(name: str, where: str, claims_folder: Path | None = None) -> Entry:
    """Return the entry of model `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, MODELS, "model", where, claims_folder)


def find_probe(name: str, where: str, claims_folder: Path | None = None) -> Entry:
    """Return the entry of probe `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, PROBES, "probe", where, claims_folder)


def find_dataset(name: str, where: str, claims_folder: Path | None = None) -> DatasetEntry:
    """Return the entry of dataset `name`; raises ReproError with a suggestion where there is none."""
    if ":" in name:
        return DatasetEntry(target=name, fingerprint=source_version(name, where, claims_folder))
    if name not in DATASETS:
        raise mistake(where, "unknown dataset", name, suggestion(name, DATASETS))
    return DATASETS[name]


def _find(name: str, table: dict[str, Entry], kind: str, where: str, claims_folder: Path | None) -> Entry:
    if ":" in name:
        return Entry(target=name, version=source_version(name, where, claims_folder))
    if name not in table:
        hint = suggestion(name, table) + f" (your own {kind}: 'package.module:Name')"
        raise mistake(where, f"unknown {kind}", name, hint)
    return table[name]


def load(target: str, claims_folder: Path | None = None) -> Any:
    """Import and return the object behind ``module:attribute``; a user's claims folder comes first.

    Raises:
        ReproError: the module or the attribute is not there, or importing it failed.
    """
    module_name, _, attribute = target.partition(":")
    if claims_folder is not None and str(claims_folder) not in sys.path:
        sys.path.insert(0, str(claims_folder))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        raise mistake(
            target,
            f"could not be imported: {type(error).__name__}: {error}",
            None,
            "the module must lie in the claims folder or be installed",
        ) from error
    if not hasattr(module, attribute):
        raise mistake(
            target, f"module {module_name} has no {attribute!r}", None, suggestion(attribute, vars(module))
        )
    return getattr(module, attribute)
