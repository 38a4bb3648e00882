"""A real Slurm of two nodes: jobs that run, are cancelled or preempted, whose node dies, whose time is over.

What comes of them is, byte for byte, what a check on this machine makes.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[slurm.Slurm]:
    missing = slurm.missing()
    if missing is None and importlib.util.find_spec("submitit") is None:
        missing = "submitit is not installed: pip install 'repro-claims[slurm]'"
    needed_or_skipped(missing)
    with slurm.running(tmp_path_factory.mktemp("slurm")) as cluster:
        yield cluster


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    hold = Hold(tmp_path)
    yield hold
    hold.end()


def submitted(
    cluster: slurm.Slurm, folder: Path, *arguments: object, hold: Hold | None = None, time: str = "10m"
) -> list[str]:
    """Submit claims from a folder and return the jobs' ids, a stage each."""
    environment = {**cluster.environment, **(hold.environment if hold else {})}
    line = ["submit", *arguments, "--slurm", f"time={time}", "--shards", 2, "--checkpoint-every", "0.2s"]
    done = repro(folder, *line, "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    jobs: list[str] = json.loads(done.stdout)["jobs"]
    return jobs


def test_submitted_shards_in_stages_make_what_a_check_makes(
    cluster: slurm.Slurm, local: Store, tmp_path: Path
) -> None:
    jobs = submitted(cluster, tmp_path)
    assert len(jobs) == 2, "what is known, and what follows tuning"
    assert set(cluster.states()) == {f"{job}_{shard}" for job in jobs for shard in (0, 1)}
    wait_until(lambda: not cluster.states())
    made = Store(tmp_path / "store")
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
    cluster: slurm.Slurm, local: Store, tmp_path: Path, hold: Hold
) -> None:
    (job,) = submitted(cluster, tmp_path, "wide", hold=hold)
    store = Store(tmp_path / "store")
    wait_until(lambda: len(in_the_middle(store)) == 2)
    node = cluster.node_of(f"{job}_0")
    before = in_the_middle(store)
    cluster.set_down(node)
    wait_until(lambda: cluster.states()[f"{job}_0"] == "PENDING")
    hold.end()
    wait_until(lambda: not cluster.states())
    cluster.bring_back(node)
    assert len(check_wide(local, tmp_path, before)) == 1, "of the two; the other one's node was not"


def test_cancelled_jobs_save_leave_nothing_running_and_go_on_when_they_are_submitted_again(
    cluster: slurm.Slurm, local: Store, tmp_path: Path, hold: Hold
) -> None:
    (job,) = submitted(cluster, tmp_path, "wide", hold=hold)
    store = Store(tmp_path / "store")
    wait_until(lambda: in_the_middle(store))
    cluster.says("scancel", job)
    wait_until(lambda: not cluster.states() and not processes_that_know(str(store.root)))
    before = in_the_middle(store)
    assert before
    submitted(cluster, tmp_path, "wide")
    wait_until(lambda: not cluster.states())
    assert check_wide(local, tmp_path, before) == set(before)


def test_a_job_that_is_told_by_term_alone_and_one_that_is_preempted_save_and_are_queued_again(
    cluster: slurm.Slurm, local: Store, tmp_path: Path, hold: Hold
) -> None:
    (job,) = submitted(cluster, tmp_path, "wide", hold=hold)
    store = Store(tmp_path / "store")
    wait_until(lambda: len(in_the_middle(store)) == 2)
    before = in_the_middle(store)
    cluster.says("scancel", "--batch", "--signal=TERM", f"{job}_0")
    where = f"--nodelist={cluster.node_of(f'{job}_1')}"
    cluster.says("sbatch", "--partition=urgent", where, "--output=/dev/null", "--wrap=true")
    wait_until(lambda: logs(tmp_path).count("Starting with JobEnvironment") == 4)
    assert logs(tmp_path).count("interrupted at step") == 2
    assert "DUE TO PREEMPTION" in logs(tmp_path)
    hold.end()
    wait_until(lambda: not cluster.states())
    assert check_wide(local, tmp_path, before) == set(before)


def test_a_job_that_meets_its_time_limit_saves_and_is_queued_again(
    cluster: slurm.Slurm, local: Store, tmp_path: Path, hold: Hold
) -> None:
    """Slurm tells a job of two minutes half a minute to a minute after it began; one that had not got going, again."""
    submitted(cluster, tmp_path, "wide", hold=hold, time="2m")
    store = Store(tmp_path / "store")
    wait_until(lambda: re.search(r"interrupted at step.*Requeued job", logs(tmp_path), re.DOTALL), 600)
    before = in_the_middle(store)
    assert before
    hold.end()
    wait_until(lambda: not cluster.states())
    assert check_wide(local, tmp_path, before) == set(before)


def logs(folder: Path) -> str:
    """Return what the jobs have said."""
    return "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*_log.out"))


def check_wide(local: Store, folder: Path, before: Mapping[str, int]) -> set[str]:
    """Assert that the claim's runs are those of a local check, and nothing runs any more; return what went on."""
    root = folder / "store"
    wait_until(lambda: not processes_that_know(str(root)))
    done = repro(folder, "check", "wide")
    assert done.returncode == 0, done.stderr
    assert "to train" not in done.stderr, f"{done.stderr}\n{logs(folder)}"
    store = Store(root)
    assert same_results(store, local) == 4
    assert len(list(store.readings())) == 8, "of four runs, at two moments"
    return went_on_from(before, store)
