"""What a name stands for: a short one of the tables, or a user's ``package.module:Name``.

A user's own is found in the claims folder or on the Python path, and its source is read, never executed.
"""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from repro.errors import mistake, suggestion
from repro.registry.known import NOT_IMPLEMENTED, DataRef, DatasetEntry, Registered
from repro.registry.published import DATASETS, FORMULAS, MODELS, PROBES
from repro.source_code import code_of


@dataclass(frozen=True)
class Names:
    """What the names in a claims folder stand for: the tables here, the user's own code, the user's data.

    Attributes:
        root: the claims folder, where a user's own code is looked for.
        data: the user's, as named now, or before and remembered.
        absent: nets and data sets that a claim file declares not to be implemented here → why.
    """

    root: Path | None = None
    data: Mapping[DataRef, DatasetEntry] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def model(self, name: str, where: str) -> Registered:
        """Return the entry of a model; raises ReproError with a suggestion where there is none."""
        if name in self.absent and name not in MODELS:
            return Registered("", NOT_IMPLEMENTED)
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


def find_model(name: str, where: str, claims_folder: Path | None = None) -> Registered:
    """Return the entry of model `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, MODELS, "model", where, claims_folder)


def find_probe(name: str, where: str, claims_folder: Path | None = None) -> Registered:
    """Return the entry of probe `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, PROBES, "probe", where, claims_folder)


def find_formula(name: str, where: str, claims_folder: Path | None = None) -> Registered:
    """Return the entry of formula `name`; raises ReproError with a suggestion where there is none."""
    return _find(name, FORMULAS, "formula", where, claims_folder)


def find_dataset(ref: DataRef, where: str, names: Names) -> DatasetEntry:
    """Return what is known about the dataset that `ref` names; one whose data is not at hand is missing.

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


def _find(
    name: str, table: dict[str, Registered], kind: str, where: str, claims_folder: Path | None
) -> Registered:
    if ":" in name:
        return Registered(target=name, version=_of_users(name, kind, where, claims_folder))
    if name not in table:
        hint = suggestion(name, table) + f" (your own {kind}: 'package.module:Name')"
        raise mistake(where, f"unknown {kind}", name, hint)
    return table[name]
