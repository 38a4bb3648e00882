"""Versions of the installed packages that a user's code imports: recorded with a run, never part of its key."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from functools import cache

UNKNOWN = "no version"
"""Of a module that no installed package claims: its changes are not noticed."""


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return top-level module → version of the package that installed it; nothing is imported."""
    return {name: _version(name) for name in sorted(packages)}


@cache
def _version(module: str) -> str:
    try:
        return importlib.metadata.version(module)
    except importlib.metadata.PackageNotFoundError:
        pass
    names = _distributions().get(module, [])
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(set(names))) or UNKNOWN


@cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
