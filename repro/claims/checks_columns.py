"""Checks of metrics that read quantities with declared units: directions, and bars that are written in percent."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.findings import Finding
from repro.claims.schema import ClaimFile
from repro.claims.schema_columns import Column
from repro.claims.schema_metrics import Metric

_KINDS = ("final", "at_step", "first_reach", "computed", "printed", "awaited")
"""Kinds of metrics that need no net."""


def column_findings(file: ClaimFile, place: str, *, steps: bool) -> Iterator[Finding]:
    """Find metrics and figures that need nets, and what does not fit the units of quantities.

    Args:
        file: a claim whose quantities are declared.
        place: of their table in the claim file.
        steps: whether runs have steps.
    """
    for name, metric in file.metrics.items():
        yield from _metric(file, name, metric, place, steps=steps)
    for name, figure in file.figure.items():
        if figure.kind != "curves":
            what, hint = f"a figure of {figure.kind} shows what a probe has read", 'use kind = "curves"'
            yield f"figure.{name}.kind", what, repr(figure.kind), hint
        elif not steps:
            hint = "name the column of steps with `step`, or remove the figure"
            yield f"figure.{name}", "draws curves of results that have no steps", None, hint


def _metric(file: ClaimFile, name: str, metric: Metric, table: str, *, steps: bool) -> Iterator[Finding]:
    place, columns = f"metrics.{name}", file.declared_columns or {}
    if metric.kind not in _KINDS:
        what = "is measured on nets, and there are none here"
        yield f"{place}.kind", what, repr(metric.kind), f"known: {', '.join(_KINDS)}"
        return
    column = columns.get(metric.of or "")
    if column is None:
        return  # computed, or said elsewhere
    if "unit" in metric.model_fields_set:
        what = f"the unit is that of {table}.columns.{metric.of}"
        yield f"{place}.unit", what, repr(metric.unit), "remove it"
    other = columns.get(metric.minus or "")
    if other is not None and other.share != column.share:
        what, hint = f"is not in the unit of {metric.of!r}", "subtract like from like"
        yield f"{place}.minus", what, repr(metric.minus), hint
    if metric.kind != "final" and not steps:
        hint = f"name the column of steps with `step` in [{table}]"
        yield f"{place}.kind", "needs results that have steps", repr(metric.kind), hint
    if metric.at_most_of is not None and column.better == "higher":
        what = f"of {metric.of}, higher is better"
        yield f"{place}.at_most_of", what, repr(metric.at_most_of), "use `at_least`"
    yield from target_findings(place, metric.of or "", column, metric.at_most, metric.at_least)
    if metric.kind != "first_reach" and column.share and metric.transform == "none":
        yield from _bars(file, name, metric)


def _bars(file: ClaimFile, name: str, metric: Metric) -> Iterator[Finding]:
    """Find bars of a share that no estimate reaches: they were written in percent."""
    for expected, item in file.expect.items():
        if item.metric == name and item.kind in ("value", "difference", "contrast", "ordering"):
            most = 1 if item.kind != "contrast" else sum(abs(weight) for weight in item.weights.values()) / 2
            beyond = [end for end in (*item.supports.ends, *item.refutes.ends) if abs(end) > most]
            if beyond:
                what = f"has a region that no {item.kind} of fractions reaches"
                instead = f"write percentage points as fractions: 0.02 for 2 points ({metric.of} is a share)"
                yield f"expect.{expected}", what, repr(max(beyond, key=abs)), instead


def large_bars(file: ClaimFile) -> Iterator[str]:
    """Yield bars of quantities in percent that may have been meant in points: "0.5" is fifty of them."""
    columns = file.declared_columns or {}
    for name, item in file.expect.items():
        metric = file.metrics.get(item.metric or "")
        column = columns.get(metric.of or "") if metric is not None else None
        if column is None or column.unit != "percent" or item.kind not in ("difference", "contrast"):
            continue
        for end in sorted({end for end in item.supports.ends if 0.1 <= abs(end) < 1}):
            yield (
                f"expect.{name}: {end:g} is {100 * end:g} percentage points, since shares are held as fractions "
                f"({end:g} points would be {end / 100:g})"
            )


def target_findings(
    place: str, of: str, column: Column, at_most: float | None, at_least: float | None
) -> Iterator[Finding]:
    """Find a target that lies on the wrong side of a quantity, or that is no fraction of one that is a share."""
    for key, other, target in (("at_most", "at_least", at_most), ("at_least", "at_most", at_least)):
        if target is None:
            continue
        if (key == "at_least") != (column.better == "higher"):
            yield f"{place}.{key}", f"of {of}, {column.better} is better", repr(target), f"use `{other}`"
        if column.share and not 0 <= target <= 1:
            hint = f"{of} is a fraction in all that is judged, whatever its unit there: 0.712, not 71.2"
            yield f"{place}.{key}", "is no fraction", repr(target), hint
