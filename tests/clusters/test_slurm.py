"""A real Slurm of several nodes: jobs that run, are cancelled or preempted, whose node dies, whose time is over.

What comes of them is, byte for byte, what a check on this machine makes.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from repro.command_spec import run_from_json
from repro.store import Store
from tests.support import slurm
from tests.support.clusters import (
    Hold,
    in_the_middle,
    needed_or_skipped,
    processes_that_know,
    repro,
    same_results,
    wait_until,
    went_on_from,
)

pytestmark = pytest.mark.service

STARTING = "Starting with JobEnvironment"
"""Said by each job when it begins, and when it begins again."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Slurm]:
    missing = slurm.missing()
    if missing is None and importlib.util.find_spec("submitit") is None:
        missing = "submitit is not installed: pip install 'repro-claims[slurm]'"
    needed_or_skipped(missing)
    with slurm.running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@dataclass(frozen=True)
class Submitted:
    """What was handed over: a job a stage, and where their logs lie."""

    jobs: list[str]
    logs: Path

    def said(self, shard: int | None = None) -> str:
        """Return what the jobs have said, or those of one shard, counted from 0."""
        files = self.logs.glob("*_log.out" if shard is None else f"*_{shard}_*_log.out")
        return "\n".join(path.read_text(encoding="utf-8") for path in sorted(files))


def submitted(
    cluster: slurm.Slurm,
    folder: Path,
    *arguments: object,
    shards: int,
    hold: Hold | None = None,
    options: str = "time=10m",
) -> Submitted:
    """Submit claims from a folder; runs save their state all the time."""
    environment = {**cluster.environment, **(hold.environment if hold else {})}
    line = ["submit", *arguments, "--slurm", options, "--shards", shards, "--checkpoint-every", "0.2s"]
    done = repro(folder, *line, "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return Submitted(told["jobs"], Path(told["logs"]))


@dataclass(frozen=True)
class Limited:
    """A job that has two minutes and is kept in the midst of its runs."""

    folder: Path
    hold: Hold
    submitted: Submitted


@pytest.fixture(scope="module", autouse=True)
def limited(cluster: slurm.Slurm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    """From the beginning and on a node of its own: other tests pass the time that its limit takes to come."""
    folder = tmp_path_factory.mktemp("limited")
    hold = Hold(folder)
    options = "time=2m,partition=apart"
    yield Limited(folder, hold, submitted(cluster, folder, "wide", shards=1, hold=hold, options=options))
    hold.end()


def test_submitted_shards_in_stages_make_what_a_check_makes(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    beside = set(cluster.states())
    given = submitted(cluster, tmp_path, shards=2)
    assert len(given.jobs) == 2, "what is known, and what follows tuning"
    assert set(cluster.states(*given.jobs)) == {f"{job}_{shard}" for job in given.jobs for shard in (0, 1)}
    wait_until(lambda: not cluster.states(*given.jobs))
    made = Store(tmp_path / "store")
    assert made.run_keys() == local.run_keys(), given.said()
    assert list(made.readings()) == list(local.readings())
    assert same_results(made, local) > 4
    collected = repro(tmp_path, "check")
    assert collected.returncode == 0, collected.stderr
    assert "to train" not in collected.stderr, "nothing is left to do"
    assert "tiny/tuned" in collected.stdout
    again = repro(tmp_path, "submit", "--slurm", "time=5m", environment=cluster.environment)
    assert "There is nothing to run." in again.stderr
    assert set(cluster.states()) == beside


def test_whatever_ends_a_job_early_costs_nothing_that_was_saved(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    """One job is told by TERM to its first process alone, one preempted, one loses its node, one is cancelled."""
    hold = Hold(tmp_path)
    given = submitted(cluster, tmp_path, "wide", shards=4, hold=hold)
    told, preempted, lost, cancelled = (f"{given.jobs[0]}_{shard}" for shard in range(4))
    store = Store(tmp_path / "store")
    wait_until(lambda: len(in_the_middle(store)) == 4)
    before = in_the_middle(store)

    node = cluster.node_of(lost)
    cluster.set_down(node)
    wait_until(lambda: cluster.states()[lost] == "PENDING")
    others = dict.fromkeys((told, preempted, cancelled), "RUNNING")
    assert cluster.states(*given.jobs) == {lost: "PENDING", **others}, "their nodes were not set down"
    assert all(given.said(shard).count(STARTING) == 1 for shard in (0, 1, 3))

    cluster.says("scancel", "--batch", "--signal=TERM", told)
    where = f"--nodelist={cluster.node_of(preempted)}"
    cluster.says("sbatch", "--partition=urgent", where, "--output=/dev/null", "--wrap=true")
    left = cluster.processes_of(cancelled)
    assert left()
    cluster.says("scancel", cancelled)
    wait_until(lambda: cancelled not in cluster.states() and not left())
    wait_until(lambda: all(given.said(shard).count(STARTING) == 2 for shard in (0, 1, 2)))
    assert all(given.said(shard).count("interrupted at step") == 1 for shard in (0, 1, 3))
    assert "DUE TO PREEMPTION" in given.said(1)
    hold.end()
    wait_until(lambda: not cluster.states(*given.jobs))
    cluster.bring_back(node)

    assert len(store.run_keys()) == 3, "nobody has taken over what was cancelled"
    again = submitted(cluster, tmp_path, "wide", shards=1)
    wait_until(lambda: not cluster.states(*again.jobs))
    assert check_wide(local, tmp_path, before) == set(before)


def test_a_job_that_meets_its_time_limit_saves_and_is_queued_again(
    cluster: slurm.Slurm, local: Store, limited: Limited
) -> None:
    """Slurm tells a job of two minutes half a minute to a minute after it began; one that had not got going, again."""
    given, store = limited.submitted, Store(limited.folder / "store")
    wait_until(lambda: re.search(r"(?s)interrupted at step.*Requeued job", given.said()), 600)
    told = re.findall(r"(?m)^(.*): interrupted at step (\d+) of", given.said())
    keys = {run_from_json(found.spec).title: found.key for found in store.unfinished()}
    before = {keys[title]: int(step) for title, step in told}
    limited.hold.end()
    wait_until(lambda: not cluster.states(*given.jobs))
    assert check_wide(local, limited.folder, before) == set(before)


def check_wide(local: Store, folder: Path, before: Mapping[str, int]) -> set[str]:
    """Assert that the claim's runs are those of a local check, and nothing runs any more; return what went on."""
    root = folder / "store"
    wait_until(lambda: not processes_that_know(str(root)))
    done = repro(folder, "check", "wide")
    assert done.returncode == 0, done.stderr
    assert "to train" not in done.stderr, done.stderr
    store = Store(root)
    assert same_results(store, local) == 4
    assert len(list(store.readings())) == 8, "of four runs, at two moments"
    return went_on_from(before, store)
