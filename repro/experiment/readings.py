"""Readings that a claim asks for: what a probe takes from a run at a moment, and from a net as built, without a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from repro.claims import Cell, Claim, ClaimFile, Metric
from repro.claims.vocabulary import Moment
from repro.command_spec import AnyRun
from repro.registry import DATASETS, find_probe
from repro.spec import ReadingSpec, RunSpec


def readings(
    file: ClaimFile, cell: Cell, spec: AnyRun, claim: Claim
) -> Iterator[tuple[tuple[str, Moment], ReadingSpec]]:
    """Yield (metric, moment) and the reading that it is made of, for each that a claim takes from one run.

    None is taken from a command's run.
    """
    if not isinstance(spec, RunSpec):
        return
    for name, metric in file.metrics.items():
        if metric.read_by is not None and (metric.arms is None or cell.arm in metric.arms):
            for moment in metric.read_at:
                # A run of no steps has nothing but its initial weights.
                if spec.recipe.steps != 0 or moment == "init":
                    yield (name, moment), _reading_of(metric, spec, moment, claim)


def _reading_of(metric: Metric, spec: RunSpec, moment: Moment, claim: Claim) -> ReadingSpec:
    probe = metric.read_by
    assert probe is not None
    entry = find_probe(probe, f"{claim.path}: metrics", claim.names.root)
    options = metric.probe_options
    identity = probe, entry.version, str(sorted(options.items())), spec.key, moment
    if identity not in _READINGS:
        _READINGS[identity] = ReadingSpec(probe, entry.version, options, run=spec, moment=moment)
    return _READINGS[identity]


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
