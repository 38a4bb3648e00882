"""Columns of a history that are read but never made, since the recipe does not evaluate what they are of."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.cells import by_command, cells
from repro.claims.findings import Finding, cannot_run
from repro.claims.run_specs import trained_spec
from repro.claims.schema import ClaimFile
from repro.registry import Names


def evaluated(file: ClaimFile, names: Names) -> Iterator[Finding]:
    """Find metrics and figures that read the errors or losses of a set that their runs do not evaluate."""
    if file.results is not None:
        return
    readers = [
        (f"metrics.{name}.of", metric.of, metric.arms)
        for name, metric in file.metrics.items()
        if metric.kind in ("final", "first_reach") and metric.of is not None
    ]
    drawn = [
        (f"figure.{name}.of", column, figure.cells)
        for name, figure in file.figure.items()
        for column in figure.of
    ]
    for cell in cells(file):
        if by_command(file, cell) or cannot_run(file, cell, names):
            continue
        recipe = trained_spec(file, cell, 0, names).recipe
        if recipe.steps == 0:
            continue
        read = [(place, of) for place, of, arms in readers if arms is None or cell.arm in arms]
        read += [(place, of) for place, of, shown in drawn if not shown or cell.address in shown]
        for place, column in read:
            name = column.split("_")[0]
            if name in ("train", "test") and name not in recipe.evaluate:
                hint = f'name "{name}" in the recipe\'s `evaluate`, or do not read it'
                yield place, "reads what the runs do not evaluate", repr(column), hint
