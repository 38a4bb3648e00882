"""Which net, on what data, a number of ours is of: the reader of a paper's table must not take ours for the paper's."""

from __future__ import annotations

from collections.abc import Collection

from repro.claims import Cell, by_command, cells, run_spec, trained_spec
from repro.command_spec import CommandSpec
from repro.experiment.requirements import Requirements
from repro.spec import RunSpec


def trained_net(required: Requirements, cell: Cell) -> str:
    """Return the net that a cell trains and its data, without what the cell's levels say: "cifar-resnet, width 8, on
    digits".
    """
    spec = run_spec(required.file, cell, 0, required.claim.names)
    if isinstance(spec, CommandSpec):
        values = [f"{name} {value}" for name, value in spec.values.items() if name not in cell.levels]
        return ", ".join([spec.files.name, *sorted(values)])
    return f"{', '.join([spec.model.name, *_options(spec, shown=cell.levels)])}, on {spec.dataset.title}"


def papers_net(required: Requirements, address: str | None) -> str | None:
    """Return the net of the paper's own protocol, where a number computed of it stands beside those of another net.

    None where the row's cell trains the same net, or where the paper's protocol has no such cell.
    """
    own = {cell.address: cell for cell in cells(required.claim.base)}.get(address or "")
    if own is None or by_command(required.claim.base, own):
        return None
    theirs = trained_spec(required.claim.base, own, 0, required.claim.names)
    here = {cell.address: cell for cell in cells(required.file)}.get(own.address)
    if here is not None and trained_spec(required.file, here, 0, required.claim.names).model == theirs.model:
        return None
    return f"of the paper’s net: {', '.join(_options(theirs, shown=())) or theirs.model.name}"


def _options(spec: RunSpec, shown: Collection[str]) -> list[str]:
    return sorted(f"{name} {value}" for name, value in spec.model.options.items() if name not in shown)
