"""What a command may use of this machine, and where its program lies."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from repro.command_spec import CommandSpec, filled
from repro.errors import mistake
from repro.source_code import is_path
from repro.store import Store

OF_A_WORKER = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "CUDA_DEVICE_MAX_CONNECTIONS")
"""Variables that a worker is given for its own training."""

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Machine:
    """What a command may use, and where it finds its files.

    Attributes:
        store: where runs are kept.
        claims_folder: which working folders are relative to.
        device: of torch; a GPU is made visible to the command, or hidden from it.
        threads: cores that it may take.
    """

    store: Store
    claims_folder: Path
    device: torch.device
    threads: int

    def shared(self, at_once: int) -> Machine:
        """Return what each of several commands may use that run side by side on a GPU; a CPU is shared already."""
        return replace(self, threads=max(1, self.threads // at_once)) if self.device.type == "cuda" else self

    def folder(self, spec: CommandSpec) -> Path:
        """Return where a command runs."""
        return (self.claims_folder / spec.folder).resolve()

    def environment(self, spec: CommandSpec) -> dict[str, str]:
        """Return the variables of a command: this process's, without those for torch here, and its own."""
        found = {name: value for name, value in os.environ.items() if name not in OF_A_WORKER}
        found |= dict.fromkeys(THREADS, str(self.threads))
        found |= {"PYTHONUNBUFFERED": "1", "CUDA_VISIBLE_DEVICES": self._visible()}
        return found | dict(spec.environment)

    def words(self, spec: CommandSpec, out: Path, *more: str, own: str | None = None) -> list[str]:
        """Return a command with its placeholders filled in, and the path of its program.

        Args:
            spec: the run.
            out: its output folder.
            more: words that are added, with placeholders.
            own: where the program lies, where its first word is its name only.

        Raises:
            ReproError: there is no such program.
        """
        known: dict[str, Any] = {
            **spec.values,
            "out": str(out.resolve()),
            "seed": spec.seed,
            "device": self.device.type,
            "threads": self.threads,
            "python": sys.executable,
        }
        program, *words = filled([*spec.words, *more], known)
        program = own or program
        place = str(self.folder(spec) / program) if is_path(program) else program
        found = shutil.which(place, path=self.environment(spec).get("PATH"))
        if found is None:
            hint = "install it, or name another; {python} stands for the Python that runs repro"
            raise mistake(spec.files.name, "there is no such program on this machine", program, hint)
        return [found, *words]

    def _visible(self) -> str:
        """Return the GPUs that are visible to a command: the one that was chosen, or none."""
        if self.device.type != "cuda":
            return ""
        index = self.device.index or 0
        outer = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        return outer[index] if index < len(outer) else str(index)
