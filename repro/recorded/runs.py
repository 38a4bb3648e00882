"""Rows of recorded results → runs: which cell and seed each is of, and what it recorded at which step."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from repro.claims import ClaimFile
from repro.claims.cells import all_cells, levels_of
from repro.claims.schema_columns import Column
from repro.claims.schema_results import Results
from repro.errors import MOST_TOLD, Problem, ReproError, suggestion
from repro.recorded.table import Table, Value
from repro.recorded.trackers import Piece
from repro.spec import canonical_hash


@dataclass(frozen=True)
class Series:
    """What a run recorded of one quantity: steps, ascending, and values; shares are fractions, whatever their unit."""

    steps: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class RecordedRun:
    """A run as it was recorded.

    Attributes:
        cell: the address of its cell.
        seed: as recorded.
        series: column → what was recorded of it; a column without a value is not there.
        where: the file, and the line where it begins.
    """

    cell: str
    seed: int
    series: Mapping[str, Series]
    where: str

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
    left_out: Counter[tuple[str, str]] = field(default_factory=Counter)
    decimals: dict[str, int] = field(default_factory=dict)


class _Problems(list[Problem]):
    """Problems of rows, as many as are told."""

    def add(self, where: str, what: str, received: object, hint: str | None) -> None:
        if len(self) < MOST_TOLD:
            self.append(Problem(where, what, None if received is None else repr(received), hint))


def gather(file: ClaimFile, pieces: Sequence[Piece]) -> Gathered:
    """Return the runs that the cells of a claim have in `pieces`.

    Raises:
        ReproError: a column that is not there, what is no number or no seed, a share out of its range, two values of
            one run at one step, an arm or level that no row is of while some rows are of nothing; all of them at once.
    """
    results = file.results
    assert results is not None
    problems = _Problems()
    gathered = Gathered({cell.address: [] for cell in all_cells(file)})
    points: dict[tuple[str, int], _Points] = {}
    cells = _Cells(file, results)
    for piece in pieces:
        for row, address, seed in cells.rows(piece, gathered, problems):
            run = points.setdefault((address, seed), _Points(f"{piece.table.where}, {piece.table.rows[row]}"))
            run.take(piece.table, row, results, gathered, problems, f"{address}, seed {seed}")
    _check_columns(pieces, results, problems)
    if not problems:
        cells.check(gathered, problems)
        _check_units(points, results, problems)
    if problems:
        raise ReproError(*problems)
    for (address, seed), found in sorted(points.items()):
        gathered.runs[address].append(RecordedRun(address, seed, found.series(), found.where))
    return gathered


class _Points:
    """What is read of one run, in whatever order it stands."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: dict[str, dict[float, tuple[float, str]]] = {}

    def take(
        self, table: Table, row: int, results: Results, gathered: Gathered, problems: _Problems, run: str
    ) -> None:
        """Take in a row."""
        place = f"{table.where}: {table.rows[row]}"
        step = 0.0
        if results.steps is not None and results.steps in table.columns:
            read = as_number(table.columns[results.steps][row])
            if read is None or not math.isfinite(read):
                received = table.columns[results.steps][row]
                problems.add(
                    f"{place}: {results.steps}", "is no step", received, "steps are numbers that grow"
                )
                return
            step = read
        for name, column in results.columns.items():
            value = table.columns.get(results.named(name), _NOTHING)
            if value is _NOTHING or value[row] is None:
                continue
            where = f"{place}: {results.named(name)}"
            number = as_number(value[row])
            if number is None:
                problems.add(where, "is no number", value[row], _hint(value[row], column))
                continue
            if column.share and math.isfinite(number) and not 0 <= number <= 1 / column.scale:
                bounds = "0 to 100" if column.unit == "percent" else "0 to 1"
                hint = (
                    'unit = "percent"'
                    if column.unit == "fraction" and 1 < number <= 100
                    else 'unit = "number"'
                )
                what = f"is no {column.unit}: it is not in {bounds}"
                problems.add(where, what, number, f"if it is meant so, set {hint} in results.columns.{name}")
                continue
            gathered.decimals[name] = max(gathered.decimals.get(name, 0), _decimals(value[row]))
            own = self.found.setdefault(name, {})
            here = f"{table.where}, {table.rows[row]}"
            if step in own:
                at = f" at {results.steps} {step:g}" if results.steps is not None else ""
                what = f"is the second {results.named(name)} of {run}{at}; the first is in {own[step][1]}"
                problems.add(place, what, value[row], _twice(results))
                continue
            own[step] = (number / 100 if column.unit == "percent" else number, here)

    def series(self) -> dict[str, Series]:
        """Return what was recorded, by step."""
        return {
            name: Series(tuple(sorted(points)), tuple(points[step][0] for step in sorted(points)))
            for name, points in self.found.items()
        }


_NOTHING: Sequence[Value] = ()


def _twice(results: Results) -> str:
    if results.steps is None:
        return "keep one row a run, or name the column of steps with `step` in [results]"
    return "keep one of them: which of two values is right, nobody here can tell"


def as_number(value: Value) -> float | None:
    """Return a number as it stands; None for what is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str) and "_" in value:
        return None  # Python reads 1_000, and nobody else does
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _hint(value: Value, column: Column) -> str:
    text = str(value)
    if text.endswith("%"):
        return f"write it without the sign; the unit is {column.unit!r} for all of the column"
    if as_number(text.replace(",", ".")) is not None:
        return "write a decimal point"
    return "write a number, or nothing where nothing was recorded; NaN is a number that is not defined"


def _decimals(value: Value) -> int:
    text = value if isinstance(value, str) else repr(value)
    mantissa, _, exponent = text.lower().partition("e")
    digits = len(mantissa.partition(".")[2]) - (int(exponent) if exponent.lstrip("+-").isdecimal() else 0)
    return max(0, digits)


def label(value: Value) -> str:
    """Return what a value is called: 20, 20.0 and " 20" are one level."""
    text = str(value).strip()
    number = as_number(text)
    if number is None or not math.isfinite(number):
        return text
    return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)


class _Cells:
    """Which cell a row is of."""

    def __init__(self, file: ClaimFile, results: Results) -> None:
        self.results = results
        arms = {label(results.name_of(name, arm.settings)): name for name, arm in file.arms.items()}
        self.known = {"arm": arms} | {
            name: {label(value): level for level, value in levels_of(factor).items()}
            for name, factor in file.factors.items()
        }
        self.columns = {"arm": results.arm} | {name: results.factors.get(name, name) for name in file.factors}
        self.skipped = set(file.experiment.skip)
        self.seen: dict[str, Counter[str]] = {role: Counter() for role in self.known}

    def rows(self, piece: Piece, gathered: Gathered, problems: _Problems) -> Iterator[tuple[int, str, int]]:
        """Yield (row, cell, seed) of each row that is of a cell of the claim."""
        table = piece.table
        given = {**self.columns, "seed": self.results.seed}
        absent = [
            name for role, name in given.items() if role not in piece.fixed and name not in table.columns
        ]
        for name in dict.fromkeys(absent):
            problems.add(table.where, "has no column", name, _columns(name, table))
        if absent:
            return
        for row in range(len(table.rows)):
            levels = []
            for role, known in self.known.items():
                text = label(
                    piece.fixed[role] if role in piece.fixed else table.columns[self.columns[role]][row] or ""
                )
                self.seen[role][text] += 1
                if text not in known:
                    gathered.left_out[role, text] += 1
                    break
                levels.append(known[text])
            else:
                address = "/".join(levels)
                if address in self.skipped:
                    continue
                value = (
                    piece.fixed["seed"] if "seed" in piece.fixed else table.columns[self.results.seed][row]
                )
                seed = as_number(value)
                if seed is None or not seed.is_integer() or not 0 <= seed < 2**63:
                    hint = "seeds are whole numbers; they tell the runs of a cell apart"
                    problems.add(f"{table.where}: {table.rows[row]}: seed", "is no seed", value, hint)
                    continue
                yield row, address, int(seed)

    def check(self, gathered: Gathered, problems: _Problems) -> None:
        """Find arms and levels that no row is of, while other rows are of none that the claim has."""
        for role, known in self.known.items():
            others = [text for (kind, text) in gathered.left_out if kind == role]
            for text, name in known.items():
                if not self.seen[role][text] and others:
                    kind = "arm" if role == "arm" else f"level of {role}"
                    place = f"arms.{name}" if role == "arm" else f"factors.{role}.{name}"
                    hint = suggestion(text, others)
                    if role == "arm":
                        hint += f'; name it so: {name} = {{ named = "…" }}'
                    problems.add(place, f"the results have no such {kind}", text, hint)


def _columns(name: str, table: Table) -> str:
    folded = {other.casefold(): other for other in table.names}
    near = folded.get(name.casefold())
    return (
        f"did you mean {near!r}?"
        if near
        else f"{suggestion(name, table.names)}; [results] says what columns are called"
    )


def _check_columns(pieces: Sequence[Piece], results: Results, problems: _Problems) -> None:
    """Find columns that no piece has; logs of single runs may lack one."""
    tables = [piece.table for piece in pieces]
    names = [(results.named(name), f"results.columns.{name}") for name in results.columns]
    names += [(results.steps, "results.step")] if results.steps is not None else []
    for name, place in names:
        if not any(name in table.names for table in tables):
            problems.add(f"{tables[0].where}: {place}", "has no column", name, _columns(name, tables[0]))


def _check_units(points: Mapping[tuple[str, int], _Points], results: Results, problems: _Problems) -> None:
    """Find accuracies that are declared to be percent and are all below one, and fractions among percents."""
    for name, column in results.columns.items():
        values = [value for run in points.values() for value, _ in run.found.get(name, {}).values()]
        known = [value for value in values if math.isfinite(value)]
        if column.unit == "percent" and column.better == "higher" and known and max(known) <= 0.01:
            hint = f'they seem to be fractions: set unit = "fraction" in results.columns.{name}'
            problems.add(
                f"results.columns.{name}", "all values lie in 0 to 1, which are 0% to 1%", "percent", hint
            )
        elif column.unit == "percent":
            mixed = _fractions([run.found.get(name, {}) for run in points.values()])
            if mixed:
                hint = "write all of it in percent" + (
                    f" ({len(mixed)} such values)" if len(mixed) > 1 else ""
                )
                value, here = mixed[0]
                what = f"seems to be a fraction: other runs have about {100 * value:.0f} there, in percent"
                problems.add(here, what, f"{100 * value:g}", hint)


def _fractions(runs: Sequence[Mapping[float, tuple[float, str]]]) -> list[tuple[float, str]]:
    """Return the values below 1% that would be like those of the other runs at the same step, were they fractions."""
    found = []
    for step in dict.fromkeys(step for run in runs for step in run):
        here = [run[step] for run in runs if step in run]
        percents = [value for value, _ in here if value > 0.01]
        if percents:
            usual = statistics.median(percents)
            found += [one for one in here if 0 < one[0] <= 0.01 and 0.5 <= 100 * one[0] / usual <= 1.5]
    return found
