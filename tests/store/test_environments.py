"""What runs were made with: recorded, shared between runs, carried along, and shown."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from repro.cli import cli
from repro.errors import ReproError
from repro.exchange import Loaded, export, merge, opened, verify
from repro.store import RunRecord, Store
from repro.worker.provenance import installed, kernel_module, provenance
from tests.support.helpers import PROVENANCE, blob, run_record, spec_of

PACKAGES = {"numpy": "2.0.0", "torch": "2.6.0"}


def put(store: Store, seed: int = 0, **told: Any) -> RunRecord:
    spec = spec_of(seed=seed)
    record = replace(run_record(spec, step=[0.0, 100.0], epoch=[0.0, 4.0]), provenance=PROVENANCE | told)
    store.put_run(record, {moment: blob(spec, moment) for moment in record.weights})
    return record


def shown(store: Store, *arguments: str) -> str:
    done = CliRunner().invoke(
        cli, ["runs", "show", *arguments, "--store", str(store.root)], standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    return " ".join(done.stdout.split())


def test_what_is_installed_is_what_python_says() -> None:
    found = installed()
    for name in ("numpy", "torch", "pydantic", "pytest"):
        assert found[name] == importlib.metadata.version(name)


def test_a_machine_tells_system_and_threads() -> None:
    made = provenance(torch.device("cpu"))
    assert made["threads"] == torch.get_num_threads()
    assert made["os"]
    assert "driver" not in made


@pytest.mark.parametrize(
    "text",
    [
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 12\n",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build\nGCC version: 12\n",
    ],
)
def test_a_driver_is_read_from_what_either_kernel_module_says(text: str) -> None:
    assert kernel_module(text) == "550.54.15"


def test_runs_share_a_list_and_take_it_along(store: Store, tmp_path: Path) -> None:
    names = {store.put_environment(PACKAGES) for _ in range(2)}
    (name,) = names
    store.put_environment({"other": "1"})
    for seed in range(2):
        put(store, seed, installed=name)
    assert list(store.environments()) != [name]
    export(store, tmp_path / "all.tar", None)
    there = Store(tmp_path / "there")
    there.prepare()
    with opened(tmp_path / "all.tar") as folder:
        merged = merge(folder, there)
    assert merged.refused == []
    assert list(there.environments()) == [name], "a list that no run names stays behind"
    assert there.environment(name) == PACKAGES


def test_a_list_that_is_changed_is_named_and_not_used(store: Store) -> None:
    name = store.put_environment(PACKAGES)
    (path,) = (store.root / "environments").iterdir()
    path.rename(path.with_name(f"{'0' * 64}.json"))
    assert store.environment("0" * 64) is None
    assert store.environment(name) is None
    found = verify(store, lambda paths: Loaded({}, {}))
    assert [finding.entry for finding in found] == [f"environments/{'0' * 64}.json"]


def test_a_run_is_shown_with_all_that_it_was_made_with(store: Store) -> None:
    git = {"commit": "c" * 40, "uncommitted": {"files": ["my_nets.py"], "sha256": "0" * 64}}
    name = store.put_environment(PACKAGES)
    record = put(store, installed=name, os="Linux-6.1", driver="driver 550.54, CUDA 12.4", threads=1, git=git)
    text = shown(store, record.key[:8])
    for said in (
        record.key,
        "finished: 100 steps",
        "system: Linux-6.1",
        "driver: driver 550.54, CUDA 12.4",
        "threads: 1",
        "torch: 2.6.0",
        f"git, of the claims folder: commit {'c' * 40}, with local changes in my_nets.py",
        "2 installed packages: numpy 2.0.0, torch 2.6.0",
        '"batch_size": 64',
    ):
        assert said in text, said
    data = json.loads(shown(store, record.key, "--json"))
    assert data["installed"] == {name: PACKAGES}
    assert data["provenance"]["git"] == git


def test_a_run_of_an_older_store_says_that_it_was_not_recorded(store: Store) -> None:
    record = put(store)
    assert "installed packages: not recorded" in shown(store, record.key)


def test_a_key_that_names_no_run_or_several_is_an_error(store: Store) -> None:
    for seed in range(20):
        put(store, seed)
    with pytest.raises(ReproError, match="is no run's key"):
        shown(store, "xyz")
    with pytest.raises(ReproError, match="is the beginning of 20 runs"):
        shown(store, "")
