"""The paper's tables as printed, with our columns beside."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from repro.claims import cells
from repro.claims.schema_metrics import Metric
from repro.claims.schema_shown import Table, TableRow
from repro.experiment.requirements import Requirements
from repro.judging.evidence import sample_of
from repro.judging.paper_number import printed_value
from repro.judging.verdicts import ClaimVerdict
from repro.report import model
from repro.report.build.nets import papers_net, trained_net
from repro.report.wording import sentences, words
from repro.report.wording.whose import whose
from repro.stats import contrast

if TYPE_CHECKING:
    import pandas as pd


def build_table(
    name: str, table: Table, required: Requirements, frame: pd.DataFrame, verdict: ClaimVerdict
) -> model.Table:
    """Return a paper's table with our mean, 95% interval and n in each cell that has runs.

    Where an expectation of `verdict` is about a cell's own value, its region and the cell's verdict stand beside.
    """
    source = f"{table.source.where}, read from the {table.source.read_from}"
    if table.uncertainty.reading_error:
        source += f", {words.reading_error(table.uncertainty.reading_error)}"
    if table.uncertainty.of != "unknown":
        source += f"; {table.uncertainty.of}"
    metrics = required.file.metrics
    columns = [metrics[metric].title or metric.replace("_", " ") for metric in table.metrics]
    rows = [_row(row, table, required, frame, verdict) for row in table.rows]
    return model.Table(
        id=name,
        title=table.title,
        source=source,
        columns=columns,
        rows=rows,
        anchor=f"{required.claim.id}/table/{name}",
        from_figure=table.source.read_from == "figure",
        elsewhere=[
            model.Elsewhere(
                label=one.label,
                source=one.source,
                note=one.note,
                values=[
                    [one.values.get(row.label, {}).get(metric) for metric in table.metrics]
                    for row in table.rows
                ],
            )
            for one in table.reproductions
        ],
    )


def _row(
    row: TableRow, table: Table, required: Requirements, frame: pd.DataFrame, verdict: ClaimVerdict
) -> model.Row:
    known = {cell.address: cell for cell in cells(required.file)}
    label, net = None, None
    if row.cell in known:
        cell = known[row.cell]
        net = None if required.recorded is not None else trained_net(required, cell)
        levels = [f"{name} {cell.settings.get(name, level)}" for name, level in cell.levels.items()]
        label = ", ".join([cell.arm, *levels])
    built = [
        _cell(metric, required.file.metrics[metric], row, table, required, frame).model_copy(
            update={
                **_judged(metric, row, table, required, verdict),
                "from_figure": row.read_from.get(metric, table.source.read_from) == "figure",
                # What is computed without training is of the paper's own protocol, whatever the row trains.
                "net": papers_net(required, row.cell)
                if required.file.metrics[metric].kind == "static"
                else None,
            }
        )
        for metric in table.metrics
    ]
    return model.Row(label=row.label, ours_label=label, cells=built, note=row.note, net=net)


def _judged(
    metric: str, row: TableRow, table: Table, required: Requirements, verdict: ClaimVerdict
) -> dict[str, object]:
    """Return link, region and verdict of the expectation about this very cell's value, deciding ones first."""
    about = [
        e
        for e in verdict.expectations
        if e.expectation.metric == metric and e.expectation.kind in ("value", "exact")
    ]
    for found in sorted(about, key=lambda e: e.expectation.role == "context"):
        for part in found.parts:
            if part.estimand.weights == {row.cell: 1.0} and part.estimand.moment in (None, table.at):
                unit = words.unit_at(found, required)
                status = found.status if part.result is None else "complete"
                word = words.word(part.result, status, words.expectation_cap(found, required))
                sentence = sentences.expectation_sentence(
                    replace(found, parts=(part,), result=part.result), unit, whose(required.file)
                )
                return {
                    "expectation": f"{required.claim.id}/expect/{found.id}",
                    "region": words.needs(found.expectation, unit),
                    "verdict": model.Verdict(word=word, result=part.result, status=status, sentence=sentence),
                }
    return {}


def _cell(
    name: str, metric: Metric, row: TableRow, table: Table, required: Requirements, frame: pd.DataFrame
) -> model.Cell:
    reported = row.reported.get(name)
    exact = metric.exact
    chosen = frame[
        (frame["claim"] == required.claim.id)
        & (frame["metric"] == name)
        & (frame["cell"] == (row.cell or "\0"))
        & (frame["scale"] == ("exact" if exact else required.scale))
    ]
    if table.at is not None:
        chosen = chosen[chosen["moment"] == table.at]
    if chosen.empty:
        return model.Cell(metric=name, reported=reported, ours=None, difference=None, n=0)
    unit = words.unit_of(metric, "value")
    values = tuple(float(value) for value in chosen["value"])
    if exact:
        ours = words.number(values[0], unit) + words.suffix(unit, "value")
        return model.Cell(metric=name, reported=reported, ours=ours, difference=None, n=0)
    sample = sample_of(chosen)
    interval = contrast([sample], [1.0], level=0.95)
    if math.isnan(interval.estimate):
        return model.Cell(metric=name, reported=reported, ours="not defined", difference=None, n=len(values))
    half = (interval.high - interval.low) / 2
    if math.isfinite(half):
        low, high = (
            words.number(max(end, 0.0) if unit == "error" else end, unit, half)
            for end in (interval.low, interval.high)
        )
        ours = f"{words.number(interval.estimate, unit, half)}{words.suffix(unit, 'value')} [{low}, {high}]"
    else:
        sign = "at least " if interval.bound == "from_below" else ""
        ours = f"{sign}{words.number(interval.estimate, unit)}{words.suffix(unit, 'value')}"
    # A difference from the paper's number means something only where the paper's protocol was followed on its data.
    followed = required.scale == "paper" and not required.stand_ins and required.claim.protocol.is_paper
    difference = _difference(reported, interval.estimate, half, unit) if followed else None
    return model.Cell(metric=name, reported=reported, ours=ours, difference=difference, n=len(values))


def _difference(reported: str | None, ours: float, half: float, unit: model.Unit) -> str | None:
    paper = printed_value(reported, words.notation(unit))
    if paper is None or math.isnan(ours):
        return None
    known = half if math.isfinite(half) else None
    if unit in words.LOGARITHMS:
        return f"×{words.number(ours - paper, unit, known)}"
    shown = words.number(ours - paper, unit, known)
    sign = "" if shown.startswith("−") or not shown.strip("0.") else "+"
    return f"{sign}{shown}{words.suffix(unit, 'difference')}"
