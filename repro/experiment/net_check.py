"""The net check: before anything of a claim is trained, its nets are held against the sizes that the paper prints.

A worker builds them and counts (`probes/static.py`, by way of `probes/reading.py`); here is what counts are held to.

It is the paper's own nets that are built, at every scale: the code of the models is the same. A size that differs
stops the claim, and only it; sizes that are not computed yet hold its runs back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from repro.claims import Cell, Claim, Size, cells
from repro.claims.printed import read_printed
from repro.experiment.readings import static_reading
from repro.spec import ReadingSpec
from repro.store import Store

PROBES: dict[Size, str] = {
    "layers": "weight_layers",
    "parameters": "parameters",
    "multiply_adds": "multiply_adds",
}

State = Literal["passed", "open", "failed", "stopped"]


@dataclass(frozen=True)
class SpecRow:
    """A size that the paper prints of a net, and ours.

    Attributes:
        net: as the paper's tables name it, or our arm and level.
        size: "layers", "parameters" or "multiply_adds".
        paper: as printed.
        source: who prints it, where that is not the paper.
        low, high: what the printed number stands for.
        reading: what computes ours; None where the shape of the data is not known without running its code or
            bringing it, so that nothing is held back.
        ours: None where it is not computed.
        failure: why it could not be.
    """

    net: str
    size: Size
    paper: str
    source: str | None
    low: float
    high: float
    reading: ReadingSpec | None
    ours: int | None = None
    failure: str | None = None

    @property
    def ok(self) -> bool | None:
        """Whether ours is the paper's; None where it is not computed."""
        return None if self.ours is None else self.low <= self.ours <= self.high

    @property
    def says(self) -> str | None:
        """What keeps the claim from being trained, if anything."""
        name = f"{self.net}: {self.size.replace('_', '-')}"
        if self.failure is not None:
            return f"{name} could not be computed: {self.failure}"
        number = read_printed(self.paper)
        if self.ok is False and number is not None:
            printed = f"{self.source or 'the paper'} prints {self.paper}"
            return f"{name}: {printed}, ours has {number.like_it(self.ours or 0)}"
        return None


@dataclass(frozen=True)
class NetCheck:
    """The rows of a claim's specs, and what they let happen: its runs are trained once the state is "passed".

    State "open": a size is not computed yet. "failed": one could not be. "stopped": one is not the paper's.
    """

    rows: tuple[SpecRow, ...]

    @property
    def state(self) -> State:
        """The worst that a row says."""
        if any(row.ok is False for row in self.rows):
            return "stopped"
        if any(row.failure for row in self.rows):
            return "failed"
        return "open" if any(row.reading and row.ours is None for row in self.rows) else "passed"

    @property
    def barred(self) -> str | None:
        """Why the claim is failed, naming every row that differs; None where it is not."""
        says = [row.says for row in self.rows if row.says is not None]
        return "; ".join(says) or None


def check_nets(claim: Claim, store: Store) -> NetCheck:
    """Return how the claim's nets compare with what the paper prints, as far as the store knows."""
    return NetCheck(tuple(_rows(claim, store)))


def _rows(claim: Claim, store: Store) -> Iterator[SpecRow]:
    file = claim.base
    labels = {row.cell: row.label for table in file.table.values() for row in table.rows}
    seen: set[tuple[str, str, str | None]] = set()
    for cell in cells(file):
        level, spec = next(
            ((name, found) for name, found in file.arms[cell.arm].spec.items() if _is_of(name, cell)),
            ("", None),
        )
        if spec is None:
            continue
        for size, printed in spec.printed.items():
            reading = static_reading(claim, cell, PROBES[size], f"arms.{cell.arm}.spec")
            # Cells that differ in the recipe only have one net.
            identity = (cell.arm, level, reading.key if reading else size)
            if identity in seen:
                continue
            seen.add(identity)
            low, high = spec.region(size)
            net = labels.get(cell.address, f"{cell.arm}/{level}".rstrip("/"))
            row = SpecRow(net, size, printed, spec.source, low, high, reading)
            yield row if reading is None else _read(row, reading, store)


def _is_of(level: str, cell: Cell) -> bool:
    return not level or level in cell.levels.values()


def _read(row: SpecRow, reading: ReadingSpec, store: Store) -> SpecRow:
    found = store.reading(reading.key)
    if found is not None:
        return replace(row, ours=int(found[0]["value"]))
    reason = store.failure(reading.key)
    return replace(row, failure=reason.splitlines()[0]) if reason else row
