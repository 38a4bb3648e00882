"""The store's format."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from repro.store import Checkpoint, RunRecord, Store, contract
from tests.support.command import repro


def test_a_store_of_a_later_format_is_refused_and_one_without_is_read(tmp_path: Path) -> None:
    from repro.store.files import sealed

    Store(tmp_path).prepare()
    assert json.loads((tmp_path / "store.json").read_text(encoding="utf-8"))["content"] == {"format": 2}
    (tmp_path / "store.json").unlink()
    Store(tmp_path)
    (tmp_path / "store.json").write_text(sealed({"format": 3}), encoding="utf-8")
    done = repro("plan", "--store", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "is a store of another format; this version of repro reads 2 (received: 3)" in done.stderr


@pytest.mark.parametrize(("table", "kept"), [(contract.CHECKPOINT, Checkpoint), (contract.RUN, RunRecord)])
def test_what_is_written_is_what_the_contract_reads(table: Any, kept: Any) -> None:
    # Of runs that are trained here, and of those that a command carries out.
    for kind in table.__origin__.__args__:
        assert kind.__origin__.__annotations__.keys() == {field.name for field in fields(kept)}
