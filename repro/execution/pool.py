"""Worker processes of this machine: one a core on the CPU, with one job at a time; one on a GPU, with several.

A worker that dies takes only its job with it; a job that a death has cost is tried once more, from its last
checkpoint. The parent imports no torch: jobs and events are JSON lines over pipes. Asked to stop, it closes the pipes:
workers save where they are and end. Asked again, it kills them.
"""

from __future__ import annotations

import contextlib
import math
import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from repro.errors import mistake
from repro.execution.outcome import Outcome, Progress
from repro.execution.workers import WorkerProcess, requests_to_end
from repro.planning.jobs import Job
from repro.spec import Until
from repro.startup import child
from repro.store import Store

_REQUEST = 0
"""The number of no worker."""


def execute(
    jobs: Sequence[Job],
    store: Store,
    *,
    claims_folder: Path,
    device: str,
    workers: int,
    nets: int = 1,
    show: Callable[[Progress], None],
    refill: Callable[[], Sequence[Job]] = lambda: (),
    deadline: float = math.inf,
    checkpoint_seconds: float | None = None,
) -> Outcome:
    """Carry out `jobs` in their order on `workers` processes; finished ones stay whatever happens next.

    SIGINT (Ctrl-C), SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 let the workers save where they are and end; a second one
    kills them, whatever they or this process are at.

    Args:
        jobs: what to do first.
        store: where results go.
        claims_folder: where a user's own code is looked for.
        device: "auto" or a torch device.
        workers: processes on the CPU; on a GPU there is one.
        nets: jobs side by side in that one.
        show: told about every step.
        refill: asked for further jobs whenever the queue is empty and a job has ended; known ones are ignored.
        deadline: `time.monotonic()` after which no further job is started.
        checkpoint_seconds: save the state of each run so often; None for every 20 s or more seldom.

    Raises:
        ReproError: the device cannot be used, or no process can be started.
    """
    return _Pool(store, claims_folder, device, show, refill, deadline, checkpoint_seconds).run(
        jobs, workers, nets
    )


class _Pool:
    def __init__(
        self,
        store: Store,
        claims_folder: Path,
        device: str,
        show: Callable[[Progress], None],
        refill: Callable[[], Sequence[Job]],
        deadline: float,
        checkpoint_seconds: float | None,
    ) -> None:
        self.store = store
        self.command = [
            *child.command("repro.worker.process"),
            *("--store", str(store.root.resolve())),
            *("--claims", str(claims_folder.resolve())),
            *("--device", device),
        ]
        if checkpoint_seconds is not None:
            self.command += ["--checkpoint-seconds", str(checkpoint_seconds)]
        self.device = device
        self.show = show
        self.refill = refill
        self.deadline = deadline
        self.waiting: deque[Job] = deque()
        self.busy: deque[Job] = deque()
        self.known: set[tuple[str, bool, Until | None]] = set()
        # Simple, since signal handlers put into it.
        self.events: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
        self.workers: dict[int, WorkerProcess] = {}
        self.outcome = Outcome()
        self.deaths: Counter[str] = Counter()
        self.cores = 1
        self.total = 0
        self.work_total = self.work_done = 0.0
        self.started = 0
        self.most_workers = self.nets = 1

    def run(self, jobs: Sequence[Job], workers: int, nets: int = 1) -> Outcome:
        self.nets = nets
        # Whether there is a GPU is not known before the first worker has looked.
        self.most_workers = workers if self.device == "cpu" else 1
        self.cores = workers
        self.add(jobs)
        with requests_to_end(lambda: self.events.put((_REQUEST, {}))):
            try:
                self.staff()
                while self.workers:
                    number, event = self.next_event()
                    if number == _REQUEST:
                        self.stop()
                    elif number in self.workers:
                        self.handle(self.workers[number], event)
            except KeyboardInterrupt:  # asked once more
                self.outcome.stopped = True
            finally:
                for worker in self.workers.values():
                    worker.kill()
        for worker in self.workers.values():
            self.remember_where(worker)
        return self.outcome

    def next_event(self) -> tuple[int, dict[str, Any]]:
        while True:
            # Windows runs signal handlers only between waits.
            with contextlib.suppress(queue.Empty):
                return self.events.get(timeout=1.0)

    def stop(self) -> None:
        """Ask the workers to save where they are and to end."""
        self.outcome.stopped = True
        self.waiting.clear()
        self.busy.clear()
        for worker in self.workers.values():
            worker.let_go() if worker.room else worker.process.kill()
        message = "Stopping: runs save where they are. Once more to stop at once."
        self.show(self.progress(message, urgent=True))

    def add(self, jobs: Sequence[Job]) -> None:
        """Queue the jobs that are new; a run that is trained now may need another reading later."""
        for job in jobs:
            identity = (job.key, job.train, job.until)
            stale = job.key in self.outcome.failures or job.source in self.outcome.changed
            if identity not in self.known and not stale:
                self.known.add(identity)
                self.waiting.append(job)
                self.total += 1
                self.work_total += job.wall_seconds

    def staff(self) -> None:
        """Start as many workers as there is work for: a few first jobs may be followed by many."""
        free = sum(max(1, worker.room) - len(worker.jobs) for worker in self.workers.values())
        for _ in range(min(self.most_workers - len(self.workers), len(self.waiting) - free)):
            self.start()

    def start(self) -> None:
        self.started += 1
        command = [*self.command, "--nets", str(self.nets), "--workers", str(self.cores)]
        try:
            self.workers[self.started] = WorkerProcess.started(self.started, command, self.events.put)
        except OSError as error:
            hint = "fewer --workers, or ask for more processes or memory"
            raise mistake(
                "worker", f"no process can be started: {error.strerror or error}", hint=hint
            ) from None

    def handle(self, worker: WorkerProcess, event: dict[str, Any]) -> None:
        key, message, urgent = event.get("key", ""), None, False
        match event["event"]:
            case "ready":
                worker.room = event["room"]
                if event["device"] == "cpu":
                    self.most_workers = self.cores
                    self.staff()
            case "refused":
                raise mistake(
                    "--device", event["reason"], self.device, "choose cpu, or a device that torch sees"
                )
            case "progress":
                worker.fractions[key] = event["fraction"]
            case "done":
                job = self.finished(worker, key)
                message = f"{job.title}: {event['what']}"
                self.outcome.done += 1
            case "failed":
                message, urgent = self.fail(self.finished(worker, key), event["reason"]), True
                if event.get("in_vain"):
                    # What cannot be kept is not worth training.
                    self.deadline = -math.inf
            case "changed":
                job = self.finished(worker, key)
                message, urgent = self.drop_all_on(job), True
            case "warning":
                message, urgent = event["message"], True
            case "interrupted":
                # The worker ends, and its jobs are taken care of then.
                pass
            case "busy":
                # Another check carries it out: come back when nothing else is left.
                self.busy.append(worker.drop(key))
            case "ended":
                message = self.bury(worker, event["code"])
                urgent = message is not None
        if event["event"] != "progress" and not self.outcome.stopped:
            self.dispatch()
        self.show(self.progress(message, urgent=urgent))

    def dispatch(self) -> None:
        """Give idle workers their next jobs; let all go when nothing runs, waits or follows."""
        if time.monotonic() > self.deadline:
            self.waiting.clear()
            self.busy.clear()
        elif not self.waiting:
            self.add(self.refill())
            self.staff()
        for worker in self.workers.values():
            while len(worker.jobs) < worker.room and (self.waiting or self.busy):
                if self.waiting:
                    worker.take(self.waiting.popleft(), wait=False)
                else:
                    worker.take(self.busy.popleft(), wait=True)
        if not any(worker.jobs for worker in self.workers.values()):
            for worker in self.workers.values():
                if worker.room:
                    worker.let_go()

    def finished(self, worker: WorkerProcess, key: str) -> Job:
        job = worker.drop(key)
        self.work_done += job.wall_seconds
        return job

    def fail(self, job: Job, reason: str) -> str:
        with contextlib.suppress(OSError):  # a full disk; this check tells of it all the same
            self.store.put_failure(job.key, job.title, reason)
        self.outcome.failures[job.key] = reason
        return f"{job.title}: FAILED: {reason.splitlines()[0]}"

    def drop_all_on(self, job: Job) -> str:
        """Give up the jobs on data that is not what it was: they are planned anew once it has been read again."""
        assert job.source is not None
        self.outcome.changed.add(job.source)
        for jobs in (self.waiting, self.busy):
            kept = [other for other in jobs if other.source not in self.outcome.changed]
            jobs.clear()
            jobs.extend(kept)
        return f"{job.title}: {job.source.path} has changed since it was read"

    def bury(self, worker: WorkerProcess, code: int) -> str | None:
        """Take leave of a worker that has ended: what was in its hands gets a second try, then fails."""
        del self.workers[worker.number]
        worker.let_go()
        jobs = list(worker.jobs.values())
        if self.outcome.stopped:
            self.remember_where(worker)
            return None
        killed = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if not jobs:
            if not worker.room and not self.workers:
                while self.waiting:
                    self.fail(
                        self.waiting.popleft(), f"the worker process could not start (exit code {code})"
                    )
            return None
        if len(jobs) > 1:
            # Which of them it was is seen when each has a process to itself.
            self.nets = 1
            message = f"a worker with {len(jobs)} nets {killed}; they go on one at a time"
        elif self.deaths[jobs[0].key]:
            message = self.fail(jobs.pop(), f"its worker process {killed}, twice (out of memory?)")
        else:
            self.deaths[jobs[0].key] += 1
            message = f"{jobs[0].title}: its worker {killed}; trying once more"
        self.waiting.extendleft(reversed(jobs))
        self.start()
        return message

    def remember_where(self, worker: WorkerProcess) -> None:
        for job in worker.jobs.values():
            if job.train and self.store.run(job.key) is None:
                self.outcome.interrupted[job.title] = self.where(job.key)

    def where(self, key: str) -> str:
        """Return where a run that was interrupted goes on."""
        newest = self.store.checkpoints(key).newest()
        if newest is None:
            return "interrupted before its first checkpoint"
        of = f" of {newest.steps:,}" if newest.steps > newest.step else ""
        return f"interrupted at step {newest.step:,}{of}"

    def progress(self, message: str | None, *, urgent: bool) -> Progress:
        running = sum(
            worker.fractions[key] * job.wall_seconds
            for worker in self.workers.values()
            for key, job in worker.jobs.items()
        )
        failed = len(self.outcome.failures)
        return Progress(
            self.outcome.done, failed, self.total, self.work_done + running, self.work_total, message, urgent
        )
