"""A claim that tunes by a time to a target, carried out by a worker: raced, and to the end, side by side."""

from __future__ import annotations

import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from repro.exchange import export, merge, opened
from repro.experiment.measures import from_history
from repro.experiment.requirements import requirements
from repro.spec import RunSpec, Until
from repro.worker.jobs import Worker
from tests.support.helpers import BASE, World, changed

CLAIM = changed(
    BASE,
    experiment__recipe={
        "name": "cuda-convnet-2012",
        "batch_size": 32,
        "epochs": 3.0,
        "evaluate": ["train"],
        "evaluate_every": 0.5,
        "curve_images": 200,
        "stop_at_train_error": 0.5,
        "input": "standardised",
        "initialisation": "fan-in",
    },
    experiment__seeds={"looks": [2]},
    factors=None,
    arms={"relu": {"model": "conv3-fc"}, "tanh": {"model": "conv3-fc", "activation": "tanh"}},
    tune={"lr": [0.003, 0.01, 0.03, 0.1], "by": "time", "seeds": [1000]},
    metrics={"time": {"kind": "first_reach", "of": "train_error", "at_most": 0.5, "unit": "epochs"}},
    expect={
        "faster": {
            "kind": "ratio",
            "title": "T",
            "metric": "time",
            "arms": ["tanh", "relu"],
            "at_least": 2.0,
            "role": "decides",
            "why": "w",
        }
    },
)


def worker_of(world: World) -> Worker:
    return Worker(world.store, world.root, torch.device("cpu"), lambda event: None, threading.Event())


def carry_out(worker: Worker, spec: RunSpec, until: Until | None) -> None:
    job: dict[str, Any] = {"run": spec.as_json(), "readings": [], "wait": False}
    worker.work(job | {"until": asdict(until) if until else None})


def test_raced_and_exhaustive_tuning_choose_the_same_rates(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    raced, whole = World(tmp_path / "raced"), World(tmp_path / "whole")
    for world in (raced, whole):
        world.write(CLAIM)
    worker = worker_of(raced)
    while missing := [job for job in raced.plan().jobs if job.train and job.until is not None]:
        for job in missing:
            assert job.run is not None
            carry_out(worker, job.run, job.until)
    item = requirements(raced.claim(), "smoke", raced.store)
    worker = worker_of(whole)
    for address, state in item.tuning.items():
        assert state.state != "pending"
        assert any(state.stopped)
        cell = next(need.cell for need in (*item.needs, *item.stopped) if need.cell.address == address)
        tried = [n.spec for n in (*item.needs, *item.stopped) if n.cell == cell and n.purpose == "tune"]
        times = {}
        for spec in tried:
            carry_out(worker, spec, None)
            run = whole.store.run(spec.key)
            assert run is not None
            times[spec.recipe.lr] = from_history(item.file.metrics["time"], run).value
        assert state.chosen == min(sorted(times), key=lambda rate: times[rate])
    assert item.stopped
    # What was stopped says so in the report, and to whoever asks what there is to do nothing is missing.
    (claim,) = (claim for paper in raced.report().papers for claim in paper.claims)
    assert {run.outcome for run in claim.runs if run.purpose == "tune"} >= {"stopped"}
    assert all(run.outcome != "pending" for run in claim.runs if run.purpose == "tune")
    # Another store that takes them in stands where this one does.
    other = World(tmp_path / "other")
    other.write(CLAIM)
    target = tmp_path / "runs.tar"
    export(raced.store, target, None)
    with opened(target) as folder:
        merge(folder, other.store)
    assert requirements(other.claim(), "smoke", other.store).tuning == item.tuning
