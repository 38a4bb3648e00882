"""What is missing before a comparison, or a claim, can be judged: runs or readings, or that they failed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from repro.claims import Expectation
from repro.claims.vocabulary import Moment
from repro.experiment.estimands import Estimand, rests_on
from repro.experiment.recorded import RecordedValues
from repro.experiment.requirements import LEAST_SEEDS, Need, Requirements
from repro.judging.frame import Collected
from repro.recorded.seeds import excuse
from repro.spec import RunSpec


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
    required: Requirements, expectation: Expectation, part: Estimand, collected: Collected
) -> Missing | None:
    """Return what a comparison waits for, and None where all that it rests on is there.

    Cells that no run is required of rest on what the frame has of them.
    """
    metric = required.file.metrics[expectation.metric]
    if metric.kind == "awaited":
        return Missing(metric.needs or "")
    if required.recorded is not None:
        return _not_recorded(required, required.recorded, expectation, part)
    # A comparison at no one moment is of all of them.
    moments = [at for at in metric.read_at if part.moment in (None, at) or at == metric.since]
    absent: list[str] = []
    for address in rests_on(required.file, expectation, part):
        runs = _runs_of(required, address)
        few = _few_nets(required, address)
        if few is not None and not any(key in collected.absent for key in runs):
            return few
        if not runs and not (collected.frame["cell"] == address).any():
            return Missing(f"no cell {address} at this scale")
        needs = required.measured.get(address, ())
        taken = [key for need in needs for key in _readings(need, expectation.metric, moments)]
        absent += [key for key in [*runs, *taken] if key in collected.absent]
    reasons = [reason for key in absent if (reason := collected.absent[key])]
    if reasons:
        failures = f"{_runs_or_readings(len(reasons))} failed: {reasons[0].splitlines()[0]}"
        return Missing(failures, frozenset(absent), failed=True)
    return Missing(not_there(len(absent)), frozenset(absent)) if absent else None


def _runs_of(required: Requirements, address: str) -> list[str]:
    """Return the keys of a cell's runs: of those that its tuning waits for, and of those that are measured."""
    tuning = required.tuning.get(address)
    tried = tuning.missing if tuning and tuning.state == "pending" else ()
    return [leg.spec.key for leg in tried] + [need.spec.key for need in required.measured.get(address, ())]


def _few_nets(required: Requirements, address: str) -> Missing | None:
    """Say that a cell has fewer nets that were trained elsewhere than a look takes; None where it has enough."""
    weights = required.file.weights
    there = len(required.measured.get(address, ()))
    if weights is None or there >= len(required.seeds):
        return None
    nets = "1 net" if there == 1 else f"{there} nets"
    return Missing(
        f"{nets} of {address}, trained elsewhere by {weights.by} ({weights.selected}), stand beside the paper's "
        f"numbers and are not judged: a look takes {len(required.seeds)}"
        + (f" (seeds = {{ looks = [{there}] }} in [experiment] takes these)" if there >= LEAST_SEEDS else "")
    )


def _not_recorded(
    required: Requirements, recorded: RecordedValues, expectation: Expectation, part: Estimand
) -> Missing | None:
    """Return what recorded results lack of what a comparison rests on."""
    results = recorded.results
    if not results.count:
        return Missing(
            f"{results.place} is not there yet" if not results.digest else f"{results.place} has no run"
        )
    cells = rests_on(required.file, expectation, part)
    wanting = [results.seeds.wanting[address] for address in cells if address in results.seeds.wanting]
    if wanting:
        line = excuse(results.seeds, cells)
        way_out = f"; where that cannot be mended, {line} in [results] says so" if line else ""
        return Missing("; ".join(wanting) + way_out)
    seeds = {address: [run.seed for run in results.runs[address]] for address in part.weights}
    if expectation.paired and len(set(map(tuple, seeds.values()))) > 1:
        return Missing("a comparison that is paired by seed needs the same seeds in each cell")
    return None


def _readings(need: Need, metric: str, moments: Sequence[Moment]) -> Iterator[str]:
    """Yield the keys of what a metric takes from a run at these moments."""
    for moment in moments:
        reading = need.readings.get((metric, moment))
        if reading is not None:
            yield reading.key


@dataclass(frozen=True)
class MissingRuns:
    """The runs that a claim needs and that are not there.

    Attributes:
        keys: of those that have not failed.
        follow: at most so many more follow them after tuning.
        unavailable: why runs of one of its nets cannot be made here; None where they can.
        bring: the data that somebody has to bring first, and how; and what nobody can measure here.
    """

    keys: frozenset[str]
    follow: int
    unavailable: str | None
    bring: tuple[str, ...]


def missing_runs(required: Requirements, collected: Collected) -> MissingRuns:
    """Return the runs that a claim still needs, all of them together as a plan counts them."""
    names, absent = required.claim.names, collected.absent
    keys = {need.spec.key for need in required.needs if need.spec.key in absent and not absent[need.spec.key]}
    trained = [need.spec for need in required.needs if isinstance(need.spec, RunSpec)]
    models = dict.fromkeys(spec.model.name for spec in trained)
    data = {spec.dataset.identity for spec in trained if spec.key in keys}
    bring = {names.known(one).missing for one in data if one[0] not in names.absent}
    if required.scale == "paper":
        bring |= {metric.needs for metric in required.file.metrics.values()}
    return MissingRuns(
        frozenset(keys),
        required.follow,
        next(filter(None, map(names.unavailable, models)), None),
        tuple(sorted(filter(None, bring))),
    )


def not_there(count: int) -> str:
    """Say how many runs or readings are not there."""
    return f"{_runs_or_readings(count)} {'is' if count == 1 else 'are'} not there yet"


def _runs_or_readings(count: int) -> str:
    return "1 run or reading" if count == 1 else f"{count} runs or readings"
