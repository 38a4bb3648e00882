"""Training speed: a textbook loop, a competent one and ours, in turns, on the same work.

Every arm trains the same nets with the same batch size, augmentation and schedule, and evaluates the training and
the test set after each epoch. On a CPU ours is one process a core, one thread each, as `repro check` runs; the others
use as many threads as torch chooses. Speeds are those after the first epoch, when everything is warm; the whole time,
compilation included, stands beside.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.documents import Document
from bench.work import BATCH, CPU, CUDA, ITERATIONS, Work, quick

ARMS = ("textbook", "competent", "ours")


@dataclass(frozen=True)
class Trained:
    """What an arm did.

    Attributes:
        nets: trained at the same time.
        steps: of each net.
        steady_images_per_second: of all nets together, from the end of the first epoch on.
        wall_seconds: in all, from the word to begin.
        first_epoch_seconds: until the end of the first epoch, compilation and capture included.
        paper_seconds: that ResNet's 64,000 iterations would take, or took.
        peak_bytes: of GPU memory.
    """

    nets: int
    steps: int
    steady_images_per_second: float
    wall_seconds: float
    first_epoch_seconds: float
    paper_seconds: float
    peak_bytes: int | None


def measure(
    document: Document,
    device: str,
    rounds: int,
    *,
    only: str = "",
    smallest: bool = False,
    compiles: bool = False,
    full: bool = False,
) -> None:
    """Measure every work of a device; a work's rows are written as soon as they are there.

    Args:
        document: where the rows go.
        device: "cpu" or "cuda".
        rounds: how often each arm is carried out, in turns.
        only: words that a work's name must hold.
        smallest: a few steps only, to see that everything runs.
        compiles: let the competent arm compile on the CPU, too (about a minute).
        full: all 64,000 iterations instead of an extrapolation, by our arm alone.
    """
    cuda = device.startswith("cuda")
    for work in CUDA if cuda else CPU:
        if only.lower() not in work.name.lower():
            continue
        alone = len(work.nets) * work.seeds == 1
        arms = [arm for arm in ARMS if arm == "ours" or (alone and not full)]
        taken: dict[str, list[Trained]] = {arm: [] for arm in arms}
        for _ in range(rounds):
            for arm in arms:
                options = ["--quick"] if smallest else ["--steps", str(ITERATIONS)] if full else []
                if arm == "competent" and (cuda or compiles):
                    options.append("--compile")
                if arm == "ours":
                    options += ["--precision", "bf16" if cuda else "fp32"]
                taken[arm].append(carry_out(arm, work, device, options))
        document.add(rows(quick(work) if smallest else work, taken, cuda, compiles, full))


def carry_out(arm: str, work: Work, device: str, options: Sequence[str]) -> Trained:
    """Carry out one arm: one process, or on a CPU one a core for ours, that begin together.

    Raises:
        RuntimeError: a process failed; its complaint is on standard error.
    """
    count = _cores() if arm == "ours" and device == "cpu" else 1
    command = [sys.executable, "-m", "bench.arm", arm, work.name, "--device", device, *options]
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(count)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        texts = [process.communicate()[0] for process in processes]
    if any(process.returncode for process in processes):
        raise RuntimeError(f"{arm} failed on {work.name}")
    return _trained([json.loads(text) for text in texts])


def _trained(results: Sequence[dict[str, Any]]) -> Trained:
    nets = [marks for result in results for marks in result["marks"]]
    steps, wall = nets[0][-1][0], max(marks[-1][1] for marks in nets)
    rates = [_steps_per_second(marks) for marks in nets]
    peaks = [result["peak_bytes"] for result in results if result["peak_bytes"] is not None]
    return Trained(
        nets=len(nets),
        steps=steps,
        steady_images_per_second=BATCH * sum(rates),
        wall_seconds=wall,
        first_epoch_seconds=max(marks[0][1] for marks in nets),
        paper_seconds=max(
            marks[-1][1] + (ITERATIONS - marks[-1][0]) / rate for marks, rate in zip(nets, rates, strict=True)
        ),
        peak_bytes=max(peaks) if peaks else None,
    )


def _steps_per_second(marks: Sequence[tuple[int, float]]) -> float:
    (first, since), (last, until) = marks[0], marks[-1]
    # A single mark: nothing was warm before.
    return (last - first) / (until - since) if last > first else last / until


def rows(
    work: Work, taken: dict[str, list[Trained]], cuda: bool, compiles: bool, full: bool
) -> list[dict[str, Any]]:
    """Return a row for each arm: medians and ranges, and the ratio to the textbook of the same round."""
    found = []
    for arm, results in taken.items():
        speeds = [one.steady_images_per_second for one in results]
        row: dict[str, Any] = {
            "row": work.name,
            "arm": arm,
            "does": _does(arm, cuda, compiles),
            "rounds": len(results),
            "nets": results[0].nets,
            "steps": results[0].steps,
            "images_per_second": median(speeds),
            "images_per_second_range": [min(speeds), max(speeds)],
            "wall_seconds": median(one.wall_seconds for one in results),
            "first_epoch_seconds": median(one.first_epoch_seconds for one in results),
            "paper_seconds": median(one.paper_seconds for one in results),
            "paper_seconds_are": "measured in full"
            if full
            else "extrapolated from the speed after the first epoch",
            "peak_bytes": results[0].peak_bytes,
        }
        if "textbook" in taken:
            ratios = [
                one.steady_images_per_second / other.steady_images_per_second
                for one, other in zip(results, taken["textbook"], strict=True)
            ]
            row |= {"ratio": median(ratios), "ratio_range": [min(ratios), max(ratios)]}
        found.append(row)
    return found


def _does(arm: str, cuda: bool, compiles: bool) -> str:
    if arm == "textbook":
        precision = "fp32 (TF32 in cuDNN, as torch sets it)" if cuda else "fp32"
        return f"PIL images in a DataLoader, eager, {precision}"
    if arm == "competent":
        compiled = ", torch.compile" if cuda or compiles else ""
        return f"data on the device, channels last, {'bf16' if cuda else 'fp32'}{compiled}"
    return "repro.training, bf16, nets side by side" if cuda else "repro.training, fp32, a process a core"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
