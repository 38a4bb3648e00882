"""Where the shipped claims and templates lie: inside an installed wheel, or live in a checkout."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing's own takes longer to import than all else here
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def place(name: Literal["claims", "templates"]) -> str:
    """Return the folder `name` of the wheel, or of the checkout that an editable install points to."""
    inside = os.path.join(_PACKAGE, "_shipped", name)
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(_PACKAGE), name)


def folder(name: Literal["claims", "templates"]) -> Path:
    """Return `place` as a path."""
    from pathlib import Path

    return Path(place(name))
