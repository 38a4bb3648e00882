"""A large store, made up: the runs of real claims with invented curves, and further runs that nobody asks for.

Everything is as a real store has it, keys, checksums and readings included, but for the weights, which are empty.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from repro.claims import Claim
from repro.experiment.requirements import Need, requirements
from repro.planning.schedule import Schedule
from repro.spec import ReadingSpec, RunSpec
from repro.store import RunRecord, Store
from repro.store.files import sealed

EVALUATIONS = 164
"""Rows of a history: ResNet's 64,000 iterations of 128 images are 164 epochs of CIFAR-10."""

WEIGHTS = dict.fromkeys(("init", "epoch-1", "mid", "last"), b"")
DIGESTS = {moment: hashlib.sha256(blob).hexdigest() for moment, blob in WEIGHTS.items()}
LAYERS = 54
"""Rows of a reading: the 3×3 convolutions of ResNet-56."""
PROVENANCE = dict.fromkeys(("machine", "device", "python", "torch", "repro", "commit"), "made up") | {
    "finished": "2026-01-01T00:00:00Z"
}


def fill(store: Store, claims: Sequence[Claim], scale: str, runs: int) -> int:
    """Put `runs` runs into a store, those of `claims` first; return how many of them a report uses.

    Tuning asks for runs that depend on earlier ones, and so do looks: they are given until nothing is missing.
    """
    used: dict[str, RunSpec] = {}
    read: set[str] = set()
    schedule = Schedule(claims, scale, store)
    before = -1
    while before < len(used):
        before = len(used)
        for need in _needs(schedule):
            if need.spec.key not in used:
                used[need.spec.key] = need.spec
                put_run(store.root, need.spec)
            for reading in need.readings.values():
                if reading.key not in read:
                    read.add(reading.key)
                    put_reading(store.root, reading)
    _put_all(store.root, _others(list(used.values()), runs))
    return len(used)


def fill_one_look(store: Store, claims: Sequence[Claim], scale: str, runs: int) -> int:
    """Do what :func:`fill` does where each claim has one look, of many seeds, in a hundredth of the time.

    Nothing is judged, and what is tuned is tuned on one seed a cell; then all else is known, and several processes
    write it.
    """
    for claim in claims:
        pending = True
        while pending:
            item = requirements(claim, scale, store, 1)
            pending = any(state.state == "pending" for state in item.tuning.values())
            for need in item.needs:
                if need.purpose == "tune" and not (store.root / "runs" / need.spec.key).exists():
                    put_run(store.root, need.spec)
    needs = [need for claim in claims for need in requirements(claim, scale, store).needs]
    used = {need.spec.key: need.spec for need in needs}
    readings = {reading.key: reading for need in needs for reading in need.readings.values()}
    there = set(store.run_keys())
    new = (spec for key, spec in used.items() if key not in there)
    _put_all(store.root, chain(new, _others(list(used.values()), runs)), readings.values())
    return len(used)


def _needs(schedule: Schedule) -> Iterator[Need]:
    for look in schedule.looks():
        yield from look.requirements.needs


def _others(used: Sequence[RunSpec], runs: int) -> Iterator[RunSpec]:
    """Yield other seeds of the same runs, up to `runs` of all: their keys are in nobody's plan."""
    for number in range(max(0, runs - len(used))):
        yield replace(used[number % len(used)], seed=1_000_000 + number)


def _put_all(root: Path, specs: Iterable[RunSpec], readings: Iterable[ReadingSpec] = ()) -> None:
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        written = (
            pool.map(partial(put_run, root), specs, chunksize=100),
            pool.map(partial(put_reading, root), readings, chunksize=500),
        )
        for _ in chain(*written):
            pass  # what went wrong in one of them is raised here


def put_run(root: Path, spec: RunSpec) -> None:
    """Write a run whose curves fall to a plateau that depends on nothing but the seed and the key."""
    noise = random.Random(spec.key)
    steps = spec.recipe.steps or 1_000
    floor = noise.uniform(0.02, 0.10)
    step = [steps * i / (EVALUATIONS - 1) for i in range(EVALUATIONS)]
    train = [floor + (0.9 - floor) * math.exp(-6 * s / steps) + noise.gauss(0, 0.002) for s in step]
    history = {
        "step": step,
        "epoch": [s * spec.recipe.batch_size / 1_400 for s in step],
        "lr": [spec.recipe.lr] * EVALUATIONS,
        "train_error": train,
        "train_loss": [3 * value for value in train],
        "test_error": [value + 0.02 for value in train],
        "test_loss": [3 * value + 0.1 for value in train],
        "running_error": [value + 0.01 for value in train],
        "running_loss": [3 * value + 0.05 for value in train],
    }
    record = RunRecord(
        key=spec.key,
        spec=spec.as_json(),
        history=history,
        outcome="finished",
        steps_done=steps,
        chance_error=0.9,
        images={"train": 1_400, "test": 397},
        wall_seconds=10.0,
        weights=DIGESTS,
        provenance=PROVENANCE,
    )
    folder = root / "runs" / spec.key
    folder.mkdir()
    # Not by `put_run`: bringing 10,000 runs safely to the disk takes minutes.
    for moment, blob in WEIGHTS.items():
        (folder / f"weights-{moment}.pt").write_bytes(blob)
    (folder / "run.json").write_text(sealed(record.as_json()), encoding="utf-8")


def put_reading(root: Path, reading: ReadingSpec) -> None:
    """Write a reading of as many rows as ResNet-56 has layers, in three stages."""
    noise = random.Random(reading.key)
    rows: list[dict[str, Any]] = [
        {"layer": f"layer{i}", "index": i + 1, "stage": 1 + 3 * i // LAYERS, "value": noise.uniform(0.5, 2.0)}
        for i in range(LAYERS)
    ]
    content = {"spec": reading.as_json(), "rows": rows, "provenance": PROVENANCE}
    path = root / "readings" / f"{reading.key}.json"
    path.write_text(sealed(content), encoding="utf-8")


def with_looks(source: Path, target: Path, seeds: int) -> None:
    """Copy a claims folder, each claim looked at once, with `seeds` seeds a cell."""
    shutil.copytree(source, target)
    for path in target.glob("*/*.toml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"looks = \[[^]]*\]", f"looks = [{seeds}]", text), encoding="utf-8")
