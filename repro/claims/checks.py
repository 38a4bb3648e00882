"""What a schema cannot see: names that refer to nothing, arms that contradict, regions that overlap."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from repro.claims.cells import Cell, cells, levels_of, run_spec
from repro.claims.schema import Bounds, ClaimFile, Expectation
from repro.errors import Problem, ReproError, suggestion
from repro.registry import find_probe


def check_claim(file: ClaimFile, prefix: str, path: Path, root: Path) -> list[Problem]:
    """Return every contradiction and dangling name of a claim at one scale.

    Args:
        file: the claim, merged for the scale.
        prefix: where its keys stand, such as ``claims/p/c.toml: scale.smoke.``.
        path: the claim file, for data files beside it.
        root: the claims folder, where a user's own code is looked for (it is not executed).
    """
    return [
        Problem(f"{prefix}{place}", what, received, hint)
        for place, what, received, hint in _findings(file, path, root)
    ]


Finding = tuple[str, str, str | None, str | None]


def _findings(file: ClaimFile, path: Path, root: Path) -> Iterator[Finding]:
    yield from _arms(file, root)
    yield from _metrics(file, root)
    for name, item in file.expect.items():
        yield from _expectation(file, f"expect.{name}", item)
    if not any(item.role == "decides" for item in file.expect.values()):
        yield "expect", "no expectation decides the claim", None, 'give one of them role = "decides"'
    addresses = [cell.address for cell in cells(file)]
    for name, table in file.table.items():
        for metric in table.metrics:
            yield from _known(f"table.{name}.metrics", "metric", metric, file.metrics)
        for row in table.rows:
            for metric in row.reported.keys() - set(table.metrics):
                yield from _known(f"table.{name}.rows.{row.label}", "column", metric, table.metrics)
            # A scale may have fewer levels than the paper: only arms are checked, levels may be absent.
            if row.cell is not None and row.cell.split("/")[0] not in file.arms:
                hint = suggestion(row.cell, addresses)
                yield f"table.{name}.rows.{row.label}.cell", "unknown cell", repr(row.cell), hint
    for name, figure in file.figure.items():
        if figure.metric is not None:
            yield from _known(f"figure.{name}.metric", "metric", figure.metric, file.metrics)
        if figure.panel is not None:
            yield from _known(f"figure.{name}.panel", "factor", figure.panel, {**file.factors, "arm": None})
        if figure.reference is not None and not (path.parent / figure.reference.file).is_file():
            hint = f"put the CSV at {path.parent / figure.reference.file}"
            yield f"figure.{name}.reference.file", "is missing", repr(figure.reference.file), hint
    for name, control in file.control.items():
        for arm in control.arms:
            yield from _known(f"control.{name}.arms", "arm", arm, file.arms)


def _known(place: str, kind: str, name: str, known: object) -> Iterator[Finding]:
    names = list(known)  # type: ignore[call-overload]
    if name not in names:
        yield place, f"unknown {kind}", repr(name), suggestion(name, names)


def _arms(file: ClaimFile, root: Path) -> Iterator[Finding]:
    trains = [m for m in file.metrics.values() if m.kind != "computed"]
    if not trains:
        return
    if not file.arms:
        yield "arms", "is missing", None, "name at least one condition: [arms] …"
    for name, factor in file.factors.items():
        if not levels_of(factor):
            yield f"factors.{name}", "has no levels", None, "give a list of values or a table of named ones"
    found = cells(file)
    for cell in found:
        both = {k for k in file.arms[cell.arm] if k in _set_by_factors(file, cell)}
        for key in sorted(both):
            yield f"arms.{cell.arm}.{key}", "is set by the arm and by a factor", None, "keep one of the two"
    seen: dict[str, Cell] = {}
    for cell in found:
        try:
            spec = run_spec(file, cell, 0, f"arms.{cell.arm}", root)
        except ReproError as error:
            for problem in error.problems:
                yield problem.where, problem.what, problem.received, problem.hint
            continue
        twin = seen.setdefault(spec.key, cell)
        if twin.arm != cell.arm:
            yield (
                f"arms.{cell.arm}",
                f"is the same condition as arm {twin.arm!r}",
                None,
                "arms must differ in some setting",
            )


def _set_by_factors(file: ClaimFile, cell: Cell) -> set[str]:
    keys: set[str] = set()
    for factor, level in cell.levels.items():
        value = levels_of(file.factors[factor])[level]
        keys |= set(value) if isinstance(value, dict) else {factor}
    return keys


def _metrics(file: ClaimFile, root: Path) -> Iterator[Finding]:
    for name, metric in file.metrics.items():
        if metric.probe is not None:
            try:
                find_probe(metric.probe, f"metrics.{name}.probe", root)
            except ReproError as error:
                for problem in error.problems:
                    yield problem.where, problem.what, problem.received, problem.hint
        for arm in metric.arms or []:
            yield from _known(f"metrics.{name}.arms", "arm", arm, file.arms)
    if file.tune is not None:
        if isinstance(file.tune.lr, dict):
            levels = {level for factor in file.factors.values() for level in levels_of(factor)}
            for level in file.tune.lr:
                yield from _known("tune.lr", "level", level, levels)
            for cell in cells(file):
                if not file.tune.lr.keys() & cell.levels.values():
                    yield "tune.lr", "has no grid for a cell", repr(cell.address), "name one of its levels"
        yield from _known("tune.by", "metric", file.tune.by, file.metrics)
        chosen = file.metrics.get(file.tune.by)
        if chosen is not None and chosen.kind not in ("final", "first_reach"):
            yield (
                "tune.by",
                f"a {chosen.kind} metric cannot be tuned by",
                None,
                "use a final or first_reach metric",
            )


def _expectation(file: ClaimFile, place: str, item: Expectation) -> Iterator[Finding]:
    yield from _known(f"{place}.metric", "metric", item.metric, file.metrics)
    metric = file.metrics.get(item.metric)
    if metric is not None:
        exact = metric.kind in ("static", "computed")
        if (item.kind == "exact") != exact:
            what = f'a {metric.kind} metric is judged by kind = "exact", and only such a one'
            yield f"{place}.kind", what, repr(item.kind), "change the kind or the metric"
        moments: list[str] = list(metric.at)
        if item.at is not None and item.at not in moments:
            yield (
                f"{place}.at",
                "the metric is not measured at this moment",
                repr(item.at),
                f"it is at {moments}",
            )
        if metric.kind == "probe" and len(moments) > 1 and item.at is None and "at" not in item.each:
            yield (
                place,
                "the metric has several moments",
                str(moments),
                'name one with `at`, or each = ["at"]',
            )
    for arm in [*item.arms, *([item.arm] if item.arm else [])]:
        yield from _known(f"{place}.arms", "arm", arm, file.arms)
    for name in item.each:
        if name != "at":
            yield from _known(f"{place}.each", "factor", name, file.factors)
    for factor, level in item.levels.items():
        yield from _known(f"{place}.levels", "factor", factor, file.factors)
        if factor in file.factors:
            yield from _known(f"{place}.levels.{factor}", "level", level, levels_of(file.factors[factor]))
    if item.over is not None:
        yield from _known(f"{place}.over", "factor", item.over, file.factors)
    addresses = [cell.address for cell in cells(file)]
    for address in item.weights:
        yield from _known(f"{place}.weights", "cell", address, addresses)
    static = metric is not None and metric.kind == "static"
    if item.kind in ("value", "difference", "ratio", "ordering") or static:
        for factor in file.factors.keys() - set(item.each) - item.levels.keys():
            hint = f'each = ["{factor}"], or levels = {{ {factor} = … }}'
            yield place, f"does not say which level of {factor!r}", None, hint
    if item.refuted is not None and overlap(item.supports, item.refuted):
        yield f"{place}.refuted", "overlaps the supporting region", None, "a value cannot support and refute"


def intervals(bounds: Bounds) -> list[tuple[float, float]]:
    """Return the region as closed intervals of the extended real line."""
    if bounds.within is not None:
        return [bounds.within]
    if bounds.outside is not None:
        return [(-math.inf, bounds.outside[0]), (bounds.outside[1], math.inf)]
    if bounds.at_least is not None:
        return [(bounds.at_least, math.inf)]
    assert bounds.at_most is not None
    return [(-math.inf, bounds.at_most)]


def overlap(one: Bounds, other: Bounds) -> bool:
    """Tell whether two regions share more than a point."""
    return any(max(a, c) < min(b, d) for a, b in intervals(one) for c, d in intervals(other))
