"""The plan: which runs and readings are needed now, who needs them, why, and what they will cost. Pure.

Tuning depends on earlier runs, and a claim's runs wait until its nets were held against the paper's, so `check`
plans again until nothing is needed; `follow` and `held` say what may come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from repro.experiment.net_check import NetCheck, check_nets
from repro.experiment.requirements import Requirements
from repro.planning.costs import START_UP_SECONDS, Costs, Outlay
from repro.registry import DataRef, DatasetEntry
from repro.spec import ReadingSpec, RunSpec, Until, farther
from repro.store import VERSIONS, RunRecord, Store, lineage


@dataclass(frozen=True)
class Job:
    """One unit of work: train a run if it is missing, then take the missing readings from it.

    Attributes:
        run: the run to train or to read from; None for readings that need no run.
        train: whether the run is missing.
        readings: the missing readings.
        claims: who needs it.
        reason: why it is carried out (again).
        wall_seconds: predicted, on one worker.
        source: where the run's dataset lies, if it was brought.
        until: how far the run is to be trained; None: to its end.
    """

    run: RunSpec | None
    train: bool
    readings: tuple[ReadingSpec, ...]
    claims: tuple[str, ...]
    reason: str
    wall_seconds: float
    source: DataRef | None = None
    until: Until | None = None

    @property
    def key(self) -> str:
        """The key of the run, or of the first reading."""
        return self.run.key if self.run else self.readings[0].key

    @property
    def title(self) -> str:
        """A short name for people."""
        return self.run.title if self.run else self.readings[0].probe


@dataclass(frozen=True)
class Plan:
    """What is needed now.

    Attributes:
        jobs: in the order to carry them out.
        held: jobs that wait until every net of a claim that needs them is known to be the paper's.
        stopped: claim id → which of its nets is not the paper's; nothing more is trained for it.
        pending: run key → what to bring, for runs whose data is not at hand.
        present: runs that are needed and there.
        shared: runs that more than one claim needs.
        follow: at most so many runs may follow.
        follow_seconds: their predicted wall seconds on one worker.
        basis: what the predicted times rest on.
        awaited: what to bring → what the runs that wait for it would cost.
    """

    jobs: tuple[Job, ...]
    held: tuple[Job, ...] = ()
    stopped: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)
    present: int = 0
    shared: int = 0
    follow: int = 0
    follow_seconds: float = 0.0
    basis: str = ""
    awaited: Mapping[str, Outlay] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """Runs to be trained, those that are held back included."""
        return sum(job.train for job in (*self.jobs, *self.held))

    def wall_seconds(self, workers: int) -> float:
        """Return the predicted wall seconds on `workers` workers, start-up and runs that may follow included."""
        seconds = [job.wall_seconds for job in (*self.jobs, *self.held)]
        if not seconds:
            return 0.0
        return START_UP_SECONDS + max((sum(seconds) + self.follow_seconds) / workers, *seconds)


READING_SECONDS = 0.15
"""A probe on a small net: loading weights and a few batches."""


def make_plan(required: Sequence[Requirements], store: Store) -> Plan:
    """Merge what the claims need, and keep what is missing."""
    net_checks = {item.claim.id: check_nets(item.claim, store) for item in required}
    stopped = {claim: found.barred or "" for claim, found in net_checks.items() if found.state == "stopped"}
    going = [item for item in required if item.claim.id not in stopped]
    wanted: dict[str, RunSpec] = {}
    until: dict[str, Until | None] = {}
    readings: dict[str, dict[str, ReadingSpec]] = {}
    claims: dict[str, set[str]] = {}
    data: dict[str, DatasetEntry] = {}
    for item in going:
        for need in item.needs:
            wanted[need.spec.key] = need.spec
            until[need.spec.key] = farther(until.get(need.spec.key, need.until), need.until)
            data[need.spec.key] = item.claim.names.known(need.spec.dataset.identity)
            readings.setdefault(need.spec.key, {}).update({r.key: r for r in need.readings})
            claims.setdefault(need.spec.key, set()).add(item.claim.id)
    found = {key: _usable(store, key, readings[key].values()) for key in wanted}
    absent = [key for key, record in found.items() if record is None]
    measured = [run for run in map(store.run, store.run_keys()) if run is not None] if absent else []
    costs = Costs(measured, {wanted[key].dataset.identity: entry for key, entry in data.items()})
    relatives = {lineage(record.spec): record for record in measured}

    jobs: list[Job] = []
    pending: dict[str, str] = {}
    for key, spec in wanted.items():
        record = found[key]
        missing = data[key].missing
        if record is None:
            if missing is not None:
                pending[key] = missing
                continue
            mine = tuple(readings[key].values())
            share = _share_left(key, store, costs.share(spec, until[key]))
            seconds = costs.wall_seconds(spec) * share + READING_SECONDS * len(mine)
            jobs.append(
                Job(
                    spec,
                    True,
                    mine,
                    tuple(sorted(claims[key])),
                    _reason(spec, store, relatives),
                    seconds,
                    data[key].source,
                    until[key],
                )
            )
            continue
        # A run that ended early has no weights of later moments: those readings do not exist.
        mine = tuple(
            r for r in readings[key].values() if r.moment in record.weights and store.reading(r.key) is None
        )
        if mine and missing is not None:
            pending[key] = missing
        elif mine:
            reason, seconds = (
                "a probe has not been read from its kept weights yet",
                READING_SECONDS * len(mine),
            )
            jobs.append(Job(spec, False, mine, tuple(sorted(claims[key])), reason, seconds, data[key].source))
    for reading, owners in _exact(required, net_checks).values():
        if store.reading(reading.key) is None:
            reason = _failed_before(reading.key, store) or "not computed yet"
            jobs.append(Job(None, False, (reading,), tuple(sorted(owners)), reason, READING_SECONDS))
    # Gates and tuning first, since runs wait for them; then the longest, so that no long one is left for the end.
    gating = {row.reading.key for found in net_checks.values() for row in found.rows if row.reading}
    tuning = {need.spec.key for item in going for need in item.needs if need.purpose == "tune"}
    jobs.sort(key=lambda job: (job.key not in gating, job.key not in tuning, -job.wall_seconds, job.key))
    through = [item for item in going if net_checks[item.claim.id].state == "passed"]
    free = {need.spec.key for item in through for need in item.needs}
    # Nothing can follow runs that cannot be carried out.
    waits = {
        item.claim.id: next((pending[need.spec.key] for need in item.needs if need.spec.key in pending), None)
        for item in going
    }
    able = [item for item in going if waits[item.claim.id] is None]
    awaited = {}
    for what in dict.fromkeys(pending.values()):
        unable = [item for item in going if waits[item.claim.id] == what]
        specs = [wanted[key] for key, bring in pending.items() if bring == what and found[key] is None]
        follow = sum(item.follow for item in unable)
        awaited[what] = costs.outlay(specs, follow, _follow_seconds(unable, costs))
    return Plan(
        jobs=tuple(job for job in jobs if job.run is None or job.key in free),
        held=tuple(job for job in jobs if job.run is not None and job.key not in free),
        stopped=stopped,
        pending=pending,
        present=len(wanted) - len(absent),
        shared=sum(len(owners) > 1 for owners in claims.values()),
        follow=sum(item.follow for item in able),
        follow_seconds=_follow_seconds(able, costs),
        basis=costs.basis(job.run for job in jobs if job.run and job.train),
        awaited=awaited,
    )


def _usable(store: Store, key: str, readings: Iterable[ReadingSpec]) -> RunRecord | None:
    """Return a run if it is there with the weights that readings are still to be taken from."""
    record = store.run(key)
    if record is None:
        return None
    wanted = {r.moment for r in readings if r.moment in record.weights and store.reading(r.key) is None}
    return record if all(store.weights(key, moment) is not None for moment in wanted if moment) else None


def _exact(
    required: Sequence[Requirements], net_checks: Mapping[str, NetCheck]
) -> dict[str, tuple[ReadingSpec, set[str]]]:
    found: dict[str, tuple[ReadingSpec, set[str]]] = {}
    for item in required:
        gating = [row.reading for row in net_checks[item.claim.id].rows if row.reading is not None]
        for reading in [*gating, *(need.reading for need in item.exact)]:
            found.setdefault(reading.key, (reading, set()))[1].add(item.claim.id)
    return found


def _follow_seconds(required: Sequence[Requirements], costs: Costs) -> float:
    """Bound the time of runs that may follow by the dearest tuning run of each claim."""
    total = 0.0
    for item in required:
        if item.follow:
            dearest = max(costs.wall_seconds(need.spec) for need in item.needs if need.purpose == "tune")
            total += item.follow * dearest
    return total


def _reason(spec: RunSpec, store: Store, relatives: Mapping[str, RunRecord]) -> str:
    """Say why a run is carried out: new, interrupted, failed before, damaged, or made by another version."""
    failed = _failed_before(spec.key, store)
    unfinished = store.checkpoints(spec.key).newest()
    if unfinished is not None:
        resumes = f"resumes at step {unfinished.step:,} of {unfinished.steps:,}"
        return f"{failed}; {resumes}" if failed else resumes
    if failed:
        return failed
    if any(spec.key in entry for entry in store.damaged):
        return "its entry in the store is damaged"
    new = spec.as_json()
    relative = relatives.get(lineage(new))
    if relative is None:
        return "not run yet"
    old = relative.spec
    changes = [
        f"{part} {field} changed from {old[part].get(field)} to {new[part][field]}"
        for part, field in VERSIONS
        if old[part].get(field) != new[part][field]
    ]
    return "; ".join(changes) or "not run yet"


def _share_left(key: str, store: Store, end: float) -> float:
    """Return the part of a run that is still to be done where it is to go on to the share `end`, between 0 and 1."""
    unfinished = store.checkpoints(key).newest()
    return end if unfinished is None else max(0.0, end - unfinished.step / max(unfinished.steps, 1))


def _failed_before(key: str, store: Store) -> str | None:
    reason = store.failure(key)
    return f"failed before: {reason.splitlines()[0]}" if reason else None
