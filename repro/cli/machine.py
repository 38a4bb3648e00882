"""What this machine offers, and the options that name it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from repro.errors import mistake
from repro.planning.costs import GUESS, GUESS_RANGE
from repro.planning.rough import CPU, GPU
from repro.report.wording.text import duration, plural
from repro.startup import cores

if TYPE_CHECKING:
    from repro.execution import Executor
    from repro.planning.jobs import Plan

F = TypeVar("F", bound=Callable[..., Any])

NETS_ON_A_GPU = 16
"""Trained side by side, unless set otherwise; fewer where memory is short."""


def machine_options(function: F) -> F:
    """Add `--device`, `--workers N` and `--checkpoint-every TIME`."""
    text = "Save the state of each run so often (30s, 5m). Default: every 20 s, or as seldom as costs 1% of the time."
    function = click.option("--checkpoint-every", metavar="TIME", help=text)(function)
    text = "Runs at a time. Default: one a core, each in a process; 16 side by side on each GPU (at most 32)."
    function = click.option("--workers", type=click.IntRange(min=1), metavar="N", help=text)(function)
    text = "auto (the CPU at smoke scale, else GPUs if there are any), cpu, cuda (all GPUs), cuda:0,3 (some) or mps."
    return click.option("--device", default="auto", show_default=True, help=text)(function)


def default_workers(device: str = "cpu", wanted: int | None = None) -> int:
    """Return the worker processes: as many as wanted, or one a core; one for each GPU that is named."""
    if device not in ("auto", "cpu"):
        return device.count(",") + 1
    return cores.available() if wanted is None else wanted


def crew(device: str, wanted: int | None = None) -> tuple[str, int]:
    """Return the kind of device that is likely to carry runs out, and how many workers, or GPUs, that is.

    "auto" is what a worker finds; beforehand, without torch, a driver of NVIDIA's is taken for a GPU.
    """
    there = _gpus()
    if device.startswith(GPU) or (device == "auto" and there):
        named = device.count(",") + 1 if ":" in device else max(1, there)
        return GPU, named
    return (CPU if device == "auto" else device.partition(":")[0]), default_workers(device, wanted)


def _gpus() -> int:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    there = sum(1 for _ in Path("/proc/driver/nvidia/gpus").glob("*"))
    return there if visible is None else min(there, len([name for name in visible.split(",") if name]))


def check_device(name: str, scale: str) -> str:
    """Return a device name that torch may know. "auto" is the CPU at smoke scale, where a GPU would only wait.

    Raises:
        ReproError: anything else.
    """
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+(,\d+)*)?|xpu(:\d+)?", name):
        raise mistake("--device", "unknown device", name, "choose auto, cpu, cuda, cuda:1, cuda:0,3 or mps")
    return "cpu" if name == "auto" and scale in ("exact", "smoke") else name


def check_cluster(name: str | None) -> None:
    """Check what `--on` names.

    Raises:
        ReproError: it is no cluster.
    """
    if name is not None and not re.fullmatch(r"ray|ray://[^/\s]+", name):
        raise mistake("--on", "is no cluster", name, "write ray, or ray://HOST:10001")


def executor_of(
    cluster: str | None,
    claims_folder: Path,
    device: str,
    workers: int | None,
    checkpoint_seconds: float | None,
) -> Executor:
    """Return who carries out jobs: a cluster if one is named, else this machine."""
    from repro.execution import ThisMachine

    nets = workers or NETS_ON_A_GPU
    if cluster is not None:
        from repro.execution.ray_cluster import RayCluster

        return RayCluster(cluster, claims_folder, device, nets, checkpoint_seconds)
    return ThisMachine(claims_folder, device, default_workers(device, workers), nets, checkpoint_seconds)


def time_of(plan: Plan, workers: int, basis: str | None = None) -> str:
    """Say how long a plan may take, and of how many runs nobody knows.

    `basis` is said where the plan has none.
    """
    told = []
    seconds, between = plan.wall_seconds(workers), plan.wall_seconds_between(workers)
    if seconds or not plan.unknown:
        told.append(expected_time(seconds, workers, plan.basis or basis or "", between, plan.device))
    if plan.unknown:
        runs = f"{plural(plan.unknown, 'run')} of a command that was never run"
        what = f"not known of {runs}" if told else f"not known, of {runs}"
        told.append(f"{what}: the first tells, unless `takes` in [experiment.process] does")
    return "; ".join(told)


def expected_time(
    seconds: float,
    workers: int,
    basis: str,
    between: tuple[float, float] | None = None,
    device: str = CPU,
) -> str:
    """Say how long something may take, and what that rests on; a guess is called one, with its range.

    `between` is given where it is open how far runs go; `device` is the kind that the workers compute on.
    """
    on = f"on {plural(workers, 'GPU' if device == GPU else 'worker')}"
    about = duration(seconds, roughly=True)
    if GUESS in basis:
        least, most = (duration(seconds * factor, roughly=True) for factor in GUESS_RANGE)
        return f"a guess of {about} {on}, which may as well be {least} or {most} ({basis})"
    rests = f", {basis}" if basis else ""
    if between is not None:
        low, high = (duration(end, roughly=True) for end in between)
        why = "runs end at a target, or when they can no longer win"
        span = f", between {low} and {high} ({why})" if low != high else ""
        return f"about {about} {on}{span}{rests}"
    return f"at most about {about} {on}{rests}"


def parse_duration(text: str, option: str = "--budget") -> float:
    """Return seconds of "90s", "20m", "1.5h" or "2d".

    Raises:
        ReproError: anything else; a number without a unit, too.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if match is None:
        raise mistake(option, "is not a duration", text, "write 90s, 20m, 1.5h or 2d")
    if not match[2]:
        raise mistake(option, "has no unit", text, f"write {match[1]}s, {match[1]}m or {match[1]}h")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
