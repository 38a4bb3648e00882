"""A real Slurm of two nodes: jobs that run, that are cancelled, whose node dies, whose time is over.

What comes of them is, byte for byte, what a check on this machine makes.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from repro.store import Store
from tests.support import slurm
from tests.support.clusters import (
    SLOWLY,
    needed_or_skipped,
    processes_that_know,
    repro,
    same_results,
    wait_until,
)

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Slurm]:
    missing = slurm.missing()
    if missing is None and importlib.util.find_spec("submitit") is None:
        missing = "submitit is not installed: pip install 'repro-claims[slurm]'"
    needed_or_skipped(missing)
    with slurm.running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


def submitted(cluster: slurm.Slurm, folder: Path, *arguments: object, **environment: str) -> list[str]:
    """Submit claims from a folder and return the jobs' ids, a stage each."""
    line = ["submit", *arguments, "--shards", 2, "--checkpoint-every", "0.2s", "--json"]
    done = repro(folder, *line, environment=cluster.environment, **environment)
    assert done.returncode == 0, done.stderr
    jobs: list[str] = json.loads(done.stdout)["jobs"]
    return jobs


def ended(cluster: slurm.Slurm) -> bool:
    cluster.release()
    return not cluster.states()


def in_the_middle(store: Store) -> bool:
    """Tell whether some run has a checkpoint and is not there yet."""
    return any(0 < checkpoint.step < checkpoint.steps for checkpoint in store.unfinished())


def logs(folder: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*_log.out"))


def test_submitted_shards_in_stages_make_what_a_check_makes(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    jobs = submitted(cluster, tmp_path, "--slurm", "time=5m")
    assert len(jobs) == 2, "what is known, and what follows tuning"
    assert set(cluster.states()) == {f"{job}_{shard}" for job in jobs for shard in (0, 1)}
    store = Store(tmp_path / "store")
    wait_until(lambda: ended(cluster), 200)
    made = Store(store.root)
    assert made.run_keys() == local.run_keys(), logs(tmp_path)
    assert list(made.readings()) == list(local.readings())
    assert same_results(made, local) > 4
    collected = repro(tmp_path, "check")
    assert collected.returncode == 0, collected.stderr
    assert "to train" not in collected.stderr, "nothing is left to do"
    assert "tiny/tuned" in collected.stdout
    again = repro(tmp_path, "submit", "--slurm", "time=5m", environment=cluster.environment)
    assert "There is nothing to run." in again.stderr
    assert not cluster.states()


def test_a_node_that_is_set_down_costs_nothing_that_was_saved(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    (job,) = submitted(cluster, tmp_path, "wide", "--slurm", "time=5m", **SLOWLY)
    store = Store(tmp_path / "store")
    wait_until(lambda: in_the_middle(store))
    node = cluster.node_of(f"{job}_0") or cluster.node_of(f"{job}_1")
    cluster.set_down(node)
    wait_until(lambda: ended(cluster), 200)
    cluster.bring_back(node)
    check_wide(store, local, tmp_path)


def test_cancelled_jobs_save_leave_nothing_running_and_go_on_when_they_are_submitted_again(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    (job,) = submitted(cluster, tmp_path, "wide", "--slurm", "time=5m", **SLOWLY)
    store = Store(tmp_path / "store")
    wait_until(lambda: in_the_middle(store))
    cluster.says("scancel", job)
    wait_until(lambda: not cluster.states() and not processes_that_know(str(store.root)))
    assert in_the_middle(store)
    submitted(cluster, tmp_path, "wide", "--slurm", "time=5m")
    wait_until(lambda: ended(cluster), 200)
    sessions = check_wide(store, local, tmp_path)
    assert sessions > 1, "a run went on from where it was"


def test_a_job_that_meets_its_time_limit_saves_and_is_queued_again(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    """Slurm tells a job of two minutes half a minute to a minute after it began, when it is at its second run."""
    submitted(cluster, tmp_path, "wide", "--slurm", "time=2m", TINY_SECONDS="0.15")
    store = Store(tmp_path / "store")
    wait_until(lambda: "Requeued job" in logs(tmp_path), 120)
    wait_until(lambda: ended(cluster), 280)
    check_wide(store, local, tmp_path)


def check_wide(store: Store, local: Store, folder: Path) -> int:
    """Assert that the claim's runs are those of a local check, and nothing runs any more; return the most sessions."""
    wait_until(lambda: not processes_that_know(str(store.root)), 30)
    done = repro(folder, "check", "wide")
    assert done.returncode == 0, done.stderr
    assert "to train" not in done.stderr, done.stderr
    store = Store(store.root)
    assert same_results(store, local) == 4
    assert len(list(store.readings())) == 8, "of four runs, at two moments"
    return max(len(record.provenance["sessions"]) for record in store.runs())
