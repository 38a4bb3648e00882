"""What is said of options of clusters that make no sense, and of engines that are not there."""

from __future__ import annotations

import sys

import pytest

from repro.cli.machine import check_cluster, check_device, default_workers
from repro.cli.options import shard_of
from repro.cli.submit_command import sbatch_options
from repro.errors import ReproError
from repro.execution import Workload, slurm
from repro.execution.ray_cluster import RayCluster
from repro.planning.shards import Shard
from repro.store import Store


def test_options_of_sbatch_are_taken_by_their_long_names() -> None:
    given = ["partition=gpu,time=90m", "gres=gpu:a100:1", "--cpus_per_task=8"]
    assert sbatch_options(given) == {
        "partition": "gpu",
        "time": "90",
        "gres": "gpu:a100:1",
        "cpus-per-task": "8",
    }
    assert sbatch_options(["time=90s"])["time"] == "2", "Slurm counts minutes"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("partition=gpu", "no time limit is named"),
        ("partition", "is no NAME=VALUE"),
        ("time=4h,partition=", "is no NAME=VALUE"),
        ("time=4", "has no unit"),
        ("time=4h,time=2h", "is named twice"),
        ("time=4h,array=0-3", "is set by `repro submit` itself"),
    ],
)
def test_options_of_sbatch_that_make_no_sense(given: str, said: str) -> None:
    with pytest.raises(ReproError, match=said):
        sbatch_options([given])


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "-1/3"])
def test_a_shard_is_one_of_so_many(text: str) -> None:
    assert shard_of("3/8") == Shard(3, 8)
    assert shard_of(None) is None
    with pytest.raises(ReproError, match="no part of a number of parts"):
        shard_of(text)


def test_devices_and_clusters_by_name() -> None:
    assert check_device("cuda:0,3", "paper") == "cuda:0,3"
    assert default_workers("cuda:0,3") == 2
    for name in ("cuda:", "cuda:0,", "cpu:1", "xpu:0,1"):
        with pytest.raises(ReproError, match="unknown device"):
            check_device(name, "paper")
    for name in (None, "ray", "ray://head:10001"):
        check_cluster(name)
    for name in ("slurm", "ray:", "ray://", "http://head"):
        with pytest.raises(ReproError, match="is no cluster"):
            check_cluster(name)


def test_a_job_of_slurm_uses_the_cores_that_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slurm tells them, and binds a job to them only where its task plugin is configured."""
    monkeypatch.delenv("SLURM_CPUS_ON_NODE", raising=False)
    there = default_workers("cpu")
    for given, used in (("1", 1), (str(there + 5), there), ("", there)):
        monkeypatch.setenv("SLURM_CPUS_ON_NODE", given)
        assert default_workers("cpu") == used
    assert default_workers("cpu", there + 5) == there + 5


def test_engines_that_are_not_installed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ReproError, match=r"repro-claims\[slurm\]"):
        slurm.submit([[["true"]]], store.root, {"time": "1"})
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ReproError, match=r"repro-claims\[ray\]"):
        RayCluster("ray", store.root).execute(Workload([], store, lambda progress: None))
