"""Rows of recorded results → runs: what each recorded at which step, and where it has no number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from repro.canonical import canonical_hash
from repro.claims import ClaimFile
from repro.claims.cells import all_cells
from repro.claims.schema_results import Results
from repro.errors import ReproError
from repro.recorded.cells import Cells, Roles, near_columns
from repro.recorded.problems import RowProblems
from repro.recorded.table import Table, Value
from repro.recorded.trackers import Piece
from repro.recorded.units import check_share, check_units
from repro.recorded.values import as_number, decimals, number_hint


@dataclass(frozen=True)
class Series:
    """What a run recorded of one quantity: steps, ascending, and values; shares are fractions, whatever their unit."""

    steps: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Gap:
    """Where a run has no number, while its row is there.

    Attributes:
        column: of the claim.
        step: 0 for results without steps.
        what: NaN or infinite where that was recorded; empty where nothing was, and other runs have a number there.
        where: the file and row.
    """

    column: str
    step: float
    what: Literal["NaN", "infinite", "empty"]
    where: str


@dataclass(frozen=True)
class RecordedRun:
    """A run as it was recorded.

    Attributes:
        cell: the address of its cell.
        seed: as recorded.
        series: column → what was recorded of it; a column without a value is not there.
        where: the file, and the line where it begins.
        ends: the file, and the line with its last step.
        gaps: where it has no number, by column and step.
    """

    cell: str
    seed: int
    series: Mapping[str, Series]
    where: str
    ends: str = ""
    gaps: Sequence[Gap] = ()

    @property
    def key(self) -> str:
        """A hash of all that it recorded: a run whose values change is another one."""
        plain = {
            name: [list(map(repr, one.steps)), list(map(repr, one.values))]
            for name, one in self.series.items()
        }
        return canonical_hash({"cell": self.cell, "seed": self.seed, "series": plain})

    @property
    def last_step(self) -> float:
        """The last step at which anything was recorded; 0 for results without steps."""
        return max((one.steps[-1] for one in self.series.values()), default=0.0)


@dataclass
class Gathered:
    """The runs of some results.

    Attributes:
        runs: cell → its runs, by seed.
        left_out: arm or level of a factor that the claim does not have → rows.
        decimals: column → the most digits after the point that any of its numbers has.
    """

    runs: dict[str, list[RecordedRun]]
    left_out: Roles = field(default_factory=Counter)
    decimals: dict[str, int] = field(default_factory=dict)


def gather(file: ClaimFile, pieces: Sequence[Piece]) -> Gathered:
    """Return the runs that the cells of a claim have in `pieces`.

    Raises:
        ReproError: a column that is not there, what is no number or no seed, a share out of its range, two values of
            one run at one step, an arm or level that no row is of while some rows are of nothing; all of them at once,
            each kind of mistake once.
    """
    results = file.results
    assert results is not None
    wrong = RowProblems()
    gathered = Gathered({cell.address: [] for cell in all_cells(file)})
    points: dict[tuple[str, int], _Points] = {}
    cells = Cells(file, results)
    for piece in pieces:
        for row, address, seed in cells.rows(piece, gathered.left_out, wrong):
            run = points.setdefault((address, seed), _Points(f"{address}, seed {seed}"))
            run.take(piece.table, row, results, gathered, wrong)
    _check_columns(pieces, results, wrong)
    if not wrong:
        cells.check(gathered.left_out, wrong)
        check_units([run.found for run in points.values()], results, wrong)
    if wrong:
        raise ReproError(*wrong.told())
    measured = {
        name: {step for run in points.values() for step in run.found.get(name, ())}
        for name in results.columns
    }
    for (address, seed), run in sorted(points.items()):
        series, gaps = run.series(), tuple(run.gaps(measured))
        gathered.runs[address].append(RecordedRun(address, seed, series, run.where, run.ends, gaps))
    return gathered


class _Points:
    """What is read of one run, in whatever order it stands."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.where = self.ends = ""
        self.found: dict[str, dict[float, tuple[float, str]]] = {}
        self._empty: dict[str, dict[float, str]] = {}
        self._last = -math.inf

    def take(self, table: Table, row: int, results: Results, gathered: Gathered, wrong: RowProblems) -> None:
        """Take in a row."""
        place, here = f"{table.where}: {table.rows[row]}", f"{table.where}, {table.rows[row]}"
        self.where = self.where or here
        step = 0.0
        if results.steps is not None and results.steps in table.columns:
            received = table.columns[results.steps][row]
            read = as_number(received)
            if read is None or not math.isfinite(read):
                wrong.add(place, "is no step", received, "steps are numbers that grow", column=results.steps)
                return
            step = read
        if step >= self._last:
            self._last, self.ends = step, here
        for name, column in results.columns.items():
            shown = results.named(name)
            values = table.columns.get(shown, _NOTHING)
            if values is _NOTHING:
                continue
            value = values[row]
            if value is None:
                self._empty.setdefault(name, {}).setdefault(step, here)
                continue
            number = as_number(value)
            if number is None:
                wrong.add(place, "is no number", value, number_hint(value, column), column=shown)
                continue
            if not check_share(place, number, name, shown, column, wrong):
                continue
            gathered.decimals[name] = max(gathered.decimals.get(name, 0), decimals(value))
            own = self.found.setdefault(name, {})
            if step in own:
                at = f" at {results.steps} {step:g}" if results.steps is not None else ""
                what = f"is the second {shown} of {self.run}{at}; the first is in {own[step][1]}"
                wrong.add(place, what, value, _twice(results), kind=f"twice {name}")
                continue
            own[step] = (number / 100 if column.unit == "percent" else number, here)

    def series(self) -> dict[str, Series]:
        """Return what was recorded, by step."""
        return {
            name: Series(tuple(sorted(points)), tuple(points[step][0] for step in sorted(points)))
            for name, points in self.found.items()
        }

    def gaps(self, measured: Mapping[str, set[float]]) -> Iterator[Gap]:
        """Yield where there is no number, by column and step; `measured` are the steps at which any run has one."""
        for name, steps in measured.items():
            found, empty = self.found.get(name, {}), self._empty.get(name, {})
            for step in sorted(steps & (found.keys() | empty.keys())):
                if step not in found:
                    yield Gap(name, step, "empty", empty[step])
                elif not math.isfinite(found[step][0]):
                    value, where = found[step]
                    yield Gap(name, step, "NaN" if math.isnan(value) else "infinite", where)


_NOTHING: Sequence[Value] = ()


def _twice(results: Results) -> str:
    if results.steps is None:
        return "keep one row a run, or name the column of steps with `step` in [results]"
    return "keep one of them: which of two values is right, nobody here can tell"


def _check_columns(pieces: Sequence[Piece], results: Results, wrong: RowProblems) -> None:
    """Find columns that no piece has; logs of single runs may lack one."""
    tables = [piece.table for piece in pieces]
    names = [(results.named(name), f"results.columns.{name}") for name in results.columns]
    names += [(results.steps, "results.step")] if results.steps is not None else []
    for name, place in names:
        if not any(name in table.names for table in tables):
            hint = near_columns(name, tables[0])
            wrong.add(f"{tables[0].where}: {place}", "has no column", name, hint, kind=place)
