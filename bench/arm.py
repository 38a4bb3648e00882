"""One arm in a process of its own: told what to do in its arguments, it waits for a line, trains, prints its marks."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from bench.loops import competent, textbook
from bench.work import CPU, CUDA, Work, images, quick, spec
from repro.training import train

Marks = list[tuple[int, float]]


def ours(work: Work, device: torch.device, precision: str) -> list[Marks]:
    """Train the nets as `repro check` does: on a GPU side by side in one process; on a CPU there is one a process."""
    data = images(work)
    began = time.perf_counter()
    nets = [(net, seed) for seed in range(work.seeds) for net in work.nets]
    marks: list[Marks] = [[] for _ in nets]

    def one(number: int) -> None:
        net, seed = nets[number]

        def see(done: int, total: int) -> None:
            if done % work.epoch_steps == 0 or done == total:
                marks[number].append((done, time.perf_counter() - began))

        # The one place where bench calls training.
        run = train(spec(work, net, seed, precision), data, device, on_progress=see)
        if run.steps_done < work.steps:
            raise RuntimeError(f"{net} {run.outcome} after {run.steps_done} of {work.steps} steps")

    side_by_side([partial(one, number) for number in range(len(nets))])
    return marks


def side_by_side(tasks: list[Callable[[], None]]) -> None:
    """Carry out tasks in threads; raises what the first of them raised."""
    errors: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def find(name: str, steps: int | None, smallest: bool) -> Work:
    """Return the work of this name, with other steps, or the smallest of its kind."""
    work = next(work for work in (*CPU, *CUDA) if work.name == name)
    if smallest:
        work = quick(work)
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
    device, work = torch.device(given.device), find(given.work, given.steps, given.quick)
    if given.arm == "ours" and device.type == "cpu":
        torch.set_num_threads(1)
    print("ready", flush=True)
    sys.stdin.readline()
    if given.arm == "ours":
        marks = ours(work, device, given.precision)
    elif given.arm == "textbook":
        marks = [list(textbook(work, device))]
    else:
        marks = [list(competent(work, device, compiles=given.compile))]
    peak = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    print(json.dumps({"marks": marks, "peak_bytes": peak}), flush=True)


if __name__ == "__main__":
    main()
