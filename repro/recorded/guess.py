"""What the columns of a table of results seem to mean, from their names and values: for a claim file to start from.

Nothing is judged by a guess: it is written into the claim file, where its author reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from repro.claims.schema_results import Results
from repro.errors import ReproError, mistake
from repro.recorded.sources import Source, content_of, table_of
from repro.recorded.table import Table
from repro.recorded.values import as_number, label

_ARMS = ("method", "arm", "algorithm", "optimizer", "optimiser", "variant", "condition", "name", "model")
_STEPS = ("epoch", "step", "global_step", "_step", "iteration", "iter")
_SEEDS = ("run", "trial", "replicate")
_HIGHER = re.compile(
    r"acc|auc|f1|precision|recall|top.?\d|map|iou|bleu|rouge|score|reward|psnr|ssim|dice", re.I
)
_LOWER = re.compile(r"err|loss|ppl|perplex|nll|mse|mae|rmse|fid|wer|cer|time|seconds|regret", re.I)
_SHARE = re.compile(r"acc|auc|f1|precision|recall|top.?\d|map|iou|err|wer|cer|dice", re.I)
_FIRST = re.compile(r"test|val|eval", re.I)

MOST_ARMS = 30
MOST_LEVELS = 10


@dataclass(frozen=True)
class GuessedColumn:
    """A quantity: its name in the table, and in a claim; unit, and direction where the name tells one."""

    column: str
    name: str
    unit: str
    better: str | None


@dataclass(frozen=True)
class Guess:
    """What a table seems to hold.

    Attributes:
        arm, seed: their columns.
        step: the column of steps; None where a run has one row.
        arms: name in a claim → name in the table, in the table's order.
        factors: column → its values.
        columns: quantities; the first one is the likeliest to be judged.
        seeds: how many seeds there are.
        a_seed: one of them.
    """

    arm: str
    seed: str
    step: str | None
    arms: dict[str, str]
    factors: dict[str, list[str]] = field(default_factory=dict)
    columns: list[GuessedColumn] = field(default_factory=list)
    seeds: int = 0
    a_seed: str = "0"


def guess(path: Path) -> Guess:
    """Return what a table of results seems to hold.

    Raises:
        ReproError: it cannot be read, or has no column that could tell arms or seeds, or no numbers.
    """
    table = _read(path)
    numeric = [name for name in table.names if _numbers(table, name)]
    seed = _seed(numeric)
    if seed is None:
        raise _no_column(path, table, "seeds", "seed")
    step = next((name for step in _STEPS for name in numeric if name.casefold() == step), None)
    arm = _arm(table, numeric)
    if arm is None:
        raise _no_column(path, table, "methods", "method")
    factors = _factors(table, [arm, seed, *([step] if step else [])])
    rest = [name for name in numeric if name not in (seed, step, *factors)]
    columns = sorted((_column(table, name) for name in rest), key=_rank)
    if not columns:
        raise mistake(
            "--results", "has no column of numbers to be judged", path.name, "name a file with a metric"
        )
    named = list(dict.fromkeys(str(value) for value in table.columns[arm] if value is not None))
    seeds = sorted({label(value) for value in table.columns[seed]})
    return Guess(arm, seed, step, _named(named), factors, columns, len(seeds), seeds[-1])


def _read(path: Path) -> Table:
    """Return a table of which nothing is known but its file."""
    anything = Results.model_validate(
        {
            "file": path.name,
            "by": "…",
            "separator": separator_of(path),
            "columns": {"x": {"unit": "number", "better": "lower"}},
        }
    )
    source = Source(path, path.name)
    return table_of(source, content_of(source, "--results"), anything, None)


def _no_column(path: Path, table: Table, what: str, name: str) -> ReproError:
    hint = f"it has: {', '.join(table.names[:20])}; name one of them “{name}”"
    return mistake("--results", f"has no column that seems to tell {what}", path.name, hint)


def separator_of(path: Path) -> str:
    """Return what separates the fields of a table, by its first line."""
    head = content_of(Source(path, path.name), "--results").partition(b"\n")[0]
    return ";" if b";" in head and b"," not in head else ","


def _numbers(table: Table, name: str) -> bool:
    values = [value for value in table.columns[name] if value is not None]
    return bool(values) and all(as_number(value) is not None for value in values)


def _seed(numeric: Sequence[str]) -> str | None:
    called = [name for name in numeric if "seed" in name.casefold()]
    return next(iter(called + [name for name in numeric if name.casefold() in _SEEDS]), None)


def _arm(table: Table, numeric: Sequence[str]) -> str | None:
    texts = [name for name in table.names if name not in numeric and 2 <= _levels(table, name) <= MOST_ARMS]
    known = [name for arm in _ARMS for name in texts if name.casefold() == arm]
    return next(iter([*known, *sorted(texts, key=lambda name: _levels(table, name))]), None)


def _levels(table: Table, name: str) -> int:
    return len({label(value) for value in table.columns[name] if value is not None})


def _factors(table: Table, roles: Sequence[str]) -> dict[str, list[str]]:
    """Return the column that tells rows apart which arm, seed and step do not, if there is one."""
    rows = range(len(table.rows))

    def distinct(names: Sequence[str]) -> bool:
        return len({tuple(label(table.columns[name][row]) for name in names) for row in rows}) == len(rows)

    if distinct(roles):
        return {}
    for name in table.names:
        if name not in roles and 2 <= _levels(table, name) <= MOST_LEVELS and distinct([*roles, name]):
            return {name: list(dict.fromkeys(label(value) for value in table.columns[name]))}
    return {}


def _column(table: Table, name: str) -> GuessedColumn:
    numbers = (as_number(value) for value in table.columns[name])
    values = [number for number in numbers if number is not None and math.isfinite(number)]
    unit = "number"
    if values and _SHARE.search(name) and all(0 <= value <= 100 for value in values):
        unit = "fraction" if max(values) <= 1 else "percent"
    better = "lower" if _LOWER.search(name) else "higher" if _HIGHER.search(name) else None
    return GuessedColumn(name, slug(name), unit, better)


def _rank(column: GuessedColumn) -> tuple[bool, bool]:
    """Order what is likelier to be judged first: of a test set, with a known direction."""
    return not _FIRST.search(column.column), column.better is None


def _named(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name = slug(text)
        while name in found:
            name += "-2"
        found[name] = text
    return found


def slug(text: str) -> str:
    """Return a name that a claim file may use: the text itself, where that is one."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-._") or "x"
