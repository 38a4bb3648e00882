"""`repro plan`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_

import click

from repro.cli import options, requested
from repro.cli.machine import check_device, crew, time_of
from repro.cli.outlook import Outlook, outlooks
from repro.cli.pending import known_runs, pending_lines
from repro.cli.wrapped import wrapped
from repro.experiment.requirements import Requirements
from repro.experiment.spent import Outgoings, outgoings
from repro.planning.jobs import Plan
from repro.planning.schedule import Schedule
from repro.report.build.costs import total
from repro.report.wording.compared import what_is_judged
from repro.report.wording.costs import cost
from repro.report.wording.text import plural
from repro.store import Store

MOST_NAMED = 3
"""Of the claims for which nothing is trained; more are counted."""


@click.command("plan")
@requested.request_options
@options.seeds_option
@options.cells_option
@options.variants_options
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto (the CPU at smoke scale, else GPUs if there are any), cpu, or cuda: what a GPU takes.",
)
@click.option(
    "--workers", type=click.IntRange(min=1), metavar="N", help="Worker processes. Default: one a core."
)
@options.json_option
def command(
    asked: requested.Asked,
    seeds: int | None,
    cells: tuple[str, ...],
    controls: bool,
    sensitivity: bool,
    device: str,
    workers: int | None,
    as_json: bool,
) -> None:
    """Say what a check would run and what it would cost. Runs nothing, and imports no torch unless it downloads.

    \b
    Examples:
      repro plan
      repro plan --scale paper --paper resnet --data cifar10=data/cifar10.npz
      repro plan --scale reduced --device cpu --workers 8
      repro plan --scale reduced --device cuda
      repro plan --controls --sensitivity
      repro plan alexnet/relu-speed --json
    """
    request = asked.with_data(asked.request())
    store = request.store
    most = requested.most_seeds(request, seeds)
    kinds = options.kinds(controls, sensitivity)
    requested.say_idle(request, seeds, kinds)
    requested.say_unseen(request)
    kind, count = crew(check_device(device, request.scale), workers)
    schedule = Schedule(request.claims, request.scale, store, most, kinds, cells, device=kind)
    with store.still():
        looks = schedule.looks()
        required = [look.requirements for look in looks]
        plan = schedule.plan(looks)
        spent = total(reduce(or_, (outgoings(item, store) for item in required), Outgoings()))
    if as_json:
        resolves = [outlook.as_json() for item in required for outlook in outlooks(item, store)]
        options.print_json(_as_json(plan, count) | {"resolves": resolves, "spent": spent.model_dump()})
        return
    for line in _lines(required, store, plan, count, request.scale):
        click.echo(wrapped(line))
    if spent.runs:
        click.echo(wrapped(f"So far: {cost(spent)}"))


def _as_json(plan: Plan, workers: int) -> dict[str, object]:
    between = plan.wall_seconds_between(workers)
    return {
        "runs": [
            {
                "key": job.key,
                "title": job.title,
                "train": job.train and not job.kept,
                "read_anew": job.kept,
                "held": number >= len(plan.jobs),
                "readings": len(job.readings),
                "claims": list(job.claims),
                "reason": job.reason,
                "wall_seconds": None if job.unknown else round(job.wall_seconds, 2),
            }
            for number, job in enumerate((*plan.jobs, *plan.held))
        ],
        "stopped": dict(plan.stopped),
        "present": plan.present,
        "shared": plan.shared,
        "pending": dict(plan.pending),
        "awaited": [
            {
                "bring": what,
                "runs": outlay.runs,
                "at_most_follow": outlay.follow,
                "wall_seconds": None
                if outlay.seconds is None
                else round(outlay.wall_seconds(workers) or 0, 1),
                "basis": outlay.basis,
            }
            for what, outlay in plan.pending_outlays.items()
        ],
        "at_most_follow": plan.follow,
        "device": plan.device,
        "workers": workers,
        "runs_of_unknown_time": plan.unknown,
        "wall_seconds": round(plan.wall_seconds(workers), 1),
        "wall_seconds_between": between and [round(seconds, 1) for seconds in between],
        "basis": plan.basis,
    }


def _lines(required: list[Requirements], store: Store, plan: Plan, workers: int, scale: str) -> Iterator[str]:
    computed: list[str] = []
    elsewhere: list[str] = []
    for item in required:
        if item.recorded is not None:
            results = item.recorded.results
            there = plural(results.count, "run") if results.count else "no run yet"
            yield f"{item.claim.id}: {there} in {results.place}, recorded by {results.by}; nothing is trained"
            yield from (f"  {what_is_judged(item.file, name)}" for name in item.file.expect)
            yield from _resolved(outlooks(item, store) if results.count else ())
            continue
        if not item.needs:
            (computed if item.exact else elsewhere).append(item.claim.id)
            continue
        seeds = f", {len(item.seeds)} seeds a cell" if item.seeds else ""
        follow = f", at most {item.follow} more after tuning" if item.follow else ""
        yield f"{item.claim.id}: {len({need.spec.key for need in item.needs})} runs{seeds}{follow}"
        yield from _resolved(outlooks(item, store))
    if computed:
        yield f"{_named(computed)}: computed, without training"
    if elsewhere:
        yield f"{_named(elsewhere)}: not declared at {scale} scale"
    yield ""
    yield f"To train now: {plural(plan.runs, 'run')}{known_runs(plan)}."
    for claim, why in plan.stopped.items():
        yield f"Stopped: {claim}. {why}"
    for reason, count in Counter(job.reason for job in (*plan.jobs, *plan.held)).most_common():
        yield f"  {count} × {reason}"
    yield from pending_lines(plan, workers)
    if plan.jobs:
        but = ", pending runs left out" if plan.pending else ""
        yield f"Time{but}: {time_of(plan, workers, 'for readings only')}."
    elif not plan.pending:
        yield "Nothing to run."


def _named(claims: Sequence[str]) -> str:
    return ", ".join(claims) if len(claims) <= MOST_NAMED else f"{len(claims)} further claims"


def _resolved(found: Sequence[Outlook]) -> Iterator[str]:
    known = [outlook for outlook in found if outlook.found is not None]
    for outlook in known:
        yield f"  {outlook.expectation}: {outlook.says}"
    if found and not known:
        yield f"  {found[0].says}"
