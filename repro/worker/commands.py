"""A run that a command carries out: started, watched while it writes what it measures, and kept as any other run."""

from __future__ import annotations

import io
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import torch

from repro.command_spec import CommandSpec, Conduct
from repro.errors import ReproError, mistake
from repro.source_code import files_of_command
from repro.spec import Until
from repro.store import Checkpoint, RunRecord, predicted_seconds
from repro.training.checkpoints import Interrupted, Stopped
from repro.worker.attempts import Attempt, CommandFolder
from repro.worker.guarded import GuardedCommand
from repro.worker.machine import Machine
from repro.worker.provenance import command_provenance
from repro.worker.rows import MOST_ROWS, Curve, Row

LOOK_SECONDS = 0.2
"""How often what a command writes is looked at."""

KEPT_SECONDS = 20.0
"""How often it is noted how far a command has come that could go on from there."""

STATE_VERSION = 1
"""Of what a checkpoint of a command holds: nothing, since its own files are in its output folder."""

TABLE = "[experiment.process]"

OnProgress = Callable[[float | None], None]
"""Called with the share of a run's steps that is done; None where it is not known."""


class CommandRun:
    """One run while it is carried out; its lock is held by whoever does.

    Args:
        spec: the run.
        conduct: how it is treated.
        machine: what it may use.
        session: where and with what it is carried out now.
        stop: set once it shall end, and go on later.
        warn: told what people must know.
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
        self.files = CommandFolder(machine.store.command_folder(spec.key), spec)
        self.earlier = Attempt()
        self.curve = Curve(spec.reads)
        self._from_step = 0
        self.began = time.time()

    def carry_out(self, until: Until | None, on_progress: OnProgress) -> RunRecord:
        """Run the command to its end, or as far as it is needed, from where an earlier attempt has come.

        Args:
            until: how far it is needed; None: to its end.
            on_progress: told how far it has come.

        Raises:
            ReproError: it cannot be started, fails, takes too long, or does not write what is read.
            Interrupted: it was asked to end.
            Stopped: it has come as far as it is needed.
        """
        self._note_what_it_is_made_with()
        earlier = self._earlier()
        if earlier is not None and earlier.complete:
            # What was wrong with it may have been how the claim reads it; else it is done anew.
            self._go_on_from(earlier)
            with suppress(ReproError):
                return self._record(earlier.sessions)
            earlier = None
        ended = self._attempt(earlier, until, on_progress)
        if ended is not None and ended.code and earlier is not None and self.curve.step <= self._from_step:
            self.warn(f"could not go on from its earlier attempt ({_how(ended)}): it begins anew")
            ended = self._attempt(None, until, on_progress)
        if ended is not None and (ended.code or ended.error):
            last = self.files.last_error()
            what = f"{_how(ended)}: {last}" if last else _how(ended)
            raise mistake(self.spec.files.name, what, None, self.files.last_lines())
        self.files.complete()
        return self._record([*self.earlier.sessions, self._this_session()])

    def forget_attempt(self) -> None:
        """Drop what tells where the run could go on: it is kept now. Its output folder stays."""
        self.files.forget()

    def _note_what_it_is_made_with(self) -> None:
        folder, inputs = self.machine.folder(self.spec), self.conduct.inputs
        code = files_of_command(self.spec.words, folder, inputs, self.spec.title, self.machine.claims_folder)
        if code.version != self.spec.files.version:
            what = "its files have changed since the run was planned"
            raise mistake(self.spec.files.name, what, None, "run the same command again")
        program = self._words()[0]
        environment = self.machine.environment(self.spec)
        self.session |= command_provenance(self.spec, code, program, environment, folder)

    def _earlier(self) -> Attempt | None:
        try:
            return self.files.earlier(self.conduct)
        except ValueError:
            self.warn("what an earlier attempt has left cannot be read: it begins anew")
            return None

    def _go_on_from(self, earlier: Attempt) -> None:
        self.earlier = earlier
        self.curve = Curve(self.spec.reads, earlier.rows)
        self._from_step = int(self.curve.step)
        self.began = time.time()

    def _attempt(
        self, earlier: Attempt | None, until: Until | None, on_progress: OnProgress
    ) -> GuardedCommand | None:
        """Run the command once; None where it was ended because its run has come to its target."""
        if earlier is None:
            self.files.clear()
        self._go_on_from(earlier or Attempt())
        if self.stop.is_set():
            raise Interrupted(self._from_step, self._steps())
        resume = () if earlier is None else self.conduct.resume or ()
        words = self._words(*resume)
        self.files.begin(self.earlier, {**self.session, "from_step": self._from_step})
        command = GuardedCommand(
            words,
            self.machine.folder(self.spec),
            self.machine.environment(self.spec),
            self.files.stdout,
            self.files.stderr,
        )
        try:
            return self._watched(command, until, on_progress)
        finally:
            command.end()

    def _watched(
        self, command: GuardedCommand, until: Until | None, on_progress: OnProgress
    ) -> GuardedCommand | None:
        reader, kept = self.files.reader(), time.monotonic()
        while True:
            over = command.ended.wait(LOOK_SECONDS)
            for found in reader.new(last=over):
                row = self.curve.add(found)
                self._refuse_no_share(row)
                if self._is_at(self.spec.stop_at, row):
                    return None
            if len(self.curve.rows) > MOST_ROWS:
                raise self._mistake(f"writes more than {MOST_ROWS:,} rows", None, "write fewer of them")
            if over:
                return command
            if self.curve.rows and self._is_at(until, self.curve.rows[-1]):
                self._keep(stopped=True)
                raise Stopped({**self.curve.rows[-1], "epoch": self.curve.epoch})
            if self.stop.is_set():
                self._keep()
                raise Interrupted(int(self.curve.step), self._steps())
            limit = self.conduct.time_limit_seconds
            if limit is not None and time.time() - self.began > limit:
                hint = f"a larger time_limit{', or `resume`' if self.conduct.resume is None else ''}"
                raise self._mistake("takes longer than its time_limit and was ended", f"{limit:g} s", hint)
            if time.monotonic() - kept > KEPT_SECONDS:
                kept = time.monotonic()
                self._keep()
            on_progress(self.curve.step / self.conduct.steps if self.conduct.steps else None)

    def _is_at(self, target: Until | None, row: Row) -> bool:
        if target is None:
            return False
        far = target.epochs is not None and self.curve.epoch > target.epochs
        return far or row.get(target.column, math.inf) <= target.at_most

    def _refuse_no_share(self, row: Row) -> None:
        """Refuse what cannot be the share that the claim says it is, as soon as it is written."""
        for name, whole in self.conduct.shares.items():
            value = row.get(name, 0.0)
            if value < 0 or value > whole * (1 + 1e-9):
                unit = "percent" if whole > 1 else "a fraction"
                hint = f"mend the unit of {name} in its table of columns"
                raise self._mistake(f"wrote {name} = {value:g}, which cannot be {unit}", None, hint)

    def _words(self, *more: str) -> list[str]:
        return self.machine.words(self.spec, self.files.out, *more, own=self.conduct.program)

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

    def _record(self, sessions: Sequence[Mapping[str, Any]]) -> RunRecord:
        """Return what the store keeps of the run, having looked whether it has written what is read."""
        columns = self.curve.columns() if self.curve.rows else {}
        bad = self._looked_through(columns)
        return RunRecord(
            key=self.spec.key,
            spec=self.spec.as_json(),
            history=columns,
            outcome="finished" if bad is None else "diverged",
            steps_done=int(self.curve.step),
            chance_error=None,
            images={},
            wall_seconds=self._seconds(),
            weights={},
            provenance={
                **sessions[-1],
                "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "predicted_seconds": predicted_seconds(sessions),
                "diverged_at_step": bad,
                "sessions": list(sessions),
            },
        )

    def _looked_through(self, columns: Mapping[str, list[float]]) -> int | None:
        """Return the step at which a run that diverged did; None for one that did not.

        Raises:
            ReproError: it has not written what is read, ended with no number, or too early.
        """
        if not columns:
            raise self._nothing_written()
        for name in self.conduct.columns:
            if name not in columns:
                there = ", ".join(sorted(columns.keys() - {"step", "epoch"})) or "no numbers"
                what = f"wrote no column {name!r} in {self.spec.reads.metrics}"
                raise self._mistake(what, there, f"write it, or name another `column` in {TABLE}")
            row = next(row for row in reversed(self.curve.rows) if name in row)
            if not math.isfinite(row[name]):
                if self.conduct.diverges:
                    return int(row["step"])
                hint = f'mend the command; nan = "diverged" in {TABLE} takes it for a result'
                raise self._mistake(f"ended with {name} = {row[name]} at step {row['step']:,.0f}", None, hint)
        last, steps = self.curve.step, self.conduct.steps
        if steps is not None and last < steps and not self._is_at(self.spec.stop_at, self.curve.rows[-1]):
            hint = f"mend the command, or `steps` in {TABLE}"
            raise self._mistake(f"ended at step {last:,g} of {steps:,g}", None, hint)
        return None

    def _nothing_written(self) -> ReproError:
        if self.files.prints:
            hint = 'print lines such as {"step": 100, "test_error": 0.25}'
            return self._mistake("printed no line of JSON", None, hint)
        there = ", ".join(sorted(path.name for path in self.files.out.iterdir())) or "nothing"
        what = f"wrote no {self.spec.reads.metrics} with rows of numbers into {{out}}"
        return self._mistake(
            what, f"{{out}} holds {there}", "write one there, or name another with `metrics`"
        )

    def _mistake(self, what: str, received: object, hint: str) -> ReproError:
        return mistake(self.spec.files.name, what, received, f"{hint}. {self.files.last_lines()}")


def _how(ended: GuardedCommand) -> str:
    if ended.error is not None:
        return f"could not be started: {ended.error}"
    code = ended.code or 0
    memory = " (out of memory?)" if code == -9 else ""
    return f"was killed by signal {-code}{memory}" if code < 0 else f"ended with exit code {code}"
