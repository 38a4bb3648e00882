from __future__ import annotations

import pytest

from repro.store import Store
from tests.support.clusters import checked


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The store of a check of all the claims on this machine."""
    folder = tmp_path_factory.mktemp("local")
    done = checked(folder)
    assert done.returncode == 0, done.stderr
    return Store(folder / "store")
