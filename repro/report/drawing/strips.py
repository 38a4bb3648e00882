"""The strip of a row of the overview: its regions, the paper's number and ours, on a scale of its own."""

from __future__ import annotations

from repro.report.drawing.forest import Block, forest
from repro.report.wording.overview import Row

_MARK = 5.0
"""Percent of a strip: less than the mark of an estimate takes."""


def strip(row: Row) -> Block | None:
    """Return what a row's strip shows; None where nothing is drawn.

    A region as thin as the mark in it would leave that mark in what speaks against the claim.
    """
    if row.decider is None or row.part is None:
        return None
    axes = forest([row.decider.model_copy(update={"parts": [row.part]})])
    block = axes[0].blocks[0] if axes else None
    if block is None or not (block.supports or block.refutes):
        return None
    hidden = row.part.result == "supported" and all(band.width < _MARK for band in block.supports)
    return None if hidden else block
