"""Where and with what a run was made: shown in the report, never part of a run's key."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

import repro
from repro.source_code import code_of, versions_of


def provenance(device: torch.device) -> dict[str, Any]:
    """Return machine, device, versions, and the commit with a dirty flag."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "machine": f"{platform.system()} {platform.machine()}",
        "device": f"{device.type}: {name}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "repro": repro.__version__,
        "commit": commit(),
    }


def code_provenance(targets: Iterable[str], claims_folder: Path) -> dict[str, Any]:
    """Return the files of a user's own code, each with a hash, and the versions of the packages that it imports.

    Args:
        targets: names of models, data sets and probes; those without a colon are the registry's.
        claims_folder: where a user's own code lies.

    Returns:
        "code": target → file → hash, and "packages": module → version; empty where all is the registry's.
    """
    found = {name: code_of(name, name, claims_folder) for name in sorted(set(targets)) if ":" in name}
    if not found:
        return {}
    packages = {package for code in found.values() for package in code.packages}
    return {
        "code": {name: dict(code.files) for name, code in found.items()},
        "packages": versions_of(packages),
    }


def processor() -> str:
    """Return the name of this machine's processor."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def commit() -> str:
    """Return the commit of the checkout that the package lies in, "+" where it has changes, or "released"."""
    root = Path(repro.__file__).parent.parent
    if not (root / ".git").exists():
        return "released"
    try:
        head = subprocess.run(
            ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return head.stdout.strip()
