"""Whether the values of a column can be in the unit that a claim declares for it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from repro.claims.schema_columns import Column
from repro.claims.schema_results import Results
from repro.recorded.problems import RowProblems

Found = Mapping[float, tuple[float, str]]
"""Step → value, as a fraction where it is a share, and its place."""


def check_share(place: str, number: float, name: str, shown: str, column: Column, wrong: RowProblems) -> bool:
    """Tell whether a number can be in its column's unit, and take in what is wrong.

    Args:
        place: the file and row.
        number: as it stands there.
        name: of the column in the claim.
        shown: of the column in the results.
        column: what the claim says of it.
        wrong: takes in the problem.
    """
    if not column.share or not math.isfinite(number) or 0 <= number <= 1 / column.scale:
        return True
    bounds = "0 to 100" if column.unit == "percent" else "0 to 1"
    meant = "percent" if column.unit == "fraction" and 1 < number <= 100 else "number"
    hint = f'if it is meant so, set unit = "{meant}" in results.columns.{name}'
    wrong.add(place, f"is no {column.unit}: it is not in {bounds}", number, hint, column=shown)
    return False


def check_units(runs: Sequence[Mapping[str, Found]], results: Results, wrong: RowProblems) -> None:
    """Find accuracies that are declared to be percent and are all below one, and fractions among percents."""
    for name, column in results.columns.items():
        own = [run[name] for run in runs if name in run]
        known = [value for found in own for value, _ in found.values() if math.isfinite(value)]
        if column.unit != "percent":
            continue
        if column.better == "higher" and known and max(known) <= 0.01:
            hint = f'they seem to be fractions: set unit = "fraction" in results.columns.{name}'
            what = f"all {len(known):,} values lie in 0 to 1, which are 0% to 1%"
            wrong.add(f"results.columns.{name}", what, "percent", hint)
            continue
        for value, place, usual in _fractions(own):
            what = f"seems to be a fraction: other runs have about {100 * usual:.0f} there, in percent"
            wrong.add(
                place, what, f"{100 * value:g}", "write all of it in percent", column=name, kind="fraction"
            )


def _fractions(runs: Sequence[Found]) -> list[tuple[float, str, float]]:
    """Return values below 1% that would be like those of the other runs at the same step, were they fractions.

    Each with its place, and with what is usual there.
    """
    found = []
    for step in dict.fromkeys(step for run in runs for step in run):
        here = [run[step] for run in runs if step in run]
        percents = [value for value, _ in here if value > 0.01]
        if percents:
            usual = statistics.median(percents)
            found += [
                (value, place, usual)
                for value, place in here
                if 0 < value <= 0.01 and 0.5 <= 100 * value / usual <= 1.5
            ]
    return found
