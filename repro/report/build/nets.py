"""Which net, on what data, a number of ours is of: the reader of a paper's table must not take ours for the paper's."""

from __future__ import annotations

from collections.abc import Collection

from repro.claims import Cell
from repro.command_spec import CommandSpec
from repro.experiment.requirements import Requirements
from repro.spec import RunSpec


def trained_net(required: Requirements, cell: Cell) -> str:
    """Return the net that a cell trains and its data, without what the cell's levels say: "cifar-resnet, width 8, on
    digits".
    """
    spec = required.claim.untuned(required.scale)[cell.address]
    if isinstance(spec, CommandSpec):
        values = [f"{name} {value}" for name, value in spec.values.items() if name not in cell.levels]
        return ", ".join([spec.files.name, *sorted(values)])
    return f"{', '.join([spec.model.name, *_options(spec, shown=cell.levels)])}, on {spec.dataset.title}"


def papers_net(required: Requirements, address: str | None) -> str | None:
    """Return the net of the paper's own protocol, where a number computed of it stands beside those of another net.

    None where the row's cell trains the same net, or where the paper's protocol has no such cell.
    """
    theirs = required.claim.untuned("paper").get(address or "")
    if not isinstance(theirs, RunSpec):
        return None
    here = required.claim.untuned(required.scale).get(address or "")
    if isinstance(here, RunSpec) and here.model == theirs.model:
        return None
    return f"of the paper’s net: {', '.join(_options(theirs, shown=())) or theirs.model.name}"


def _options(spec: RunSpec, shown: Collection[str]) -> list[str]:
    return sorted(f"{name} {value}" for name, value in spec.model.options.items() if name not in shown)
