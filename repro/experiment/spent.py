"""What was spent on what claims rest on: runs, the parts of runs that tuning stopped, readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from repro.experiment.requirements import Requirements
from repro.store import Spent, Store, spent_on


@dataclass(frozen=True)
class Outgoings:
    """Key → what was spent on each run, and on each reading, that is there; put together with `|`, each counts once."""

    runs: Mapping[str, Spent] = field(default_factory=dict)
    readings: Mapping[str, Spent] = field(default_factory=dict)

    def __or__(self, other: Outgoings) -> Outgoings:
        return Outgoings({**self.runs, **other.runs}, {**self.readings, **other.readings})


def outgoings(required: Requirements, store: Store) -> Outgoings:
    """Return what was spent on a claim so far."""
    runs = {need.spec.key for need in (*required.needs, *required.stopped)}
    return outgoings_of(runs, set(_readings(required)), store)


def outgoings_of(runs: set[str], readings: set[str], store: Store) -> Outgoings:
    """Return what was spent on the runs and readings with these keys that are there; not on those still under way."""
    spent = {}
    for key in sorted(runs):
        run = store.run(key)
        part = store.checkpoints(key).newest() if run is None else None
        if run is not None:
            spent[key] = spent_on(run)
        elif part is not None and part.stopped is not None:
            spent[key] = spent_on(part)
    taken = {key: store.spent_reading(key) for key in sorted(readings)}
    return Outgoings(spent, {key: one for key, one in taken.items() if one.seconds is not None})


def _readings(required: Requirements) -> Iterator[str]:
    for need in required.needs:
        yield from (reading.key for reading in need.readings.values())
    yield from (need.reading.key for need in required.exact)
    yield from (row.reading.key for row in required.net_check.rows if row.reading is not None)
