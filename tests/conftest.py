from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support import bytecode, drawings, forks

# Else imported in fixtures: the process that only hands tests to others imports this file, too.
if TYPE_CHECKING:
    from repro.store import Store
    from tests.support.helpers import World

# The same examples on every machine, and none of them timed.
settings.register_profile("repro", deadline=None, derandomize=True)
settings.load_profile("repro")


def pytest_configure(config: pytest.Config) -> None:
    """Keep bytecode and drawings, and start what forks processes, once for all workers of xdist."""
    bytecode.keep(config)
    drawings.keep(config)
    if forks.FORKS and forks.PYTHON not in os.environ:
        config.add_cleanup(forks.Server().close)


def pytest_collection() -> None:
    """Look for no cycles while modules are imported: all that they make is kept."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look through nothing of what was imported again and again: torch, scipy and the tests are millions of objects."""
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    """Leave cycles to the interpreter's end: nanobind tells of what is not taken down."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def disk() -> Iterator[None]:
    """Nothing waits until a disk has what is written: no machine loses its power here, and tens of thousands wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture
def world(tmp_path: Path) -> World:
    from tests.support.helpers import World

    return World(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with nothing in it."""
    from repro.store import Store

    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is started by this process's own interpreter is forked where that is the same (tests/support/forks)."""
    monkeypatch.setattr(sys, "executable", forks.python())


@pytest.fixture
def one_thread() -> None:
    """Numerics as in a worker: the same bits on every machine of a kind."""
    import torch

    torch.set_num_threads(1)
