"""What a claim still needs before it can be judged: how many runs, and the data that somebody has to bring."""

from __future__ import annotations

from collections.abc import Sequence

from repro.experiment.requirements import Requirements
from repro.report import model
from repro.report.wording.text import plural
from repro.spec import RunSpec


def awaited(required: Requirements, rows: Sequence[model.RunRow]) -> str | None:
    """Say how many runs a claim still needs, all of them together as `repro plan` counts them; None where none."""
    absent = _absent(rows)
    if not absent:
        return None
    text = f"{plural(len(absent), 'run')} {'is' if len(absent) == 1 else 'are'} not there yet"
    models = {need.spec.model.name for need in required.needs if isinstance(need.spec, RunSpec)}
    unavailable = {name: required.claim.names.unavailable(name) for name in sorted(models)}
    for why in filter(None, unavailable.values()):
        return f"{text}, and cannot be made: {why}"
    return f"{text}, and at most {required.follow:,} more follow after tuning" if required.follow else text


def to_bring(required: Requirements, rows: Sequence[model.RunRow]) -> list[str]:
    """Return what to bring, and how, for runs whose data is not at hand and for what cannot be measured here."""
    absent = _absent(rows)
    trained = [need.spec for need in required.needs if isinstance(need.spec, RunSpec)]
    data = {spec.dataset.identity for spec in trained if spec.key in absent}
    data = {identity for identity in data if identity[0] not in required.claim.names.absent}
    bring = {missing for one in data if (missing := required.claim.names.known(one).missing)}
    if required.scale == "paper":
        bring |= {metric.needs for metric in required.file.metrics.values() if metric.needs}
    return sorted(bring)


def _absent(rows: Sequence[model.RunRow]) -> set[str]:
    return {row.key for row in rows if row.outcome == "pending"}
