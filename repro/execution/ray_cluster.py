"""A Ray cluster as an executor: shards of the plan as tasks (Ray is an optional extra).

This is the driver's side. A task (ray_node.py) sends home what comes of its jobs as it comes: results, and checkpoints,
so that a node that is lost costs no more than the time since its last one. What it had in hand is given to another task
then. Nothing needs a shared file system, but a user's data must lie at the same place on each node.
"""

from __future__ import annotations

import importlib
import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repro import __version__
from repro.errors import mistake
from repro.execution.mailbox import Mailbox
from repro.execution.outcome import Outcome
from repro.execution.parcels import code_of, is_done, needed_for, take
from repro.execution.ray_connection import connected
from repro.execution.ray_node import HEARTBEAT_SECONDS, carry_out
from repro.execution.ray_task import Task
from repro.execution.workers import requests_to_end
from repro.execution.workload import Backlog, Workload
from repro.planning.jobs import Job

MOST_LOSSES = 5
"""How many tasks a job may be lost with, on nodes that died or were taken away, until it fails."""

SHARD_SECONDS = 30.0
"""Predicted, of what a task is given at a time; when it is done it asks for more."""

NOT_BEGUN = "not begun"
"""Said of a job without a checkpoint, when it is interrupted: most of a shard has not had its turn."""


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
            return _Driver(ray, self, workload).run()


class _Driver:
    def __init__(self, ray: Any, cluster: RayCluster, workload: Workload) -> None:
        self.ray = ray
        self.cluster = cluster
        self.backlog = Backlog(workload)
        self.waiting = self.backlog.waiting
        self.outcome = self.backlog.outcome
        self.store = workload.store
        self.code = ray.put(code_of(cluster.claims_folder))
        # Where the driver is, whose end it shares.
        here = ray.get_runtime_context().get_node_id()
        affinity = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        actor = ray.remote(num_cpus=0, max_restarts=-1)(Mailbox)
        self.mailbox = actor.options(scheduling_strategy=affinity(here, soft=True)).remote()
        self.tasks: dict[str, Task] = {}
        self.refs: dict[Any, str] = {}
        self.asking: set[str] = set()
        self.fresh = True
        self.losses: Counter[str] = Counter()

    def run(self) -> Outcome:
        asked = threading.Event()
        with requests_to_end(asked.set):
            try:
                while self.tasks or self.waiting or self.more():
                    if asked.is_set() and not self.outcome.stopped:
                        self.stop()
                    self.answer()
                    self.start()
                    self.read_mail(HEARTBEAT_SECONDS)
                    self.bury()
            except KeyboardInterrupt:  # asked once more
                self.outcome.stopped = True
                for ref in self.refs:
                    self.ray.cancel(ref, force=True)
        for task in self.tasks.values():
            for key, job in list(task.jobs.items()):
                self.backlog.interrupt(job, NOT_BEGUN)
                task.drop(key)
        return self.outcome

    def stop(self) -> None:
        """Ask the tasks to save where they are, and to send that home."""
        self.outcome.stopped = True
        self.waiting.clear()
        self.ray.get(self.mailbox.close.remote())
        self.tell("Stopping: runs save where they are. Once more to stop at once.", urgent=True)

    def more(self) -> bool:
        """Plan again if anything has come home since, and tell whether anything waits."""
        if self.backlog.over:
            self.waiting.clear()
        elif not self.waiting and self.fresh and not self.outcome.stopped:
            self.fresh = False
            self.backlog.refill()
        return bool(self.waiting)

    def slots(self) -> tuple[int, Mapping[str, float]]:
        """Return how many tasks the cluster carries out at a time, and what each asks of it."""
        # Their sum, which Ray tells, counts a dead node for seconds: tasks for which there is no room would keep jobs.
        nodes = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        gpus = int(sum(node.get("GPU", 0) for node in nodes))
        if self.cluster.device != "cpu" and gpus:
            return gpus, {"num_cpus": 1, "num_gpus": 1}
        return max(1, int(sum(node.get("CPU", 0) for node in nodes))), {"num_cpus": 1}

    def start(self) -> None:
        """Begin tasks, as many as there is work and room for."""
        slots, resources = self.slots() if self.more() else (0, {})
        remote = self.ray.remote(max_retries=0, **resources)(carry_out)
        gpu = "num_gpus" in resources
        for free in range(slots - len(self.tasks), 0, -1):
            task, name = Task(), uuid.uuid4().hex
            parcel = self.shard(task, free)
            if parcel is None:
                return
            how = {
                "device": "cuda" if gpu else "cpu",
                "nets": self.cluster.nets if gpu else 1,
                "checkpoint_seconds": self.cluster.checkpoint_seconds,
                "version": __version__,
            }
            self.tasks[name] = task
            self.refs[remote.remote(name, parcel, how, self.code, self.mailbox)] = name

    def answer(self) -> None:
        """Give further jobs to tasks that ask for them, or let them end, where nothing can follow any more."""
        for name in list(self.asking):
            task = self.tasks.get(name)
            if task is not None:
                self.settle(task)
                parcel = self.shard(task, len(self.tasks)) if self.more() else None
                others = [other for other in self.tasks.values() if other is not task and other.jobs]
                # One with nothing else in hand waits for what may follow from what others find, but makes room for one
                # that finds none.
                waits = others and all(other.begun for other in others) and not self.outcome.stopped
                if parcel is None and not task.jobs and waits:
                    continue
                self.mailbox.answer.remote(name, parcel)
            self.asking.discard(name)

    def shard(self, task: Task, tasks: int) -> dict[str, Any] | None:
        """Put jobs from the queue, of which so many tasks get a share, into a task's hands.

        Those that another check has in hand go to the queue's end.
        """
        share_seconds = min(SHARD_SECONDS, sum(job.wall_seconds for job in self.waiting) / tasks)
        share = math.ceil(len(self.waiting) / tasks)
        taken: list[Job] = []
        for _ in range(len(self.waiting)):
            if len(taken) == share or (taken and sum(job.wall_seconds for job in taken) >= share_seconds):
                break
            job, held = self.waiting.popleft(), ExitStack()
            if job.key in task.jobs or not held.enter_context(self.store.lock(job.key)):
                held.close()
                self.waiting.append(job)
            elif is_done(job, self.store):
                held.close()
                self.outcome.found += 1
                self.backlog.work_done += job.wall_seconds
                self.fresh = True
            else:
                task.jobs[job.key], task.locks[job.key] = job, held
                taken.append(job)
        if not taken:
            return None
        return {"jobs": taken, "entries": list(needed_for(taken, self.store))}

    def read_mail(self, seconds: float) -> None:
        """Wait a little for what tasks send, and keep it."""
        try:
            mail = self.ray.get(self.mailbox.take.remote(seconds))
        except self.ray.exceptions.RayActorError:
            time.sleep(seconds)
            return  # it starts again on another node; what was lost with it is carried out again
        for message in mail:
            self.keep(message)

    def keep(self, message: Mapping[str, Any]) -> None:
        """Put what a task sent into the store, and tell."""
        task = self.tasks.get(message["task"])
        if task is None:
            return
        task.begun = True
        readings = {reading.key for job in task.jobs.values() for reading in job.readings}
        for entry in message["entries"]:
            # Of what it was given, nothing else.
            if entry["key"] in task.jobs or entry["key"] in readings:
                take(entry, self.store)
                self.fresh |= entry["kind"] != "checkpoint" or entry["header"]["stopped"] is not None
                if entry["kind"] == "failure" and entry["key"] in task.jobs:
                    self.outcome.failures[entry["key"]] = entry["reason"]
        if message["progress"] is not None:
            task.seconds_told = message["progress"].work_done
        if message["asks"]:
            self.asking.add(message["task"])
        for text, urgent in message["texts"]:
            self.tell(text, urgent=urgent)
        self.tell(None)

    def bury(self) -> None:
        """Take leave of tasks that have ended: what was not done of them waits again."""
        ended = self.ray.wait(list(self.refs), num_returns=len(self.refs), timeout=0)[0] if self.refs else []
        if ended:
            self.read_mail(0.01)
        for ref in ended:
            task = self.tasks.pop(self.refs.pop(ref))
            lost, changed = None, list[str]()
            try:
                changed = self.ray.get(ref)
            except self.ray.exceptions.RayTaskError as error:
                what = f"a node cannot carry out jobs: {str(error.cause).splitlines()[0]}"
                hint = f"repro-claims {__version__} must be installed on each node"
                raise mistake("--on", what, self.cluster.address, hint) from None
            except self.ray.exceptions.RayError as error:
                lost = type(error).__name__
            self.outcome.changed.update(
                job.source for job in task.jobs.values() if job.key in changed and job.source
            )
            self.settle(task)
            if lost and task.jobs and not self.outcome.stopped:
                count = f"{len(task.jobs)} of its jobs" if len(task.jobs) > 1 else "its job"
                self.tell(f"A node was lost ({lost}): {count} will go on elsewhere", urgent=True)
            for key, job in list(task.jobs.items()):
                task.drop(key)
                self.try_again(job)

    def settle(self, task: Task) -> None:
        """Take the jobs out of a task's hands for which nothing is left to do."""
        for key, job in list(task.jobs.items()):
            failed = self.backlog.is_stale(job)
            if failed or is_done(job, self.store):
                task.drop(key)
                self.outcome.done += not failed
                self.backlog.work_done += job.wall_seconds
                task.seconds_settled += job.wall_seconds
                self.fresh = True

    def try_again(self, job: Job) -> None:
        """Have a job wait again whose task has ended without it."""
        self.losses[job.key] += 1
        if self.outcome.stopped:
            self.backlog.interrupt(job, NOT_BEGUN)
        elif self.losses[job.key] > MOST_LOSSES:
            reason = f"was lost {self.losses[job.key]} times, with the nodes that it was on (out of memory?)"
            self.backlog.fail(job, reason)
        else:
            self.waiting.append(job)

    def tell(self, message: str | None, *, urgent: bool = False) -> None:
        in_hand_seconds = sum(
            max(0.0, task.seconds_told - task.seconds_settled) for task in self.tasks.values()
        )
        self.backlog.show(message, in_hand_seconds, urgent=urgent)
