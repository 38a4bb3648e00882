"""The plan: which runs and readings are needed now, who needs them, why, and what they will cost. Pure.

Tuning depends on earlier runs, and a claim's runs wait until its nets were held against the paper's, so `check`
plans again until nothing is needed; `follow` and `held` say what may come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from repro.command_spec import AnyRun, CommandSpec
from repro.experiment.requirements import Need, Requirements
from repro.experiment.tuning import EXTENSIONS
from repro.experiment.variants import claim_of
from repro.planning import reach
from repro.planning.costs import Costs, Outlay
from repro.planning.jobs import Job, Plan
from repro.planning.reading_costs import AT_LEAST_SECONDS
from repro.planning.reasons import failed_before, read_anew, reason_of, unfinished
from repro.planning.rough import CPU
from repro.planning.span import Span, exactly
from repro.planning.wanted import WantedRun, merged
from repro.spec import ReadingSpec, RunSpec
from repro.store import RunRecord, Store, lineage


def make_plan(required: Sequence[Requirements], store: Store, device: str = CPU) -> Plan:
    """Merge what the claims need, and keep what is missing; `device` is the kind that predicted times are of."""
    stopped = {r.claim.id: r.net_check.barred or "" for r in required if r.net_check.state == "stopped"}
    going = [r for r in required if r.claim.id not in stopped]
    runs = merged(going, store)
    absent = [run for run in runs if run.record is None]
    measured = [record for record in map(store.run, store.run_keys()) if record is not None] if absent else []
    costs = _costs(runs, measured, device)
    pending = {run.spec.key: run.bring for run in runs if run.bring is not None}
    jobs = _in_order([*_jobs(runs, store, costs, measured), *_jobs_without_runs(required, store)], required)
    ready, held = _ready_and_held(jobs, going)
    now = {job.key: _span(job) for job in jobs if not job.unknown}
    follow, rest, chain = _following(going, pending, None, now, costs)
    return Plan(
        jobs=ready,
        held=held,
        stopped=stopped,
        pending=pending,
        present=len(runs) - len(absent),
        shared=sum(len(set(map(claim_of, run.claims))) > 1 for run in runs),
        follow=follow,
        follow_seconds=rest.likely,
        follow_between=(rest.low, rest.high),
        chain=chain,
        basis=costs.basis(job.run for job in jobs if job.run and job.train and not job.kept),
        pending_outlays=_pending_outlays(going, absent, pending, store, costs),
        device=device,
        unknown_follow=_unknown_follow(going, costs),
    )


def _costs(runs: Sequence[WantedRun], measured: Sequence[RunRecord], device: str) -> Costs:
    """Return what the runs are predicted to cost, by those that were measured and by what claims declare."""
    data = {run.spec.dataset.identity: run.data for run in runs if isinstance(run.spec, RunSpec)}
    declared = {run.spec.key: run.conduct.takes_seconds for run in runs if run.conduct is not None}
    known = {key: seconds for key, seconds in declared.items() if seconds is not None}
    return Costs(measured, data, device, known)


def _unknown_follow(going: Sequence[Requirements], costs: Costs) -> int:
    """Return how many of the runs that may follow are of cells whose times nobody knows."""
    unknown = [r for r in going if any(_is_unknown(need.spec, costs) for need in _open_cells(r))]
    return sum(one.follow for one in unknown)


def _jobs(
    runs: Sequence[WantedRun], store: Store, costs: Costs, measured: Sequence[RunRecord]
) -> Iterator[Job]:
    """Yield the jobs that train a run, or only take missing readings from it, where its data is at hand."""
    relatives = {lineage(record.spec): record for record in measured}
    for run in runs:
        if not run.to_do or run.bring is not None:
            continue
        train = run.record is None
        unknown = train and _is_unknown(run.spec, costs)
        kept = train and isinstance(run.spec, CommandSpec) and store.output(run.spec).serves(run.spec)
        reason = "a probe has not been read from its kept weights yet"
        between = None
        of_readings = tuple(map(costs.reading_seconds, run.missing_readings))
        seconds = sum(of_readings)
        if kept:
            reason = read_anew(run.spec.key, store)
            seconds += AT_LEAST_SECONDS
        elif train:
            reason = unfinished(run.spec, run.conduct, store) or reason_of(run.spec, store, relatives)
            span = _seconds(run, store, costs)
            between = (seconds + span.low, seconds + span.high) if span.low < span.high else None
            seconds += span.likely
        yield Job(
            run.spec,
            train,
            run.missing_readings,
            tuple(sorted(run.claims)),
            reason,
            seconds,
            run.data.source,
            run.until if train else None,
            between,
            run.conduct,
            kept,
            unknown and not kept,
            of_readings,
        )


def _jobs_without_runs(required: Sequence[Requirements], store: Store) -> Iterator[Job]:
    """Yield a job for each number that is computed without training and is not there."""
    readings: dict[str, ReadingSpec] = {}
    claims: dict[str, set[str]] = {}
    for item in required:
        sizes = [row.reading for row in item.net_check.rows if row.reading is not None]
        for reading in [*sizes, *(need.reading for need in item.exact)]:
            readings.setdefault(reading.key, reading)
            claims.setdefault(reading.key, set()).add(item.claim.id)
    for key, reading in readings.items():
        if store.reading(key) is None:
            reason = failed_before(key, store) or "not computed yet"
            names, seconds = tuple(sorted(claims[key])), AT_LEAST_SECONDS
            yield Job(None, False, (reading,), names, reason, seconds, reading_seconds=(seconds,))


def _in_order(jobs: Sequence[Job], required: Sequence[Requirements]) -> list[Job]:
    """Put what runs wait for first: net checks, then tuning; then the longest, so that none is left for the end."""
    checking = {row.reading.key for item in required for row in item.net_check.rows if row.reading}
    tuning = {need.spec.key for item in required for need in item.needs if need.purpose == "tune"}
    return sorted(
        jobs, key=lambda job: (job.key not in checking, job.key not in tuning, -job.wall_seconds, job.key)
    )


def _ready_and_held(
    jobs: Sequence[Job], going: Sequence[Requirements]
) -> tuple[tuple[Job, ...], tuple[Job, ...]]:
    """Part the jobs: held are those whose run no claim needs whose nets are known to be the paper's."""
    passed = {need.spec.key for item in going if item.net_check.state == "passed" for need in item.needs}
    ready = tuple(job for job in jobs if job.run is None or job.key in passed)
    return ready, tuple(job for job in jobs if job.run is not None and job.key not in passed)


def _waits_for(required: Requirements, pending: Mapping[str, str]) -> str | None:
    """Return which data a claim waits for; None where all its data is at hand."""
    return next((pending[need.spec.key] for need in required.needs if need.spec.key in pending), None)


def _pending_outlays(
    going: Sequence[Requirements],
    absent: Sequence[WantedRun],
    pending: Mapping[str, str],
    store: Store,
    costs: Costs,
) -> dict[str, Outlay]:
    """Return what to bring → what the runs that wait for it would cost."""
    outlays = {}
    for bring in dict.fromkeys(pending.values()):
        waiting = [run for run in absent if pending.get(run.spec.key) == bring]
        seconds = {run.spec.key: _seconds(run, store, costs) for run in waiting}
        following = _following(going, pending, bring, seconds, costs)
        outlays[bring] = costs.outlay([run.spec for run in waiting], [*seconds.values()], *following)
    return outlays


def _following(
    going: Sequence[Requirements],
    pending: Mapping[str, str],
    bring: str | None,
    now: Mapping[str, Span],
    costs: Costs,
) -> tuple[int, Span, Span]:
    """Return how many runs may follow those of the claims that wait for `bring`, their wall seconds, and a chain's.

    None is of claims that wait for nothing: nothing can follow runs that cannot be carried out. The chain is the
    longest row of runs of which each waits for the one before; `now` is run key → seconds of those that may begin.
    """
    claims = [item for item in going if item.follow and _waits_for(item, pending) == bring]
    seconds, chain = Span(), Span()
    for item in claims:
        for need in _open_cells(item):
            tuned, measured = _cell_follows(item, need, costs)
            seconds += tuned + measured * len(item.seeds)
            first = now.get(need.spec.key, Span())
            chain = chain.or_longer(first + (tuned * _in_a_row(item, need)) + measured)
    return sum(item.follow for item in claims), seconds, chain


def _in_a_row(required: Requirements, need: Need) -> float:
    """Return the share of a cell's tuning runs that wait for one another: of those that are raced, see racing.py."""
    assert required.file.tune is not None
    criterion = required.file.metrics.get(required.file.tune.by)
    raced = criterion is not None and criterion.kind == "first_reach"
    return 1 / len(set(required.tuning[need.cell.address].decays)) if raced else 0.0


def _open_cells(required: Requirements) -> list[Need]:
    """Return a tuning run of each cell whose rate is not chosen yet."""
    first = {need.cell.address: need for need in reversed(required.needs) if need.purpose == "tune"}
    return [first[address] for address, state in required.tuning.items() if state.chosen is None]


def _is_unknown(spec: AnyRun, costs: Costs) -> bool:
    """Tell whether nobody can say how long a run takes: of a command that was never run."""
    return isinstance(spec, CommandSpec) and costs.price(spec).unknown


def _cell_follows(required: Requirements, need: Need, costs: Costs) -> tuple[Span, Span]:
    """Return the wall seconds of a cell's tuning runs that follow, its grid's extensions too, and of a measured one."""
    assert required.file.tune is not None
    state, seeds = required.tuning[need.cell.address], len(required.file.tune.seeds)
    if _is_unknown(need.spec, costs):
        return Span(), Span()
    if isinstance(need.spec, CommandSpec):
        whole, few = costs.wall_seconds(need.spec), max(0, state.at_most - 2 * EXTENSIONS * seeds)
        return Span(few, min(state.at_most, few + seeds), state.at_most) * whole, exactly(whole)
    budget = costs.epochs(need.spec)
    tuned, measured = (
        reach.epochs(required, need.cell, purpose, need.spec.recipe, budget)
        for purpose in ("tune", "measure")
    )
    # That a grid is extended once is likely, that it is four times is possible.
    grid = max(0, state.at_most - 2 * EXTENSIONS * seeds)
    likely = min(state.at_most, grid + seeds)
    epochs = Span(grid * tuned.low, likely * tuned.likely, state.at_most * tuned.high)
    an_epoch = costs.wall_seconds(need.spec) / (budget or 1.0)
    return epochs * an_epoch, measured * an_epoch


def _span(job: Job) -> Span:
    low, high = job.between or (job.wall_seconds, job.wall_seconds)
    return Span(low, job.wall_seconds, high)


def _seconds(run: WantedRun, store: Store, costs: Costs) -> Span:
    """Return what the rest of a run takes on one worker, as far as it is needed."""
    assert run.needed is not None
    item, need = run.needed
    unfinished = store.checkpoints(run.spec.key).newest()
    share = 0.0 if unfinished is None else unfinished.step / max(unfinished.steps, 1)
    whole = costs.wall_seconds(run.spec)
    if isinstance(run.spec, CommandSpec):
        # A target may be reached at any time.
        span = exactly(whole) if run.until is None else Span(0.1, 0.5, 1.0) * whole
        return span.less(share * whole) if share < 1 else span
    budget = costs.epochs(run.spec)
    epochs = reach.epochs(
        item, need.cell, need.purpose, run.spec.recipe, budget, ended=costs.ended_at(run.spec)
    )
    if run.until is not None and run.until.epochs is not None:
        epochs = epochs.up_to(run.until.epochs)
    return (epochs * (whole / budget) if budget else exactly(whole)).less(share * whole)
