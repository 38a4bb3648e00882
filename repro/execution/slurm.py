"""Slurm as an engine: each job is a check of one shard, handed over by way of submitit (an optional extra).

Nothing here waits: what has been done is read from the store, never from Slurm. A job of Slurm is told before its time
is over (USR2, to its first process alone); the check then saves and ends, and the job is queued again. After a node
died, Slurm itself queues it again, and the check goes on from its checkpoints.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

from repro.errors import mistake

GRACE_SECONDS = 120
"""How long before a job's time is over it is told; half of its time where that is less."""

OFTEN = 1000
"""How many times a job that met its time limit is queued again. It went on each time; nothing is gained by an end."""

INTERRUPTED = 130
"""The exit code of a check that was asked to end, and saved."""


class CheckOfShard:
    """What a job of Slurm carries out: a command, once more from where it was whenever it is queued again.

    Args:
        command: of a check that saves and ends at SIGTERM, and goes on when it is started again.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self._child: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"command": self.command, "_child": None}

    def __call__(self) -> int:
        """Run the command to its end; return its exit code.

        Raises:
            SystemExit: it was asked to end.
            RuntimeError: it ended with another code than 0 or 3; a run that failed does not fail the job.
        """
        process = subprocess.Popen(self.command)
        self._child = process.pid
        # submitit would pass it over, which a batch system may send to a job's first process alone.
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        # Not `process.wait()`, whose lock the handler of a signal would wait for in vain.
        process.returncode = code = os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])
        if code == INTERRUPTED:
            # Of a job that is cancelled or preempted, or whose node is given up, Slurm says something else, and queues
            # it again by itself where it is to go on.
            if _state() == "RUNNING":
                subprocess.run(["scontrol", "requeue", os.environ["SLURM_JOB_ID"]], check=True)
            sys.exit(code)
        if code not in (0, 3):
            raise RuntimeError(f"the check ended with exit code {code}")
        return code

    def checkpoint(self) -> Any:
        """Have the command save and end; return what is to be queued again. Called by submitit, at a signal."""
        self._end()
        if self._child is not None:
            with contextlib.suppress(ChildProcessError):
                os.waitid(os.P_PID, self._child, os.WEXITED | os.WNOWAIT)
        return importlib.import_module("submitit.helpers").DelayedSubmission(self)

    def _end(self) -> None:
        """Have the command save and end, if it has begun."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGTERM)


def _state() -> str:
    """Return what Slurm says of the job that this process is in."""
    command = ["squeue", "--noheader", "--jobs", os.environ.get("SLURM_JOB_ID", ""), "--format=%T"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def submit(stages: Sequence[Sequence[Sequence[str]]], folder: Path, options: Mapping[str, str]) -> list[str]:
    """Hand commands over to Slurm, an array job a stage, each of which waits for the end of the one before.

    Args:
        stages: the commands of each.
        folder: of Slurm's scripts and logs; seen by all nodes.
        options: of sbatch, by their long names; "time" in minutes.

    Returns:
        The job id of each stage.

    Raises:
        ReproError: submitit or Slurm is not there, or Slurm refuses.
    """
    try:
        submitit = importlib.import_module("submitit")
    except ImportError:
        hint = "install it: pip install 'repro-claims[slurm]'"
        raise mistake("--slurm", "submitit is not installed", hint=hint) from None
    minutes = int(options["time"])
    grace = min(GRACE_SECONDS, 30 * minutes)
    jobs: list[str] = []
    with _outside_any_job():
        for commands in stages:
            further = {name: value for name, value in options.items() if name != "time"}
            if jobs:
                further["dependency"] = f"afterany:{jobs[-1]}"
            try:
                # The batch shell becomes the job: no step of srun, whose share of the cores is a matter of versions.
                executor = submitit.SlurmExecutor(
                    folder, max_num_timeout=OFTEN, python=f"exec {quote(sys.executable)}"
                )
                executor.update_parameters(
                    job_name="repro",
                    time=minutes,
                    nodes=1,
                    use_srun=False,
                    stderr_to_stdout=True,
                    additional_parameters={"requeue": True, **further, "signal": f"B:USR2@{grace}"},
                )
                with executor.batch():
                    made = [executor.submit(CheckOfShard(command)) for command in commands]
                jobs.append(str(made[0].job_id).partition("_")[0])
            except Exception as error:  # of submitit, which has several, and of what it calls
                for job in jobs:
                    subprocess.run(["scancel", job], check=False)
                what = f"Slurm takes no job: {str(error).strip() or type(error).__name__}"
                raise mistake(
                    "--slurm", what, hint="options are those of sbatch, by their long names"
                ) from None
    return jobs


@contextlib.contextmanager
def _outside_any_job() -> Iterator[None]:
    """Hide what a job of Slurm tells of itself, should this be one: the jobs it hands over would take it for theirs."""
    told = {
        name: os.environ.pop(name)
        for name in list(os.environ)
        if name.startswith("SLURM_") and name != "SLURM_CONF"
    }
    try:
        yield
    finally:
        os.environ.update(told)
