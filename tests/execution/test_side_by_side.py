"""Nets that share a device: what they take, and who waits for whom."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from repro.execution import Progress, Workload
from repro.execution.pool import Pool
from repro.models import build_model
from repro.models.cifar import resnet
from repro.planning.jobs import Job
from repro.recipes import Recipe
from repro.registry import DATASETS
from repro.spec import DatasetSpec, ModelSpec, RunSpec
from repro.store import Store
from repro.training.footprint import kept_bytes, passing_bytes, training_bytes
from repro.worker.jobs import Worker
from repro.worker.memory import DeviceMemory
from tests.support.helpers import spec_of


def test_kept_bytes_by_hand() -> None:
    """A convolution keeps its input, 3·8·8 floats; ReLU its output, 4·8·8; the linear layer a copy of it, flattened."""
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 5))
    by_hand = 4 * (3 * 64 + 4 * 64 + 4 * 64 + 5)
    assert by_hand <= kept_bytes(net, (3, 8, 8)) <= 1.1 * by_hand


def test_passing_bytes_by_hand() -> None:
    """In evaluation mode nothing is kept: at its most, what a layer reads and what it makes, here 4·8·8 floats each."""
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 1), nn.Flatten(), nn.Linear(64, 5)
    )
    assert passing_bytes(net, (3, 8, 8)) == 4 * 2 * 256
    assert net.training


def test_evaluating_many_images_at_once_counts() -> None:
    """16 nets with locally connected layers held 2.5 GiB each in their graphs' pools on an H100: 0.3 were counted."""
    net = build_model(ModelSpec("conv2-local2-fc", 1, {"activation": "tanh"}), (3, 32, 32), 10)
    assert 2.5 * 2**30 < training_bytes(net, (3, 32, 32), 128, 60_000) < 4 * 2**30


def test_counting_leaves_the_net_as_it_was() -> None:
    net = resnet((3, 8, 8), 10, depth=8, width=4).eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    assert training_bytes(net, (3, 8, 8), 128, 60_000) > 60_000 * 192
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not net.training
    assert all(parameter.grad is None for parameter in net.parameters())


def test_deeper_nets_and_larger_batches_take_more() -> None:
    shallow, deep = (resnet((3, 16, 16), 10, depth=depth, width=4) for depth in (8, 20))
    assert kept_bytes(deep, (3, 16, 16)) > 2 * kept_bytes(shallow, (3, 16, 16))
    one, two = (training_bytes(shallow, (3, 16, 16), size, 0) for size in (64, 128))
    assert one < two < 2.1 * one


@pytest.mark.parametrize(("total", "together"), [(100, 3), (70, 2), (30, 1), (10, 1), (math.inf, 6)])
def test_as_many_nets_train_together_as_fit_and_one_always_does(total: float, together: int) -> None:
    memory = DeviceMemory(total)
    inside, most = 0, 0
    guard = threading.Lock()
    gate = threading.Event()

    def net(_: int) -> None:
        nonlocal inside, most
        with memory.reserved(30):
            with guard:
                inside += 1
                most = max(most, inside)
                if inside == together:
                    gate.set()
            assert gate.wait(10)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(net, range(6)))
    assert most == together
    assert (memory.nets, memory.taken) == (0, 0)


def test_running_out_lowers_the_budget_and_a_net_alone_gives_up() -> None:
    memory = DeviceMemory(1000)
    with memory.reserved(100), memory.reserved(100), memory.reserved(50):
        assert memory.ran_out()
        assert memory.total == 200
    with memory.reserved(100):
        assert not memory.ran_out()
    assert memory.total == 200


def test_nets_that_disagree_are_never_side_by_side() -> None:
    memory = DeviceMemory(math.inf)
    together: list[set[str]] = []
    inside: list[str] = []
    guard = threading.Lock()

    def net(kind: str) -> None:
        with memory.reserved(1, kind):
            with guard:
                inside.append(kind)
                together.append(set(inside))
            threading.Event().wait(0.01)
            with guard:
                inside.remove(kind)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(net, ["fp32", "fp32", "tf32", "fp32", "tf32", "tf32"]))
    assert all(len(kinds) == 1 for kinds in together)
    assert len(together) == 6


def test_shares_of_the_devices_time_add_up_to_it() -> None:
    """Alone for 10 s, two for 6 s, alone again for 4 s: 10 + 3 and 3 + 4."""
    time = 0.0
    memory = DeviceMemory(100, now=lambda: time)
    first, second = memory.reserved(1), memory.reserved(1)
    first.__enter__()
    one = memory.clock()
    time = 10.0
    second.__enter__()
    two = memory.clock()
    time = 16.0
    assert memory.clock() - one == 13.0
    first.__exit__(None, None, None)
    time = 20.0
    assert memory.clock() - two == 7.0
    second.__exit__(None, None, None)


# Workers with several nets ------------------------------------------------------------------------------------------


def test_nets_side_by_side_are_the_nets_alone_bit_for_bit(tmp_path: Path) -> None:
    """What a GPU's worker does, on the CPU: threads of one process, one of its nets with dropout."""
    (tmp_path / "own_dropping.py").write_text(
        "from torch import nn\n"
        "def net(in_shape, classes):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64, classes))\n"
    )
    recipe = Recipe(name="quick", batch_size=32, steps=40, lr=0.05, augmentation="pad-crop-flip")
    digits = DatasetSpec("digits", DATASETS["digits"].fingerprint)
    models = [
        ModelSpec("cifar-resnet", 1, {"depth": 8, "width": 2}),
        ModelSpec("cifar-plain", 1, {"depth": 14, "width": 2}),
        ModelSpec("own_dropping:net", "1"),
        ModelSpec("conv3-fc", 1),
    ]
    specs = [RunSpec(digits, model, recipe, seed) for model in models for seed in (0, 1)]
    stores = []
    for threads in (1, 4):
        store = Store(tmp_path / f"store-{threads}")
        store.prepare()
        told: list[Mapping[str, Any]] = []
        worker = Worker(store, tmp_path, torch.device("cpu"), told.append, threading.Event())
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(worker.work, [{"run": s.as_json(), "readings": [], "wait": False} for s in specs]))
        assert {event["key"] for event in told if event["event"] == "done"} == {spec.key for spec in specs}
        stores.append(store)
    for spec in specs:
        one, other = (store.run(spec.key) for store in stores)
        assert one is not None
        assert other is not None
        assert str(one.history) == str(other.history)
        assert one.weights == other.weights
        # Each is charged what its own thread did.
        assert 0 < other.provenance["processor_seconds"] < other.wall_seconds + 0.05


CROWD = """
import json, sys
def tell(**event):
    print(json.dumps(event), flush=True)
room = int(sys.argv[sys.argv.index("--nets") + 1])
tell(event="ready", gpus=1, room=room)
jobs = []
for line in sys.stdin:
    jobs.append(json.loads(line))
    if "end" in jobs[-1]:
        break
    if len(jobs) == room:
        if any(job["run"]["seed"] == 3 for job in jobs):
            sys.exit(9)
        for job in jobs:
            tell(event="done", what=f"{job['run']['seed']} of {room}", key=job["key"])
        jobs = []
"""
"""A worker that waits until its hands are full, does all at once, and dies of the job with seed 3."""


def test_a_net_that_kills_its_worker_takes_none_of_those_beside_it_along(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    told: list[str] = []

    def show(progress: Progress) -> None:
        if progress.message:
            told.append(progress.message)

    jobs = [Job(spec_of(seed=seed), True, (), ("p/c",), "not run yet", 1.0) for seed in range(8)]
    pool = Pool(Workload(jobs, store, show), tmp_path, "cuda")
    pool.command = [sys.executable, "-c", CROWD]
    outcome = pool.run(1, nets=4)
    assert outcome.done == 7
    assert list(outcome.failures) == [jobs[3].key]
    assert "twice" in outcome.failures[jobs[3].key]
    assert any(
        "a worker with 4 nets ended with exit code 9; they go on one at a time" in text for text in told
    )
    done = [text.rpartition(": ")[2] for text in told if text.endswith(" of 1")]
    assert sorted(done) == [f"{seed} of 1" for seed in (0, 1, 2, 4, 5, 6, 7)]
