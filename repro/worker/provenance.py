"""Where and with what a run was made: shown in the report, never part of a run's key."""

from __future__ import annotations

import hashlib
import json
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

import repro
from repro.command_spec import CommandSpec
from repro.source_code import Code, code_of, versions_of


def provenance(device: torch.device) -> dict[str, Any]:
    """Return host, machine, device, versions, threads, and the commit of this program with a dirty flag."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
    return {
        "host": platform.node(),
        "machine": f"{platform.system()} {platform.machine()}",
        "device": f"{device.type}: {name}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "repro": repro.__version__,
        "commit": commit(),
        "os": platform.platform(),
        "threads": torch.get_num_threads(),
        **({"driver": driver()} if device.type == "cuda" else {}),
    }


def installed() -> dict[str, str]:
    """Return package → version, of all that is installed for this Python, by the names of their folders.

    Of two of one name, the one that is imported. Reading each one's metadata instead takes half a second a worker.
    """
    found: dict[str, str] = {}
    for folder in map(Path, sys.path):
        for path in sorted(folder.glob("*.dist-info")):
            name, _, version = path.name.removesuffix(".dist-info").partition("-")
            found.setdefault(name, version)
    return dict(sorted(found.items()))


def driver() -> str:
    """Return the versions of what lies between torch and an NVIDIA or AMD GPU, as far as torch says."""
    told = {"driver": _driver(), "CUDA": torch.version.cuda, "HIP": torch.version.hip}
    cudnn: Any = torch.backends.cudnn  # without types
    if cudnn.is_available():
        told["cuDNN"] = str(cudnn.version())
    return ", ".join(f"{name} {version}" for name, version in told.items() if version) or "unknown"


def _driver() -> str | None:
    try:
        return kernel_module(Path("/proc/driver/nvidia/version").read_text(encoding="utf-8"))
    except OSError:
        return None


def kernel_module(text: str) -> str | None:
    """Return the version that NVIDIA's kernel module, of either kind, tells of itself."""
    match = re.search(r"Kernel Module.*?\s([0-9]+(?:\.[0-9]+)+)", text)
    return match[1] if match else None


def code_provenance(targets: Iterable[str], claims_folder: Path) -> dict[str, Any]:
    """Return the files of a user's own code, each with a hash, and the versions of the packages that it imports.

    Args:
        targets: names of models, data sets and probes; those without a colon are the registry's.
        claims_folder: where a user's own code lies.

    Returns:
        "code": target → file → hash, "packages": module → version, and, of a folder in a git repository, "git": its
        state; empty where all is the registry's.
    """
    found = {name: code_of(name, name, claims_folder) for name in sorted(set(targets)) if ":" in name}
    if not found:
        return {}
    packages = {package for code in found.values() for package in code.packages}
    return {
        "code": {name: dict(code.files) for name, code in found.items()},
        "packages": versions_of(packages),
        **({"git": state} if (state := _git_of_claims(claims_folder)) else {}),
    }


_ASK = """\
import importlib.metadata as metadata, json, platform, sys
installed = {}
for found in metadata.distributions():
    about = found.metadata  # read anew each time
    if about["Name"]:
        installed.setdefault(str(about["Name"]), str(about["Version"]))
tops = {}
# Which reads the files of all packages, and takes as long as all else.
if not all(name in installed for name in sys.argv[1:]) and hasattr(metadata, "packages_distributions"):
    tops = metadata.packages_distributions()
def version(name):
    for known in (name, *tops.get(name, ())):
        if known in installed:
            return installed[known]
    return "no version"
versions = {name: version(name) for name in sys.argv[1:]}
print(json.dumps([platform.python_version(), versions, dict(sorted(installed.items()))]))
"""
"""Asked of the Python that a command names: which it is, and its versions of what the command imports, and of all."""

DIFF_LINES, DIFF_COLUMNS = 400, 1000
"""Of a diff that is kept with a command's run."""


def command_provenance(
    spec: CommandSpec, code: Code, program: str, environment: Mapping[str, str], folder: Path
) -> tuple[dict[str, Any], dict[str, str] | None]:
    """Return with what a command is carried out, and what is installed for its Python; None where it names none.

    That is its files, its Python and the packages that it imports, commit and uncommitted changes of its repository.

    Args:
        spec: the run.
        code: its files as they are now.
        program: the path of what is started.
        environment: its variables.
        folder: where it runs.
    """
    told: dict[str, Any] = {"program": Path(program).name, "git": git_state(folder, with_diff=True)}
    installed = None
    if Path(program).name.startswith("python"):
        asked = _answer(program, code.packages, tuple(sorted(environment.items())), folder)
        if asked is not None:
            told |= {"python": asked[0], "packages": dict(asked[1])}
            installed = asked[2]
    return {"code": {spec.files.name: dict(code.files)}, "command": told}, installed


@lru_cache(maxsize=16)
def _answer(
    program: str, packages: tuple[str, ...], environment: tuple[tuple[str, str], ...], folder: Path
) -> tuple[str, dict[str, str], dict[str, str]] | None:
    """Return what a Python says of itself; None where it does not: the run itself will say what is wrong with it."""
    ask = [program, "-c", _ASK, *packages]
    try:
        done = subprocess.run(
            ask, capture_output=True, check=True, timeout=60, cwd=folder, env=dict(environment), text=True
        )
        version, found, installed = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return version, found, installed


@lru_cache(maxsize=16)
def _git_of_claims(folder: Path) -> dict[str, Any]:
    """Return the state in which a worker first found a folder; its code is hashed for each run."""
    return git_state(folder)


def git_state(folder: Path, *, with_diff: bool = False) -> dict[str, Any]:
    """Return commit and uncommitted changes of the repository that a folder lies in; {} where there is none.

    Of the changes that is their files and a hash of the diff and, where asked for, its first DIFF_LINES lines.
    """

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(folder), *arguments], capture_output=True, check=True, timeout=60
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode("utf-8", errors="replace")

    head = git("rev-parse", "HEAD")
    if head is None:
        return {}
    changed = (git("diff", "HEAD", "--name-only") or "").splitlines()
    found: dict[str, Any] = {"commit": head.strip()}
    if changed:
        diff = git("diff", "HEAD") or ""
        found["uncommitted"] = {
            "files": changed[:100],
            "sha256": hashlib.sha256(diff.encode()).hexdigest(),
        }
        if with_diff:
            lines = [line[:DIFF_COLUMNS] for line in diff.splitlines()]
            found["uncommitted"] |= {"diff": lines[:DIFF_LINES], "lines": len(lines)}
    return found


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
