"""A Ray cluster as an executor: shards of the plan as tasks (Ray is an optional extra).

A task carries its jobs out as a machine of its own does (this_machine.py), in a store of its own, and sends home what
comes of them as it comes: results, and checkpoints, so that a node that is lost costs no more than the time since its
last one. What it had in hand is given to another task then. Nothing needs a shared file system, but data that was
brought must lie at the same place on each node.
"""

from __future__ import annotations

import importlib
import math
import os
import signal
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro import __version__
from repro.errors import mistake
from repro.execution.mailbox import Mailbox
from repro.execution.outcome import Outcome, Progress
from repro.execution.parcels import code_of, is_done, needed_for, news, take, unpack_code
from repro.execution.this_machine import ThisMachine
from repro.execution.workers import requests_to_end
from repro.planning.jobs import Job
from repro.store import Store

MOST_LOSSES = 5
"""How many tasks a job may be lost with, on nodes that died or were taken away, until it fails."""

FAT_SECONDS = 60.0
"""A shard's predicted time at least, where there is enough to do: a task takes seconds to begin."""

MOST_JOBS = 32
"""Of a shard: its runs are locked at home, each with an open file."""

HEARTBEAT_SECONDS = 1.0


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

    def execute(
        self,
        jobs: Sequence[Job],
        store: Store,
        *,
        show: Callable[[Progress], None],
        refill: Callable[[], Sequence[Job]] = lambda: (),
        deadline: float = math.inf,
    ) -> Outcome:
        """Carry out jobs (see `Executor.execute`).

        Raises:
            ReproError: Ray or a cluster is not there, or its nodes cannot carry out jobs of this version.
        """
        try:
            ray = importlib.import_module("ray")
        except ImportError:
            raise mistake("--on", "Ray is not installed", hint="pip install 'repro-claims[ray]'") from None
        address = "auto" if self.address == "ray" else self.address
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except Exception as error:  # of Ray's several, and of the network's
            hint = "`ray start --head` starts one here; ray://HOST:10001 names one elsewhere"
            what = f"no Ray cluster can be reached: {str(error).splitlines()[0]}"
            raise mistake("--on", what, self.address, hint) from None
        try:
            return _Driver(ray, self, store, show, refill, deadline).run(jobs)
        finally:
            ray.shutdown()


@dataclass
class _Task:
    """A shard in the hands of the cluster."""

    jobs: list[Job]
    held: ExitStack
    told: Progress = field(default_factory=lambda: Progress(0, 0, 0, 0.0, 0.0))


class _Driver:
    def __init__(
        self,
        ray: Any,
        cluster: RayCluster,
        store: Store,
        show: Callable[[Progress], None],
        refill: Callable[[], Sequence[Job]],
        deadline: float,
    ) -> None:
        self.ray = ray
        self.cluster = cluster
        self.store = store
        self.show = show
        self.refill = refill
        self.deadline = deadline
        self.code = ray.put(code_of(cluster.claims_folder))
        # Where the driver is, whose end it shares.
        here = ray.get_runtime_context().get_node_id()
        affinity = importlib.import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        actor = ray.remote(num_cpus=0, max_restarts=-1)(Mailbox)
        self.mailbox = actor.options(scheduling_strategy=affinity(here, soft=True)).remote()
        self.waiting: deque[Job] = deque()
        self.known: set[object] = set()
        self.tasks: dict[Any, _Task] = {}
        self.losses: Counter[str] = Counter()
        self.outcome = Outcome()
        self.total = 0
        self.work_total = self.work_done = 0.0

    def run(self, jobs: Sequence[Job]) -> Outcome:
        asked = threading.Event()
        self.add(jobs)
        with requests_to_end(asked.set):
            try:
                while self.tasks or self.waiting or self.more():
                    if asked.is_set() and not self.outcome.stopped:
                        self.stop()
                    self.start()
                    self.read_mail()
                    self.bury()
            except KeyboardInterrupt:  # asked once more
                self.outcome.stopped = True
                for ref in self.tasks:
                    self.ray.cancel(ref, force=True)
        for task in self.tasks.values():
            task.held.close()
        return self.outcome

    def stop(self) -> None:
        """Ask the tasks to save where they are, and to send that home."""
        self.outcome.stopped = True
        self.waiting.clear()
        self.ray.get(self.mailbox.close.remote())
        self.tell("Stopping: runs save where they are. Once more to stop at once.", urgent=True)

    def add(self, jobs: Sequence[Job]) -> None:
        """Queue the jobs that are new."""
        for job in jobs:
            identity = (job.key, job.train, job.until)
            stale = job.key in self.outcome.failures or job.source in self.outcome.changed
            if identity not in self.known and not stale:
                self.known.add(identity)
                self.waiting.append(job)
                self.total += 1
                self.work_total += job.wall_seconds

    def slots(self) -> tuple[int, Mapping[str, float]]:
        """Return how many tasks the cluster carries out at a time, and what each asks of it."""
        there = self.ray.cluster_resources()
        gpus = int(there.get("GPU", 0))
        if self.cluster.device != "cpu" and gpus:
            return gpus, {"num_cpus": 1, "num_gpus": 1}
        return max(1, int(there.get("CPU", 1))), {"num_cpus": 1}

    def start(self) -> None:
        """Make shards of what waits, as many as the cluster has room for, and hand them over."""
        if time.monotonic() > self.deadline:
            self.waiting.clear()
        slots, resources = self.slots() if self.waiting else (0, {})
        free = slots - len(self.tasks)
        if not self.waiting or free <= 0:
            return
        seconds = sum(job.wall_seconds for job in self.waiting)
        # Half of what is left at a time, so that nobody waits long for the last.
        share = min(seconds / min(free, len(self.waiting)), max(FAT_SECONDS, seconds / (2 * slots)))
        remote = self.ray.remote(max_retries=0, **resources)(carry_out)
        for _ in range(free):
            task = self.shard(share)
            if task is None:
                return
            parcel = {
                "jobs": task.jobs,
                "entries": list(needed_for(task.jobs, self.store)),
                "device": "cuda" if "num_gpus" in resources else "cpu",
                "nets": self.cluster.nets,
                "checkpoint_seconds": self.cluster.checkpoint_seconds,
                "version": __version__,
            }
            self.tasks[remote.remote(parcel, self.code, self.mailbox)] = task

    def shard(self, share_seconds: float) -> _Task | None:
        """Take jobs from the queue; those that another check has in hand go to its end."""
        task, seconds, busy = _Task([], ExitStack()), 0.0, []
        while self.waiting and len(task.jobs) < MOST_JOBS and (not task.jobs or seconds < share_seconds):
            job = self.waiting.popleft()
            try:
                mine = task.held.enter_context(self.store.lock(job.key))
            except OSError:
                mine = False
            if not mine:
                busy.append(job)
            elif is_done(job, self.store):
                self.outcome.found += 1
                self.work_done += job.wall_seconds
            else:
                task.jobs.append(job)
                seconds += job.wall_seconds
        self.waiting.extend(busy)
        if task.jobs:
            return task
        task.held.close()
        return None

    def read_mail(self) -> None:
        """Wait a little for what tasks send, and keep it."""
        try:
            mail = self.ray.get(self.mailbox.take.remote(HEARTBEAT_SECONDS))
        except self.ray.exceptions.RayActorError:
            return  # it starts again on another node; what was lost with it is carried out again
        for message in mail:
            self.keep(message)

    def keep(self, message: Mapping[str, Any]) -> None:
        """Put what a task sent into the store, and tell."""
        in_hand = {job.key: task for task in self.tasks.values() for job in task.jobs}
        task = in_hand.get(message["first"])
        readings = {reading.key for job in (task.jobs if task else ()) for reading in job.readings}
        for entry in message["entries"]:
            # Of what it was given, nothing else.
            if entry["key"] in in_hand or entry["key"] in readings:
                take(entry, self.store)
                if entry["kind"] == "failure" and entry["key"] in in_hand:
                    self.outcome.failures[entry["key"]] = entry["reason"]
        if task is not None and message["progress"] is not None:
            task.told = message["progress"]
        for text, urgent in message["texts"]:
            self.tell(text, urgent=urgent)
        self.tell(None)

    def bury(self) -> None:
        """Take leave of tasks that have ended: what was not done of them waits again."""
        ended, _ = (
            self.ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=0)
            if self.tasks
            else ([], [])
        )
        if ended:
            self.read_mail()
        for ref in ended:
            task = self.tasks.pop(ref)
            task.held.close()
            lost = None
            try:
                changed = self.ray.get(ref)
            except self.ray.exceptions.RayTaskError as error:
                what = f"a node cannot carry out jobs: {str(error.cause).splitlines()[0]}"
                hint = f"repro-claims {__version__} must be installed on each node"
                raise mistake("--on", what, self.cluster.address, hint) from None
            except self.ray.exceptions.RayError as error:
                changed, lost = [], type(error).__name__
            self.outcome.changed.update(job.source for job in task.jobs if job.key in changed and job.source)
            again = [job for job in task.jobs if not self.settled(job)]
            if lost and again and not self.outcome.stopped:
                self.tell(f"A node was lost ({lost}); {len(again)} jobs of it go on elsewhere", urgent=True)
            for job in again:
                self.losses[job.key] += 1
                if self.outcome.stopped:
                    self.remember_where(job)
                elif self.losses[job.key] > MOST_LOSSES:
                    reason = f"was lost {MOST_LOSSES} times, with the nodes that it was on (out of memory?)"
                    self.store.put_failure(job.key, job.title, reason)
                    self.outcome.failures[job.key] = reason
                else:
                    self.waiting.append(job)
        if ended and not self.waiting:
            self.more()

    def more(self) -> bool:
        """Ask for further jobs; tell whether there are any."""
        if not self.outcome.stopped and time.monotonic() <= self.deadline:
            self.add(self.refill())
        return bool(self.waiting)

    def settled(self, job: Job) -> bool:
        """Tell whether nothing is left to do for a job, and count it then."""
        failed = job.key in self.outcome.failures or job.source in self.outcome.changed
        if not failed and not is_done(job, self.store):
            return False
        self.outcome.done += not failed
        self.work_done += job.wall_seconds
        return True

    def remember_where(self, job: Job) -> None:
        newest = self.store.checkpoints(job.key).newest() if job.train else None
        where = f"interrupted at step {newest.step:,} of {newest.steps:,}" if newest else "not begun"
        self.outcome.interrupted[job.title] = where

    def tell(self, message: str | None, *, urgent: bool = False) -> None:
        told = [task.told for task in self.tasks.values()]
        self.show(
            Progress(
                self.outcome.done + self.outcome.found + sum(progress.done for progress in told),
                len(self.outcome.failures),
                self.total,
                self.work_done + sum(progress.work_done for progress in told),
                self.work_total,
                message,
                urgent,
            )
        )


def carry_out(parcel: Mapping[str, Any], code: Mapping[str, bytes], mailbox: Any) -> list[str]:
    """Carry out a shard on a node, and send home what comes of it; return the jobs whose data is not what it was.

    Raises:
        RuntimeError: the node has another version of repro.
    """
    if parcel["version"] != __version__:
        raise RuntimeError(f"repro {__version__} is installed there, and {parcel['version']} here")
    ray = importlib.import_module("ray")
    jobs: Sequence[Job] = parcel["jobs"]
    with tempfile.TemporaryDirectory(prefix="repro-shard-", ignore_cleanup_errors=True) as folder:
        store, claims = Store(Path(folder, "store")), Path(folder, "claims")
        store.prepare()
        claims.mkdir()
        unpack_code(code, claims)
        for entry in parcel["entries"]:
            take(entry, store)
        # Another one than the workers' parent reads, in another thread. What came from home is no news there.
        seen, sent = Store(store.root), dict[str, object]()
        list(news(jobs, seen, sent))
        texts: list[tuple[str, bool]] = []
        latest: list[Progress] = []
        over = threading.Event()

        def show(progress: Progress) -> None:
            latest[:] = [progress]
            if progress.message:
                texts.append((progress.message, progress.urgent))

        def send() -> bool:
            """Send home what is new; return whether an end is wished there."""
            told = [texts.pop(0) for _ in range(len(texts))]
            progress = latest[0] if latest else None
            message = {
                "first": jobs[0].key,
                "entries": list(news(jobs, seen, sent)),
                "texts": told,
                "progress": progress,
            }
            return bool(ray.get(mailbox.put.remote(message)))

        def courier() -> None:
            asked = False
            while not over.wait(HEARTBEAT_SECONDS):
                with suppress(ray.exceptions.RayActorError):  # the mailbox moves
                    if send() and not asked:
                        asked = True
                        # As a batch system would: this machine's workers save where they are.
                        os.kill(os.getpid(), signal.SIGTERM)

        thread = threading.Thread(target=courier, daemon=True)
        thread.start()
        machine = ThisMachine(claims, parcel["device"], 1, parcel["nets"], parcel["checkpoint_seconds"])
        outcome = machine.execute(jobs, store, show=show)
        over.set()
        thread.join()
        send()
        return [job.key for job in jobs if job.source in outcome.changed]
