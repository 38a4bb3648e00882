"""A Ray cluster of three nodes on this machine, one of which is killed while it trains."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from repro.store import Store
from tests.support.clusters import (
    CLAIMS,
    Hold,
    free_ports,
    in_the_middle,
    line,
    needed_or_skipped,
    processes_that_know,
    same_results,
    wait_until,
    went_on_from,
)

pytestmark = pytest.mark.service

UV = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"

LIGHT = {"object_store_memory": 100 * 2**20, "include_log_monitor": False}
"""Each of Ray's helpers takes seconds to start."""


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Hold]:
    hold = Hold(tmp_path)
    yield hold
    hold.end()


@pytest.fixture(scope="module")
def client() -> str:
    """Where a check asks for the cluster that is no part of it."""
    return f"ray://127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture
def cluster(hold: Hold, client: str) -> Iterator[Any]:
    """A head, and two nodes of one core: they see nothing of what the machine may have of Ray."""
    if importlib.util.find_spec("ray") is None:
        needed_or_skipped("ray is not installed: pip install 'repro-claims[ray]'")
    # Under `uv run` Ray would make nodes' environments by uv; a check keeps it out by itself, as far as it is part.
    # And what starts a server for each client at ray:// forks while gRPC's threads run: with gRPC's handlers of forks
    # the child crashes now and then.
    ours = {
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        UV: "0",
        "GRPC_ENABLE_FORK_SUPPORT": "0",
    }
    settings = ours | hold.environment
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        for name, value in settings.items():
            patch.setenv(name, value)
        patch.delenv("RAY_ADDRESS", raising=False)
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False, "no_monitor": True, **LIGHT}
        head["ray_client_server_port"] = int(client.rpartition(":")[2])
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=1, **LIGHT)
            cluster.wait_for_nodes()
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture
def started(cluster: Any, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Give what starts a check on the cluster; its runs save their state all the time."""
    checks: list[subprocess.Popen[str]] = []
    where = ["--claims", str(CLAIMS), "--store", "store"]

    def start(on: str) -> subprocess.Popen[str]:
        check = subprocess.Popen(
            [*line("check"), "wide", "--on", on, "--checkpoint-every", "0.2s", "--json", *where],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if name != UV}
            | {"RAY_ADDRESS": cluster.address},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        checks.append(check)
        return check

    yield start
    for check in checks:
        if check.poll() is None:
            check.kill()
            print(*check.communicate())


def test_what_is_interrupted_or_lost_with_a_node_goes_on_from_what_came_home(
    cluster: Any,
    client: str,
    local: Store,
    hold: Hold,
    started: Callable[[str], subprocess.Popen[str]],
    tmp_path: Path,
) -> None:
    """The check that is interrupted is part of the cluster; the one whose node is lost is its client.

    With the node goes the process between nodes and driver, and what it holds at that moment: it is sent again.
    """
    store = Store(tmp_path / "store")
    process = started("ray")
    wait_until(lambda: len(in_the_middle(store)) == 2 or process.poll() is not None)
    process.terminate()
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 130, stderr
    assert "interrupted at step" in stderr
    interrupted = in_the_middle(store)
    assert len(interrupted) == 2, "one on each node"
    wait_until(lambda: not processes_that_know("repro-shard-"))

    process = started(client)
    wait_until(lambda: len(further(store, interrupted)) == 2 or process.poll() is not None)
    in_hand = further(store, interrupted)
    victim = max(cluster.worker_nodes, key=lambda node: node.unique_id)
    cluster.remove_node(victim, allow_graceful=False)
    mailboxes = processes_that_know("ray::Mailbox")
    assert mailboxes
    for process_id in mailboxes:
        os.kill(process_id, signal.SIGKILL)
    hold.end()
    stdout, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    assert "A node was lost" in stderr, stderr
    assert "Ran 4 jobs in" in stderr
    assert "another check" not in stderr, "nobody else was there"
    assert "more job" not in stderr, "nothing follows"
    assert stdout.startswith("{"), stdout[:2000]
    made = Store(store.root)
    assert len(made.run_keys()) == 4
    assert same_results(made, local) == 4
    assert went_on_from(interrupted, made) == set(interrupted)
    assert len(went_on_from(in_hand, made)) == 1, "the other one's node was not lost"
    # Workers whose node died end within seconds; the others, with their tasks.
    wait_until(lambda: not processes_that_know("repro-shard-"))


def further(store: Store, before: dict[str, int]) -> dict[str, int]:
    """Return the runs in the middle that have come further than they were, and how far: one on each node."""
    return {key: step for key, step in in_the_middle(store).items() if step > before.get(key, 0)}
