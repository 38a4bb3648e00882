"""Worker processes of this machine: one a core on the CPU, with one job at a time; one a GPU, with several.

A worker that dies takes only its job with it; a job that a death has cost is tried once more, from its last
checkpoint. The parent imports no torch: jobs and events are JSON lines over pipes. Asked to stop, it closes the pipes:
workers save where they are and end. Asked again, it kills them.
"""

from __future__ import annotations

import contextlib
import queue
from collections import Counter, deque
from pathlib import Path
from typing import Any

from repro.errors import mistake
from repro.execution.devices import Place, named, others
from repro.execution.outcome import Outcome
from repro.execution.workers import WorkerProcess, requests_to_end
from repro.execution.workload import Backlog, Workload
from repro.planning.jobs import Job
from repro.startup import child

_REQUEST = 0
"""The number of no worker."""


class Pool:
    """The workers of one `execute` (see this_machine.py), and what is still to do."""

    def __init__(
        self,
        workload: Workload,
        claims_folder: Path,
        device: str,
        checkpoint_seconds: float | None = None,
    ) -> None:
        self.backlog = Backlog(workload)
        self.outcome = self.backlog.outcome
        self.waiting = self.backlog.waiting
        self.busy: deque[Job] = deque()
        self.store = workload.store
        self.command = [
            *child.command("repro.worker.process"),
            *("--store", str(self.store.root.resolve())),
            *("--claims", str(claims_folder.resolve())),
        ]
        if checkpoint_seconds is not None:
            self.command += ["--checkpoint-seconds", str(checkpoint_seconds)]
        self.device = device
        # Simple, since signal handlers put into it.
        self.events: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
        self.workers: dict[int, WorkerProcess] = {}
        self.deaths: Counter[str] = Counter()
        self.cores = 1
        self.started = 0
        self.nets = 1
        # Where no worker is; how many GPUs there are is not known before the first worker has looked.
        self.free: deque[Place] = deque()
        self.gpus, self.looked = 0, False

    def run(self, workers: int, nets: int = 1) -> Outcome:
        """Carry out the jobs on `workers` processes on the CPU, or on all GPUs named, `nets` side by side on each."""
        self.nets = nets
        self.cores = workers
        gpus = named(self.device)
        self.gpus, self.looked = len(gpus or ()), self.device not in ("auto", "cuda")
        self.free.extend(gpus or [Place(self.device)] * (workers if self.device == "cpu" else 1))
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
        """Wait for what a worker tells, or for a request to end."""
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
        self.show(message, urgent=True)

    def staff(self) -> None:
        """Start as many workers as there is work and places for: a few first jobs may be followed by many."""
        idle = sum(not worker.jobs for worker in self.workers.values())
        for _ in range(min(len(self.free), len(self.waiting) - idle)):
            self.start(self.free.popleft())

    def start(self, place: Place) -> None:
        """Start a worker there."""
        self.started += 1
        command = [*self.command, "--device", place.device, "--nets", str(self.nets)]
        command += ["--workers", str(self.cores), "--gpus", str(max(1, self.gpus))]
        try:
            worker = WorkerProcess.started(self.started, command, self.events.put, place)
        except OSError as error:
            hint = "fewer --workers, or ask for more processes or memory"
            raise mistake(
                "worker", f"no process can be started: {error.strerror or error}", hint=hint
            ) from None
        self.workers[self.started] = worker

    def ready(self, worker: WorkerProcess, room: int, gpus: int) -> None:
        """Take note of a worker that has looked at its device; where it was the first, there may be more like it."""
        worker.room = room
        if not self.looked:
            self.looked, self.gpus = True, gpus
            self.free.extend(others(gpus) if gpus else [Place("cpu")] * (self.cores - 1))
            self.staff()

    def refused(self, worker: WorkerProcess, reason: str) -> str:
        """Go on without a device that cannot be used, as long as there is another one."""
        worker.usable = False
        if not any(other.usable for other in self.workers.values()):
            raise mistake("--device", reason, self.device, "choose cpu, or a device that torch sees")
        where = ", ".join(f"{name}={value}" for name, value in worker.place.environment.items())
        return f"a device ({where or worker.place.device}) {reason}; the others go on without it"

    def handle(self, worker: WorkerProcess, event: dict[str, Any]) -> None:
        """Take note of what a worker tells, and act on it."""
        key, message, urgent = event.get("key", ""), None, False
        match event["event"]:
            case "ready":
                self.ready(worker, event["room"], event["gpus"])
            case "refused":
                message, urgent = self.refused(worker, event["reason"]), True
            case "progress":
                worker.fractions[key] = event["fraction"]
            case "done":
                job = self.finished(worker, key)
                message = f"{job.title}: {event['what']}"
                self.outcome.done += not event.get("found")
                self.outcome.found += bool(event.get("found"))
            case "failed":
                message, urgent = self.fail(self.finished(worker, key), event["reason"]), True
                if event.get("in_vain"):
                    # What cannot be kept is not worth training.
                    self.backlog.end()
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
        self.show(message, urgent=urgent)

    def dispatch(self) -> None:
        """Give idle workers their next jobs; let all go when nothing runs, waits or follows."""
        if self.backlog.over:
            self.waiting.clear()
            self.busy.clear()
        elif not self.waiting:
            busy = {job.key for job in self.busy}
            self.backlog.refill(busy.union(*(worker.jobs for worker in self.workers.values())))
            self.staff()
        self.deal()
        if not any(worker.jobs for worker in self.workers.values()):
            for worker in self.workers.values():
                if worker.room:
                    worker.let_go()

    def deal(self) -> None:
        """Give the first jobs, which are the longest, each to the worker with the least left to do.

        One that is still starting has its share kept for it. What another check has in hand is waited for when nothing
        else is left.
        """
        room = {
            worker.number: (worker.room or self.nets) - len(worker.jobs) for worker in self.workers.values()
        }
        load = {worker.number: worker.seconds_left for worker in self.workers.values()}
        kept: list[Job] = []
        while self.waiting and any(room.values()):
            open_ = [worker for worker in self.workers.values() if room[worker.number]]
            worker = min(open_, key=lambda one: (load[one.number], not one.room, one.number))
            job = self.waiting.popleft()
            room[worker.number] -= 1
            load[worker.number] += job.wall_seconds
            worker.take(job, wait=False) if worker.room else kept.append(job)
        self.waiting.extendleft(reversed(kept))
        for worker in self.workers.values():
            while self.busy and not self.waiting and len(worker.jobs) < worker.room:
                worker.take(self.busy.popleft(), wait=True)

    def finished(self, worker: WorkerProcess, key: str) -> Job:
        """Take a job that has ended out of a worker's hands."""
        job = worker.drop(key)
        self.backlog.work_done += job.wall_seconds
        return job

    def fail(self, job: Job, reason: str) -> str:
        """Keep why a job failed; return what to tell."""
        self.backlog.fail(job, reason)
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
        if worker.usable:
            self.free.append(worker.place)
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
        self.start(self.free.popleft())
        return message

    def remember_where(self, worker: WorkerProcess) -> None:
        """Take note of where the runs go on that a worker had in hand."""
        for job in worker.jobs.values():
            if job.train and self.store.run(job.key) is None:
                self.backlog.interrupt(job, "interrupted before its first checkpoint")

    def show(self, message: str | None, *, urgent: bool) -> None:
        """Show how far all has come."""
        in_hand_seconds = sum(
            worker.fractions[key] * job.wall_seconds
            for worker in self.workers.values()
            for key, job in worker.jobs.items()
        )
        self.backlog.show(message, in_hand_seconds, urgent=urgent)
