"""Data that changes under the same path: noticed where the file system tells, and where only its content does."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from repro.experiment.data_index import DataIndex, state_of
from repro.registry import DataRef
from repro.store.files import sealed, unsealed
from tests.support.command import OWN_CLAIMS, repro

CLAIM = """
title = "Wider is better"
statement = "A wider net has the lower training error."
source = { where = "Sec. 1" }
[experiment]
dataset = { npz = "pets.npz" }
recipe = { name = "resnet-cifar", batch_size = 8, bn_group = 8, steps = 5, schedule = "constant" }
seeds = { looks = [2] }
[arms]
narrow = { model = "my_nets:TwoLayer", width = 2 }
wide = { model = "my_nets:TwoLayer", width = 16 }
[metrics.train_error]
kind = "final"
of = "train_error"
[expect.lower]
title = "The narrow net ends with the higher training error"
kind = "difference"
metric = "train_error"
arms = ["narrow", "wide"]
at_least = 0.05
role = "decides"
why = "A bar."
[scale.smoke.experiment]
"""
ARGUMENTS = ("--claims", "claims", "--workers", 1, "--json")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "claims" / "p"
    folder.mkdir(parents=True)
    shutil.copy(OWN_CLAIMS / "my_nets.py", tmp_path / "claims")
    shutil.copy(OWN_CLAIMS / "toy" / "paper.toml", folder)
    (folder / "c.toml").write_text(CLAIM, encoding="utf-8")
    save(folder / "pets.npz", 0)
    return tmp_path


def save(path: Path, flip: int) -> None:
    """Write forty images and labels, the labels the other way round where `flip` is 1; the same size and time."""
    images = (np.arange(40 * 64) % 251).astype(np.uint8).reshape(40, 8, 8, 1)
    labels = (np.arange(40) + flip) % 2
    np.savez(path, x_train=images, y_train=labels, x_test=255 - images[:8], y_test=labels[:8])
    os.utime(path, (0, 0))


def keys(report: str) -> list[str]:
    (claim,) = json.loads(report)["papers"][0]["claims"]
    assert all(run["outcome"] == "finished" for run in claim["runs"])
    return [run["key"] for run in claim["runs"]]


def test_other_labels_of_the_same_size_and_time_are_other_runs(place: Path) -> None:
    path = place / "claims/p/pets.npz"
    first = repro("check", *ARGUMENTS, cwd=place)
    assert first.returncode == 0, first.stderr
    size = path.stat().st_size
    save(path, 1)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (size, 0)
    second = repro("check", *ARGUMENTS, cwd=place)
    assert second.returncode == 0, second.stderr
    assert not set(keys(first.stdout)) & set(keys(second.stdout))
    # A file system that tells nothing: what is remembered is of other data than what lies there.
    save(path, 0)
    index = place / ".repro/data.json"
    told = unsealed(index.read_bytes())
    for content in told["contents"].values():
        content["state"] = state_of(path, False)
    index.write_text(sealed(told), encoding="utf-8")
    assert DataIndex(place / ".repro").unchanged(DataRef("pets", str(path)))
    text = (place / "claims/p/c.toml").read_text(encoding="utf-8")
    (place / "claims/p/c.toml").write_text(text.replace("steps = 5", "steps = 6"), encoding="utf-8")
    third = repro("check", *ARGUMENTS, cwd=place)
    assert third.returncode == 0, third.stderr
    assert "pets.npz has changed since it was read: it is read again." in third.stderr
    fourth = repro("check", *ARGUMENTS, cwd=place)
    assert fourth.returncode == 0
    assert keys(fourth.stdout) == keys(third.stdout)
    # The labels are those of the first check, whose runs were of other steps.
    assert len([*(place / ".repro/runs").iterdir()]) == 12
