"""The training loop's `Checkpoints`, implemented on the store: when a state is saved, and what is noted beside it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from repro.spec import RunSpec
from repro.store import Checkpoint, CheckpointFolder
from repro.training.loop import STATE_VERSION

LEAST_SECONDS = 20.0
"""Between two checkpoints, unless set otherwise: what an interruption may cost."""

MOST_SHARE = 0.01
"""Of a run's time that saving may take, unless set otherwise."""


class RunCheckpoints:
    """The checkpoints of one run; its lock is held by whoever carries it out.

    Args:
        folder: where they lie.
        spec: the run.
        session: where and with what it is carried out now.
        stop: set once the run shall end; its state is saved, then.
        warn: called with what people must know.
        every_seconds: save so often. By default every 20 s, or as seldom as keeps the time of saving below 1%.
        clock: seconds of the processor that trains.
    """

    def __init__(
        self,
        folder: CheckpointFolder,
        spec: RunSpec,
        session: Mapping[str, Any],
        stop: threading.Event,
        warn: Callable[[str], None],
        every_seconds: float | None = None,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self.folder = folder
        self.spec = spec
        self.stop = stop
        self.warn = warn
        self.every_seconds = every_seconds
        self.planned_steps = 0
        self.going_on_from = 0
        self._session = dict(session)
        self._earlier: list[Mapping[str, Any]] = []
        self._loaded: Path | None = None
        self._next = time.monotonic() + (LEAST_SECONDS if every_seconds is None else every_seconds)
        self._full = False
        self._clock = clock
        self._began = clock()

    def load(self) -> Mapping[str, Any] | None:
        """Return the last good state; what cannot be used is set aside, with a warning."""
        self._began = self._clock()
        reported = len(self.folder.damaged)
        state = self._newest_state()
        for damage in self.folder.damaged[reported:]:
            self.warn(f"{damage}; set aside")
        return state

    def _newest_state(self) -> Mapping[str, Any] | None:
        self._earlier, self.going_on_from = [], 0
        for path, checkpoint, content in self.folder.complete(set_aside=True):
            if not content:
                continue
            if checkpoint.version != STATE_VERSION:
                what = f"is of version {checkpoint.version}, not {STATE_VERSION}"
                self.folder.set_aside(path, what)
                continue
            try:
                state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
                if state["step"] != checkpoint.step:
                    raise ValueError(f"its header says step {checkpoint.step}, its state {state['step']}")
            except Exception as error:  # whatever is in it, nothing of it was executed
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                self.folder.set_aside(path, f"does not load: {reason}")
                continue
            self._earlier = list(checkpoint.sessions)
            self.going_on_from, self.planned_steps = checkpoint.step, checkpoint.steps
            self._loaded = path
            return dict(state)
        return None

    def reject(self, why: str) -> None:
        """Set aside the checkpoint that was loaded: the run cannot go on from it."""
        assert self._loaded is not None
        self.folder.set_aside(self._loaded, f"does not fit the run: {why}")
        self.warn(f"{self.folder.damaged[-1]}; set aside")

    def due(self) -> bool:
        """Tell whether it is time to save."""
        return self.stop.is_set() or time.monotonic() >= self._next

    def save(self, state: Mapping[str, Any], *, stopped: bool = False) -> None:
        """Keep a state; where it cannot be written, tell once and let the run go on.

        The history of a run that was stopped stands in the header, where tuning reads it.
        """
        began = time.monotonic()
        content = io.BytesIO()
        torch.save(dict(state), content)
        step = int(state["step"])
        checkpoint = Checkpoint(
            self.spec.key,
            self.spec.as_json(),
            step,
            self.planned_steps,
            STATE_VERSION,
            self.sessions(step),
            stopped=_columns(state["history"]) if stopped else None,
            wall_seconds=float(state["wall_seconds"]),
        )
        try:
            self.folder.put(checkpoint, content.getbuffer())
        except OSError as error:
            if not self._full:
                kept = "the one before is kept" if self.folder.files() else "there is none yet"
                self.warn(f"a checkpoint cannot be written ({error.strerror}): {kept}, and training goes on")
            self._full = True
        else:
            self._full = False
        now = time.monotonic()
        pause = max(LEAST_SECONDS, (now - began) / MOST_SHARE)
        self._next = now + (pause if self.every_seconds is None else self.every_seconds)

    @property
    def stopping(self) -> bool:
        """Whether the run shall end once its state is saved."""
        return self.stop.is_set()

    def sessions(self, step: int) -> list[Mapping[str, Any]]:
        """Return where and with what the run was carried out up to a step, and what that took, oldest first."""
        steps = {"from_step": self.going_on_from, "to_step": step}
        return [*self._earlier, {**self._session, **steps, "processor_seconds": self._clock() - self._began}]


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
