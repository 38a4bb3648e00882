"""What a schema cannot see: names that refer to nothing, arms that contradict."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from pathlib import Path

from repro.claims.cells import Cell, all_cells, by_command, cells, levels_of
from repro.claims.checks_command import command_findings
from repro.claims.checks_evaluated import evaluated
from repro.claims.checks_expectations import expectation
from repro.claims.checks_own import own_options
from repro.claims.checks_results import results_findings
from repro.claims.checks_shown import figures, tables
from repro.claims.checks_variants import controls, sensitivities
from repro.claims.checks_weights import weights_findings
from repro.claims.findings import Finding, cannot_run, known
from repro.claims.run_specs import run_spec
from repro.claims.schema import ClaimFile
from repro.claims.schema_metrics import Metric
from repro.errors import Problem, ReproError, suggestion
from repro.registry import Names, find_formula, find_probe


def check_claim(file: ClaimFile, scale: str, path: Path, names: Names) -> list[Problem]:
    """Return every contradiction and dangling name of a claim at one scale, each once.

    Args:
        file: the claim, merged for the scale.
        scale: its name; the paper's own scale is checked for more, since others may leave levels out.
        path: the claim file, for data files beside it.
        names: what names in the claims folder stand for; a user's own code is not executed, and no data is read.
    """
    return [Problem(*finding) for finding in dict.fromkeys(_findings(file, scale, path, names))]


def _findings(file: ClaimFile, scale: str, path: Path, names: Names) -> Iterator[Finding]:
    yield from _arms(file, names)
    yield from _metrics(file, names)
    yield from command_findings(file, names)
    yield from weights_findings(file)
    yield from results_findings(file)
    yield from _shares(file)
    yield from evaluated(file, names)
    yield from _tuning(file)
    for name, item in file.expect.items():
        yield from expectation(file, scale, f"expect.{name}", item)
    if not any(item.role == "decides" for item in file.expect.values()):
        yield "expect", "no expectation decides the claim", None, 'give one of them role = "decides"'
    yield from tables(file, scale)
    yield from figures(file, scale, path, names.root)
    yield from controls(file, scale, names)
    yield from sensitivities(file, names)


def _arms(file: ClaimFile, names: Names) -> Iterator[Finding]:
    if all(metric.own_cells for metric in file.metrics.values()):
        for name in file.arms:
            what = "does nothing: every metric has cells of its own"
            yield f"arms.{name}", what, None, "remove it, or measure something on it"
        return
    if not file.arms:
        yield "arms", "is missing", None, "name at least one condition: [arms] …"
    for name, factor in file.factors.items():
        if not levels_of(factor):
            yield f"factors.{name}", "has no levels", None, "give a list of values or a table of named ones"
    addresses = [cell.address for cell in all_cells(file)]
    for address in file.experiment.skip:
        yield from known("experiment.skip", "cell", address, addresses)
    found = cells(file)
    for cell in found:
        yield from _set_twice(file, cell)
    if file.results is None and any(
        metric.trains or metric.kind == "static" for metric in file.metrics.values()
    ):  # what was measured elsewhere, or cannot be measured here, needs no nets
        yield from _common_options(file, found, names)
        yield from _runs(file, found, names)


def _set_twice(file: ClaimFile, cell: Cell) -> Iterator[Finding]:
    """Find what an arm and a factor, or two factors, set to different values."""
    settings = [file.arms[cell.arm].settings, *_levels(file, cell).values()]
    owners = [f"arms.{cell.arm}", *(f"factors.{factor}" for factor in cell.levels)]
    for (owner, own), (other, its) in itertools.combinations(zip(owners, settings, strict=True), 2):
        for key in sorted(key for key in own.keys() & its.keys() if own[key] != its[key]):
            whose = "by the arm and by a factor" if owner.startswith("arms.") else "by two factors"
            yield f"{owner}.{key}", f"is set {whose}", None, f"keep this one or that of {other}"


def _runs(file: ClaimFile, found: list[Cell], names: Names) -> Iterator[Finding]:
    """Find cells that cannot be run, and arms whose runs are the same."""
    seen: dict[str, Cell] = {}
    for cell in found:
        problems = cannot_run(file, cell, names)
        yield from problems
        yield from () if by_command(file, cell) else own_options(file, cell, names)
        if problems:
            continue
        twin = seen.setdefault(run_spec(file, cell, 0, names).key, cell)
        if twin.arm != cell.arm:
            what = f"is the same condition as arm {twin.arm!r}"
            yield f"arms.{cell.arm}", what, None, "arms must differ in some setting"


def _levels(file: ClaimFile, cell: Cell) -> dict[str, dict[str, object]]:
    """Return factor → what the cell's level of it sets."""
    values = {factor: levels_of(file.factors[factor])[level] for factor, level in cell.levels.items()}
    return {name: value if isinstance(value, dict) else {name: value} for name, value in values.items()}


def _common_options(file: ClaimFile, found: list[Cell], names: Names) -> Iterator[Finding]:
    """Find options for all models that no model knows: they would silently do nothing."""
    options: set[str] = set()
    if any(by_command(file, cell) for cell in found):
        return
    for cell in found:
        try:
            entry = names.model(str(cell.settings.get("model", file.experiment.model)), "")
        except ReproError:
            return
        if entry.options is None:
            return
        options |= entry.options
    for key in sorted(file.experiment.options.keys() - options):
        yield f"experiment.options.{key}", "no model takes this option", None, suggestion(key, options)


def _metrics(file: ClaimFile, names: Names) -> Iterator[Finding]:
    for name, metric in file.metrics.items():
        for key, column in (("of", metric.of), ("minus", metric.minus)):
            if column is not None:
                yield from known(f"metrics.{name}.{key}", "column", column, file.columns)
        if metric.probe is not None:
            yield from _probe(f"metrics.{name}", metric, names)
        if metric.at_most_of is not None:
            yield from known(f"metrics.{name}.at_most_of", "arm", metric.at_most_of, file.arms)
        if metric.members is not None and file.experiment.seeds.looks[0] < 2 * metric.members:
            what = f"is too few seeds for two groups of {metric.members}"
            hint = f"the first look needs at least {2 * metric.members}"
            yield "experiment.seeds.looks", what, repr(file.experiment.seeds.looks), hint
        if metric.formula is not None:
            yield from _formula(f"metrics.{name}", metric, names)
        for arm in metric.arms or []:
            yield from known(f"metrics.{name}.arms", "arm", arm, file.arms)


def _probe(place: str, metric: Metric, names: Names) -> Iterator[Finding]:
    """Find a probe that is none, and options that it does not take."""
    assert metric.probe is not None
    try:
        entry = find_probe(metric.probe, f"{place}.probe", names.root)
    except ReproError as error:
        for problem in error.problems:
            yield problem.where, problem.what, problem.received, problem.hint
        return
    for key in sorted(metric.probe_options.keys() - (entry.options or metric.probe_options.keys())):
        where = f"{place}.options.{key}" if key in metric.options else f"{place}.{key}"
        yield where, "the probe takes no such option", None, suggestion(key, entry.options or ())


def _formula(place: str, metric: Metric, names: Names) -> Iterator[Finding]:
    """Find a formula that is none, and options that it does not take or lacks."""
    assert metric.formula is not None
    try:
        entry = find_formula(metric.formula, f"{place}.formula", names.root)
    except ReproError as error:
        for problem in error.problems:
            yield problem.where, problem.what, problem.received, problem.hint
        return
    if entry.options is None:
        return
    for case, own in (metric.cases or {"": {}}).items():
        given = metric.options | own
        where = f"{place}.cases.{case}" if case else f"{place}.options"
        for key in sorted(given.keys() - entry.options):
            yield f"{where}.{key}", "the formula takes no such option", None, suggestion(key, entry.options)


def _shares(file: ClaimFile) -> Iterator[Finding]:
    """Find errors that are written in percent: as fractions, they lie in 0 to 1."""
    hint = "errors are fractions: 0.25, not 25"
    for name, metric in file.metrics.items():
        named = (metric.of or "").endswith("_error")
        share = (named or metric.unit in ("error", "share")) and metric.transform == "none"
        if share and metric.at_most is not None and not 0 <= metric.at_most <= 1:
            yield f"metrics.{name}.at_most", "is no error", repr(metric.at_most), hint
        if not share or metric.kind != "final":
            continue
        for place, item in file.expect.items():
            if item.metric != name or item.kind not in _OF_SHARES:
                continue
            ends = [*item.supports.ends, *item.refutes.ends]
            if any(abs(end) > 1 for end in ends):
                yield f"expect.{place}", "has a region that no error reaches", repr(max(ends, key=abs)), hint


_OF_SHARES = ("value", "difference", "ordering")
"""Kinds of expectations whose estimate lies in −1 to 1 where the metric is an error."""


def _tuning(file: ClaimFile) -> Iterator[Finding]:
    tune = file.tune
    if tune is None:
        return
    if isinstance(tune.grid, dict):
        yield from _grids(file, tune.what, tune.grid)
    for cell in cells(file):
        for key in (tune.what, *(["weight_decay"] if tune.weight_decay else [])):
            if key in cell.settings:
                yield _owner(file, cell, key), "is tuned, too", None, "remove it, or [tune]"
    yield from known("tune.by", "metric", tune.by, file.metrics)
    if tune.by in file.metrics:
        yield from _criterion(tune.by, file.metrics[tune.by])
    seeds = file.experiment.seeds
    shared = [seed for seed in tune.seeds if seeds.first <= seed < seeds.first + seeds.looks[-1]]
    if shared:
        hint = "runs that chose the learning rate must not be judged"
        yield "tune.seeds", "are measured, too", ", ".join(map(str, shared)), hint


def _grids(file: ClaimFile, tuned: str, grids: Collection[str]) -> Iterator[Finding]:
    """Find grids of levels that there are not, and cells without a grid."""
    levels = {level for factor in file.factors.values() for level in levels_of(factor)}
    for level in grids:
        yield from known(f"tune.{tuned}", "level", level, levels)
    for cell in cells(file):
        if not set(grids) & set(cell.levels.values()):
            yield f"tune.{tuned}", "has no grid for a cell", repr(cell.address), "name one of its levels"


def _criterion(name: str, metric: Metric) -> Iterator[Finding]:
    """Find a metric by which nothing can be tuned, or should be."""
    if metric.kind not in ("final", "first_reach"):
        what = f"a {metric.kind} metric cannot be tuned by"
        yield "tune.by", what, repr(name), "use a final or first_reach metric"
    if metric.at_most_of is not None:
        what, hint = "rests on another arm's runs, which are tuned themselves", "use a final metric"
        yield "tune.by", what, repr(name), hint
    if (metric.of or "").startswith("test"):
        what = "a learning rate chosen on the test set makes test errors too good"
        yield "tune.by", what, repr(name), "tune by a training metric: there is no validation split"


def _owner(file: ClaimFile, cell: Cell, key: str) -> str:
    if key in file.arms[cell.arm].settings:
        return f"arms.{cell.arm}.{key}"
    return next(f"factors.{name}" for name, keys in _levels(file, cell).items() if key in keys)
