"""A Ray cluster as an executor: shards of the plan as tasks of Ray (an optional extra).

Who does what is the driver's matter (driver.py); what a task does on its node is in ray_node.py. Nothing needs a shared
file system, but a user's data must lie at the same place on each node.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro import __version__
from repro.errors import mistake
from repro.execution.driver import Driver, Ended, Message, Parcel
from repro.execution.mailbox import Mailbox
from repro.execution.outcome import Outcome
from repro.execution.parcels import code_of
from repro.execution.ray_connection import connected
from repro.execution.ray_node import carry_out
from repro.execution.workload import Workload

MOST_CALLS = 100_000
"""To a mailbox at a time: a task of its waits there, until the driver has what it sent."""


@dataclass(frozen=True)
class RayCluster:
    """An `Executor` (see executor.py) of a Ray cluster.

    Attributes:
        address: "ray" for the cluster that this machine is part of, or "ray://HOST:PORT".
        claims_folder: where a user's own code is looked for; it travels along.
        device: "auto" (GPUs where the cluster has them), "cpu" or "cuda".
        nets: jobs side by side on a GPU.
        checkpoint_seconds: save the state of each run so often; None for every 20 s or more seldom.
    """

    address: str
    claims_folder: Path
    device: str = "auto"
    nets: int = 1
    checkpoint_seconds: float | None = None

    def execute(self, workload: Workload) -> Outcome:
        """Carry out jobs (see `Executor.execute`).

        Raises:
            ReproError: Ray or a cluster is not there, or its nodes cannot carry out jobs of this version.
        """
        with connected(self.address) as ray:
            return Driver(_Ray(ray, self), workload).run()


class _Ray:
    """An `Engine` (see driver.py): a task of the driver is one of Ray, and a mailbox lies between them."""

    def __init__(self, ray: Any, cluster: RayCluster) -> None:
        self.ray = ray
        self.cluster = cluster
        self.address = cluster.address
        self.code = ray.put(code_of(cluster.claims_folder))
        # Where the driver is, whose end it shares. (A node that lends no CPU, as a head often is, gets nothing softly.)
        here = ray.get_runtime_context().get_node_id()
        affinity = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        options = {"num_cpus": 0, "max_restarts": -1, "max_concurrency": MOST_CALLS}
        actor = ray.remote(scheduling_strategy=affinity(here, soft=False), **options)(Mailbox)
        self.mailbox = actor.remote()
        self.closing = False
        self.refs: dict[Any, str] = {}
        self.mail_ref: Any = None

    def room(self) -> tuple[int, Mapping[str, float]]:
        """Return how many tasks the cluster carries out at a time, and what each asks of it."""
        # Their sum, which Ray tells, counts a dead node for seconds: tasks for which there is no room would keep jobs.
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        gpus = int(sum(node.get("GPU", 0) for node in nodes))
        if self.cluster.device != "cpu" and gpus:
            return gpus, {"num_cpus": 1, "num_gpus": 1}
        return max(1, int(sum(node.get("CPU", 0) for node in nodes))), {"num_cpus": 1}

    def slots(self) -> int:
        return self.room()[0]

    def start(self, task: str, parcel: Parcel) -> None:
        _, resources = self.room()
        gpu = "num_gpus" in resources
        how = {
            "device": "cuda" if gpu else "cpu",
            "nets": self.cluster.nets if gpu else 1,
            "checkpoint_seconds": self.cluster.checkpoint_seconds,
            "version": __version__,
        }
        remote = self.ray.remote(max_retries=0, **resources)(carry_out)
        self.refs[remote.remote(task, parcel, how, self.code, self.mailbox)] = task

    def answer(self, task: str, parcel: Parcel | None) -> None:
        self.mailbox.answer.remote(task, parcel)

    def mail(self, seconds: float) -> Sequence[Message]:
        # An actor that cannot start answers never; what was asked of it stays asked, so that no message is lost.
        self.mail_ref = self.mail_ref or self.mailbox.take.remote(seconds)
        if not self.ray.wait([self.mail_ref], timeout=2 * seconds)[0]:
            return []
        ref, self.mail_ref = self.mail_ref, None
        try:
            mail: Sequence[Message] = self.ray.get(ref)
        except self.ray.exceptions.RuntimeEnvSetupError as error:
            what = f"the cluster cannot make the environment that it runs jobs in: {_last_line(error)}"
            hint = "RAY_ENABLE_UV_RUN_RUNTIME_ENV=0 where it is started keeps uv out of it"
            raise mistake("--on", what, self.address, hint) from None
        except self.ray.exceptions.RayActorError:
            time.sleep(seconds)  # it starts again, and what was in it is sent again
            if self.closing:
                self.close()
            return []
        return mail

    def ended(self) -> Sequence[Ended]:
        refs = self.ray.wait(list(self.refs), num_returns=len(self.refs), timeout=0)[0] if self.refs else []
        return [self.end_of(ref) for ref in refs]

    def end_of(self, ref: Any) -> Ended:
        """Return how a task has ended, and forget it."""
        task = self.refs.pop(ref)
        try:
            return Ended(task, changed=self.ray.get(ref))
        except self.ray.exceptions.RayTaskError as error:
            return Ended(task, refused=str(error.cause).splitlines()[0])
        except self.ray.exceptions.RayError as error:
            return Ended(task, lost=type(error).__name__)

    def close(self) -> None:
        self.closing = True
        self.mailbox.close.remote()

    def cancel(self) -> None:
        for ref in self.refs:
            self.ray.cancel(ref, force=True)


def _last_line(error: Exception) -> str:
    """Return the line of an error of Ray's that tells most: of the traceback that it quotes, the last."""
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), repr(error))
