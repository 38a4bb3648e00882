"""The papers' protocols on the real CIFAR-10, killed again and again: `python -m bench.surviving PATH --kills 20`.

For each claim that trains on CIFAR-10, a run of its paper scale is started, killed with SIGKILL at random moments until
so many kills are done, and gone on with each time from its last checkpoint. Then the same stretch is trained without a
break: its state, weights, momentum and counts must be equal bit for bit. On the way the protocol is written down: the
learning rates of each iteration, which images a batch holds, where crops lie. Not on Windows.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from repro.claims import cells, load_library, run_spec
from repro.datasets import ImageData, load_dataset
from repro.models import build_model
from repro.registry import DATASETS, DataRef
from repro.spec import DatasetSpec, RunSpec
from repro.startup.shipped import folder
from repro.store import Store
from repro.training import train
from repro.training.augmentation import RandomCrops
from repro.training.batches import BatchStream
from repro.training.checkpoints import Interrupted
from repro.worker.checkpoints import RunCheckpoints

CPU = torch.device("cpu")
RESULTS = Path(__file__).parent / "results" / "surviving.json"

EVALUATED = 500
"""Images of each set that are evaluated: the clean error of 50,000 before the first iteration takes a minute."""

RUNS = {
    # Claim → the cell of its paper scale that is carried out; the last has 110 layers and is warmed up.
    "alexnet/relu-speed": "relu/conv3-fc/2012",
    "resnet/plain-nets-degrade": "plain/shallow",
    "resnet/layer-responses": "residual/shallow",
    "resnet/gradient-preservation": "residual/deep",
}


def specs() -> dict[str, RunSpec]:
    library = {claim.id: claim for claim in load_library(folder("claims")).claims}
    found = {}
    for name, address in RUNS.items():
        claim = library[name]
        cell = next(cell for cell in cells(claim.base) if cell.address == address)
        lr = 0.001 if claim.base.tune else None
        spec = run_spec(claim.base, cell, 0, claim.names, lr)
        known = DatasetSpec("cifar10", DATASETS["cifar10"].fingerprint)
        recipe = dataclasses.replace(spec.recipe, train_error_images=EVALUATED)
        found[name] = dataclasses.replace(spec, dataset=known, recipe=recipe)
    return found


def quickly_evaluated(data: ImageData) -> ImageData:
    """Return the data with few test images: what is shown here are iterations, not evaluations."""
    few = slice(0, EVALUATED)
    return dataclasses.replace(data, test_images=data.test_images[few], test_labels=data.test_labels[few])


def keeper(store: Store, spec: RunSpec, stop: threading.Event) -> RunCheckpoints:
    return RunCheckpoints(store.checkpoints(spec.key), spec, {}, stop, print, every_seconds=0.0)


def stretch(spec: RunSpec, data: ImageData, store: Store, until: int) -> None:
    """Train up to iteration `until` and stop there with a checkpoint; checkpoints after every iteration before."""
    stop = threading.Event()
    checkpoints = keeper(store, spec, stop)

    def on_progress(done: int, total: int) -> None:
        checkpoints.planned_steps = total
        if done >= until:
            stop.set()

    try:
        train(spec, data, CPU, on_progress=on_progress, checkpoints=checkpoints)
    except Interrupted:
        return


def in_a_child(work: Callable[[], None], seconds: float | None) -> bool:
    """Carry `work` out in a forked process, killed after some time; return whether it ended by itself."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return not os.WIFSIGNALED(os.waitpid(child, 0)[1])


def step_of(store: Store, spec: RunSpec) -> int:
    newest = store.checkpoints(spec.key).newest()
    return newest.step if newest else 0


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(equal, one, other))
    return repr(one) == repr(other)  # NaN is NaN


def survive(name: str, spec: RunSpec, data: ImageData, kills: int, root: Path) -> dict[str, Any]:
    moments = random.Random(0)
    killed, alone = Store(root / "killed"), Store(root / "alone")
    for store in (killed, alone):
        store.prepare()
    began = time.monotonic()
    in_a_child(lambda: stretch(spec, data, alone, 2), None)
    to_start = time.monotonic() - began
    until, done, resumed_at = 2, 0, set()
    while done < kills:
        # Always a few iterations more than there are, so that a process never ends by itself before it is killed.
        before = step_of(killed, spec)
        resumed_at.add(before)
        if not in_a_child(lambda: stretch(spec, data, killed, 10**9), moments.uniform(0, 2 * to_start)):
            done += 1
    until = step_of(killed, spec) + 2
    in_a_child(lambda: stretch(spec, data, killed, until), None)
    in_a_child(lambda: stretch(spec, data, alone, until), None)
    states = [keeper(store, spec, threading.Event()).load() for store in (killed, alone)]
    assert states[0] is not None
    assert states[1] is not None
    same = all(equal(states[0][part], states[1][part]) for part in states[0] if part != "wall_seconds")
    return {
        "run": spec.title,
        "kills": done,
        "resumed at": sorted(resumed_at),
        "iterations": until,
        "bit for bit": same,
        **protocol(spec, data),
    }


def protocol(spec: RunSpec, data: ImageData) -> dict[str, Any]:
    """Return what the first epochs of the run are made of, taken from the parts that the loop is made of."""
    recipe, images = spec.recipe, len(data.train_labels)
    order = BatchStream(images, recipe.batch_size, spec.seed, CPU)
    steps = -(-2 * images // recipe.batch_size)
    seen = torch.bincount(
        torch.cat([order.indices(step) for step in range(steps)])[: 2 * images], minlength=images
    )
    crops = RandomCrops(spec.seed, recipe.batch_size, CPU)
    drawn = [crops.drawn(step) for step in range(steps)]
    places = torch.cat([offsets for offsets, _ in drawn])
    net = build_model(spec.model, data.in_shape, data.classes)
    augments = recipe.augmentation != "none"
    return {
        "planned iterations": recipe.steps or round((recipe.epochs or 0) * images / recipe.batch_size),
        "batch": recipe.batch_size,
        "every image twice in two epochs": bool((seen == 2).all()),
        "mean offset of crops (4 = centre)": [round(v, 2) for v in places.double().mean(0).tolist()]
        if augments
        else None,
        "mirrored": round(torch.cat([flips for _, flips in drawn]).double().mean().item(), 3)
        if augments
        else None,
        "parameters": sum(p.numel() for p in net.parameters()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="CIFAR-10: any form that --data takes")
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = {}
    for name, spec in specs().items():
        data = load_dataset(spec.dataset, DataRef("cifar10", str(arguments.data)))
        assert isinstance(data, ImageData)
        with tempfile.TemporaryDirectory() as root:
            rows[name] = survive(name, spec, quickly_evaluated(data), arguments.kills, Path(root))
        print(name, json.dumps(rows[name], indent=1), flush=True)
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
