"""The runs that claims need, each once: what is there of it, and who needs it for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from repro.claims import conduct
from repro.command_spec import AnyRun, CommandSpec, Conduct
from repro.experiment.requirements import Need, Requirements
from repro.registry import DatasetEntry
from repro.spec import ReadingSpec, Until, farther
from repro.store import RunRecord, Store


@dataclass
class WantedRun:
    """A run that some claims need, merged.

    Attributes:
        spec: the run.
        data: what is known of its dataset; a command has none that anybody brings.
        conduct: how a command is treated that carries it out.
        unavailable: why its net cannot be trained here; None where it can.
        readings: key → reading that a claim takes from it.
        claims: who needs it.
        until: how far they need it; None: to its end.
        needed: by which claim, and for what; the first one speaks for the others.
        record: the run, if it is there with the weights that are still to be read from.
        missing_readings: those to be taken now.
    """

    spec: AnyRun
    data: DatasetEntry
    conduct: Conduct | None = None
    until: Until | None = None
    unavailable: str | None = None
    needed: tuple[Requirements, Need] | None = None
    readings: dict[str, ReadingSpec] = field(default_factory=dict)
    claims: set[str] = field(default_factory=set)
    record: RunRecord | None = None
    missing_readings: tuple[ReadingSpec, ...] = ()

    @property
    def to_do(self) -> bool:
        """Whether the run is to be trained, or read from."""
        return self.record is None or bool(self.missing_readings)

    @property
    def bring(self) -> str | None:
        """What to bring before that can be done, and how; None where nothing is."""
        return (self.unavailable or self.data.missing) if self.to_do else None


def merged(going: Sequence[Requirements], store: Store) -> list[WantedRun]:
    """Return every run that some claim needs, once, with what is there of it."""
    runs: dict[str, WantedRun] = {}
    for required in going:
        for need in required.needs:
            run = runs.get(need.spec.key)
            if run is None:
                run = runs[need.spec.key] = _wanted(required, need)
            if run.conduct is not None and isinstance(need.spec, CommandSpec):
                read = conduct(required.file, need.cell, need.spec).columns
                run.conduct = replace(run.conduct, columns=tuple(sorted({*run.conduct.columns, *read})))
            run.until = farther(run.until, need.until)
            run.readings |= {reading.key: reading for reading in need.readings.values()}
            run.claims.add(required.claim.id)
    for key, run in runs.items():
        record = store.run(key)
        run.missing_readings = tuple(run.readings.values())
        if record is None:
            continue
        # A run that ended early has no weights of later moments: those readings do not exist.
        missing = [
            r for r in run.readings.values() if r.moment in record.weights and store.reading(r.key) is None
        ]
        if all(store.weights(key, moment) is not None for moment in {r.moment for r in missing} if moment):
            run.record, run.missing_readings = record, tuple(missing)
    return list(runs.values())


def _wanted(required: Requirements, need: Need) -> WantedRun:
    spec, names = need.spec, required.claim.names
    if isinstance(spec, CommandSpec):
        how = conduct(required.file, need.cell, spec)
        return WantedRun(spec, DatasetEntry("", ""), how, need.until, None, (required, need))
    data, unavailable = names.known(spec.dataset.identity), names.unavailable(spec.model.name)
    return WantedRun(spec, data, None, need.until, unavailable, (required, need))
