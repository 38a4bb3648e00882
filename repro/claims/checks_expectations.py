"""What a schema cannot see of an expectation: a metric that does not suit it, dangling names, regions that overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from repro.claims.cells import cells, levels_of
from repro.claims.checks_shown import printed
from repro.claims.findings import Finding, arm_of, known
from repro.claims.scales import below
from repro.claims.schema import ClaimFile
from repro.claims.schema_expectations import Expectation
from repro.claims.schema_metrics import Metric


def expectation(file: ClaimFile, scale: str, place: str, expectation: Expectation) -> Iterator[Finding]:
    """Find what is wrong with the expectation at `place`, in a claim that is merged for `scale`."""
    # A lesser scale may lack the levels of what is judged from a greater one on.
    judged = not below(scale, expectation.from_scale or "exact")
    metric = file.metrics.get(expectation.metric)
    yield from known(f"{place}.metric", "metric", expectation.metric, file.metrics)
    if metric is not None:
        yield from _metric(file, place, expectation, metric)
    yield from _names(file, place, expectation, judged)
    yield from _slope(file, place, expectation)
    addresses = (metric.own_cells if metric else None) or [cell.address for cell in cells(file)]
    for key, named in (("weights", expectation.weights), ("printed", expectation.printed)):
        for address in named if addresses and judged else ():
            yield from known(f"{place}.{key}", "cell", address, addresses)
    yield from _conventions(file, place, expectation, metric)
    yield from _levels_left_open(file, place, expectation, metric)
    yield from _regions(place, expectation)
    yield from printed(f"{place}.reported", expectation, metric)


def _metric(file: ClaimFile, place: str, expectation: Expectation, metric: Metric) -> Iterator[Finding]:
    """Find where a metric does not suit: its kind, its moments, the arms that it is measured on."""
    if metric.exact and expectation.kind in ("value", "slope"):
        hint = 'use kind = "exact", difference, ratio, contrast or ordering'
        what = f"a {metric.kind} metric has no seeds to take a mean of"
        yield f"{place}.kind", what, repr(expectation.kind), hint
    if expectation.kind == "exact" and not metric.exact:
        what = f"a {metric.kind} metric is measured on runs, and no exact number"
        yield f"{place}.kind", what, repr(expectation.kind), 'use kind = "value", or another metric'
    yield from _moments(place, expectation, metric)
    weighted = [arm_of(address) for address in expectation.weights]
    for arm in [expectation.arm] if expectation.arm else expectation.arms or weighted:
        if metric.arms is not None and arm in file.arms and arm not in metric.arms:
            what = f"metric {expectation.metric!r} is not measured on this arm"
            yield place, what, repr(arm), f"add it to metrics.{expectation.metric}.arms"
    if metric.at_most_of is not None and len(expectation.arms) > 1 and not expectation.paired:
        what = "compares arms whose target is one arm's own runs, seed by seed"
        yield f"{place}.paired", what, None, "add paired = true"


def _moments(place: str, expectation: Expectation, metric: Metric) -> Iterator[Finding]:
    """Find moments at which the metric is not measured, and where it is not said which of several counts."""
    moments: list[str] = list(metric.at)
    repeated = "at" in expectation.each
    if expectation.at is not None and expectation.at not in moments:
        hint = f"it is at {', '.join(moments)}" if moments else "it has no moments: remove `at`"
        yield f"{place}.at", "the metric is not measured at this moment", repr(expectation.at), hint
    if repeated and not moments:
        yield f"{place}.each", "the metric has no moments", "'at'", "use a metric of kind probe"
    if metric.read_by is not None and len(moments) > 1 and expectation.at is None and not repeated:
        hint = 'name one with `at`, or each = ["at"]'
        yield place, "the metric has several moments", str(moments), hint


def _names(file: ClaimFile, place: str, expectation: Expectation, judged: bool) -> Iterator[Finding]:
    """Find arms, factors and levels that there are not."""
    metric = file.metrics.get(expectation.metric)
    yield from _arms(f"{place}.arms", expectation.arms, file, metric)
    if expectation.arm is not None:
        yield from _arms(f"{place}.arm", [expectation.arm], file, metric)
    for name in expectation.each:
        if name != "at":
            yield from known(f"{place}.each", "factor", name, file.factors)
    for factor, level in expectation.levels.items():
        yield from known(f"{place}.levels", "factor", factor, file.factors)
        if factor in file.factors and judged:
            yield from known(f"{place}.levels.{factor}", "level", level, levels_of(file.factors[factor]))
    for level in expectation.along if judged and expectation.over in file.factors else ():
        yield from known(f"{place}.along", "level", level, levels_of(file.factors[expectation.over or ""]))


def _arms(place: str, names: Iterable[str], file: ClaimFile, metric: Metric | None) -> Iterator[Finding]:
    """Find arms that do not exist, or cases, where the metric has its own."""
    cases = metric.own_cells if metric else None
    for name in names:
        yield from known(place, "arm" if cases is None else "case", name, cases or file.arms)


def _conventions(
    file: ClaimFile, place: str, expectation: Expectation, metric: Metric | None
) -> Iterator[Finding]:
    """Find conventions of counting where nothing is counted, and others that name nothing."""
    if (expectation.convention or expectation.otherwise) and metric is not None and not metric.exact:
        what = "conventions of counting are of numbers that are computed without training"
        yield f"{place}.convention", what, None, "remove it"
        return
    for label, other in expectation.otherwise.items():
        where = f"{place}.otherwise.{label}"
        name = other.metric or expectation.metric
        theirs = file.metrics.get(name)
        yield from known(f"{where}.metric", "metric", name, file.metrics)
        if theirs is not None and not theirs.exact:
            yield f"{where}.metric", "is measured on runs", repr(name), "use a metric that is computed"
        inherited = [expectation.arm] if expectation.arm else expectation.arms
        yield from _arms(where, [other.arm] if other.arm else other.arms or inherited, file, theirs)


def _slope(file: ClaimFile, place: str, expectation: Expectation) -> Iterator[Finding]:
    """Find a slope over a factor whose levels are no numbers."""
    if expectation.over is None:
        return
    yield from known(f"{place}.over", "factor", expectation.over, file.factors)
    values = list(levels_of(file.factors.get(expectation.over, [])).values())
    numbers = [value for value in values if isinstance(value, int | float)]
    if (
        expectation.kind == "slope"
        and expectation.over in file.factors
        and (len(numbers) < len(values) or len(set(numbers)) < 2)
    ):
        hint = "a slope needs at least two different numbers"
        yield f"{place}.over", "the levels of this factor are no numbers", repr(values), hint


def _levels_left_open(
    file: ClaimFile, place: str, expectation: Expectation, metric: Metric | None
) -> Iterator[Finding]:
    """Find factors of which an expectation should name a level, and does not."""
    if (
        expectation.printed
        or expectation.kind == "contrast"
        or (metric is not None and metric.own_cells is not None)
    ):
        return
    static = metric is not None and metric.kind == "static"
    if expectation.kind in ("value", "difference", "ratio", "ordering", "slope") or static:
        for factor in sorted(
            file.factors.keys() - set(expectation.each) - expectation.levels.keys() - {expectation.over}
        ):
            hint = f'each = ["{factor}"], or levels = {{ {factor} = … }}'
            yield place, f"does not say which level of {factor!r}", None, hint


def _regions(place: str, expectation: Expectation) -> Iterator[Finding]:
    if expectation.refuted is not None and expectation.supports.overlaps(expectation.refutes):
        received = repr(expectation.refuted.model_dump(exclude_none=True))
        hint = "a value cannot support and refute"
        yield f"{place}.refuted", "overlaps the supporting region", received, hint
