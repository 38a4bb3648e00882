"""A Ray cluster of three nodes on this machine, one of which is killed while it trains."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from repro.store import Store
from tests.clusters.test_slurm import in_the_middle
from tests.support.clusters import (
    CLAIMS,
    SLOWLY,
    line,
    needed_or_skipped,
    processes_that_know,
    same_results,
    wait_until,
)

pytestmark = pytest.mark.service


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Three nodes of one core, which see nothing of what the machine may have of Ray, and train slowly."""
    if importlib.util.find_spec("ray") is None:
        needed_or_skipped("ray is not installed: pip install 'repro-claims[ray]'")
    settings = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0", **SLOWLY}
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.delenv("RAY_ADDRESS", raising=False)
        from ray.cluster_utils import Cluster

        node = {"num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        try:
            for _ in range(2):
                cluster.add_node(**{name: node[name] for name in ("num_cpus", "object_store_memory")})
            cluster.wait_for_nodes()
            yield cluster
        finally:
            cluster.shutdown()


def started(cluster: Any, folder: Path) -> subprocess.Popen[str]:
    """Start a check on the cluster; its runs save their state all the time."""
    where = ["--claims", str(CLAIMS), "--store", "store"]
    return subprocess.Popen(
        [*line("check"), "wide", "--on", "ray", "--checkpoint-every", "0.3s", *where],
        cwd=folder,
        env={**os.environ, "RAY_ADDRESS": cluster.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_is_interrupted_or_lost_with_a_node_goes_on_from_what_came_home(
    cluster: Any, local: Store, tmp_path: Path
) -> None:
    process = started(cluster, tmp_path)
    store = Store(tmp_path / "store")
    wait_until(lambda: in_the_middle(store) or process.poll() is not None, 120)
    process.terminate()
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    assert "interrupted at step" in stderr
    at_first = {checkpoint.key: checkpoint.step for checkpoint in store.unfinished()}
    assert at_first
    wait_until(lambda: not processes_that_know("repro-shard-"), 40)

    process = started(cluster, tmp_path)
    wait_until(lambda: further(store, at_first) or process.poll() is not None, 120)
    victim = max(cluster.worker_nodes, key=lambda node: node.unique_id)
    cluster.remove_node(victim, allow_graceful=False)
    stdout, stderr = process.communicate(timeout=240)
    assert process.returncode == 0, stderr
    assert "A node was lost" in stderr, stderr
    assert "tiny/wide" in stdout
    made = Store(store.root)
    assert len(made.run_keys()) == 4
    assert same_results(made, local) == 4
    for key, step in at_first.items():
        record = made.run(key)
        assert record is not None
        assert any(session["from_step"] >= step for session in record.provenance["sessions"])
    # Workers whose node died end within seconds; the others, with their tasks.
    wait_until(lambda: not processes_that_know("repro-shard-"), 40)


def further(store: Store, before: dict[str, int]) -> bool:
    """Tell whether some run has come further than it was."""
    return any(checkpoint.step > before.get(checkpoint.key, 0) for checkpoint in store.unfinished())
