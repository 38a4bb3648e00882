"""What a command has written → the record of a run, having looked whether it holds what its claim reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from repro.command_spec import STDOUT, CommandSpec, Conduct
from repro.errors import ReproError, mistake
from repro.spec import Until
from repro.store import RunRecord, predicted_seconds
from repro.worker.attempts import Attempts
from repro.worker.rows import Curve, Row

TABLE = "[experiment.process]"


def reached(target: Until | None, curve: Curve) -> Callable[[Row], bool]:
    """Return what tells whether a row, the last of a curve, has come to a target; None: none ever has."""

    def has_come(row: Row) -> bool:
        if target is None:
            return False
        far = target.epochs is not None and curve.epoch > target.epochs
        return far or target.reached(row.get(target.column, math.nan))

    return has_come


def refuse_no_share(spec: CommandSpec, conduct: Conduct, row: Row) -> None:
    """Refuse what cannot be the share that the claim says it is.

    Raises:
        ReproError: it cannot.
    """
    for name, whole in conduct.shares.items():
        value = row.get(name, 0.0)
        if value < 0 or value > whole * (1 + 1e-9):
            what = f"wrote {name} = {value:g}, which cannot be {'percent' if whole > 1 else 'a fraction'}"
            raise mistake(spec.files.name, what, None, f"mend the unit of {name} in its table of columns")


def record_of(spec: CommandSpec, conduct: Conduct, attempts: Attempts) -> RunRecord:
    """Return what the store keeps of a run whose output has come to its end.

    Raises:
        ReproError: the output does not hold what is read, or has ended with no number, or too early. It is kept all the
            same, and read anew by the next check.
    """
    note = attempts.output.note()
    assert note is not None, "it was made"
    assert note["ended"] is not None, "it has ended"
    reading = _Reading(spec, conduct, attempts)
    curve = reading.curve(note)
    bad = reading.looked_through(curve)
    session = {**note["session"], "to_step": int(curve.step)}
    sessions = [*note["sessions"], session]
    return RunRecord(
        key=spec.key,
        spec=spec.as_json(),
        history=curve.columns(),
        outcome="finished" if bad is None else "diverged",
        steps_done=int(curve.step),
        chance_error=None,
        images={},
        wall_seconds=note["ended"]["seconds"],
        weights={},
        provenance={
            **session,
            "finished": note["ended"]["finished"],
            "predicted_seconds": predicted_seconds(sessions),
            "diverged_at_step": bad,
            "sessions": sessions,
        },
    )


class _Reading:
    def __init__(self, spec: CommandSpec, conduct: Conduct, attempts: Attempts) -> None:
        self.spec, self.conduct, self.attempts = spec, conduct, attempts

    def curve(self, note: Mapping[str, Any]) -> Curve:
        """Return all rows, up to the one at which the run ends."""
        curve = Curve(self.spec.reads)
        try:
            rows = self.attempts.rows(note)
        except ValueError as error:
            raise self._mistake(str(error), None, "name the file that it was made with") from None
        except ReproError as error:
            (problem,) = error.problems
            what, hint = f"{problem.where} {problem.what}", self._hint(str(problem.hint))
            raise ReproError(replace(problem, where=self.spec.files.name, what=what, hint=hint)) from None
        if self.conduct.resume is None:
            self._refuse_steps_back(rows)
        curve.extend(rows, reached(self.spec.stop_at, curve))
        if not curve.rows:
            raise self._nothing_written()
        for row in curve.rows:
            refuse_no_share(self.spec, self.conduct, row)
        return curve

    def _refuse_steps_back(self, rows: Sequence[Row]) -> None:
        """Refuse rows that go back: of a command that cannot go on where it stopped, none was done anew."""
        steps = [row[self.spec.reads.step] for row in rows if self.spec.reads.step in row]
        for before, after in pairwise(steps):
            if after < before:
                hint = f"write rows in the order of their steps; a command that goes on declares `resume` in {TABLE}"
                raise self._mistake(f"wrote step {after:,g} after step {before:,g}", None, hint)

    def looked_through(self, curve: Curve) -> int | None:
        """Return the step at which a run that diverged did; None for one that did not."""
        columns = curve.columns()
        for name in self.conduct.columns:
            if name not in columns:
                there = ", ".join(sorted(columns.keys() - {"step", "epoch"})) or "no numbers"
                what = f"wrote no column {name!r} in {self.spec.reads.metrics}"
                raise self._mistake(what, there, f"name another `column` in {TABLE}, or write it")
            row = next(row for row in reversed(curve.rows) if name in row)
            if not math.isfinite(row[name]):
                if self.conduct.diverges:
                    return int(row["step"])
                hint = f'nan = "diverged" in {TABLE} takes it for a result; else mend the command'
                raise self._mistake(f"ended with {name} = {row[name]} at step {row['step']:,.0f}", None, hint)
        for name in self.conduct.accuracies:
            values = [value for value in columns.get(name, ()) if math.isfinite(value)]
            if values and 0 < max(values) <= 1:
                what = f"wrote only values from 0 to 1 as {name}, which are 0% to 1%"
                hint = f'they seem to be fractions: set unit = "fraction" in {TABLE[:-1]}.columns]'
                raise self._mistake(what, f"at most {max(values):g}", hint)
        last, steps = curve.step, self.conduct.steps
        if steps is not None and last < steps and not reached(self.spec.stop_at, curve)(curve.rows[-1]):
            hint = f"mend `steps` in {TABLE}, or the command"
            raise self._mistake(f"ended at step {last:,g} of {steps:,g}", None, hint)
        return None

    def _nothing_written(self) -> ReproError:
        if self.spec.reads.metrics == STDOUT:
            hint = 'print lines such as {"step": 100, "test_error": 0.25}'
            return self._mistake("printed no line of JSON", None, hint)
        out = self.attempts.output.out
        there = ", ".join(sorted(path.name for path in out.iterdir())) or "nothing"
        what = f"wrote no {self.spec.reads.metrics} with rows of numbers into {{out}}"
        return self._mistake(
            what, f"{{out}} holds {there}", "name another file with `metrics`, or write one there"
        )

    def _mistake(self, what: str, received: object, hint: str) -> ReproError:
        return mistake(self.spec.files.name, what, received, self._hint(hint))

    def _hint(self, hint: str) -> str:
        place = f"commands/{self.spec.output_key} in the store"
        kept = f"What it wrote is kept, and read anew by the next check; to have it run again, delete {place}"
        return f"{hint}. {kept}. {self.attempts.last_lines()}"
