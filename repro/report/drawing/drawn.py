"""Drawings kept from one report to the next: matplotlib takes longer to draw a figure than all else takes to judge it.

A drawing is found again by all that it follows from: the figure's data, the code of this room, and the libraries.
Nothing but the page is made of what is kept here. The folder may be deleted at any time, and one that cannot be
written costs nothing but time.
"""

from __future__ import annotations

import hashlib
import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from repro.report.model import Figure
from repro.store import files

LIBRARIES = ("matplotlib", "numpy", "kiwisolver")
"""What decides where matplotlib puts lines and text; fonts come with it."""

MOST_BYTES = 64_000_000
"""Kept at once; the oldest make room."""


def drawn(figure: Figure, prefix: str, folder: Path | None) -> list[str]:
    """Return what :func:`repro.report.drawing.figures.draw` returns, from `folder` where it has been drawn before.

    None as `folder` draws anew and keeps nothing.
    """
    path = None if folder is None else folder / f"{_name(figure, prefix)}.json"
    found = None if path is None else _read(path)
    if found is not None:
        return found
    from repro.report.drawing.figures import (
        draw,  # half a second for which a report drawn before need not wait
    )

    drawings = draw(figure, prefix)
    if path is not None:
        with suppress(OSError):
            _keep(path, drawings)
    return drawings


def _name(figure: Figure, prefix: str) -> str:
    return hashlib.sha256(f"{_drawer()}\n{prefix}\n{figure.model_dump_json()}".encode()).hexdigest()


@cache
def _drawer() -> str:
    """Return what draws: the source of this room, which is read in a millisecond, and the libraries' versions."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digests = [hashlib.sha256(source.read_bytes()).hexdigest() for source in sources]
    return " ".join([*digests, platform.python_version(), *map(version, LIBRARIES)])


def _read(path: Path) -> list[str] | None:
    try:
        return list(files.unsealed(path.read_bytes())["drawings"])
    except (OSError, ValueError, KeyError):
        return None


def _keep(path: Path, drawings: list[str]) -> None:
    path.parent.mkdir(exist_ok=True)  # the store's folder is there, or there are no runs to draw
    files.write(path, files.sealed({"drawings": drawings}).encode())
    kept = sorted((file.stat().st_mtime, file.stat().st_size, file) for file in path.parent.glob("*.json"))
    total = sum(size for _, size, _ in kept)
    for _, size, file in kept:
        if total > MOST_BYTES:
            file.unlink(missing_ok=True)
            total -= size
