"""What was measured, with the machine and the versions: JSON beside the other results, written as it comes."""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from repro.worker.provenance import processor

Row = dict[str, Any]

RESULTS = Path(__file__).parent / "results"

LIBRARIES = ("torch", "torchvision", "numpy", "pandas", "matplotlib", "jinja2", "click", "pydantic")


def machine() -> dict[str, Any]:
    """Return what a time depends on besides the code."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in LIBRARIES},
    }


class Document:
    """A JSON file of rows that is whole after each of them: what was measured stays, whatever comes after.

    Args:
        path: where it lies.
        command: that writes it.
        about: of the machine, beside :func:`machine`.
        goes_on: keep the rows that lie there, where they are of this machine and these versions, and add what is
            missing.
        ends_at: a reading of time.monotonic() after which nothing more is begun.
    """

    def __init__(
        self,
        path: Path,
        command: str,
        about: Mapping[str, Any] | None = None,
        *,
        goes_on: bool = False,
        ends_at: float = math.inf,
    ) -> None:
        self.path = path
        self.ends_at = ends_at
        self.cut_short = False
        self.content: dict[str, Any] = {
            "command": command,
            "measured": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "machine": {**machine(), **(about or {})},
            "rows": [],
        }
        before = read(path) if goes_on else None
        if before is not None and _alike(before["machine"], self.content["machine"]):
            self.content["rows"] = before["rows"]

    def wants(self, row: str) -> bool:
        """Tell whether rows of this name are missing and there is time for them."""
        if any(there["row"] == row for there in self.content["rows"]):
            return False
        if time.monotonic() > self.ends_at:
            self.cut_short = True
            return False
        return True

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append rows, and write the file anew in one step."""
        self.content["rows"] += [dict(row) for row in rows]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        part.replace(self.path)


def read(path: Path) -> dict[str, Any] | None:
    """Return a document, or None where nothing was measured yet."""
    if not path.exists():
        return None
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return {**one, "load_before": None} == {**other, "load_before": None}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
