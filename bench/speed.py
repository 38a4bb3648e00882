"""Training speed: ours, a competent loop and a textbook one, in turns, on the same work.

Every arm trains the same nets with the same batch size, augmentation and schedule, and evaluates the training and
the test set after each epoch; in the rows "end to end" each evaluates what it needs to (see bench.work.Work). On a CPU
ours is one process a core, one thread each, as `repro check` runs; the others use as many threads as torch chooses.
Speeds are those after the first epoch, when everything is warm; the whole time, compilation included, stands beside.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.documents import Document, Row
from bench.work import BATCH, CPU, CUDA, ITERATIONS, Work, quick
from repro.execution.workers import ENVIRONMENT

OURS, COMPILED = "ours", "ours, compiled"
ARMS = (OURS, COMPILED, "competent", "textbook")
"""Ours first: where another arm takes too long or fails, it is there."""


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


@dataclass(frozen=True)
class Way:
    """How the work is done.

    Attributes:
        device: "cpu" or "cuda".
        rounds: how often each arm is carried out, in turns.
        smallest: a few steps only, to see that everything runs.
        compiles: let arms compile on the CPU, too (minutes).
        full: all 64,000 iterations instead of an extrapolation, by our arms alone.
    """

    device: str
    rounds: int = 1
    smallest: bool = False
    compiles: bool = False
    full: bool = False

    @property
    def cuda(self) -> bool:
        """Whether a GPU does it."""
        return self.device.startswith("cuda")


def measure(document: Document, way: Way, only: str = "") -> None:
    """Measure the works of a device whose names hold `only`; a work's rows are written as soon as they are there."""
    for work in CUDA if way.cuda else CPU:
        if only.lower() in work.name.lower() and document.wants(named(work, way)):
            document.add(list(measured(work, way)))


def named(work: Work, way: Way) -> str:
    """Return the name of a work's rows."""
    return quick(work, cuda=way.cuda).name if way.smallest else work.name


def measured(work: Work, way: Way) -> list[Row]:
    """Return a row for each arm; one that fails says why, and the others go on."""
    alone = len(work.nets) * work.seeds == 1
    arms = [arm for arm in ARMS if arm.startswith(OURS) or (alone and not way.full)]
    if not (way.cuda or way.compiles):
        arms.remove(COMPILED)
    taken: dict[str, list[Trained]] = {arm: [] for arm in arms}
    failed: dict[str, str] = {}
    for _ in range(way.rounds):
        for arm in arms:
            if arm not in failed:
                try:
                    taken[arm].append(carry_out(arm, work, way))
                except RuntimeError as error:
                    failed[arm] = str(error)
    whole = {arm: results for arm, results in taken.items() if arm not in failed}
    return [
        *rows(named(work, way), whole, way),
        *({"row": named(work, way), "arm": arm, "failed": why} for arm, why in failed.items()),
    ]


def carry_out(arm: str, work: Work, way: Way) -> Trained:
    """Carry out one arm: one process, or on a CPU one a core for ours, that begin together.

    Raises:
        RuntimeError: a process failed; its last words.
    """
    options = ["--quick"] if way.smallest else ["--steps", str(ITERATIONS)] if way.full else []
    if arm == COMPILED or (arm == "competent" and (way.cuda or way.compiles)):
        options.append("--compile")
    if arm.startswith(OURS):
        options += ["--precision", "bf16" if way.cuda else "fp32"]
    count = _cores() if arm.startswith(OURS) and not way.cuda else 1
    kind = arm.partition(",")[0]
    command = [sys.executable, "-m", "bench.arm", kind, work.name, "--device", way.device, *options]
    environment = {**os.environ, **(ENVIRONMENT if kind == OURS else {})}
    with contextlib.ExitStack() as stack:
        words = stack.enter_context(tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace"))
        processes = [
            stack.enter_context(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=words,
                    text=True,
                    env=environment,
                )
            )
            for _ in range(count)
        ]
        for process in processes:
            assert process.stdout is not None
            process.stdout.readline()
        for process in processes:
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.write("go\n")
                process.stdin.flush()
        texts = [process.communicate()[0] for process in processes]
        words.seek(0)
        complaint = words.read()
    if any(process.returncode for process in processes):
        sys.stderr.write(complaint)
        raise RuntimeError((complaint.strip().splitlines() or ["no word"])[-1])
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


def rows(name: str, taken: Mapping[str, list[Trained]], way: Way) -> list[Row]:
    """Return a row for each arm: medians and ranges, and the ratio to the textbook of the same round."""
    found = []
    for arm, results in taken.items():
        speeds = [one.steady_images_per_second for one in results]
        row: Row = {
            "row": name,
            "arm": arm,
            "does": _does(arm, way),
            "rounds": len(results),
            "nets": results[0].nets,
            "steps": results[0].steps,
            "images_per_second": median(speeds),
            "images_per_second_range": [min(speeds), max(speeds)],
            "wall_seconds": median(one.wall_seconds for one in results),
            "first_epoch_seconds": median(one.first_epoch_seconds for one in results),
            "paper_seconds": median(one.paper_seconds for one in results),
            "paper_seconds_are": "measured in full"
            if way.full
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


def _does(arm: str, way: Way) -> str:
    if arm == "textbook":
        precision = "fp32 (TF32 in cuDNN, as torch sets it)" if way.cuda else "fp32"
        return f"PIL images in a DataLoader, eager, {precision}"
    if arm == "competent":
        compiled = ", torch.compile" if way.cuda or way.compiles else ""
        return f"data on the device, channels last, {'bf16' if way.cuda else 'fp32'}{compiled}"
    compiled = ", torch.compile by block" if arm == COMPILED else ""
    how = "bf16, nets side by side" if way.cuda else "fp32, a process a core"
    return f"repro.training, {how}{compiled}"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
