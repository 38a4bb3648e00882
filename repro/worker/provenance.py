"""Where and with what a run was made: shown in the report, never part of a run's key."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

import torch

import repro


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
