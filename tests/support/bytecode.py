"""Modules are compiled once, not once a process, where the environment forbids to keep bytecode beside the sources."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

FORBIDS = "PYTHONDONTWRITEBYTECODE"
"""Set in many containers; to import torch then takes ten times as long, in each of a hundred processes."""


def keep(config: pytest.Config) -> None:
    """Keep bytecode of this process and of those that it starts in pytest's cache, or for as long as it runs."""
    if not sys.dont_write_bytecode:
        return
    folder = _folder(config)
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(folder)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    os.environ.pop(FORBIDS, None)


def _folder(config: pytest.Config) -> Path:
    cache = getattr(config, "cache", None)  # none with -p no:cacheprovider
    if cache is not None:
        return Path(cache.mkdir("bytecode"))
    made = tempfile.TemporaryDirectory(prefix="repro-tests-bytecode-")
    config.add_cleanup(made.cleanup)
    return Path(made.name)
