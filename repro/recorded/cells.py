"""Which cell of a claim, and which seed, a row of recorded results is of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from repro.claims import ClaimFile
from repro.claims.cells import levels_of
from repro.claims.schema_results import Results
from repro.errors import suggestion
from repro.recorded.problems import RowProblems
from repro.recorded.table import Table
from repro.recorded.trackers import Piece
from repro.recorded.values import as_number, label

Roles = Counter[tuple[str, str]]
"""(role, what stands there) → rows."""


class Cells:
    """The cells of a claim, as its results name them."""

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

    def rows(self, piece: Piece, left_out: Roles, problems: RowProblems) -> Iterator[tuple[int, str, int]]:
        """Yield (row, cell, seed) of each row that is of a cell of the claim; count the others in `left_out`."""
        table = piece.table
        given = {**self.columns, "seed": self.results.seed}
        absent = [
            name for role, name in given.items() if role not in piece.fixed and name not in table.columns
        ]
        for name in dict.fromkeys(absent):
            problems.add(table.where, "has no column", name, near_columns(name, table), kind=name)
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
                    left_out[role, text] += 1
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
                    place = f"{table.where}: {table.rows[row]}"
                    problems.add(place, "is no seed", value, hint, column="seed")
                    continue
                yield row, address, int(seed)

    def check(self, left_out: Roles, problems: RowProblems) -> None:
        """Find arms and levels that no row is of, while other rows are of none that the claim has."""
        for role, known in self.known.items():
            others = [text for (kind, text) in left_out if kind == role]
            for text, name in known.items():
                if not self.seen[role][text] and others:
                    kind = "arm" if role == "arm" else f"level of {role}"
                    place = f"arms.{name}" if role == "arm" else f"factors.{role}.{name}"
                    hint = suggestion(text, others)
                    if role == "arm":
                        hint += f'; name it so: {name} = {{ named = "…" }}'
                    problems.add(place, f"the results have no such {kind}", text, hint, kind=place)


def near_columns(name: str, table: Table) -> str:
    """Return what to do about a column that a table does not have."""
    folded = {other.casefold(): other for other in table.names}
    near = folded.get(name.casefold())
    return (
        f"did you mean {near!r}?"
        if near
        else f"{suggestion(name, table.names)}; [results] says what columns are called"
    )
