"""Where all processes of a session keep what they draw for the pages of the sample reports."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

FOLDER = "REPRO_TESTS_DRAWN"
"""The environment variable that names it, to the workers of xdist, too."""


def keep(config: pytest.Config) -> None:
    """Make the folder, if no process before has, and remove it at the end."""
    if FOLDER not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="repro-tests-drawn-")
        os.environ[FOLDER] = folder.name
        config.add_cleanup(folder.cleanup)


def kept() -> Path:
    return Path(os.environ[FOLDER])
