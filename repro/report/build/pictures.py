"""Figures of images as data: the pictures that a probe keeps in its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from repro.claims.schema_shown import Figure
from repro.experiment.requirements import Requirements
from repro.judging.frame import Collected
from repro.report import model

A_LINE = 8
"""Pictures in a line, where the probe does not say which stand together."""


def picture_panels(figure: Figure, required: Requirements, collected: Collected) -> Iterator[model.Panel]:
    """Yield a panel for each cell: the pictures of its first seed that was read."""
    assert figure.metric is not None
    metric = required.file.metrics[figure.metric]
    for address, needs in required.measured.items():
        own = metric.arms is None or needs[0].cell.arm in metric.arms
        if not own or (figure.cells and address not in figure.cells):
            continue
        for need in needs:
            rows = collected.rows(need, figure.metric, figure.at)
            if rows and "pixels" in rows[0]:
                yield model.Panel(
                    title=f"{address}, seed {need.spec.seed}",
                    x_label="",
                    y_label="",
                    series=[],
                    tiles=_lines(rows),
                )
                break


def _lines(rows: Sequence[Mapping[str, Any]]) -> list[list[model.Tile]]:
    lines: dict[Any, list[model.Tile]] = {}
    for row in rows:
        tile = model.Tile(
            pixels=row["pixels"],
            width=row["width"],
            height=row["height"],
            caption=str(row["caption"]),
            gap=bool(row.get("gap", False)),
        )
        lines.setdefault(row["line"], []).append(tile)
    return [line[start : start + A_LINE] for line in lines.values() for start in range(0, len(line), A_LINE)]
