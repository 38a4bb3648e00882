"""Runs are read once a command, and never as they were before somebody changed them."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from repro.store import RunRecord, Store, files, recent
from repro.store.files import sealed, unsealed
from tests.support.helpers import run_record, spec_of

RECORD = run_record(spec_of(), kept=(), train_error=[0.9, 0.1])
KEY = RECORD.key
READING = {
    "spec": {"probe": "p", "version": 1, "options": {}, "run": None, "moment": None, "subject": None},
    "provenance": {},
}


def written(store: Store, record: RunRecord, *, aged: bool = True) -> Path:
    """Write a record in place; `aged` makes the file a minute old."""
    path = store.root / "runs" / KEY / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sealed(asdict(record)), encoding="utf-8")
    if aged:
        now = path.stat().st_mtime_ns - 60 * 10**9
        os.utime(path, ns=(now, now))
    return path


def test_an_unchanged_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    written(store, RECORD)
    first = store.run(KEY)
    monkeypatch.setattr(files, "unsealed", lambda text: pytest.fail("it is read again"))
    assert first == RECORD
    assert store.run(KEY) is first


def test_an_unchanged_reading_is_read_once_and_a_changed_one_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    path = tmp_path / "readings" / f"{KEY}.json"
    path.parent.mkdir()
    for value in (1.0, 2.0):
        path.write_text(sealed({**READING, "rows": [{"value": value}]}), encoding="utf-8")
        earlier = path.stat().st_mtime_ns - int((60 + value) * 10**9)
        os.utime(path, ns=(earlier, earlier))
        assert store.reading(KEY) == [{"value": value}]
        with monkeypatch.context() as patch:
            patch.setattr(files, "unsealed", lambda text: pytest.fail("it is read again"))
            assert store.reading(KEY) == [{"value": value}]
    path.unlink()
    assert store.reading(KEY) is None


@pytest.mark.parametrize("aged", [True, False])
def test_a_changed_file_is_read_again(aged: bool, tmp_path: Path) -> None:
    store = Store(tmp_path)
    written(store, RECORD, aged=aged)
    assert store.run(KEY) == RECORD
    # As long as before, and where nothing is a minute old in the same tick of the clock perhaps.
    later = replace(RECORD, wall_seconds=3.0)
    written(store, later, aged=False)
    assert store.run(KEY) == later


def test_damage_that_time_size_and_number_hide_is_seen_by_a_reading_of_everything(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = written(store, RECORD)
    assert store.run(KEY) == RECORD
    before = path.stat()
    with path.open("r+b") as file:
        text = file.read()
        file.seek(0)
        file.write(text.replace(b"0.9", b"0.8"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.run(KEY) == RECORD
    assert list(store.runs()) == []
    assert store.damaged == [f"{path.relative_to(tmp_path)} cannot be read or does not match its checksum"]
    assert Store(tmp_path).run(KEY) is None


def test_the_first_files_stay_where_there_is_no_room_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "MOST", 2)
    kept = recent.Recent[str](str)
    old, new = (1, 1, 1), (1, 2, 1)
    for _ in range(2):
        for name in "abc":
            kept.keep(name, old, name)
    assert [kept.find(name, old) for name in "abc"] == ["a", "b", None]
    kept.keep("b", new, "B")
    assert [kept.find("b", state) for state in (old, new)] == [None, "B"]


def test_a_file_that_goes_or_is_damaged_is_not_there(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = written(store, RECORD)
    assert store.run(KEY) == RECORD
    path.write_bytes(path.read_bytes().replace(b"0.9", b"0.8"))
    assert store.run(KEY) is None
    assert store.damaged
    path.unlink()
    assert store.run(KEY) is None


def test_what_earlier_versions_sealed_is_read_and_its_damage_seen() -> None:
    # Keys in the order in which they were given; the checksum is of the sorted ones.
    content = {"b": [1, 2.5, float("inf")], "a": {"d": "ä", "c": None}}
    checksum = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    earlier = json.dumps({"sha256": checksum, "content": content})
    assert unsealed(earlier.encode()) == unsealed(sealed(content).encode()) == content
    for text in (earlier, sealed(content)):
        with pytest.raises(ValueError, match="checksum"):
            unsealed(text.replace("2.5", "2.6").encode())


def test_a_still_store_answers_from_one_state_and_sees_the_next_one_afterwards(tmp_path: Path) -> None:
    """A run that ends, one that is changed and a failure that goes, while a report is made: it tells of one state."""
    store, other = Store(tmp_path), run_record(spec_of(seed=7), kept=(), train_error=[0.5])
    store.prepare()
    written(store, RECORD)
    store.put_failure(other.key, "a run", "no memory left")
    later = replace(RECORD, wall_seconds=3.0)
    with store.still():
        before = store.run(KEY), store.run(other.key), store.failure(other.key)
        store.put_run(other, {})
        store.clear_failure(other.key)
        written(store, later, aged=False)
        with store.still():
            assert (store.run(KEY), store.run(other.key), store.failure(other.key)) == before
        assert (store.run(KEY), store.run(other.key), store.failure(other.key)) == before
    assert before == (RECORD, None, "no memory left")
    assert (store.run(KEY), store.run(other.key), store.failure(other.key)) == (later, other, None)


def test_a_still_store_looks_at_a_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    written(store, RECORD)
    looked: list[str] = []
    told = recent.signature
    monkeypatch.setattr(recent, "signature", lambda path: (looked.append(path), told(path))[1])
    with store.still():
        for _ in range(3):
            assert store.run(KEY) == RECORD
            assert store.run("0" * 24) is store.reading(KEY) is store.failure(KEY) is None
    assert len(looked) == len(set(looked)) == 4


def test_what_is_made_of_a_still_store_is_made_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = iter(range(10))

    def asked() -> list[int]:
        return [store.once(key, lambda: next(made)) for key in ("a", "b", "a")]

    assert asked() == [0, 1, 2]
    with store.still():
        assert asked() == [3, 4, 3]
        with store.still():
            assert asked() == [3, 4, 3]
        assert asked() == [3, 4, 3]
    assert asked() == [5, 6, 7]
