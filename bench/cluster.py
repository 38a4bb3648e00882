"""What a run costs those who hand it out and keep it: `python -m bench cluster`.

Unit costs, measured here: the driver's seconds a run (planning, handing over, taking home), what a store grows by, and
the calls to the file system. From these a campaign of 10,000 runs on 1,000 workers is reckoned on paper.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench.commands import SEEDS_FOR_ALL
from bench.documents import RESULTS
from bench.synthetic import with_looks
from repro.claims import load_library
from repro.execution.parcels import news, take
from repro.execution.pool import Pool
from repro.execution.workload import Workload
from repro.planning.jobs import Job
from repro.planning.schedule import Schedule
from repro.planning.shards import Shard
from repro.startup.shipped import folder
from repro.store import Store
from repro.worker.jobs import Worker

RUNS, WORKERS, RUN_SECONDS = 10_000, 1_000, 3600.0
"""Of the campaign that is reckoned on paper."""

JOBS = 1_000
"""Handed to a worker that does nothing, to see what that costs its parent."""

INSTANT = """
import json, sys
print(json.dumps({"event": "ready", "gpus": 0, "room": 1}), flush=True)
for line in sys.stdin:
    job = json.loads(line)
    if "end" in job:
        break
    print(json.dumps({"event": "done", "what": "nothing", "key": job["key"]}), flush=True)
"""


def planning(claims_folder: Path, store: Store) -> dict[str, float]:
    """Time what the driver, and each shard, does before anything runs: reading claims and planning all runs."""
    began = time.process_time()
    claims = load_library(claims_folder).claims
    schedule = Schedule([claim for claim in claims if "smoke" in claim.at], "smoke", store)
    plan = schedule.plan()
    whole = time.process_time() - began
    began = time.process_time()
    part = replace(schedule, shard=Shard(1, 8)).plan()
    return {
        "planned runs": plan.runs,
        "driver's seconds to plan, a run": whole / plan.runs,
        "a shard's seconds to plan, a run of all": (time.process_time() - began) / plan.runs,
        "runs of the first of 8 shards": part.runs,
    }


def handing_over(jobs: list[Job], store: Store) -> float:
    """Return the seconds of processor time that a parent spends a job on workers that do nothing."""
    pool = Pool(Workload(jobs, store, lambda progress: None), store.root, "cpu")
    pool.command = [sys.executable, "-c", INSTANT]
    began = time.process_time()
    outcome = pool.run(1)
    assert outcome.done == len(jobs)
    return (time.process_time() - began) / len(jobs)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count calls to the file system that this process makes by way of Python."""
    calls: Counter[str] = Counter()
    names = {
        "mkdir",
        "rename",
        "replace",
        "unlink",
        "remove",
        "rmdir",
        "stat",
        "lstat",
        "listdir",
        "scandir",
        "fsync",
    }
    before = {name: getattr(os, name) for name in names}
    on = True

    def watch(event: str, _: object) -> None:
        if on and event == "open":
            calls["open"] += 1

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **more: Any) -> Any:
            calls[name] += 1
            return call(*given, **more)

        return called

    # An audit hook cannot be taken away again.
    sys.addaudithook(watch)
    for name, call in before.items():
        setattr(os, name, counting(name, call))
    try:
        yield calls
    finally:
        on = False
        for name, call in before.items():
            setattr(os, name, call)


def one_run(specs: list[Any], root: Path) -> dict[str, Any]:
    """Carry out two runs of a small net; return what the second makes a store grow by, and what it takes home."""
    store, home = Store(root / "there"), Store(root / "home")
    for each in (store, home):
        each.prepare()
    worker = Worker(store, root, torch.device("cpu"), lambda event: None, threading.Event())
    jobs = [{"run": spec.as_json(), "readings": [], "wait": False} for spec in specs]
    worker.work(jobs[0])
    before = size_of(store.root)
    with counted() as calls:
        worker.work(jobs[1])
    after = size_of(store.root)
    for spec in specs:
        began = time.process_time()
        for entry in news([Job(spec, True, (), (), "", 1.0)], Store(store.root), {}):
            take(entry, home)
    return {
        "the store grows by, bytes a run": after[1] - before[1],
        "the store grows by, files a run": after[0] - before[0],
        "a worker's calls of the file system, a run": dict(sorted(calls.items())),
        "driver's seconds to take home, a run": time.process_time() - began,
    }


def size_of(root: Path) -> tuple[int, int]:
    """Return files and bytes of a folder."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return len(files), sum(path.stat().st_size for path in files)


def on_paper(unit: dict[str, Any]) -> list[tuple[str, str]]:
    """Reckon the campaign from the unit costs; return rows of a table."""
    calls = sum(unit["a worker's calls of the file system, a run"].values())
    checkpoints = RUN_SECONDS / 300
    seconds = RUNS * RUN_SECONDS / WORKERS
    plan, take_home = unit["driver's seconds to plan, a run"], unit["driver's seconds to take home, a run"]
    a_run = plan + unit["driver's seconds to hand over, a run"] + take_home
    size, files = unit["the store grows by, bytes a run"], unit["the store grows by, files a run"]
    return [
        ("runs, workers, a run takes", f"{RUNS:,}, {WORKERS:,}, {RUN_SECONDS / 3600:g} h"),
        ("the campaign takes at least", f"{seconds / 3600:.0f} h"),
        ("driver's processor time, a run (Ray: plan, hand over, take home)", f"{1000 * a_run:.1f} ms"),
        (
            "driver's processor time, all runs",
            f"{RUNS * a_run / 60:.1f} min, {RUNS * a_run / seconds:.2%} of the campaign",
        ),
        ("`repro submit`, and each shard, to plan all runs", f"{RUNS * plan:.0f} s"),
        ("the store grows by, a run of a small net", f"{size / 1e3:.0f} kB in {files} files"),
        ("the store grows by, all runs", f"{RUNS * size / 1e9:.1f} GB in {RUNS * files:,} files"),
        ("calls of the file system, a run", f"{calls:,}, and about 10 for each checkpoint"),
        (
            "calls of the file system, a second of the campaign (a checkpoint every 5 min)",
            f"{RUNS * (calls + 10 * checkpoints) / seconds:.0f}",
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench cluster", description=__doc__)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        store = Store(root / "store")
        store.prepare()
        with_looks(folder("claims"), root / "claims", SEEDS_FOR_ALL)
        unit: dict[str, Any] = planning(root / "claims", store)
        claims = [
            claim for claim in load_library(folder("claims")).claims if "smoke" in claim.at and claim.trains
        ]
        jobs = [job for job in Schedule(claims, "smoke", store).plan().jobs if job.run]
        assert jobs[-1].run is not None
        short = jobs[-1].run
        bare = replace(jobs[-1], readings=(), reading_seconds=())
        many = [replace(bare, run=replace(short, seed=10_000 + number)) for number in range(JOBS)]
        unit["driver's seconds to hand over, a run"] = handing_over(many, store)
        unit |= one_run([replace(short, seed=seed) for seed in (20_000, 20_001)], root)
        unit["run"] = short.title
    content = {
        "command": "python -m bench cluster",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip(),
        "unit costs": unit,
        "on paper": dict(on_paper(unit)),
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "cluster.json").write_text(
        json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    for what, figure in on_paper(unit):
        print(f"| {what} | {figure} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
