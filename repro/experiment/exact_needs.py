"""Numbers that a claim needs and that are computed without training: of its nets as built, and by formulas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from repro.claims import Cell, Claim, ClaimFile, cells
from repro.experiment.estimands import estimands, otherwise
from repro.experiment.readings import static_reading
from repro.registry import find_formula
from repro.spec import ReadingSpec


@dataclass(frozen=True)
class ExactNeed:
    """A number that is computed without training: a reading of a model as built, or a formula's value.

    `address` is the cell's, or the name of the formula's case; "" for a formula without cases.
    """

    claim: str
    metric: str
    address: str
    cell: Cell | None
    reading: ReadingSpec


def exact_needs(claim: Claim) -> Iterator[ExactNeed]:
    """Yield what a claim's exact metrics are made of, by the paper's own protocol, whatever the scale of the rest."""
    file = claim.base
    asked = _asked_for(file)
    for name, metric in file.metrics.items():
        if metric.formula is not None:
            entry = find_formula(metric.formula, f"{claim.path}: metrics.{name}", claim.names.root)
            for case in metric.own_cells or ():
                options = metric.options | metric.cases.get(case, {})
                reading = ReadingSpec(metric.formula, entry.version, options)
                yield ExactNeed(claim.id, name, case, None, reading)
        if metric.kind == "static" and metric.probe is not None:
            for cell in cells(file):
                if (name, cell.address) in asked:
                    found = static_reading(claim, cell, metric.probe, f"metrics.{name}", metric.layers)
                    if found is not None:
                        yield ExactNeed(claim.id, name, cell.address, cell, found)


def _asked_for(file: ClaimFile) -> set[tuple[str, str]]:
    """Return (metric, cell) of every exact number that an expectation, another convention or a table asks for."""
    asked = {
        (metric, address)
        for item in file.expect.values()
        if file.exact(item)
        for metric, parts in [(item.metric, estimands(file, item)), *otherwise(file, item)]
        for part in parts
        for address in part.weights
    }
    rows = ((table, row.cell) for table in file.table.values() for row in table.rows if row.cell)
    return asked | {(metric, cell) for table, cell in rows for metric in table.metrics}
