"""Where the shipped claims and templates lie: inside an installed wheel, or live in a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Literal


def folder(name: Literal["claims", "templates"]) -> Path:
    """Return the folder `name` of the wheel, or of the checkout that an editable install points to."""
    package = Path(__file__).parents[1]
    inside = package / "_shipped" / name
    return inside if inside.is_dir() else package.parent / name
