"""This machine as an executor: worker processes, one a core of the CPU or one a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from repro.execution.outcome import Outcome
from repro.execution.pool import Pool
from repro.execution.workload import Workload


@dataclass(frozen=True)
class ThisMachine:
    """An `Executor` (see executor.py) of worker processes.

    SIGINT (Ctrl-C), SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 let the workers save where they are and end; a further SIGINT
    kills them, whatever they or this process are at.

    Attributes:
        claims_folder: where a user's own code is looked for.
        device: "auto" (a GPU where there is one), "cpu", "cuda" (all GPUs that are visible), "cuda:0,3" (some of
            them), or another torch device.
        workers: processes on the CPU; on GPUs there is one each.
        nets: jobs side by side on a GPU.
        checkpoint_seconds: save the state of each run so often; None for every 20 s or more seldom.
    """

    claims_folder: Path
    device: str = "auto"
    workers: int = 1
    nets: int = 1
    checkpoint_seconds: float | None = None

    def execute(self, workload: Workload) -> Outcome:
        """Carry out jobs (see `Executor.execute`).

        Raises:
            ReproError: the device cannot be used, or no process can be started.
        """
        pool = Pool(workload, self.claims_folder, self.device, self.checkpoint_seconds)
        return pool.run(self.workers, self.nets)
