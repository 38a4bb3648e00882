from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.helpers import World

# The same examples on every machine, and none of them timed.
settings.register_profile("repro", deadline=None, derandomize=True)
settings.load_profile("repro")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
