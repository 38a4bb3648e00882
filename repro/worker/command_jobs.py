"""Jobs whose runs a command carries out: their events, and how many of them share a GPU."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from repro.command_spec import CommandSpec, Conduct
from repro.spec import Until
from repro.training.checkpoints import Interrupted, Stopped
from repro.worker.commands import CommandRun
from repro.worker.events import Emit, progress, warning
from repro.worker.failures import UnwritableError, reason, unwritable
from repro.worker.found import FOUND, is_there
from repro.worker.machine import Machine

TOLD_SECONDS = 0.25
"""Between two events that tell of progress."""


class CommandJobs:
    """Carries out jobs by commands; those of a GPU's threads share it.

    Args:
        machine: what commands may use.
        made: where runs are made, and with what.
        emit: called with each event.
        stop: set once commands shall end, and go on later.
    """

    def __init__(self, machine: Machine, made: Mapping[str, Any], emit: Emit, stop: threading.Event) -> None:
        self.machine = machine
        self.made = made
        self.emit = emit
        self.stop = stop
        self._running = 0
        self._ended = threading.Condition()

    def carry_out(self, spec: CommandSpec, until: Until | None, job: Mapping[str, Any]) -> dict[str, Any]:
        """Have a command carry out what is missing of its run; return the event that tells how it ended."""
        conduct = Conduct.from_json(job["conduct"])
        try:
            with self._beside_others(conduct.at_once):
                what = self._run(spec, conduct, until, job.get("predicted_seconds"))
        except Interrupted:
            return {"event": "interrupted"}
        except Stopped as end:
            what = f"as far as tuning needs it: {end}"
        except UnwritableError as error:
            return {"event": "failed", "reason": str(error), "in_vain": True}
        except Exception as error:
            # A command that fails is a failure with its reason; the other runs go on.
            return {"event": "failed", "reason": reason(error, self.machine.claims_folder)}
        self.machine.store.clear_failure(spec.key)
        self.machine.store.clear_failures_of(spec.output_key)
        return {"event": "done", "what": what, "found": what == FOUND}

    @contextmanager
    def _beside_others(self, at_once: int) -> Iterator[None]:
        on_a_gpu = self.machine.device.type == "cuda"
        with self._ended:
            while on_a_gpu and self._running >= at_once and not self.stop.is_set():
                self._ended.wait(0.2)
            self._running += 1
        try:
            yield
        finally:
            with self._ended:
                self._running -= 1
                self._ended.notify_all()

    @contextmanager
    def _alone(self, spec: CommandSpec) -> Iterator[None]:
        """Hold the lock of an output, of which other runs are read, too; that of the run is held already."""
        while not self.stop.is_set():
            with self.machine.store.lock(spec.output_key) as mine:
                if mine:
                    yield
                    return
            self.stop.wait(0.2)
        raise Interrupted(0, 0)

    def _run(
        self, spec: CommandSpec, conduct: Conduct, until: Until | None, predicted_seconds: float | None
    ) -> str:
        """Run a command unless the store has its run by now; return what to tell."""
        store = self.machine.store
        if is_there(store, spec.key, until):
            return FOUND
        store.sweep(spec.key)
        told = {
            "predicted_seconds": predicted_seconds,
            "until_epochs": until.epochs if until else None,
        }
        run = CommandRun(
            spec,
            conduct,
            self.machine.shared(conduct.at_once),
            {**self.made, **told},
            self.stop,
            lambda text: self.emit(warning(spec.title, text)),
        )
        with self._alone(spec):
            record = run.carry_out(until, self._progress(spec.key, predicted_seconds))
        try:
            store.put_run(record, {})
        except OSError as error:
            raise unwritable(store.root, error, "what it wrote is kept") from None
        return f"{record.outcome}, {record.wall_seconds:.1f} s"

    def _progress(self, key: str, predicted_seconds: float | None) -> Callable[[float | None], None]:
        began = last = time.monotonic()

        def tell(share: float | None) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last > TOLD_SECONDS:
                last = now
                if share is None and predicted_seconds is None:
                    return
                if share is None:  # by the clock, and never at its end
                    share = min(0.95, (now - began) / max(predicted_seconds or 1.0, 1.0))
                self.emit(progress(key, min(share, 1.0)))

        return tell
