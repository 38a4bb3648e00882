from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from repro.store import Store
from tests.support.helpers import World

# The same examples on every machine, and none of them timed.
settings.register_profile("repro", deadline=None, derandomize=True)
settings.load_profile("repro")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with nothing in it."""
    made = Store(tmp_path / "store")
    made.prepare()
    return made


@pytest.fixture
def one_thread() -> None:
    """Numerics as in a worker: the same bits on every machine of a kind."""
    import torch

    torch.set_num_threads(1)
