"""One arm in a process of its own: told what to do in its arguments, it waits for a line, trains, prints its marks."""

from __future__ import annotations

import argparse
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from bench.loops import competent, textbook
from bench.work import BATCH, CPU, CUDA, Work, images, quick, spec
from repro.cli.machine import NETS_ON_A_GPU
from repro.spec import Numerics
from repro.training import train
from repro.training.loop import evaluation_steps
from repro.worker.process import choose_device

Marks = list[tuple[int, float]]


def ours(work: Work, device: torch.device, numerics: Numerics) -> list[Marks]:
    """Train the nets as `repro check` does: on a GPU side by side in one process; on a CPU there is one a process."""
    data = images(work)
    began = time.perf_counter()
    # The longest first, as a plan has them.
    nets = [(net, seed) for net in sorted(work.nets, key=depth, reverse=True) for seed in range(work.seeds)]
    marks: list[Marks] = [[] for _ in nets]
    # Where a step was evaluated the device has been waited for.
    epochs = evaluation_steps(work.steps, work.train_images / BATCH)

    def one(number: int) -> None:
        net, seed = nets[number]

        def see(done: int, total: int) -> None:
            if done in epochs:
                marks[number].append((done, time.perf_counter() - began))

        # The one place where bench calls training.
        run = train(spec(work, net, seed, numerics), data, device, on_progress=see)
        if run.steps_done < work.steps:
            raise RuntimeError(f"{net} {run.outcome} after {run.steps_done} of {work.steps} steps")

    with ThreadPoolExecutor(NETS_ON_A_GPU) as threads:
        for done in [threads.submit(one, number) for number in range(len(nets))]:
            done.result()
    return marks


def depth(net: str) -> int:
    """Return the depth that a net's name ends with; 0 where it has none."""
    number = net.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def find(name: str, steps: int | None, smallest: bool) -> Work:
    """Return the work of this name, with other steps, or the smallest of its kind."""
    work = next(work for work in (*CPU, *CUDA) if work.name == name)
    if smallest:
        work = quick(work, cuda=work in CUDA)
    return work if steps is None else replace(work, steps=steps)


def main() -> None:
    """Serve one order."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arm", choices=["textbook", "competent", "ours"])
    parser.add_argument("work")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--precision", default="fp32")
    given = parser.parse_args()
    device, work = choose_device(given.device), find(given.work, given.steps, given.quick)
    if given.arm == "ours" and device.type == "cpu":
        torch.set_num_threads(1)
    print("ready", flush=True)
    sys.stdin.readline()
    if given.arm == "ours":
        marks = ours(work, device, Numerics(given.precision, given.compile))
    elif given.arm == "textbook":
        marks = [list(textbook(work, device))]
    else:
        marks = [list(competent(work, device, compiles=given.compile))]
    # Reserved, since a graph's memory counts as free between its replays.
    peak = torch.cuda.max_memory_reserved() if device.type == "cuda" else None
    print(json.dumps({"marks": marks, "peak_bytes": peak}), flush=True)


if __name__ == "__main__":
    main()
