"""Which seeds the cells of recorded results are to have, and have not: named, never averaged away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from repro.claims.schema_results import Results
from repro.errors import Problem, ReproError
from repro.recorded.runs import RecordedRun


@dataclass(frozen=True)
class Seeds:
    """What is known of the seeds of each cell.

    Attributes:
        wanting: cell → which seeds it is to have and has not, in words; cells that lack none are not there.
        absent: cell → those of them that can be named, as `missing` would name them.
        excused: cell → seeds that it lacks as declared.
        further: cell → seeds that it has beside those that are declared, which are left out.
    """

    wanting: Mapping[str, str]
    absent: Mapping[str, Sequence[int]]
    excused: Mapping[str, Sequence[int]]
    further: Mapping[str, Sequence[int]]


def seeds_of(results: Results, cells: Mapping[str, Sequence[RecordedRun]]) -> Seeds:
    """Hold the seeds that are there against those that are declared; without a declaration, those that any cell has.

    Raises:
        ReproError: more seeds than are declared, or one that is said to be missing and is there.
    """
    problems: list[Problem] = []
    wanting: dict[str, str] = {}
    absent: dict[str, Sequence[int]] = {}
    further: dict[str, Sequence[int]] = {}
    excused: dict[str, list[int]] = {}
    for name in results.missing:
        address, _, number = name.rpartition("/")
        excused.setdefault(address, []).append(int(number))
    any_has = {run.seed for runs in cells.values() for run in runs}
    for address, runs in cells.items():
        there, gone = {run.seed for run in runs}, set(excused.get(address, ()))
        for seed in sorted(there & gone):
            place = f"results.missing.{address}/{seed}"
            problems.append(Problem(place, "is there after all", None, "remove it"))
        declared = results.seeds_of(address.partition("/")[0])
        if isinstance(declared, int):
            count = len(there | gone)
            if count > declared:
                what = f"{address} has {count} seeds, and {declared} are declared"
                hint = "declare all of them, or list which ones are judged: to choose after the fact misleads"
                problems.append(Problem("results.seeds", what, numbers(there), hint))
            elif count < declared:
                lacking = sorted(any_has - there - gone)
                more = declared - count - len(lacking)
                # Where others have more than are lacking, nothing tells which ones were to be here.
                absent[address] = lacking if more >= 0 else ()
                wanting[address] = _too_few(address, absent[address], more, there, declared)
            continue
        wanted = any_has if declared is None else set(declared)
        if lacking := sorted(wanted - there - gone):
            absent[address] = lacking
            wanting[address] = f"{address} lacks {named(lacking)}"
        if beside := sorted(there - wanted):
            further[address] = beside
    if problems:
        raise ReproError(*problems)
    return Seeds(wanting, absent, excused, further)


def _too_few(address: str, lacking: Sequence[int], more: int, there: set[int], declared: int) -> str:
    """Say what a cell lacks of so many seeds as are declared."""
    if lacking and not more:
        return f"{address} lacks {named(lacking)}"
    if lacking:
        return f"{address} lacks {named(lacking)}, and {more} more that no cell has: {declared} are declared"
    return (
        f"{address} has {len(there)} of {declared} seeds ({numbers(there)}); which ones are missing, "
        "their number does not tell: list them as seeds = [0, 1, …]"
    )


def excuse(seeds: Seeds, cells: Iterable[str]) -> str | None:
    """Return the line of a claim file that would declare what cells lack; None where that cannot be named."""
    lines = [f'"{address}/{seed}" = "why"' for address in cells for seed in seeds.absent.get(address, ())]
    return f"missing = {{ {', '.join(lines)} }}" if lines else None


def named(seeds: Iterable[int]) -> str:
    """Return "seed 3", or "seeds 3, 4"."""
    known = sorted(seeds)
    return f"seed{'s' if len(known) > 1 else ''} {numbers(known)}"


def numbers(seeds: Iterable[int]) -> str:
    """Return seeds with commas."""
    return ", ".join(map(str, sorted(seeds)))
