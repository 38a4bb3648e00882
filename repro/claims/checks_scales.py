"""Checks of a claim's scales together: what the paper prints of its nets, and directions of deviations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from repro.claims.cells import by_command, cells, levels_of
from repro.claims.findings import Finding, known
from repro.claims.protocol import protocol_findings
from repro.claims.scales import below
from repro.claims.schema import ClaimFile
from repro.errors import Problem, ReproError
from repro.recipes import RECIPE_FIELDS
from repro.registry import Names
from repro.spec import NUMERICS_FIELDS


def check_scales(at: Mapping[str, ClaimFile], names: Names) -> list[Problem]:
    """Return what is wrong with the scales of a claim together; `at` is scale → claim file, "paper" first."""
    return [
        Problem(*finding)
        for finding in dict.fromkeys(
            [*_results(at), *_protocols(at), *_specs(at), *_directions(at, names), *_undecided(at)]
        )
    ]


def _results(at: Mapping[str, ClaimFile]) -> Iterator[Finding]:
    """Find scales of results that were recorded: they are what they are."""
    for scale in at.keys() - {"paper"}:
        if any(file.results is not None for file in (at["paper"], at[scale])):
            yield f"scale.{scale}", "results that were recorded have no scale", None, "remove the table"


def _undecided(at: Mapping[str, ClaimFile]) -> Iterator[Finding]:
    """Find scales that are said to decide nothing and do."""
    for scale in at["paper"].cannot_decide:
        yield from known("cannot_decide", "scale below the paper's", scale, ("smoke", "reduced"))
        file = at.get(scale)
        for name, item in (file.expect if file else {}).items():
            if item.role == "decides" and not below(scale, item.from_scale or "exact"):
                what = f"decides at {scale} scale, which is said to decide nothing"
                yield f"cannot_decide.{scale}", what, f"expect.{name}", "give it a `from_scale`"


def _protocols(at: Mapping[str, ClaimFile]) -> Iterator[Finding]:
    base = at["paper"]
    yield from protocol_findings(base)
    for scale, file in at.items():
        for key in ("protocol", "not_implemented"):
            if getattr(file.experiment, key) != getattr(base.experiment, key):
                place = f"scale.{scale}.experiment.{key}"
                yield place, "is of the base tables, not of a scale", None, "move it to [experiment]"


def _specs(at: Mapping[str, ClaimFile]) -> Iterator[Finding]:
    """Find specs of levels that do not exist, and specs where they would do nothing."""
    base = at["paper"]
    levels = [level for factor in base.factors.values() for level in levels_of(factor)]
    for name, arm in base.arms.items():
        for level in arm.spec:
            if level:
                yield from known(f"arms.{name}.spec.{level}", "level", level, levels)
    for scale, file in at.items():
        hint = "remove it: the nets of the paper's own protocol are held against the paper"
        for name, arm in file.arms.items():
            if arm.spec and (name not in base.arms or arm.spec != base.arms[name].spec):
                yield f"scale.{scale}.arms.{name}.spec", "does nothing here", None, hint
        for control, sabotaged in file.control.items():
            for name in (name for name, arm in sabotaged.arms.items() if arm.spec):
                yield f"control.{control}.arms.{name}.spec", "does nothing here", None, hint
        for of, sensitivity in file.sensitivity.items():
            for point in sensitivity.points:
                for name in (name for name, arm in point.arms.items() if "spec" in arm):
                    place = f"sensitivity.{of}.points.{point.label}.arms.{name}.spec"
                    yield place, "does nothing here", None, hint


def _directions(at: Mapping[str, ClaimFile], names: Names) -> Iterator[Finding]:
    """Find directions of settings that no scale has."""
    settings = {"dataset", "model", *NUMERICS_FIELDS, "seeds", "skip", "tune", *RECIPE_FIELDS}
    for file in at.values():
        settings |= file.factors.keys() | file.experiment.options.keys()
        for cell in cells(file):
            if by_command(file, cell):
                settings |= {"command", *cell.settings}
                continue
            model = str(cell.settings.get("model", file.experiment.model))
            try:
                settings |= cell.settings.keys() | (names.model(model, "").options or set())
            except ReproError:
                return  # said elsewhere; what it would take is not known
    for scale, file in at.items():
        for name in file.direction:
            own = scale != "paper" and name not in at["paper"].direction
            yield from known(
                f"scale.{scale}.direction.{name}" if own else f"direction.{name}", "setting", name, settings
            )
