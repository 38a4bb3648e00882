"""What a schema cannot see of a claim about results that exist already: nothing of it trains; bars are fractions."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.cells import all_cells, levels_of
from repro.claims.findings import Finding, known
from repro.claims.schema import ClaimFile
from repro.claims.schema_metrics import Metric
from repro.claims.schema_results import Results, pattern_names

_KINDS = ("final", "at_step", "first_reach", "computed", "printed", "awaited")
"""Kinds of metrics that need no net."""


def results_findings(file: ClaimFile) -> Iterator[Finding]:
    """Find what has no place beside results, names that refer to nothing, and bars that are written in percent."""
    results = file.results
    if results is None:
        for name, metric in file.metrics.items():
            if metric.at_least is not None:
                hint = "errors and losses fall: use `at_most`"
                yield f"metrics.{name}.at_least", "is for results that were recorded elsewhere", None, hint
        return
    yield from _nothing_trains(file)
    yield from _arms(file)
    yield from _named(file, results)
    for name, metric in file.metrics.items():
        yield from _metric(file, name, metric, results)
    for name, figure in file.figure.items():
        if figure.kind != "curves":
            what, hint = f"a figure of {figure.kind} shows what a probe has read", 'use kind = "curves"'
            yield f"figure.{name}.kind", what, repr(figure.kind), hint
        elif results.steps is None:
            hint = "name the column of steps with `step`, or remove the figure"
            yield f"figure.{name}", "draws curves of results that have no steps", None, hint


def _nothing_trains(file: ClaimFile) -> Iterator[Finding]:
    hint = "remove it, or [results]"
    for key in sorted(file.experiment.model_fields_set - {"skip"}):
        yield f"experiment.{key}", "is of runs that are trained, and [results] are there already", None, hint
    for key in ("tune", "control", "sensitivity", "direction", "cannot_decide"):
        if getattr(file, key):
            yield key, "is of runs that are trained, and [results] are there already", None, hint
    for name, item in file.expect.items():
        if item.from_scale is not None:
            what = "results that were recorded have no scale"
            yield f"expect.{name}.from_scale", what, repr(item.from_scale), "remove it"


def _arms(file: ClaimFile) -> Iterator[Finding]:
    seen: dict[object, str] = {}
    for name, arm in file.arms.items():
        for key in arm.settings.keys() - {"named"}:
            what = "an arm of recorded results sets nothing but its name there"
            yield f"arms.{name}.{key}", what, None, 'such as { named = "Ours (v2)" }, or {}'
        if arm.spec:
            yield (
                f"arms.{name}.spec",
                "is of a net that is built, and nothing is built here",
                None,
                "remove it",
            )
        named = arm.settings.get("named", name)
        if not isinstance(named, str | int | float) or isinstance(named, bool):
            yield (
                f"arms.{name}.named",
                "must be what the results call the arm",
                repr(named),
                "put it in quotes",
            )
        elif seen.setdefault(named, name) != name:
            yield (
                f"arms.{name}",
                f"is the same in the results as arm {seen[named]!r}",
                repr(named),
                "name another",
            )
    for name, factor in file.factors.items():
        for level, value in levels_of(factor).items():
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                hint = "give the value that stands in the results"
                yield f"factors.{name}.{level}", "a level of recorded results is one value", repr(value), hint


def _named(file: ClaimFile, results: Results) -> Iterator[Finding]:
    for factor in results.factors:
        yield from known(f"results.factors.{factor}", "factor", factor, file.factors)
    for name in pattern_names(results.pattern or ""):
        yield from known("results.pattern", "name in braces", name, ("arm", "seed", *file.factors))
    if isinstance(results.seeds, dict):
        for arm in results.seeds:
            yield from known(f"results.seeds.{arm}", "arm", arm, file.arms)
    addresses = [cell.address for cell in all_cells(file)]
    for name in results.missing:
        address, _, seed = name.rpartition("/")
        place = f"results.missing.{name}"
        yield from known(place, "cell", address, addresses)
        if not seed.isdecimal():
            yield place, "does not end with a seed", repr(name), f'such as "{next(iter(addresses), "arm")}/3"'


def _metric(file: ClaimFile, name: str, metric: Metric, results: Results) -> Iterator[Finding]:
    place = f"metrics.{name}"
    if metric.kind not in _KINDS:
        what = "is measured on nets, and recorded results have none"
        yield f"{place}.kind", what, repr(metric.kind), f"known: {', '.join(_KINDS)}"
        return
    column = results.columns.get(metric.of or "")
    if column is None:
        return  # computed, or said elsewhere
    if "unit" in metric.model_fields_set:
        what = f"the unit is that of results.columns.{metric.of}"
        yield f"{place}.unit", what, repr(metric.unit), "remove it"
    if metric.minus in results.columns and results.columns[metric.minus].share != column.share:
        yield (
            f"{place}.minus",
            f"is not in the unit of {metric.of!r}",
            repr(metric.minus),
            "subtract like from like",
        )
    if metric.kind != "final" and results.steps is None:
        hint = "name the column of steps with `step` in [results]"
        yield f"{place}.kind", "needs results that have steps", repr(metric.kind), hint
    hint = (
        f"{metric.of} is a fraction in all that is judged, whatever its unit in the results: 0.712, not 71.2"
    )
    if metric.at_most_of is not None and column.better == "higher":
        yield (
            f"{place}.at_most_of",
            f"of {metric.of}, higher is better",
            repr(metric.at_most_of),
            "use `at_least`",
        )
    for key in ("at_most", "at_least"):
        target = getattr(metric, key)
        if target is not None and (key == "at_least") != (column.better == "higher"):
            other = "at_least" if column.better == "higher" else "at_most"
            what = f"of {metric.of}, {column.better} is better"
            yield f"{place}.{key}", what, repr(target), f"use `{other}`"
        if target is not None and column.share and not 0 <= target <= 1:
            yield f"{place}.{key}", "is no fraction", repr(target), hint
    if metric.kind == "first_reach" or not column.share or metric.transform != "none":
        return
    for expected, item in file.expect.items():
        if item.metric == name and item.kind in ("value", "difference", "contrast", "ordering"):
            most = 1 if item.kind != "contrast" else sum(abs(weight) for weight in item.weights.values()) / 2
            beyond = [end for end in (*item.supports.ends, *item.refutes.ends) if abs(end) > most]
            if beyond:
                what = f"has a region that no {item.kind} of fractions reaches"
                instead = f"write percentage points as fractions: 0.02 for 2 points ({metric.of} is a share)"
                yield f"expect.{expected}", what, repr(max(beyond, key=abs)), instead
