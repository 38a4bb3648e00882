"""Why a comparison cannot be judged yet: runs or readings that are awaited, or that failed."""

from __future__ import annotations

from dataclasses import dataclass

from repro.claims import Expectation
from repro.experiment.estimands import Estimand, rests_on
from repro.experiment.readings import reading_of
from repro.experiment.requirements import Requirements
from repro.store import Store


@dataclass(frozen=True)
class Missing:
    """What a comparison waits for.

    Attributes:
        note: why, for people.
        keys: of the runs and readings that are not there.
        failed: some of them failed.
    """

    note: str
    keys: frozenset[str] = frozenset()
    failed: bool = False


def missing_data(
    required: Requirements, expectation: Expectation, part: Estimand, store: Store
) -> Missing | None:
    """Return what a comparison waits for, and None where all that it rests on is there."""
    metric = required.file.metrics[expectation.metric]
    if metric.kind == "awaited":
        return Missing(metric.needs or "")
    absent: list[str] = []
    for address in rests_on(required.file, expectation, part):
        tuning = required.tuning.get(address)
        needs = required.measured.get(address, ())
        specs = [leg.spec for leg in tuning.missing] if tuning and tuning.state == "pending" else []
        specs += [need.spec for need in needs]
        if not specs:
            return Missing(f"no cell {address} at this scale")
        records = {spec.key: store.run(spec.key) for spec in specs}
        absent += [key for key, record in records.items() if record is None]
        if metric.read_by is None:
            continue
        for need in needs:
            record = records[need.spec.key]
            wanted = [one for one in metric.read_at if part.moment in (None, one) or one == metric.since]
            for moment in wanted:
                # A run that ended early has no weights of later moments: that is no want of a reading.
                reading = reading_of(metric, need.spec, moment, required.claim).key
                if record is not None and moment in record.weights and store.reading(reading) is None:
                    absent.append(reading)
    keys = frozenset(absent)
    reasons = [reason for key in absent if (reason := store.failure(key))]
    if reasons:
        failures = f"{_runs_or_readings(len(reasons))} failed: {reasons[0].splitlines()[0]}"
        return Missing(failures, keys, failed=True)
    return Missing(not_there(len(absent)), keys) if absent else None


def not_there(count: int) -> str:
    """Say how many runs or readings are awaited."""
    return f"{_runs_or_readings(count)} {'is' if count == 1 else 'are'} not there yet"


def _runs_or_readings(count: int) -> str:
    return "1 run or reading" if count == 1 else f"{count} runs or readings"
