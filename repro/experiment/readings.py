"""Readings that a claim asks for: what a probe takes from a run at a moment, and from a net as built, without a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeAlias

from repro.claims import Cell, Claim, ClaimFile
from repro.claims.vocabulary import Moment
from repro.command_spec import AnyRun
from repro.registry import DATASETS, find_probe
from repro.spec import ReadingSpec, RunSpec

Asked: TypeAlias = dict[tuple[str, Moment], ReadingSpec]
"""(metric, moment) → the reading that it is made of."""


def readings(file: ClaimFile, cell: Cell, claim: Claim) -> Callable[[AnyRun], Asked]:
    """Return what gives, of a run of a cell, the readings that a claim takes from it: none of a command's run."""
    asked = []
    for name, metric in file.metrics.items():
        if metric.read_by is not None and (metric.arms is None or cell.arm in metric.arms):
            entry = find_probe(metric.read_by, f"{claim.path}: metrics", claim.names.root)
            options = metric.probe_options
            identity = metric.read_by, entry.version, str(sorted(options.items()))
            asked += [((name, moment), moment, options, identity) for moment in metric.read_at]

    def of_run(spec: AnyRun) -> Asked:
        found: Asked = {}
        for place, moment, options, identity in asked:
            # A run of no steps has nothing but its initial weights.
            if isinstance(spec, RunSpec) and (spec.recipe.steps != 0 or moment == "init"):
                known = *identity, spec.key, moment
                if known not in _READINGS:
                    _READINGS[known] = ReadingSpec(*identity[:2], options, run=spec, moment=moment)
                found[place] = _READINGS[known]
        return found

    return of_run


_READINGS: dict[tuple[str, int | str, str, str, Moment], ReadingSpec] = {}
"""By all that tells them apart: every plan asks for them again, and to hash one for its key takes longer."""


def static_reading(
    claim: Claim, cell: Cell, probe: str, place: str, layers: str | None = None
) -> ReadingSpec | None:
    """Return the reading of a cell's net by the paper's own protocol.

    None where it is not implemented here, or the shape of its data is unknown.
    """
    spec = claim.untuned("paper")[cell.address]
    if not isinstance(spec, RunSpec) or claim.names.unavailable(spec.model.name):
        return None
    # The paper's images and classes, even where other data stand in for them.
    data = DATASETS.get(spec.dataset.name) or claim.names.known(spec.dataset.identity)
    in_shape = spec.in_shape(data)
    if in_shape is None or data.classes is None:
        return None
    subject = {"model": asdict(spec.model), "in_shape": list(in_shape), "classes": data.classes}
    entry = find_probe(probe, f"{claim.path}: {place}", claim.names.root)
    return ReadingSpec(probe, entry.version, {"layers": layers} if layers else {}, subject=subject)
