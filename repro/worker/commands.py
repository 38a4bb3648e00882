"""A run that a command carries out: started, watched while it writes what it measures, and kept as any other run."""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from repro.command_spec import STDOUT, CommandSpec, Conduct, filled
from repro.errors import ReproError, mistake
from repro.source_code import files_of_command
from repro.spec import Until
from repro.store import Checkpoint, RunRecord, Store, files, predicted_seconds
from repro.training.checkpoints import Interrupted, Stopped
from repro.worker.guarded import GuardedCommand
from repro.worker.provenance import command_provenance
from repro.worker.rows import MOST_ROWS, Curve, Row, RowReader, cut_torn_line

LOOK_SECONDS = 0.2
"""How often what a command writes is looked at."""

KEPT_SECONDS = 20.0
"""How often it is noted how far a command has come that could go on from there."""

ATTEMPT = "attempt.json"
"""Tells of an attempt as it began: what earlier ones wrote, since the command may begin its file anew."""

LAST_LINES = 20
"""Of its output, told where it fails."""

STATE_VERSION = 1
"""Of what a checkpoint of a command holds: nothing, since its own files are in its output folder."""


@dataclass(frozen=True)
class Machine:
    """What a command may use, and where it finds its files.

    Attributes:
        store: where runs are kept.
        claims_folder: which working folders are relative to.
        device: of torch; a GPU is made visible to the command, or hidden from it.
        threads: cores that it may take.
    """

    store: Store
    claims_folder: Path
    device: torch.device
    threads: int

    def shared(self, at_once: int) -> Machine:
        """Return what each of several commands may use that run side by side on a GPU; a CPU is shared already."""
        return replace(self, threads=max(1, self.threads // at_once)) if self.device.type == "cuda" else self

    def environment(self, spec: CommandSpec) -> dict[str, str]:
        """Return the variables of a command: this process's, without those for torch here, and its own."""
        found = {name: value for name, value in os.environ.items() if name not in OF_A_WORKER}
        threads = dict.fromkeys(
            ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(self.threads)
        )
        found |= {**threads, "PYTHONUNBUFFERED": "1", "CUDA_VISIBLE_DEVICES": self._visible()}
        return found | dict(spec.environment)

    def _visible(self) -> str:
        """Return the GPUs that are visible to a command: the one that was chosen, or none."""
        if self.device.type != "cuda":
            return ""
        index = self.device.index or 0
        outer = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        return outer[index] if index < len(outer) else str(index)


OF_A_WORKER = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "CUDA_DEVICE_MAX_CONNECTIONS")
"""Variables that a worker is given for its own training."""


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
        self.folder = (machine.claims_folder / spec.folder).resolve()
        self.home = machine.store.command_folder(spec.key)
        self.out, self.stdout, self.stderr = (
            self.home / name for name in ("out", "stdout.txt", "stderr.txt")
        )
        prints = spec.reads.metrics == STDOUT
        self.written = self.stdout if prints else self.out / spec.reads.metrics
        self.prints = prints
        self.curve = Curve(spec.reads)
        self.sessions: list[Mapping[str, Any]] = []
        self.earlier_seconds = 0.0
        self.from_step = 0
        self.began = 0.0

    def carry_out(self, until: Until | None, on_progress: Callable[[float | None], None]) -> RunRecord:
        """Run the command to its end, or as far as it is needed, from where an earlier attempt has come.

        Args:
            until: how far it is needed; None: to its end.
            on_progress: called with the seconds so far and, where it is known, the share of its steps that is done.

        Raises:
            ReproError: it cannot be started, fails, takes too long, or does not write what is read.
            Interrupted: it was asked to end.
            Stopped: it has come as far as it is needed.
        """
        code = files_of_command(
            self.spec.words, self.folder, self.conduct.inputs, self.spec.title, self.machine.claims_folder
        )
        if code.version != self.spec.files.version:
            what = "its files have changed since the run was planned"
            raise mistake(self.spec.files.name, what, None, "run the same command again")
        words = self._words()
        self.session |= command_provenance(
            self.spec, code, words[0], self.machine.environment(self.spec), self.folder
        )
        goes_on = self._take_up()
        if goes_on:
            words = [*words, *filled(self.conduct.resume or (), self._values())]
        ended = self._watched(words, until, on_progress)
        if ended is not None and goes_on and self.curve.step <= self.from_step and ended.code:
            self.warn(f"could not go on from its earlier attempt ({_how(ended)}): it begins anew")
            shutil.rmtree(self.home)
            self._take_up()
            ended = self._watched(self._words(), until, on_progress)
        if ended is not None and (ended.code or ended.error):
            raise self._failed(ended)
        return self._record()

    def forget_attempt(self) -> None:
        """Drop what tells where the run could go on: it is there. Its output folder stays."""
        (self.home / ATTEMPT).unlink(missing_ok=True)

    def _words(self) -> list[str]:
        words = filled(self.spec.words, self._values())
        environment = self.machine.environment(self.spec)
        path = words[0]
        if os.sep in path or (os.altsep and os.altsep in path):
            path = str(self.folder / path)
        found = shutil.which(path, path=environment.get("PATH"))
        if found is None:
            hint = "install it, or name another; {python} stands for the Python that runs repro"
            raise mistake(self.spec.files.name, "there is no such program on this machine", words[0], hint)
        return [found, *words[1:]]

    def _values(self) -> dict[str, Any]:
        return {
            **self.spec.values,
            "out": str(self.out.resolve()),
            "seed": self.spec.seed,
            "device": self.machine.device.type,
            "threads": self.machine.threads,
            "python": sys.executable,
        }

    def _take_up(self) -> bool:
        """Make the folders ready; return whether the command is to go on from an earlier attempt."""
        note = self.home / ATTEMPT
        needed = self.out / (self.conduct.resume_needs or "")
        there = (
            needed.is_file() if self.conduct.resume_needs else self.out.is_dir() and any(self.out.iterdir())
        )
        goes_on = self.conduct.resume is not None and there and note.is_file()
        self.curve, self.sessions, self.earlier_seconds = Curve(self.spec.reads), [], 0.0
        if goes_on:
            try:
                self._read_earlier(json.loads(note.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError, ReproError):
                self.warn("what an earlier attempt has left cannot be read: it begins anew")
                self.curve, goes_on = Curve(self.spec.reads), False
        if not goes_on:
            shutil.rmtree(self.home, ignore_errors=True)
        self.out.mkdir(parents=True, exist_ok=True)
        self.stdout.write_bytes(b"")
        self.stderr.write_bytes(b"")
        self.from_step = int(self.curve.step)
        self.began = time.time()
        content = {
            "rows": self.curve.rows,
            "sessions": self.sessions,
            "seconds": self.earlier_seconds,
            "session": {**self.session, "from_step": self.from_step},
            "began": self.began,
        }
        files.write_text(note, json.dumps(content))
        return goes_on

    def _read_earlier(self, note: Mapping[str, Any]) -> None:
        cut_torn_line(self.written)
        self.curve = Curve(self.spec.reads, note["rows"])
        for row in self._reader().new(last=True):
            self.curve.add(row)
        last_sign = max(
            path.stat().st_mtime for path in (self.stdout, self.written, self.out) if path.exists()
        )
        self.earlier_seconds = note["seconds"] + max(0.0, last_sign - note["began"])
        self.sessions = [*note["sessions"], {**note["session"], "to_step": int(self.curve.step)}]

    def _reader(self) -> RowReader:
        return RowReader(self.written, prints=self.prints)

    def _watched(
        self, words: list[str], until: Until | None, on_progress: Callable[[float | None], None]
    ) -> GuardedCommand | None:
        """Run the command; None where it was ended because its run has come to its target."""
        if self.stop.is_set():
            raise Interrupted(self.from_step, self._steps())
        environment = self.machine.environment(self.spec)
        command = GuardedCommand(words, self.folder, environment, self.stdout, self.stderr)
        reader = self._reader()
        kept = time.monotonic()
        try:
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
                    raise self._mistake(
                        "takes longer than its time_limit and was ended", f"{limit:g} s", hint
                    )
                if time.monotonic() - kept > KEPT_SECONDS:
                    kept = time.monotonic()
                    self._keep()
                on_progress(self.curve.step / self.conduct.steps if self.conduct.steps else None)
        finally:
            command.end()

    def _refuse_no_share(self, row: Row) -> None:
        """Refuse what cannot be the share that the claim says it is, as soon as it is written."""
        for name, whole in self.conduct.shares.items():
            value = row.get(name, 0.0)
            if value < 0 or value > whole * (1 + 1e-9):
                unit = "percent" if whole > 1 else "a fraction"
                what = f"wrote {name} = {value:g}, which cannot be {unit}"
                raise self._mistake(what, None, f"mend the unit of {name} in [experiment.process.columns]")

    def _is_at(self, target: Until | None, row: Row) -> bool:
        if target is None or not self.curve.rows:
            return False
        far = target.epochs is not None and self.curve.epoch > target.epochs
        return far or row.get(target.column, math.inf) <= target.at_most

    def _steps(self) -> int:
        return int(self.conduct.steps or self.curve.step)

    def _keep(self, *, stopped: bool = False) -> None:
        """Note how far it has come, where it can go on from there, or where no more of it is needed."""
        if not self.curve.rows or (self.conduct.resume is None and not stopped):
            return
        step = int(self.curve.step)
        sessions = [*self.sessions, {**self.session, "from_step": self.from_step, "to_step": step}]
        state = io.BytesIO()
        torch.save({"step": step}, state)
        self.machine.store.checkpoints(self.spec.key).put(
            Checkpoint(
                self.spec.key,
                self.spec.as_json(),
                step,
                self._steps(),
                STATE_VERSION,
                sessions,
                stopped=self.curve.columns() if stopped else None,
                wall_seconds=self._seconds(),
            ),
            state.getbuffer(),
        )

    def _seconds(self) -> float:
        return self.earlier_seconds + time.time() - self.began

    def _record(self) -> RunRecord:
        """Return what the store keeps of the run, having looked whether it has written what is read."""
        if not self.curve.rows:
            raise self._nothing_written()
        columns = self.curve.columns()
        for name in self.conduct.columns:
            if name not in columns:
                there = ", ".join(sorted(columns.keys() - {"step", "epoch"})) or "no numbers"
                what = f"wrote no column {name!r} in {self.spec.reads.metrics}"
                raise self._mistake(what, there, "write it, or name one of those in `columns`")
        bad = self._not_finite()
        if bad is not None and not self.conduct.diverges:
            name, step, value = bad
            hint = 'mend the command; nan = "diverged" in [experiment.process] takes it for a result'
            raise self._mistake(f"ended with {name} = {value} at step {step:,.0f}", None, hint)
        last = self.curve.step
        ended_early = self.conduct.steps is not None and last < self.conduct.steps
        if ended_early and bad is None and not self._is_at(self.spec.stop_at, self.curve.rows[-1]):
            hint = "mend the command, or `steps` in [experiment.process]"
            what = f"ended at step {last:,g} of {self.conduct.steps:,g}"
            raise self._mistake(what, None, hint)
        sessions = [*self.sessions, {**self.session, "from_step": self.from_step, "to_step": int(last)}]
        return RunRecord(
            key=self.spec.key,
            spec=self.spec.as_json(),
            history=columns,
            outcome="finished" if bad is None else "diverged",
            steps_done=int(last),
            chance_error=None,
            images={},
            wall_seconds=self._seconds(),
            weights={},
            provenance={
                **sessions[-1],
                "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "predicted_seconds": predicted_seconds(sessions),
                "diverged_at_step": None if bad is None else int(bad[1]),
                "sessions": sessions,
            },
        )

    def _not_finite(self) -> tuple[str, float, float] | None:
        """Return a column that is read and whose last value is no number, with the step and the value."""
        for name in self.conduct.columns:
            seen = [row for row in self.curve.rows if name in row]
            if not math.isfinite(seen[-1][name]):
                return name, seen[-1]["step"], seen[-1][name]
        return None

    def _nothing_written(self) -> ReproError:
        if self.prints:
            what, there = "printed no line of JSON", _tail(self.stdout, 5) or "nothing"
            return self._mistake(what, there, 'print lines such as {"step": 100, "test_error": 0.25}')
        there = ", ".join(sorted(path.name for path in self.out.iterdir())) or "nothing"
        what = f"wrote no {self.spec.reads.metrics} with rows of numbers into {{out}}"
        return self._mistake(
            what, f"{{out}} holds {there}", "write one there, or name another with `metrics`"
        )

    def _failed(self, ended: GuardedCommand) -> ReproError:
        last = _tail(self.stderr, 1).strip()
        says = f": {last}" if last else ""
        return mistake(self.spec.files.name, f"{_how(ended)}{says}", None, self._shown())

    def _mistake(self, what: str, received: object, hint: str) -> ReproError:
        return mistake(self.spec.files.name, what, received, f"{hint}{self._shown('. ')}")

    def _shown(self, joint: str = "") -> str:
        """Return the last lines of the command's output."""
        files_of = (("errors", self.stderr, 900), ("output", self.stdout, 300))
        tails = [(name, _tail(path)[-most:]) for name, path, most in files_of]
        parts = [f"the last lines of its {name}:\n{tail}" for name, tail in tails if tail]
        return joint + "\n".join(parts) if parts else f"{joint}it printed nothing"


def _how(ended: GuardedCommand) -> str:
    if ended.error is not None:
        return f"could not be started: {ended.error}"
    code = ended.code or 0
    memory = " (out of memory?)" if code == -9 else ""
    return f"was killed by signal {-code}{memory}" if code < 0 else f"ended with exit code {code}"


def _tail(path: Path, lines: int = LAST_LINES) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 64_000))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    kept = [line.rsplit("\r", 1)[-1][:300] for line in text.rstrip().splitlines()[-lines:]]
    return "\n".join(kept)
