"""One worker process as its parent sees it: started, spoken to, ended, found dead; signals to the parent as events."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from repro.execution.devices import Place
from repro.planning.jobs import Job
from repro.startup.child import environment

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
        place: where it computes.
        room: how many jobs it takes at a time; 0 until it is ready.
        jobs: key → job in hand.
        fractions: key → how much of it is done.
        usable: whether its place is of any use.
    """

    number: int
    process: subprocess.Popen[bytes]
    listener: threading.Thread
    place: Place
    room: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    fractions: dict[str, float] = field(default_factory=dict)
    usable: bool = True

    @property
    def seconds_left(self) -> float:
        """Predicted seconds of what it has in hand."""
        return sum((1.0 - self.fractions[key]) * job.wall_seconds for key, job in self.jobs.items())

    @classmethod
    def started(
        cls,
        number: int,
        command: Sequence[str],
        tell: Callable[[tuple[int, dict[str, Any]]], None],
        place: Place,
    ) -> WorkerProcess:
        """Start a worker and threads that pass its events on; the last is always "ended", with its exit code.

        Raises:
            OSError: the machine starts no further process.
        """
        process = subprocess.Popen(
            command,
            # Unbuffered: what a dead reader left in a buffer would be waited for at the end.
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(**ENVIRONMENT, **place.environment),
            # In a group of its own, since a terminal's Ctrl-C and hang-up are for the parent, which stops its workers.
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )

        def listen() -> None:
            assert process.stdout is not None
            with contextlib.suppress(OSError, ValueError), io.BufferedReader(process.stdout) as lines:  # type: ignore[type-var]
                for line in lines:
                    event = _event(line)
                    if event is not None:
                        tell((number, event))

        listener = threading.Thread(target=listen, daemon=True)

        def wait() -> None:
            code = process.wait()
            # What it said last is still in the pipe; a process that it has left behind may hold that open for ever.
            listener.join(LAST_WORDS_SECONDS)
            tell((number, {"event": "ended", "code": code}))

        listener.start()
        threading.Thread(target=wait, daemon=True).start()
        return cls(number, process, listener, place)

    def take(self, job: Job, *, wait: bool) -> None:
        """Give it a job, to wait for where another process has it in hand.

        A worker that has died is taken leave of by its "ended" event.
        """
        self.jobs[job.key], self.fractions[job.key] = job, 0.0
        self._say(_as_json(job, wait))

    def drop(self, key: str) -> Job:
        """Take a job out of its hands."""
        del self.fractions[key]
        return self.jobs.pop(key)

    def let_go(self) -> None:
        """Ask it to save what it is at, if anything, and to end; where the pipe ends without this, we have died."""
        self._say(END)
        self._close()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self._close()
        with contextlib.suppress(
            subprocess.TimeoutExpired
        ):  # it hangs in the system, and will be dead afterwards
            self.process.wait(LAST_WORDS_SECONDS)
        self.listener.join(LAST_WORDS_SECONDS)

    def _say(self, message: Mapping[str, Any]) -> None:
        assert self.process.stdin is not None
        left = memoryview(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(OSError, ValueError):
            while left:
                left = left[self.process.stdin.write(left) or 0 :]

    def _close(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.close()


def _event(line: bytes) -> dict[str, Any] | None:
    """Return the event in a line; None where it is something else, such as what start-up files of Python print."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


END = {"end": True}
"""Sent to a worker instead of a job: that no further one follows."""

LAST_WORDS_SECONDS = 2.0
"""How long what a dead worker has said is waited for."""

REQUESTS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Ctrl-C, and how systems and schedulers ask a process to end."""


@contextlib.contextmanager
def requests_to_end(tell: Callable[[], None]) -> Iterator[None]:
    """Have the first of REQUESTS told instead of raised; a further Ctrl-C raises KeyboardInterrupt, at whatever it is.

    Further ones of the others change nothing: batch systems send several in a row, and SIGKILL to what does not end.
    `tell` is called between two instructions of the main thread. Afterwards all is as it was; in another thread nothing
    is changed.
    """
    before = {}
    asked = False

    def request(number: int, _: object) -> None:
        nonlocal asked
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        if not asked:
            asked = True
            tell()

    if threading.current_thread() is threading.main_thread():
        for name in REQUESTS:
            number = getattr(signal, name, None)
            # What is ignored, as SIGHUP is under nohup, stays ignored.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                before[number] = signal.signal(number, request)
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
                "predicted_seconds": seconds,
            }
            for r, seconds in zip(job.readings, job.reading_seconds, strict=True)
        ],
        "wait": wait,
        "until": asdict(job.until) if job.until else None,
        "predicted_seconds": None if job.unknown else job.wall_seconds - sum(job.reading_seconds),
        "source": asdict(job.source) if job.source else None,
        "conduct": asdict(job.conduct) if job.conduct else None,
    }
