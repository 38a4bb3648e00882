"""`repro submit`: the runs of a check, handed over to a batch system."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import click

from repro.cli import options, requested
from repro.cli.grouped import GroupedCommand
from repro.cli.machine import check_device, machine_options, parse_duration, time_of
from repro.cli.pending import pending_lines
from repro.cli.wrapped import wrapped
from repro.errors import mistake
from repro.execution import slurm
from repro.experiment.request import Request, typed
from repro.judging.preregistration import record
from repro.planning.jobs import Plan
from repro.planning.rough import CPU, GPU
from repro.planning.schedule import Schedule
from repro.planning.shards import Shard
from repro.report.wording.text import plural
from repro.startup import child

MOST_SHARDS = 8
"""Unless set otherwise: few fat jobs, as batch systems like them."""


@click.command("submit", cls=GroupedCommand)
@requested.request_options
@options.seeds_option
@options.cells_option
@options.variants_options
@click.option(
    "--slurm",
    "given",
    metavar="NAME=VALUE,...",
    multiple=True,
    required=True,
    help="Options of sbatch, by their long names: partition=gpu,time=4h,gpus=1. A time limit must be among them.",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"Jobs of each stage. Default: one a run to be trained, at most {MOST_SHARDS}.",
)
@machine_options
@options.json_option
def command(
    asked: requested.Asked,
    seeds: int | None,
    cells: tuple[str, ...],
    controls: bool,
    sensitivity: bool,
    given: tuple[str, ...],
    shards: int | None,
    device: str,
    workers: int | None,
    checkpoint_every: str | None,
    as_json: bool,
) -> int:
    """Hand the runs of a check over to Slurm, and return.

    Each job checks one shard of the runs on the store, which all nodes must see. What rests on results of others (runs
    at rates that were tuned, further looks) is a later stage, which waits for the one before. A job that meets its
    time limit or is preempted saves and is queued again. `repro check`, `report` and `runs list` on the same store say
    at any time how all stands; submitting again goes on with what is missing.

    \b
    Examples:
      repro submit resnet --scale paper --slurm partition=gpu,time=4h,gpus=1 --store /shared/runs
      repro submit --scale reduced --slurm time=2h,cpus-per-task=16 --shards 4
    """
    if checkpoint_every is not None:
        parse_duration(checkpoint_every, "--checkpoint-every")
    sbatch = sbatch_options(given)
    request = asked.request()
    check_device(device, request.scale)
    request.store.prepare()
    most = requested.most_seeds(request, seeds)
    kinds = options.kinds(controls, sensitivity)
    requested.say_idle(request, seeds, kinds)
    requested.say_unseen(request)
    # Here, so that no two jobs write down what they have read of it.
    request = asked.with_data(request)
    # What the nodes have is not known here, unless it was said.
    kind = GPU if device.startswith(GPU) else CPU
    schedule = Schedule(request.claims, request.scale, request.store, most, kinds, cells, device=kind)
    looks = schedule.looks()
    for look in looks:
        record(look.requirements, request.store)
    plan = schedule.plan(looks)
    for line in pending_lines(plan, 1):
        click.echo(wrapped(line), err=True)
    if not (plan.jobs or plan.held):
        click.echo("There is nothing to run.", err=True)
        return 0
    count = shards or max(1, min(MOST_SHARDS, plan.runs + plan.follow))
    further = [f"--cells={pattern}" for pattern in cells] + [f"--seeds={seeds}"] * (seeds is not None)
    further += ["--controls"] * controls + ["--sensitivity"] * sensitivity + [f"--device={device}"]
    further += [f"--workers={workers}"] * (workers is not None)
    further += [f"--checkpoint-every={checkpoint_every}"] * (checkpoint_every is not None)
    stage = [check_of(Shard(number, count), asked, request, further) for number in range(1, count + 1)]
    folder = request.store.root.resolve() / "slurm" / time.strftime("%Y-%m-%dT%H%M%S")
    jobs = slurm.submit([stage] * schedule.stages(), folder, sbatch)
    if as_json:
        options.print_json({"jobs": jobs, "shards": count, "logs": str(folder)})
    else:
        _tell(plan, jobs, count, folder, request)
    return 0


def sbatch_options(given: Sequence[str]) -> dict[str, str]:
    """Return the options of sbatch that "partition=gpu,time=4h" names, the time limit in minutes.

    Raises:
        ReproError: what is no NAME=VALUE, is named twice or is not to be had, and no time limit.
    """
    found: dict[str, str] = {}
    for text in (part.strip() for one in given for part in one.split(",")):
        name, equals, value = text.partition("=")
        name = name.lstrip("-").replace("_", "-")
        if not name or not equals or not value:
            raise mistake("--slurm", "is no NAME=VALUE", text, "such as partition=gpu,time=4h,gpus=1")
        if name in found:
            raise mistake("--slurm", "is named twice", name, "name it once")
        if name in ("array", "dependency", "signal", "nodes", "ntasks", "requeue", "no-requeue"):
            raise mistake("--slurm", "is set by `repro submit` itself", name, "leave it out")
        found[name] = value
    if "time" not in found:
        hint = "add time=4h: jobs save and are queued again when they meet it"
        raise mistake("--slurm", "no time limit is named", ",".join(given), hint)
    minutes = math.ceil(parse_duration(found["time"], "--slurm time") / 60)
    return {**found, "time": str(max(1, minutes))}


def check_of(shard: Shard, asked: requested.Asked, request: Request, further: Sequence[str]) -> list[str]:
    """Return the command that checks a shard, to be started in any working folder."""
    claims = [] if asked.claims_dir is None else ["--claims", str(asked.claims_dir.resolve())]
    if asked.claims_dir is None and any(name.endswith(".toml") for name in asked.claim_ids):
        claims = ["--claims", str(request.library.root.resolve())]
    store = ["--store", str(request.store.root.resolve())]
    what = [*request.selection, "--scale", request.scale, *claims, *store, *further]
    return child.command("repro", "check", *what, "--shard", str(shard))


def _tell(plan: Plan, jobs: Sequence[str], shards: int, folder: Path, request: Request) -> None:
    follow = f", at most {plan.follow} more after tuning" if plan.follow else ""
    click.echo(wrapped(f"{plural(plan.runs, 'run')} to train{follow}. Time: {time_of(plan, 1)}."))
    for number, job in enumerate(jobs, start=1):
        after = "" if number == 1 else ", with what rests on the results before, once those have ended"
        click.echo(f"Stage {number}: job {job}, {plural(shards, 'shard')}{after}")
    click.echo(f"Logs: {folder}")
    listed = " ".join(map(typed, ["repro", "runs", "list", *request.places]))
    click.echo(f"How it stands, at any time: {request.command('report')}; {listed}")
    click.echo(f"To end it: scancel {' '.join(jobs)}")
