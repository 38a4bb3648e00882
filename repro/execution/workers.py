"""A worker process as its parent sees it, and requests to end as events."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from repro.planning.plan import Job

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # glibc gives large blocks back to the system as soon as they are free, and each step's activations are new pages
    # then: 21,000 page faults a step of ResNet-20 on 32×32, a tenth of its time. Elsewhere these mean nothing.
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    # A GPU's hardware queues: with fewer than nets, some wait for others without need.
    "CUDA_DEVICE_MAX_CONNECTIONS": "32",
}
"""Of a worker: a process has one core, or a GPU, to itself."""


@dataclass
class WorkerProcess:
    """A process, what it is at, and how far it has come with it.

    Attributes:
        number: from 1.
        process: the process.
        listener: passes its events on.
        room: how many jobs it takes at a time; 0 until it is ready.
        jobs: key → job in hand.
        fractions: key → how much of it is done.
    """

    number: int
    process: subprocess.Popen[str]
    listener: threading.Thread
    room: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    fractions: dict[str, float] = field(default_factory=dict)

    @classmethod
    def started(
        cls, number: int, command: Sequence[str], tell: Callable[[tuple[int, dict[str, Any]]], None]
    ) -> WorkerProcess:
        """Start a worker and a thread that passes its events on; the last is "ended", with its exit code."""
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ENVIRONMENT},
            text=True,
            encoding="utf-8",
            # In a group of its own, since a terminal's Ctrl-C and hang-up are for the parent, which stops its workers.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

        def listen() -> None:
            assert process.stdout is not None
            with process.stdout as lines:
                for line in lines:
                    tell((number, json.loads(line)))
            tell((number, {"event": "ended", "code": process.wait()}))

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        return cls(number, process, listener)

    def take(self, job: Job, *, wait: bool) -> None:
        """Give it a job, to wait for where another process has it in hand.

        A worker that has died is taken leave of by its "ended" event.
        """
        self.jobs[job.key], self.fractions[job.key] = job, 0.0
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write(json.dumps(_as_json(job, wait)) + "\n")
            self.process.stdin.flush()

    def drop(self, key: str) -> Job:
        """Take a job out of its hands."""
        del self.fractions[key]
        return self.jobs.pop(key)

    def let_go(self) -> None:
        """Ask it to save what it is at, if anything, and to end."""
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def kill(self) -> None:
        """End it at once."""
        self.let_go()
        self.process.kill()
        self.process.wait()
        self.listener.join()


@contextlib.contextmanager
def requests_to_end(tell: Callable[[], None]) -> Iterator[None]:
    """Have SIGINT (Ctrl-C), SIGTERM and SIGHUP told instead of raised, and all as it was afterwards.

    `tell` is called between two instructions of the main thread, whatever it is at. Elsewhere nothing is changed.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # What is ignored, as SIGHUP is under nohup, stays ignored.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, lambda *_: tell())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_json(job: Job, wait: bool) -> dict[str, Any]:
    return {
        "key": job.key,
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
        "until": asdict(job.until) if job.until else None,
        "predicted_seconds": job.wall_seconds,
        "source": asdict(job.source) if job.source else None,
    }
