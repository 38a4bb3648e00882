"""Which net, on what data, a number of ours is of: the reader of a paper's table must not take ours for the paper's."""

from __future__ import annotations

from collections.abc import Collection

from repro.claims import Cell, cells, run_spec
from repro.experiment.requirements import Requirements
from repro.spec import RunSpec


def trained_net(item: Requirements, cell: Cell) -> str:
    """Return the net that a cell trains and its data, without what the cell's levels say: "cifar-resnet, width 8, on
    digits".
    """
    spec = run_spec(item.file, cell, 0, item.claim.names)
    return f"{', '.join([spec.model.name, *_options(spec, told=cell.levels)])}, on {spec.dataset.title}"


def papers_net(item: Requirements, address: str | None) -> str | None:
    """Return the net of the paper's own protocol, where a number computed of it stands beside those of another net.

    None where the row's cell trains the same net, or where the paper's protocol has no such cell.
    """
    own = {cell.address: cell for cell in cells(item.claim.base)}.get(address or "")
    if own is None:
        return None
    theirs = run_spec(item.claim.base, own, 0, item.claim.names)
    here = {cell.address: cell for cell in cells(item.file)}.get(own.address)
    if here is not None and run_spec(item.file, here, 0, item.claim.names).model == theirs.model:
        return None
    return f"of the paper’s net: {', '.join(_options(theirs, told=())) or theirs.model.name}"


def _options(spec: RunSpec, told: Collection[str]) -> list[str]:
    return sorted(f"{name} {value}" for name, value in spec.model.options.items() if name not in told)
