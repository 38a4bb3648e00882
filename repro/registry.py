"""Names → code, lazily. Listing and planning read the tables; only `load` imports anything.

A name is a short one of the tables below or a user's ``package.module:Name``, found in the claims folder
or on the Python path.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro import formulas
from repro.errors import ReproError, mistake, suggestion
from repro.source_code import code_of, import_module


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known about a model or a probe without importing it.

    Attributes:
        target: ``module:attribute``.
        version: bumped by hand when results change; for a user's own code, that of `source_code.code_of`.
        options: the keyword arguments it takes; None where unknown (a user's own).
    """

    target: str
    version: int | str = 1
    options: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class DataRef:
    """A data set as a claim names it, or, with an absolute path, where it lies on this machine.

    Attributes:
        name: short name, name of a user's own, or ``package.module:function``.
        path: of a user's own: where it lies, relative to the claim file.
        size: (height, width) that images of a folder are resized to.
        test_fraction: share of the training images that is split off, where there are no test images.
        as_files: images stay in files and are read as training goes on; else they are whole in memory.
    """

    name: str
    path: str | None = None
    size: tuple[int, int] | None = None
    test_fraction: float | None = None
    as_files: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataRef:
        """Invert `dataclasses.asdict`, after JSON has made a list of the size."""
        return cls(**{**data, "size": tuple(data["size"]) if data["size"] else None})


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """What is known about a dataset without loading it.

    Attributes:
        target: ``module:attribute`` of a function that returns an ImageData, or "" where it is brought.
        fingerprint: of the content: the published one, or that of what was brought; for a user's function, the
            version of its code; "" where nothing is known.
        shape: (channels, height, width), or None where unknown, or where images are of any size.
        n_train: training images, or None where unknown.
        classes: number of classes, or None where unknown.
        missing: why runs on it are pending, and what to bring; None when it is at hand.
        files: whether its images are read from files as training goes on; None where it can be read both ways.
        source: where it lies, or lay when it was there, if it was brought.
        download: ``module:function`` that fetches it into a folder and returns its path, or "".
        remarks: what was dropped, converted or guessed when it was read.
    """

    target: str
    fingerprint: str
    shape: tuple[int, int, int] | None = None
    n_train: int | None = None
    classes: int | None = None
    missing: str | None = None
    files: bool | None = None
    source: DataRef | None = None
    download: str = ""
    remarks: tuple[str, ...] = ()


NOT_IMPLEMENTED = "not implemented"
"""The version of a net, and the fingerprint of a data set, that a claim file declares to be absent."""


@dataclass(frozen=True)
class Names:
    """What the names in a claims folder stand for: the tables here, the user's own code, the data that was brought.

    Attributes:
        root: the claims folder, where a user's own code is looked for.
        data: what was brought, or was once and is remembered.
        absent: nets and data sets that a claim file declares not to be implemented here → why.
    """

    root: Path | None = None
    data: Mapping[DataRef, DatasetEntry] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def model(self, name: str, where: str) -> Entry:
        """Return the entry of a model; raises ReproError with a suggestion where there is none."""
        if name in self.absent and name not in MODELS:
            return Entry("", NOT_IMPLEMENTED)
        return find_model(name, where, self.root)

    def unavailable(self, model: str) -> str | None:
        """Return why no run of a model can be made here; None where it is implemented."""
        if model in self.absent and model not in MODELS:
            return f"the net {model} is not implemented here: {self.absent[model]}"
        return None

    def known(self, identity: tuple[str, str]) -> DatasetEntry:
        """Return what is known about the dataset of a run, given by name and fingerprint."""
        for ref, entry in self.data.items():
            if (ref.name, entry.fingerprint) == identity:
                return entry
        return find_dataset(DataRef(identity[0]), "dataset", self)


_CIFAR = frozenset({"depth", "width", "norm", "shortcut"})
_FOUR_LAYER = frozenset({"activation", "lrn"})

MODELS: dict[str, Entry] = {
    "cifar-plain": Entry("repro.models.cifar:plain", 1, _CIFAR - {"shortcut"}),
    "cifar-resnet": Entry("repro.models.cifar:resnet", 1, _CIFAR),
    "imagenet-plain": Entry("repro.models.imagenet:plain", 1, frozenset({"depth"})),
    "imagenet-resnet": Entry("repro.models.imagenet:resnet", 1, frozenset({"depth", "shortcut"})),
    "conv3-fc": Entry(
        "repro.models.four_layer:Conv3FC",
        1,
        _FOUR_LAYER | {"left_out", "filters", "dropout", "positive_biases"},
    ),
    "conv2-local2-fc": Entry("repro.models.four_layer:Conv2Local2FC", 2, _FOUR_LAYER | {"local3_filters"}),
    "alexnet": Entry(
        "repro.models.alexnet:AlexNet",
        1,
        frozenset({"activation", "lrn", "groups", "dropout", "left_out", "positive_biases"}),
    ),
    "small-vgg": Entry("repro.models.small_vgg:SmallVGG", 1, frozenset({"configuration", "width"})),
    "vgg": Entry("repro.models.vgg:VGG", 1, frozenset({"configuration", "dropout"})),
}

PROBES: dict[str, Entry] = {
    "weight_gradient_norm": Entry("repro.probes.gradients:weight_gradient_norm", 1, frozenset({"layers"})),
    "output_gradient_norm": Entry("repro.probes.gradients:output_gradient_norm", 1, frozenset({"layers"})),
    "response_std": Entry("repro.probes.responses:response_std", 1, frozenset({"layers", "statistics"})),
    "insertion_difference": Entry(
        "repro.probes.surgery:insertion_difference", 1, frozenset({"depth", "inserted"})
    ),
    "block_left_out": Entry("repro.probes.surgery:block_left_out", 1, frozenset({"first", "together"})),
    "same_class_neighbours": Entry("repro.probes.neighbours:same_class_neighbours", 1, frozenset({"space"})),
    "nearest_images": Entry("repro.probes.neighbours:nearest_images", 1, frozenset({"space"})),
    "kernel_peak_share": Entry("repro.probes.kernels:kernel_peak_share", 1, frozenset({"shuffled"})),
    "kernel_colour_halves": Entry("repro.probes.kernels:kernel_colour_halves", 1, frozenset()),
    "masked_fill_ratio": Entry(
        "repro.probes.interpolation:masked_fill_ratio", 1, frozenset({"patch", "high", "low"})
    ),
    "test_outputs": Entry("repro.probes.outputs:test_outputs", 1, frozenset()),
    "augmented_minus_test_error": Entry("repro.probes.augmented:augmented_minus_test_error", 1, frozenset()),
    "parameters": Entry("repro.probes.static:parameters", 1, frozenset()),
    "parameter_share": Entry("repro.probes.static:parameter_share", 1, frozenset({"layers"})),
    "weight_layers": Entry("repro.probes.static:weight_layers", 1, frozenset({"layers"})),
    "projections": Entry("repro.probes.static:projections", 1, frozenset()),
    "neurons": Entry("repro.probes.static:neurons", 1, frozenset()),
    "multiply_adds": Entry("repro.probes.static:multiply_adds", 1, frozenset({"layers"})),
    "multiply_add_share": Entry("repro.probes.static:multiply_add_share", 1, frozenset({"layers"})),
}

FORMULAS: dict[str, Entry] = {
    name: Entry(f"repro.formulas.{target}", 1, options) for name, (target, options) in formulas.NAMES.items()
} | {"residual_identity": Entry("repro.probes.identities:residual_identity", 1, frozenset())}
"""Functions of keyword arguments, computed without nets or data; only the last of them needs torch."""

DATASETS: dict[str, DatasetEntry] = {
    "digits": DatasetEntry(
        target="repro.datasets.digits:digits",
        fingerprint="16d55714a45153fedadf73b3219283e38aec894a2e4ec5d5be73420936685d4a",
        shape=(1, 8, 8),
        n_train=1_400,
        classes=10,
        files=False,
    ),
    # The fingerprint is that of the real images and labels, as repro.datasets.fingerprint reads them.
    "cifar10": DatasetEntry(
        target="",
        fingerprint="bd2c0e4c80936b6247e74c20f62d324ed65b692c087ab7760342c4f3fca93efd",
        shape=(3, 32, 32),
        n_train=50_000,
        classes=10,
        missing=(
            "CIFAR-10 is not at hand: bring it with --data cifar10=PATH (torchvision's folder or archive, a Keras "
            ".npz, or image folders), or --data cifar10=download"
        ),
        files=False,
        download="repro.datasets.download:cifar10",
    ),
    # 150 GB are not hashed: it is known by its listing, see repro.datasets.listing.
    "imagenet": DatasetEntry(
        target="",
        fingerprint="ilsvrc-2012",
        n_train=1_281_167,
        classes=1_000,
        missing=(
            "ImageNet (ILSVRC 2012) is not at hand: bring it with --data imagenet=DIR "
            "(train/<wnid>/*.JPEG and val/<wnid>/*.JPEG below DIR)"
        ),
        files=True,
    ),
}


def find_model(name: str, where: str, claims_folder: Path | None = None) -> Entry:
    """Return the entry of model `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, MODELS, "model", where, claims_folder)


def find_probe(name: str, where: str, claims_folder: Path | None = None) -> Entry:
    """Return the entry of probe `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, PROBES, "probe", where, claims_folder)


def stands_in(name: str, fingerprint: str) -> bool:
    """Tell whether other data stand in for a dataset whose content is known: the fingerprint is not the published."""
    return name in DATASETS and DATASETS[name].fingerprint != fingerprint


def find_formula(name: str, where: str, claims_folder: Path | None = None) -> Entry:
    """Return the entry of formula `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, FORMULAS, "formula", where, claims_folder)


def find_dataset(ref: DataRef, where: str, names: Names) -> DatasetEntry:
    """Return what is known about the dataset that `ref` names; one that nobody has brought yet is missing.

    Raises:
        ReproError: the name cannot be one, or looks like a mistyped one; or no such function of a user's own.
    """
    if ref in names.data:
        return names.data[ref]
    if ref.path is None and ref.name in names.absent and ref.name not in DATASETS:
        why = f"the data set {ref.name} is not implemented here: {names.absent[ref.name]}"
        return DatasetEntry("", NOT_IMPLEMENTED, missing=why)
    if ":" in ref.name:
        return DatasetEntry(target=ref.name, fingerprint=_of_users(ref.name, "dataset", where, names.root))
    if ref.path is not None:
        # What has not been read has no fingerprint; what lies elsewhere is another dataset all the same.
        unread = f"unread: {ref.path}, {ref.size}, {ref.test_fraction}"
        return DatasetEntry(
            "", unread, missing=f"{ref.path} does not lie beside the claim file: put it there"
        )
    if ref.name in DATASETS:
        return DATASETS[ref.name]
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", ref.name):
        hint = f"letters, digits and dashes; {suggestion(ref.name, DATASETS)}"
        raise mistake(where, "is no name of a dataset", ref.name, hint)
    meant = next((name for name in DATASETS if _mistyped(ref.name, name)), None)
    if meant is not None:
        hint = f"did you mean {meant!r}? (data of your own need a name that is less like it)"
        raise mistake(where, "unknown dataset", ref.name, hint)
    bring = f"bring it with --data {ref.name}=PATH"
    forms = "a .npz of x_train, y_train, x_test, y_test, or a folder of train/<class>/* and test/<class>/*"
    return DatasetEntry("", "", missing=f"{ref.name} is not at hand: {bring} ({forms})")


def _mistyped(name: str, known: str) -> bool:
    """Tell whether a name is a known one but for a letter or so; another number makes another name (CIFAR-100)."""
    ours, theirs = (re.sub(r"[-0-9]", "", text.lower()) for text in (name, known))
    numbers = [re.sub(r"\D", "", text) for text in (name, known)]
    alike = abs(len(ours) - len(theirs)) <= 1 and difflib.SequenceMatcher(None, ours, theirs).ratio() >= 0.8
    return alike and numbers[0] == numbers[1]


def _of_users(name: str, kind: str, where: str, claims_folder: Path | None) -> str:
    """Return the version of a user's ``package.module:Name``, by its source.

    Raises:
        ReproError: it is no such name, or one of Python's own library, which holds no model, data set or probe; or
            as `code_of`.
    """
    module, _, attribute = name.partition(":")
    if not all(part.isidentifier() for part in (*module.split("."), attribute)):
        raise mistake(where, f"is no name of a {kind}", name, f"your own {kind}: 'package.module:Name'")
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names:
        own = claims_folder is not None and (claims_folder / f"{top}.py").exists()
        hint = (
            f"rename {top}.py: Python would import its own"
            if own
            else f"name a module that holds your {kind}"
        )
        raise mistake(where, f"{top!r} is a module of Python's own library: it holds no {kind}", name, hint)
    return code_of(name, where, claims_folder).version


def _find(name: str, table: dict[str, Entry], kind: str, where: str, claims_folder: Path | None) -> Entry:
    if ":" in name:
        return Entry(target=name, version=_of_users(name, kind, where, claims_folder))
    if name not in table:
        hint = suggestion(name, table) + f" (your own {kind}: 'package.module:Name')"
        raise mistake(where, f"unknown {kind}", name, hint)
    return table[name]


def load(target: str, claims_folder: Path | None = None, version: str | int | None = None) -> Any:
    """Import and return the object behind ``module:attribute``.

    A user's claims folder comes after Python's own library and before what is installed.

    Args:
        target: module and attribute.
        claims_folder: where a user's own code is looked for.
        version: of the code that is wanted, where that is a user's own; None for whatever lies there.

    Raises:
        ReproError: the module or the attribute is not there, importing it failed, or its code has changed since
            `version` was worked out.
    """
    module_name, _, attribute = target.partition(":")
    try:
        if claims_folder is None or module_name.startswith("repro."):
            module = importlib.import_module(module_name)
        else:
            module = import_module(
                target, target, claims_folder, version if isinstance(version, str) else None
            )
    except ReproError:
        raise
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
