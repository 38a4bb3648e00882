"""The driver of a cluster that shares no file system with it: which shard is in which task's hands, and what follows.

A task sends home what comes of its jobs as it comes: results, and checkpoints, so that a node that is lost costs no
more than the time since its last one. What it had in hand is given to another task then.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from repro import __version__
from repro.errors import mistake
from repro.execution.outcome import Outcome
from repro.execution.parcels import is_done, needed_for, take
from repro.execution.task import Task
from repro.execution.workers import requests_to_end
from repro.execution.workload import Backlog, Workload
from repro.planning.jobs import Job

HEARTBEAT_SECONDS = 1.0
"""How often a task sends home what is new, and the driver looks after all."""

MOST_LOSSES = 5
"""How many tasks a job may be lost with, on nodes that died or were taken away, until it fails."""

SHARD_SECONDS = 30.0
"""Predicted, of what a task is given at a time; when it is done it asks for more."""

SILENCE_SECONDS = 60.0
"""After which people are told that no task has begun: the cluster may be busy, or never begin one."""

NOT_BEGUN = "not begun"
"""Said of a job without a checkpoint, when it is interrupted: most of a shard has not had its turn."""

Parcel: TypeAlias = Mapping[str, Any]
"""Jobs, and the entries of the store that they begin with."""

Message: TypeAlias = Mapping[str, Any]
"""What a task sends: its name, entries of its store, texts for people, its progress, and whether it asks for more."""


@dataclass(frozen=True)
class Ended:
    """How a task has ended.

    Attributes:
        task: its name.
        changed: keys of jobs whose data is not what it was when they were planned.
        lost: how, where it went with its node.
        refused: why the node cannot carry out jobs.
    """

    task: str
    changed: Collection[str] = ()
    lost: str | None = None
    refused: str | None = None


class Engine(Protocol):
    """What a cluster does for a driver: it places tasks, and passes on what is said."""

    address: str

    def slots(self) -> int:
        """Return how many tasks the cluster carries out at a time."""

    def start(self, task: str, parcel: Parcel) -> None:
        """Start a task of this name, as soon as there is room for it."""

    def answer(self, task: str, parcel: Parcel | None) -> None:
        """Give a task that asked for more its answer; None lets it end."""

    def mail(self, seconds: float) -> Sequence[Message]:
        """Wait so long for what tasks send; return what is there."""

    def ended(self) -> Sequence[Ended]:
        """Return the tasks that have ended since this was last called."""

    def close(self) -> None:
        """Ask all tasks to save where they are, to send that home, and to end."""

    def cancel(self) -> None:
        """End all tasks at once."""


class Driver:
    """Carries out a workload on an engine: hands jobs out, and keeps what comes home of them."""

    def __init__(self, engine: Engine, workload: Workload) -> None:
        self.engine = engine
        self.backlog = Backlog(workload)
        self.waiting = self.backlog.waiting
        self.outcome = self.backlog.outcome
        self.store = workload.store
        self.tasks: dict[str, Task] = {}
        self.asking: set[str] = set()
        self.fresh = True
        self.losses: Counter[str] = Counter()
        self.heard_at: float | None = time.monotonic()

    def run(self) -> Outcome:
        """Carry out the jobs, and what follows from them, to the end, or until it is asked to stop.

        Raises:
            ReproError: a node cannot carry out jobs of this version.
        """
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
                    self.listen()
            except KeyboardInterrupt:  # asked once more
                self.outcome.stopped = True
                self.engine.cancel()
        for task in self.tasks.values():
            for key, job in list(task.jobs.items()):
                self.backlog.interrupt(job, NOT_BEGUN)
                task.drop(key)
        return self.outcome

    def stop(self) -> None:
        """Ask the tasks to save where they are, and to send that home."""
        self.outcome.stopped = True
        self.waiting.clear()
        self.engine.close()
        self.tell("Stopping: runs save where they are. Once more to stop at once.", urgent=True)

    def more(self) -> bool:
        """Plan again if anything has come home or out of a task's hands since, and tell whether anything waits."""
        if self.backlog.over:
            self.waiting.clear()
        elif not self.waiting and self.fresh and not self.outcome.stopped:
            self.fresh = False
            self.backlog.refill({key for task in self.tasks.values() for key in task.jobs})
        return bool(self.waiting)

    def start(self) -> None:
        """Begin tasks, as many as there is work and room for."""
        free = self.engine.slots() - len(self.tasks) if self.more() else 0
        for left in range(free, 0, -1):
            task, name = Task(), uuid.uuid4().hex
            parcel = self.shard(task, left)
            if parcel is None:
                return
            self.tasks[name] = task
            self.engine.start(name, parcel)

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
                self.engine.answer(name, parcel)
            self.asking.discard(name)

    def shard(self, task: Task, tasks: int) -> Parcel | None:
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
            if not held.enter_context(self.store.lock(job.key)):
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
        for message in self.engine.mail(seconds):
            self.keep(message)

    def keep(self, message: Message) -> None:
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
        ended = self.engine.ended()
        if ended:
            self.read_mail(0.01)
        for end in ended:
            if end.refused is not None:
                what = f"a node cannot carry out jobs: {end.refused}"
                hint = f"repro-claims {__version__} must be installed on each node"
                raise mistake("--on", what, self.engine.address, hint)
            task = self.tasks.pop(end.task)
            changed = [job.source for key, job in task.jobs.items() if key in end.changed]
            self.outcome.changed.update(source for source in changed if source is not None)
            self.settle(task)
            if end.lost and task.jobs and not self.outcome.stopped:
                count = f"{len(task.jobs)} of its jobs" if len(task.jobs) > 1 else "its job"
                self.tell(f"A node was lost ({end.lost}): {count} will go on elsewhere", urgent=True)
            for key, job in list(task.jobs.items()):
                self.release(task, key)
                self.try_again(job)

    def listen(self) -> None:
        """Tell people, once, where tasks were given to the cluster long ago and none has begun."""
        if self.heard_at is None:
            return
        now = time.monotonic()
        if not self.tasks or any(task.begun for task in self.tasks.values()):
            self.heard_at = now
        elif now - self.heard_at > SILENCE_SECONDS:
            self.heard_at = None
            why = "the cluster is busy, or cannot start them: its own status and logs tell which"
            self.tell(f"No task has begun in {SILENCE_SECONDS:.0f} s: {why}", urgent=True)

    def settle(self, task: Task) -> None:
        """Take the jobs out of a task's hands for which nothing is left to do."""
        for key, job in list(task.jobs.items()):
            failed = self.backlog.is_stale(job)
            if failed or is_done(job, self.store):
                self.release(task, key)
                self.outcome.done += not failed
                self.backlog.work_done += job.wall_seconds
                task.seconds_settled += job.wall_seconds

    def release(self, task: Task, key: str) -> None:
        """Take a job out of a task's hands: what a plan says of its run counts from now on."""
        task.drop(key)
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
        """Show how far all has come."""
        in_hand_seconds = sum(
            max(0.0, task.seconds_told - task.seconds_settled) for task in self.tasks.values()
        )
        self.backlog.show(message, in_hand_seconds, urgent=urgent)
