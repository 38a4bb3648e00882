"""The code that a name stands for: imported here, and nowhere else."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from repro.errors import ReproError, mistake, suggestion
from repro.source_code import import_module


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
