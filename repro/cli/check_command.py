"""`repro check`: every stage in turn."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from repro.cli import options, requested
from repro.cli.grouped import GroupedCommand
from repro.cli.machine import (
    check_cluster,
    check_device,
    crew,
    executor_of,
    machine_options,
    parse_duration,
    time_of,
)
from repro.cli.pending import known_runs, pending_lines
from repro.cli.progress import ProgressView
from repro.cli.wrapped import wrapped
from repro.cli.writing import publish
from repro.errors import ReproError, mistake
from repro.execution import Executor, Outcome, Workload
from repro.experiment.spent import outgoings_of
from repro.experiment.user_data import forget
from repro.judging.preregistration import record, remember
from repro.judging.result_versions import record_version
from repro.planning.jobs import Job, Plan
from repro.planning.rough import CPU
from repro.planning.schedule import Schedule
from repro.report.build.costs import total
from repro.report.formats import USUAL, Format
from repro.report.model import Report
from repro.report.wording.costs import cost
from repro.report.wording.text import duration, plural
from repro.store import Store


@click.command("check", cls=GroupedCommand)
@requested.request_options
@options.seeds_option
@options.cells_option
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Report folder. Default: reports/SCALE."
)
@options.format_option
@options.templates_option
@machine_options
@click.option(
    "--budget",
    metavar="TIME",
    help="Spend up to this time (90s, 20m, 1.5h), on further looks too where a claim is open; start no run after it.",
)
@click.option(
    "--on",
    metavar="ray|ray://HOST:PORT",
    help="Run on the Ray cluster that this machine is part of, or on another one, instead of on this machine alone.",
)
@click.option(
    "--shard",
    "part",
    metavar="K/N",
    help="Run the K-th of N parts and judge nothing: for N machines on one store, which need no locks then.",
)
@options.variants_options
@click.option(
    "--fail-on",
    type=click.Choice(["refuted", "inconclusive", "pending"]),
    multiple=True,
    help="Exit with 1 where a claim ends so. May be given several times.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@options.verbose_option
@options.json_option
def command(
    asked: requested.Asked,
    seeds: int | None,
    cells: tuple[str, ...],
    out: Path | None,
    forms: tuple[Format, ...],
    templates: Path | None,
    device: str,
    workers: int | None,
    checkpoint_every: str | None,
    budget: str | None,
    on: str | None,
    part: str | None,
    controls: bool,
    sensitivity: bool,
    fail_on: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    as_json: bool,
) -> int:
    """Train what is missing, measure, judge, and write the report.

    Finished runs are kept in the store: a second check trains nothing, and an interrupted one goes on from the
    checkpoints of its runs. Ctrl-C lets them save where they are; a second Ctrl-C does not wait for it.

    With --shard K/N a part is run, always the same one, and nothing is judged. Once all N have ended, run them again:
    there may be more to do (runs at rates that were tuned, further looks). `repro report` says how all stands.

    Exit codes: 0 all that could be run was run and judged, whatever the verdicts; 1 a --fail-on condition is met;
    2 usage; 3 something failed to run; 130 interrupted.

    \b
    Examples:
      repro check
      repro check resnet/plain-nets-degrade --budget 20m
      repro check --paper resnet --fail-on refuted
      repro check --scale reduced --data cifar10=download
      repro check --controls --sensitivity
      repro check --claims my-claims --store /data/runs
      repro check --scale reduced --shard 1/4 --store /shared/runs
    """
    deadline = math.inf if budget is None else time.monotonic() + parse_duration(budget)
    every = None if checkpoint_every is None else parse_duration(checkpoint_every, "--checkpoint-every")
    check_cluster(on)
    shard = options.shard_of(part)
    if shard and (as_json or out or forms or fail_on or templates):
        what = "judges nothing and writes no report"
        hint = "leave out --out, --format, --templates, --fail-on and --json; `repro report` on the same store has them"
        raise mistake("--shard", what, part, hint)
    request = asked.request()
    device = check_device(device, request.scale)
    store = request.store
    most = requested.most_seeds(request, seeds, budget=budget is not None)
    _prepare(store, f"{replace(request, selection=()).command('report')} --out DIR")
    kinds = options.kinds(controls, sensitivity)
    requested.say_idle(request, seeds, kinds)
    if not quiet:
        requested.say_unseen(request)
    # How many a cluster has is known once it is reached.
    kind, count = crew(device, workers) if on is None else (CPU, 1)
    executor = executor_of(on, request.library.root, device, workers, every)
    with ExitStack() as state:
        # Where there is nothing to run, what was planned and what is reported are of one state of the store.
        state.enter_context(store.still())
        for last in (False, True):
            request = asked.with_data(request, quiet=quiet)
            schedule = Schedule(request.claims, request.scale, store, most, kinds, cells, shard, kind)
            plan, outcome = _carry_out(schedule, state, executor, count, deadline, quiet)
            if not outcome.changed:
                break
            # What the store remembered of the data was wrong: it is read again, and what rests on it is planned anew.
            forget(outcome.changed, store)
            _tell_changed(outcome, last)
        if budget is not None:
            _tell_budget(budget, deadline, schedule, plan, count)
        if shard:
            _tell_damage(store)
            return 3 if outcome.failures or outcome.changed else 0
        report = publish(request, schedule, out, forms or USUAL, templates, as_json, verbose)
    _tell_damage(store)
    return _exit_code(report, outcome, fail_on)


def _carry_out(
    schedule: Schedule, state: ExitStack, executor: Executor, workers: int, deadline: float, quiet: bool
) -> tuple[Plan, Outcome]:
    """Plan, record the claims' criteria, run what is missing, and remember which runs were there.

    `state` holds the store still, and is left before anything is run.
    """
    store, outcome = schedule.store, Outcome()
    # One shard of all writes the ledgers: they are no matter of runs.
    witness = schedule.shard is None or schedule.shard.number == 1
    with store.still():
        looks = schedule.looks()
        for look in looks if witness else ():
            record(look.requirements, store)
            record_version(look.requirements, store)
        plan = schedule.plan(looks)
    if not quiet:
        _announce(plan, workers)
    try:
        if plan.jobs:
            state.close()
            outcome = _run(schedule, plan, executor, workers, deadline, quiet)
    finally:
        with store.still():
            for look in (schedule.looks() if plan.jobs else looks) if witness else ():
                remember(look.requirements, store)
    return plan, outcome


def _run(
    schedule: Schedule, plan: Plan, executor: Executor, workers: int, deadline: float, quiet: bool
) -> Outcome:
    began = time.monotonic()
    asked = list(plan.jobs)
    with ProgressView(quiet, workers) as view:
        view.expect(plan)

        def following() -> Sequence[Job]:
            more = schedule.plan()
            view.expect(more)
            asked.extend(more.jobs)
            return more.jobs

        outcome = executor.execute(Workload(plan.jobs, schedule.store, view.show, following, deadline))
    if outcome.stopped:
        for title, where in sorted(outcome.interrupted.items() if not quiet else ()):
            click.echo(f"{title}: {where}; run the same command to go on", err=True)
        raise KeyboardInterrupt
    if not quiet:
        others = f"; {outcome.found} more {'was' if outcome.found == 1 else 'were'}"
        found = f"{others} carried out by another check meanwhile" if outcome.found else ""
        took = f"Ran {plural(outcome.done, 'job')} in {duration(time.monotonic() - began)}{found}."
        click.echo(wrapped(f"{took} {_spent(asked, schedule.store)}"), err=True)
    return outcome


def _spent(jobs: Sequence[Job], store: Store) -> str:
    """Say what jobs took beside what was predicted for them, by what the store noted of each."""
    trained = {job.key for job in jobs if job.train}
    read = {reading.key for job in jobs for reading in job.readings}
    return cost(total(outgoings_of(trained, read, store)))


def _prepare(store: Store, report: str) -> None:
    """Make the store ready to be written; where it cannot be, what it holds can still be reported."""
    try:
        store.prepare()
    except ReproError as error:
        if not (store.root / "runs").is_dir():
            raise
        hint = f"for a report of what it holds: {report}; to train, name a writable one with --store DIR"
        raise ReproError(*(replace(problem, hint=hint) for problem in error.problems)) from None


def _announce(plan: Plan, workers: int) -> None:
    """Say what is to be done, how long it may take, and which data is not at hand."""
    jobs = len(plan.jobs) + len(plan.held)
    if jobs:
        follow = f", at most {plan.follow} more runs after tuning" if plan.follow else ""
        measured = plural(jobs - plan.runs - plan.kept, "measurement")
        others = f"{plural(plan.runs, 'run')} to train and {measured} without training"
        others += f", {plural(plan.kept, 'output')} of a command to read anew" if plan.kept else ""
        about = time_of(plan, workers)
        click.echo(
            wrapped(f"{plural(jobs, 'job')}: {others}{follow}{known_runs(plan)}. Time: {about}."), err=True
        )
    for line in pending_lines(plan, workers):
        click.echo(wrapped(line), err=True)
    # What is new needs no explanation; what is run again does.
    reasons = Counter(job.reason for job in (*plan.jobs, *plan.held))
    for reason in sorted(reasons.keys() - {"not run yet", "not computed yet"}):
        click.echo(f"  {reasons[reason]} × {reason}", err=True)


def _tell_changed(outcome: Outcome, last: bool) -> None:
    """Say which data has changed since it was read, and what is done about it."""
    for source in sorted(outcome.changed, key=str):
        then = "it changes while it is read: run the command again" if last else "it is read again"
        click.echo(f"{source.path} has changed since it was read: {then}.", err=True)


def _tell_budget(budget: str, deadline: float, schedule: Schedule, plan: Plan, workers: int) -> None:
    """Say what a budget has left undone, or that it was of no use."""
    if time.monotonic() > deadline:
        _tell_rest(schedule.plan(), budget, workers)
    elif not (plan.jobs or plan.held):
        click.echo("--budget changes nothing here: there is nothing to run.", err=True)


def _tell_rest(rest: Plan, budget: str, workers: int) -> None:
    """Say what a budget has left undone."""
    jobs = len(rest.jobs) + len(rest.held)
    if jobs:
        follow = f", and at most {rest.follow} more runs after tuning" if rest.follow else ""
        about = time_of(rest, workers)
        left = f"{plural(jobs, 'job')} left, {plural(rest.runs, 'run')} to train among them{follow}"
        click.echo(
            f"The budget of {budget} is spent: {left}, {about}. The same command goes on with them.", err=True
        )


def _tell_damage(store: Store) -> None:
    for entry in sorted(set(store.damaged)):
        click.echo(f"Damaged in the store, not used: {entry}", err=True)
    if store.damaged:
        click.echo("`repro runs verify` says what is to be done about it.", err=True)


def _exit_code(report: Report, outcome: Outcome, fail_on: tuple[str, ...]) -> int:
    verdicts = [claim.verdict for paper in report.papers for claim in paper.claims]
    if outcome.failures or outcome.changed or any(verdict.status == "failed" for verdict in verdicts):
        return 3
    ended = {verdict.result or verdict.status for verdict in verdicts}
    return 1 if ended & set(fail_on) else 0
