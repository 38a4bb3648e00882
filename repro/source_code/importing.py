"""Importing a user's code as it lies in the claims folder now, and noticing where it changes while a command runs."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Any

from repro.errors import mistake
from repro.source_code.identity import HASHED, code_of

_imported: dict[Path, str] = {}
"""File → hash when this process imported it: what is written into it later is not what runs here."""


def import_module(target: str, where: str, claims_folder: Path, version: str | None) -> ModuleType:
    """Return the module of ``package.module:Name``, from Python's own library, the claims folder or what is installed.

    Args:
        target: what is wanted.
        where: for errors.
        claims_folder: where a user's own code is looked for.
        version: of the code that is wanted, as `code_of` gave it; None for whatever lies there.

    Raises:
        ReproError: it is other code by now than that of `version`, or than what this process imported before.
        Exception: whatever importing it raises.
    """
    _put_first(claims_folder)
    before = code_of(target, where, claims_folder)
    for name, content in before.files.items():
        _imported.setdefault(claims_folder / name, content)
    module = importlib.import_module(target.partition(":")[0])
    after = code_of(target, where, claims_folder)
    changed = [
        name for name, content in after.files.items() if _imported.get(claims_folder / name) != content
    ]
    planned = version if version is not None and version.startswith(HASHED) else before.version
    if changed or after.version != planned:
        files = f" ({', '.join(changed)})" if changed else ""
        what = f"its code has changed since this run was planned{files}"
        raise mistake(where, what, target, "run the command again: what has changed is planned anew")
    return module


class _FromSource(SourceFileLoader):
    """Compiles what lies in a file: Python believes kept bytecode by the size and the second of a change alone."""

    def path_stats(self, path: Any) -> Any:
        """Tell that no bytecode can be kept."""
        raise OSError(f"no bytecode is kept of {path}")


class _OwnCode(MetaPathFinder):
    """Finds a user's modules before installed ones, but never one named like a module of Python's: all would fail."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a module lies in the claims folder; a folder without `__init__.py` hides nothing installed."""
        if path is not None or fullname in sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(fullname, [self._folder])
        return spec if spec is not None and spec.origin is not None else None


def _put_first(folder: Path) -> None:
    root = str(folder)
    if root in sys.path:
        return

    def finder(path: str) -> FileFinder:
        if path != root and not path.startswith(root + os.sep):
            raise ImportError(f"{path} is not below the claims folder")
        return FileFinder(
            path,
            (ExtensionFileLoader, EXTENSION_SUFFIXES),
            (_FromSource, SOURCE_SUFFIXES),
            (SourcelessFileLoader, BYTECODE_SUFFIXES),
        )

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.pop(root, None)
    sys.path.append(root)
    sys.meta_path.insert(0, _OwnCode(root))
