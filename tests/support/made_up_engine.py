"""A cluster that is not there: tasks that train nothing, a beat at a time; nodes are lost when a test says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from repro.execution.driver import Ended, Message, Parcel
from repro.execution.parcels import news, take
from repro.planning.jobs import Job
from repro.store import Store
from tests.support.helpers import blob, run_record

MOST_BEATS = 200
"""In which all that a test has must have ended."""


class Node:
    """A task on a node of its own: in one beat it makes a run, in the next it takes that run's readings."""

    def __init__(self, name: str, parcel: Parcel, root: Path) -> None:
        self.name = name
        self.store = Store(root / name)
        self.store.prepare()
        self.jobs: list[Job] = []
        self.left: list[Job] = []
        self.made: list[str] = []
        self.asked = self.over = False
        self._sent: dict[str, object] = {}
        self.unpack(parcel)

    def unpack(self, parcel: Parcel) -> None:
        for entry in parcel["entries"]:
            take(entry, self.store)
        self.jobs.extend(parcel["jobs"])
        self.left.extend(parcel["jobs"])
        list(news(self.jobs, self.store, self._sent))

    def beat(self) -> Message | None:
        """Do one thing and return what is sent home of it; nothing while an answer is waited for."""
        if self.asked:
            return None
        if not self.left:
            self.asked = True
        elif self.left[0].train and self.store.run(self.left[0].key) is None:
            record = run_record(self.left[0].run)  # type: ignore[arg-type]
            blobs = {moment: blob(self.left[0].run, moment) for moment in record.weights}  # type: ignore[arg-type]
            self.store.put_run(record, blobs)
            self.made.append(record.key)
        else:
            for reading in self.left.pop(0).readings:
                self.store.put_reading(reading, [{"value": 1.0}], {})
        entries = list(news(self.jobs, self.store, self._sent))
        return {"task": self.name, "entries": entries, "texts": [], "progress": None, "asks": self.asked}


class MadeUpEngine:
    """An `Engine` (see repro/execution/driver.py) of so many nodes of one slot.

    `each_beat` is called before each beat, with the engine; `nodes` are the tasks that run, `made` what runs were made.
    """

    address = "made-up"

    def __init__(
        self, slots: int, root: Path, each_beat: Callable[[MadeUpEngine], None] = lambda engine: None
    ) -> None:
        self.free = slots
        self.root = root
        self.each_beat = each_beat
        self.nodes: dict[str, Node] = {}
        self.made: list[str] = []
        self.beats = 0
        self._ended: list[Ended] = []

    def lose(self, name: str) -> None:
        """Have a node die, and another take its place."""
        self._end(self.nodes[name], lost="NodeDied")

    def _end(self, node: Node, lost: str | None = None) -> None:
        del self.nodes[node.name]
        self.made.extend(node.made)
        self._ended.append(Ended(node.name, lost=lost))

    def slots(self) -> int:
        return self.free

    def start(self, task: str, parcel: Parcel) -> None:
        assert len(self.nodes) < self.free
        self.nodes[task] = Node(task, parcel, self.root)

    def answer(self, task: str, parcel: Parcel | None) -> None:
        node = self.nodes.get(task)
        if node is None:
            return  # it asked, and died
        assert node.asked
        node.asked = False
        if parcel is None:
            self._end(node)
        else:
            node.unpack(parcel)

    def mail(self, seconds: float) -> Sequence[Message]:
        self.beats += 1
        assert self.beats < MOST_BEATS, "it does not come to an end"
        self.each_beat(self)
        told: list[Any] = [node.beat() for node in self.nodes.values()]
        return [message for message in told if message is not None]

    def ended(self) -> Sequence[Ended]:
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        for node in list(self.nodes.values()):
            self._end(node)

    def cancel(self) -> None:
        self.close()
