"""The connection to a Ray cluster, by a module that stands for Ray."""

from __future__ import annotations

import importlib
import os
from types import SimpleNamespace
from typing import Any

import pytest

from repro.execution.ray_connection import connected

UV = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"


@pytest.mark.parametrize(("before", "then"), [(None, "0"), ("1", "1")])
def test_nodes_run_what_is_installed_there_though_uv_runs_the_driver(
    monkeypatch: pytest.MonkeyPatch, before: str | None, then: str
) -> None:
    """Ray reads the variable when it is imported, and would wait for ever for an environment that uv cannot make."""
    seen: list[str | None] = []

    def imported(name: str) -> Any:
        seen.append(os.environ.get(UV))
        return SimpleNamespace(init=lambda **_: None, shutdown=lambda: None)

    monkeypatch.setenv(UV, before or "")
    if before is None:
        monkeypatch.delenv(UV)
    monkeypatch.setattr(importlib, "import_module", imported)
    with connected("ray"):
        pass
    assert seen == [then]
