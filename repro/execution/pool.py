"""Worker processes of this machine: one thread each, one job at a time, results straight into the store.

A worker that dies takes only its job with it; a job that a death has cost is tried once more. The parent
imports no torch: jobs and events are JSON lines over pipes.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.errors import mistake
from repro.plan import Job
from repro.store import Store


@dataclass
class Progress:
    """How far execution has come, for whoever shows it.

    Attributes:
        done, failed, total: jobs.
        work_done, work_total: predicted seconds of one worker, partly done jobs included.
        message: the latest thing that happened, for people; None for a mere tick.
    """

    done: int
    failed: int
    total: int
    work_done: float
    work_total: float
    message: str | None = None


@dataclass
class Outcome:
    """What became of the jobs: failures by key with their reasons."""

    done: int = 0
    failures: dict[str, str] = field(default_factory=dict)


@dataclass
class _Worker:
    number: int
    process: subprocess.Popen[str]
    job: Job | None = None
    ready: bool = False
    fraction: float = 0.0


def execute(
    jobs: Sequence[Job],
    store: Store,
    *,
    claims_folder: Path,
    device: str,
    workers: int,
    show: Callable[[Progress], None],
    refill: Callable[[], Sequence[Job]] = lambda: (),
    deadline: float = math.inf,
) -> Outcome:
    """Carry out `jobs` in their order on `workers` processes; finished ones stay whatever happens next.

    Args:
        jobs: what to do first.
        store: where results go.
        claims_folder: where a user's own code is looked for.
        device: "auto" or a torch device.
        workers: processes.
        show: told about every step.
        refill: asked for further jobs whenever the queue is empty and a job has ended; known ones are ignored.
        deadline: `time.monotonic()` after which no further job is started.

    Raises:
        ReproError: the device cannot be used.
        KeyboardInterrupt: passed on, after the workers have been stopped.
    """
    return _Pool(store, claims_folder, device, show, refill, deadline).run(jobs, workers)


class _Pool:
    def __init__(
        self,
        store: Store,
        claims_folder: Path,
        device: str,
        show: Callable[[Progress], None],
        refill: Callable[[], Sequence[Job]],
        deadline: float,
    ) -> None:
        self.store = store
        self.command = [
            sys.executable,
            "-m",
            "repro.execution.worker",
            "--store",
            str(store.root.resolve()),
            "--claims",
            str(claims_folder.resolve()),
            "--device",
            device,
        ]
        self.device = device
        self.show = show
        self.refill = refill
        self.deadline = deadline
        self.waiting: deque[Job] = deque()
        self.busy: deque[Job] = deque()
        self.known: set[tuple[str, bool]] = set()
        self.events: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        self.workers: dict[int, _Worker] = {}
        self.outcome = Outcome()
        self.deaths: Counter[str] = Counter()
        self.total = 0
        self.work_total = self.work_done = 0.0
        self.started = 0

    def run(self, jobs: Sequence[Job], count: int) -> Outcome:
        self.add(jobs)
        try:
            for _ in range(min(count, len(jobs))):
                self.start()
            while self.workers:
                number, event = self.events.get()
                self.handle(self.workers[number], event)
        finally:
            for worker in self.workers.values():
                worker.process.kill()
                worker.process.wait()
        return self.outcome

    def add(self, jobs: Sequence[Job]) -> None:
        """Queue the jobs that are new; a run that is trained now may need another reading later."""
        for job in jobs:
            identity = (job.key, job.train)
            if identity not in self.known and job.key not in self.outcome.failures:
                self.known.add(identity)
                self.waiting.append(job)
                self.total += 1
                self.work_total += job.wall_seconds

    def start(self) -> None:
        """Start a worker and the thread that listens to it."""
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
            encoding="utf-8",
        )
        self.started += 1
        worker = _Worker(self.started, process)
        self.workers[worker.number] = worker
        threading.Thread(target=self.listen, args=(worker,), daemon=True).start()

    def listen(self, worker: _Worker) -> None:
        """Pass a worker's events on; the end of its output is its death."""
        assert worker.process.stdout is not None
        for line in worker.process.stdout:
            self.events.put((worker.number, json.loads(line)))
        self.events.put((worker.number, {"event": "ended", "code": worker.process.wait()}))

    def handle(self, worker: _Worker, event: dict[str, Any]) -> None:
        job, message = worker.job, None
        match event["event"]:
            case "ready":
                worker.ready = True
            case "refused":
                raise mistake(
                    "--device", event["reason"], self.device, "choose cpu, or a device that torch sees"
                )
            case "progress":
                worker.fraction = event["fraction"]
            case "done":
                assert job is not None
                message = f"{job.title}: {event['what']}"
                self.outcome.done += 1
                self.finish(worker, job)
            case "failed":
                assert job is not None
                message = self.fail(job, event["reason"])
                self.finish(worker, job)
            case "busy":
                # Another check carries it out: come back when nothing else is left.
                assert job is not None
                self.busy.append(job)
                worker.job = None
            case "ended":
                message = self.bury(worker, event["code"])
        if event["event"] != "progress":
            self.dispatch()
        self.show(self.progress(message))

    def dispatch(self) -> None:
        """Give idle workers their next jobs; let all go when nothing runs, waits or follows."""
        if time.monotonic() > self.deadline:
            self.waiting.clear()
            self.busy.clear()
        elif not self.waiting:
            self.add(self.refill())
        idle = [worker for worker in self.workers.values() if worker.ready and worker.job is None]
        for worker in idle:
            if self.waiting:
                self.assign(worker, self.waiting.popleft(), wait=False)
            elif self.busy:
                self.assign(worker, self.busy.popleft(), wait=True)
        if not any(worker.job for worker in self.workers.values()):
            for worker in idle:
                assert worker.process.stdin is not None
                with contextlib.suppress(OSError):
                    worker.process.stdin.close()

    def assign(self, worker: _Worker, job: Job, *, wait: bool) -> None:
        worker.job, worker.fraction = job, 0.0
        assert worker.process.stdin is not None
        # A worker that has died is buried by its "ended" event, which gives the job a second try.
        with contextlib.suppress(OSError):
            worker.process.stdin.write(json.dumps(_as_json(job, wait)) + "\n")
            worker.process.stdin.flush()

    def finish(self, worker: _Worker, job: Job) -> None:
        self.work_done += job.wall_seconds
        worker.job, worker.fraction = None, 0.0

    def fail(self, job: Job, reason: str) -> str:
        self.store.put_failure(job.key, job.title, reason)
        self.outcome.failures[job.key] = reason
        return f"{job.title}: FAILED: {reason.splitlines()[0]}"

    def bury(self, worker: _Worker, code: int) -> str | None:
        """Take leave of a worker that has ended: a job in its hands gets a second try, then fails."""
        del self.workers[worker.number]
        job = worker.job
        if job is None:
            if not worker.ready and not self.workers:
                while self.waiting:
                    self.fail(
                        self.waiting.popleft(), f"the worker process could not start (exit code {code})"
                    )
            return None
        self.deaths[job.key] += 1
        killed = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if self.deaths[job.key] < 2:
            self.waiting.appendleft(job)
            message = f"{job.title}: its worker was {killed}; trying once more"
        else:
            message = self.fail(job, f"its worker process was {killed}, twice (out of memory?)")
        self.start()
        return message

    def progress(self, message: str | None) -> Progress:
        running = sum(w.fraction * w.job.wall_seconds for w in self.workers.values() if w.job)
        failed = len(self.outcome.failures)
        return Progress(
            self.outcome.done, failed, self.total, self.work_done + running, self.work_total, message
        )


def _as_json(job: Job, wait: bool) -> dict[str, Any]:
    return {
        "run": job.run.as_json() if job.run else None,
        "readings": [
            {
                "probe": r.probe,
                "version": r.version,
                "options": dict(r.options),
                "moment": r.moment,
                "subject": r.subject,
            }
            for r in job.readings
        ],
        "wait": wait,
    }
