"""What a schema cannot see of a claim about results that exist already: nothing of it trains; bars are fractions."""

from __future__ import annotations

from collections.abc import Iterator

from repro.claims.cells import all_cells, levels_of
from repro.claims.checks_columns import column_findings
from repro.claims.findings import Finding, known
from repro.claims.schema import ClaimFile
from repro.claims.schema_results import Results, pattern_names


def results_findings(file: ClaimFile) -> Iterator[Finding]:
    """Find what has no place beside results, names that refer to nothing, and bars that are written in percent."""
    results = file.results
    if results is None:
        for name, metric in file.metrics.items() if file.declared_columns is None else ():
            if metric.at_least is not None:
                hint = "errors and losses fall: use `at_most`"
                yield f"metrics.{name}.at_least", "is of columns whose direction is declared", None, hint
        return
    yield from _nothing_trains(file)
    yield from _arms(file)
    yield from _named(file, results)
    yield from column_findings(file, "results", steps=results.steps is not None)


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
