"""Archives of strangers, and files that end the process that tries them: nothing breaks, and nothing is called damaged
that nobody could check.
"""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from bench import import_attacks
from repro.errors import ReproError
from repro.exchange import export, load, opened, verify
from repro.exchange import loading as module
from repro.store import Store
from repro.worker.recording import as_bytes
from tests.support.helpers import run_record, spec_of


def store_of(folder: Path, **weights: bytes) -> Store:
    """Return a store with one run that keeps these weights."""
    store = Store(folder)
    store.prepare()
    sums = {moment: hashlib.sha256(blob).hexdigest() for moment, blob in weights.items()}
    store.put_run(replace(run_record(spec_of(), steps_done=10), weights=sums), weights)
    return store


def test_a_slice_of_the_import_attacks_breaks_nothing() -> None:
    kinds = len(import_attacks._SOUND) + len(import_attacks._HOSTILE) + len(import_attacks._ODD)
    tally = import_attacks.tried(kinds, seed=5)
    assert sum(tally.tried.values()) == kinds
    assert tally.examples == []
    assert tally.ended["refused"] > 5
    assert tally.ended["taken"] > 5


def test_a_small_tar_of_weights_that_are_zip_files_is_no_zip_file(tmp_path: Path) -> None:
    store = store_of(tmp_path / "a", last=as_bytes({"w": torch.zeros(2)}))
    export(store, tmp_path / "one.tar", None)
    with opened(tmp_path / "one.tar") as folder:
        assert [record.key for record in Store(folder).runs()] == [spec_of().key]


def test_a_folder_that_a_file_manager_looked_at_can_be_imported(tmp_path: Path) -> None:
    export(store_of(tmp_path / "a"), tmp_path / "folder", None)
    (tmp_path / "folder" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "folder" / "runs" / "._x").write_bytes(b"\0")
    with opened(tmp_path / "folder") as folder:
        assert len(list(Store(folder).runs())) == 1


@pytest.mark.skipif(os.name != "posix", reason="files of POSIX")
def test_what_is_no_ordinary_file_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tar")
    for path in (tmp_path / "pipe.tar", Path("/dev/zero")):
        with pytest.raises(ReproError, match="is no ordinary file"), opened(path):
            pass


# What cannot be checked ---------------------------------------------------------------------------------------------

ANSWERS = """
import json, os, sys
print("my dice")
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    path = json.loads(line)
    if "deadly" in path:
        os._exit(11)
    print(json.dumps({"why": "holds code" if "bad" in path else None}), flush=True)
"""


def answers(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(module.child, "command", lambda name: [sys.executable, "-c", code])


def test_a_file_that_ends_its_process_costs_no_other_file_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ANSWERS)
    found = load([Path(name) for name in ("a", "bad", "deadly", "b", "bad too")])
    assert found.broken == {Path("bad"): "holds code", Path("bad too"): "holds code"}
    assert list(found.unchecked) == [Path("deadly")]
    assert "exit code 11" in found.unchecked[Path("deadly")]


def test_a_process_that_cannot_begin_makes_nothing_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(tmp_path, last=b"weights")
    answers(monkeypatch, "raise SystemExit(9)")
    (found,) = verify(store, load)
    assert (found.kind, found.says) == ("unchecked", "the process that loads files ended with exit code 9")


def test_processes_that_die_again_and_again_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, ANSWERS)
    found = load([Path(f"deadly {number}") for number in range(20)])
    assert (len(found.broken), len(found.unchecked)) == (0, 20)


@pytest.mark.usefixtures("forked")
def test_weights_that_load_do_and_others_say_why(tmp_path: Path) -> None:
    (tmp_path / "good.pt").write_bytes(as_bytes({"w": torch.zeros(2)}))
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    found = load([tmp_path / "good.pt", tmp_path / "bad.pt"])
    assert (list(found.broken), found.unchecked) == ([tmp_path / "bad.pt"], {})
