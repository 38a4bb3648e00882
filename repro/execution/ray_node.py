"""What a node of a Ray cluster does: a shard of the plan, carried out as one task of Ray (the other side: driver.py).

A node carries its jobs out as a machine of its own does (this_machine.py), in a store of its own that lasts as long as
the task. A thread beside that sends home what is new in that store, once a heartbeat.
"""

from __future__ import annotations

import importlib
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from repro import __version__
from repro.execution.driver import HEARTBEAT_SECONDS
from repro.execution.outcome import Progress
from repro.execution.parcels import news, take, unpack_code
from repro.execution.this_machine import ThisMachine
from repro.execution.workload import Workload
from repro.planning.jobs import Job
from repro.store import Store


def carry_out(
    name: str, parcel: Mapping[str, Any], how: Mapping[str, Any], code: Mapping[str, bytes], mailbox: Any
) -> list[str]:
    """Carry out a shard on a node, and what it is given after it; send home what comes of it.

    Args:
        name: of the task.
        parcel: jobs, and the entries of the store that they begin with.
        how: the options of `ThisMachine`, and the version of repro that the driver has.
        code: files of the claims folder.
        mailbox: the actor that takes what is sent home.

    Returns:
        The keys of jobs whose data is not what it was when they were planned.

    Raises:
        RuntimeError: the node has another version of repro.
    """
    if how["version"] != __version__:
        raise RuntimeError(f"repro {__version__} is installed there, and {how['version']} here")
    with tempfile.TemporaryDirectory(prefix="repro-shard-", ignore_cleanup_errors=True) as folder:
        store, claims = Store(Path(folder, "store")), Path(folder, "claims")
        store.prepare()
        claims.mkdir()
        unpack_code(code, claims)
        home = _Home(name, store, mailbox)
        jobs = home.unpack(parcel)
        machine = ThisMachine(claims, how["device"], 1, how["nets"], how["checkpoint_seconds"])
        with home.kept_up_to_date():
            outcome = machine.execute(Workload(jobs, store, home.note, home.ask_for_more))
        return [job.key for job in home.jobs if job.source in outcome.changed]


class _Home:
    """The driver, as a node sees it: what was sent there, and what has come from there.

    Args:
        name: of the task.
        store: of the node.
        mailbox: the actor that takes what is sent home.
    """

    def __init__(self, name: str, store: Store, mailbox: Any) -> None:
        self.name = name
        self.store = store
        self.mailbox = mailbox
        self.ray = importlib.import_module("ray")
        self.jobs: list[Job] = []
        # Another one than the workers' parent reads, in another thread.
        self._seen = Store(store.root)
        self._sent: dict[str, object] = {}
        self._texts: list[tuple[str, bool]] = []
        self._latest: Progress | None = None
        self._sending = threading.Lock()

    def unpack(self, parcel: Mapping[str, Any]) -> list[Job]:
        """Put what came from home into the store; return the jobs that came with it."""
        with self._sending:
            for entry in parcel["entries"]:
                take(entry, self.store)
            self.jobs.extend(parcel["jobs"])
            list(news(self.jobs, self._seen, self._sent))  # what came from home is no news there
        return list(parcel["jobs"])

    def note(self, progress: Progress) -> None:
        """Keep how far the node has come for the next message."""
        self._latest = progress
        if progress.message:
            self._texts.append((progress.message, progress.urgent))

    def ask_for_more(self) -> Sequence[Job]:
        """Send what is new, and wait for further jobs; none where the driver has none, or is gone."""
        while True:
            try:
                with self._sending:
                    self._send(asks=True)
                parcel = self.ray.get(self.mailbox.answered.remote(self.name))
                return self.unpack(parcel) if parcel else []
            except self.ray.exceptions.ActorDiedError:
                return []  # and the driver with it
            except self.ray.exceptions.RayActorError:
                continue  # the mailbox starts again, and the question went with it

    @contextmanager
    def kept_up_to_date(self) -> Iterator[None]:
        """Send what is new once a heartbeat, in a thread; at the end, what is left."""
        over = threading.Event()
        thread = threading.Thread(target=self._keep_sending, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            with suppress(self.ray.exceptions.ActorDiedError):
                self._send()

    def _keep_sending(self, over: threading.Event) -> None:
        asked = False
        while not over.wait(HEARTBEAT_SECONDS):
            with self._sending, suppress(self.ray.exceptions.ActorDiedError):
                if self._send() and not asked:
                    asked = True
                    # As a batch system would: this machine's workers save where they are.
                    os.kill(os.getpid(), signal.SIGTERM)

    def _send(self, *, asks: bool = False) -> bool:
        """Send what is new, until the driver has it; return whether it wishes an end.

        Raises:
            ActorDiedError: the mailbox does not start again.
        """
        message = self._message(asks=asks)
        while True:
            try:
                return bool(self.ray.get(self.mailbox.put.remote(message)))
            except self.ray.exceptions.ActorDiedError:
                raise
            except self.ray.exceptions.RayActorError:
                time.sleep(HEARTBEAT_SECONDS)

    def _message(self, *, asks: bool) -> dict[str, Any]:
        texts = [self._texts.pop(0) for _ in range(len(self._texts))]
        entries = list(news(self.jobs, self._seen, self._sent))
        return {"task": self.name, "entries": entries, "texts": texts, "progress": self._latest, "asks": asks}
