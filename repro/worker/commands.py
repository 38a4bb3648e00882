"""A run that a command carries out: started, watched while it writes what it measures, and kept as any other run."""

from __future__ import annotations

import io
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from repro.command_spec import CommandSpec, Conduct
from repro.errors import ReproError, mistake
from repro.source_code import files_of_command
from repro.spec import Until
from repro.store import Checkpoint, RunRecord
from repro.training.checkpoints import Interrupted, Stopped
from repro.worker.attempts import Attempt, Attempts
from repro.worker.command_records import reached, record_of, refuse_no_share
from repro.worker.guarded import GuardedCommand
from repro.worker.machine import Machine
from repro.worker.provenance import command_provenance
from repro.worker.rows import Curve, Row

LOOK_SECONDS = 0.2
"""How often what a command writes is looked at."""

KEPT_SECONDS = 20.0
"""How often it is noted how far a command has come that could go on from there."""

STATE_VERSION = 1
"""Of what a checkpoint of a command holds: nothing, since its own files are in its output folder."""

OnProgress = Callable[[float | None], None]
"""Called with the share of a run's steps that is done; None where it is not known."""


class CommandRun:
    """One run while it is carried out; its lock, and that of its output, are held by whoever does.

    Args:
        spec: the run.
        conduct: how it is treated.
        machine: what it may use.
        session: where and with what it is carried out now.
        stop: set once it shall end, and go on later.
        warn: called with what people must know.
    """

    def __init__(
        self,
        spec: CommandSpec,
        conduct: Conduct,
        machine: Machine,
        session: Mapping[str, Any],
        stop: threading.Event,
        warn: Callable[[str], None],
    ) -> None:
        self.spec, self.conduct, self.machine = spec, conduct, machine
        self.session, self.stop, self.warn = dict(session), stop, warn
        self.output = machine.store.output(spec)
        self.attempts = Attempts(self.output, spec.reads)
        self.earlier = Attempt()
        self.curve = Curve(spec.reads)
        self._from_step = 0
        self.began = time.time()

    def carry_out(self, until: Until | None, on_progress: OnProgress) -> RunRecord:
        """Read what the command has written, where it has come to its end; else run it, from where it has come.

        Args:
            until: how far it is needed; None: to its end.
            on_progress: called with how far it has come.

        Raises:
            ReproError: it cannot be started, fails, takes too long, or does not write what is read.
            Interrupted: it was asked to end.
            Stopped: it has come as far as it is needed.
        """
        if not self.output.serves(self.spec):
            self._note_what_it_is_made_with()
            self._run(until, on_progress)
        return record_of(self.spec, self.conduct, self.attempts)

    def _run(self, until: Until | None, on_progress: OnProgress) -> None:
        earlier = self._earlier()
        ended = self._attempt(earlier, until, on_progress)
        if ended is not None and ended.code and earlier is not None and self.curve.step <= self._from_step:
            what = ": ".join(filter(None, (_how(ended), self.attempts.last_error())))
            self.warn(f"could not go on from its earlier attempt ({what}): it begins anew")
            ended = self._attempt(None, until, on_progress)
        if ended is not None and (ended.code or ended.error):
            self._keep()
            what = ": ".join(filter(None, (_how(ended), self.attempts.last_error())))
            raise mistake(self.spec.files.name, what, None, self.attempts.last_lines())
        self.attempts.end(self.spec.stop_at if ended is None else None)
        self.machine.store.checkpoints(self.spec.key).clear()

    def _note_what_it_is_made_with(self) -> None:
        folder, inputs = self.machine.folder(self.spec), self.conduct.inputs
        code = files_of_command(self.spec.words, folder, inputs, self.spec.title, self.machine.claims_folder)
        if code.version != self.spec.files.version:
            what = "its files have changed since the run was planned"
            raise mistake(self.spec.files.name, what, None, "run the same command again")
        environment = self.machine.environment(self.spec)
        told, packages = command_provenance(self.spec, code, self._words()[0], environment, folder)
        listed = {} if packages is None else {"installed": self.machine.store.put_environment(packages)}
        self.session |= told | listed | {"threads": self.machine.threads}

    def _earlier(self) -> Attempt | None:
        try:
            return self.attempts.earlier(self.conduct)
        except (ValueError, ReproError):
            self.warn("what an earlier attempt has left cannot be read: it begins anew")
            return None

    def _attempt(
        self, earlier: Attempt | None, until: Until | None, on_progress: OnProgress
    ) -> GuardedCommand | None:
        """Run the command once; None where it was ended because its run has come to its target."""
        self.earlier, self.curve = earlier or Attempt(), Curve(self.spec.reads)
        self.curve.extend(self.earlier.rows, lambda row: False)
        self._from_step, self.began = int(self.curve.step), time.time()
        if self.stop.is_set():
            raise Interrupted(self._from_step, self._steps())
        resume = () if earlier is None else self.conduct.resume or ()
        words = self._words(*resume)
        self.attempts.begin(earlier, {**self.session, "from_step": self._from_step})
        command = GuardedCommand(
            words,
            self.machine.folder(self.spec),
            self.machine.environment(self.spec),
            self.attempts.stdout,
            self.attempts.stderr,
        )
        try:
            return self._watched(command, until, on_progress)
        finally:
            command.end()

    def _watched(
        self, command: GuardedCommand, until: Until | None, on_progress: OnProgress
    ) -> GuardedCommand | None:
        look, kept = self._looks(until), -math.inf
        while True:
            over = command.ended.wait(LOOK_SECONDS)
            last = look(over)
            if last is not None and reached(self.spec.stop_at, self.curve)(last):
                return None
            if over:
                return command
            if last is not None and reached(until, self.curve)(last):
                self._keep(stopped=True)
                raise Stopped({**last, "epoch": self.curve.epoch})
            if self.stop.is_set():
                self._keep()
                raise Interrupted(int(self.curve.step), self._steps())
            limit = self.conduct.time_limit_seconds
            if limit is not None and time.time() - self.began > limit:
                what = "takes longer than its time_limit and was ended"
                hint = f"a larger time_limit{', or `resume`' if self.conduct.resume is None else ''}"
                printed = self.attempts.last_lines()
                raise mistake(self.spec.files.name, what, f"{limit:g} s", f"{hint}. {printed}")
            if last is not None and time.monotonic() - kept > KEPT_SECONDS:
                kept = time.monotonic()
                self._keep()
            on_progress(self.curve.step / self.conduct.steps if self.conduct.steps else None)

    def _looks(self, until: Until | None) -> Callable[[bool], Row | None]:
        """Return what takes in the rows that are new, up to one that is far enough, and returns the last of all.

        What the claim cannot read is reported at once, and no reason to end the command: what it writes is kept,
        and can be read otherwise.
        """
        reader, readable = self.attempts.reader(beyond=True), True
        targets = [reached(target, self.curve) for target in (self.spec.stop_at, until)]

        def over(row: Row) -> bool:
            refuse_no_share(self.spec, self.conduct, row)
            return any(has_come(row) for has_come in targets)

        def look(last: bool) -> Row | None:
            nonlocal readable
            if readable:
                try:
                    self.curve.extend(reader.new(last=last), over)
                except ReproError as error:
                    readable = False
                    self.warn(
                        f"{error}\n    It goes on, and what it writes is kept: mend the claim file meanwhile."
                    )
            return self.curve.rows[-1] if readable and self.curve.rows else None

        return look

    def _words(self, *more: str) -> list[str]:
        return self.machine.words(self.spec, self.output.out, *more, own=self.conduct.program)

    def _steps(self) -> int:
        return int(self.conduct.steps or self.curve.step)

    def _this_session(self) -> Mapping[str, Any]:
        return {**self.session, "from_step": self._from_step, "to_step": int(self.curve.step)}

    def _seconds(self) -> float:
        return self.earlier.seconds + time.time() - self.began

    def _keep(self, *, stopped: bool = False) -> None:
        """Note how far it has come, where it can go on from there, or where no more of it is needed."""
        if not self.curve.rows or (self.conduct.resume is None and not stopped):
            return
        state, step = io.BytesIO(), int(self.curve.step)
        torch.save({"step": step}, state)
        checkpoint = Checkpoint(
            self.spec.key,
            self.spec.as_json(),
            step,
            self._steps(),
            STATE_VERSION,
            [*self.earlier.sessions, self._this_session()],
            stopped=self.curve.columns() if stopped else None,
            wall_seconds=self._seconds(),
        )
        self.machine.store.checkpoints(self.spec.key).put(checkpoint, state.getbuffer())


def _how(ended: GuardedCommand) -> str:
    if ended.error is not None:
        return f"could not be started: {ended.error}"
    code = ended.code or 0
    memory = " (out of memory?)" if code == -9 else ""
    return f"was killed by signal {-code}{memory}" if code < 0 else f"ended with exit code {code}"
