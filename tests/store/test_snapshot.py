"""The snapshot of a large store: what it gives is what the files say, and it never outlives them."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path

import pytest

from repro.errors import ReproError
from repro.spec import ReadingSpec
from repro.store import Spent, Store, files, snapshot
from repro.store import store as store_module
from tests.support.helpers import run_record, spec_of

RECORDS = [
    run_record(replace(spec_of(), seed=seed), kept=(), train_error=[0.9, math.nan, seed / 7])
    for seed in range(4)
]
READINGS = {
    f"{number:024x}": [
        {"layer": "a", "index": 1, "value": number / 3},
        {"layer": "b", "index": 2, "value": 1e-300},
    ]
    for number in range(3)
}

TOOK = {"wall_seconds": 3.0, "processor_seconds": 1.5, "predicted_seconds": None}


def aged(path: Path, seconds: int = 60) -> None:
    moment = path.stat().st_mtime_ns - seconds * 10**9
    os.utime(path, ns=(moment, moment))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store whose runs and readings were read once and kept."""
    monkeypatch.setattr(store_module, "FEWEST", 1)
    store = Store(tmp_path)
    store.prepare()
    for record in RECORDS:
        store.put_run(record, {})
        aged(tmp_path / "runs" / record.key / "run.json")
    for key, rows in READINGS.items():
        content = {"spec": ReadingSpec("p", 1).as_json(), "rows": rows, "provenance": dict(TOOK)}
        store.put_complete_reading(key, content)
        aged(tmp_path / "readings" / f"{key}.json")
    first = Store(tmp_path)
    read_all(first)
    first.keep_snapshot()
    assert (tmp_path / "snapshot").is_file()
    return tmp_path


def read_all(store: Store) -> tuple[list[str], list[list[dict[str, object]]]]:
    """What a command sees, as text so that nan equals itself."""
    runs = [
        files.as_text(record.as_json()) for known in RECORDS if (record := store.run(known.key)) is not None
    ]
    return runs, [list(map(dict, store.reading(key) or ())) for key in READINGS]


def test_nothing_is_read_again_and_everything_is_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew = read_all(Store(root / "elsewhere")), [files.as_text(record.as_json()) for record in RECORDS]
    assert anew[0] == ([], [[], [], []])
    store = Store(root)
    monkeypatch.setattr(files, "unsealed", lambda text: pytest.fail("a file is read again"))
    runs, readings = read_all(store)
    assert runs == anew[1]
    assert readings == list(READINGS.values())
    assert {store.spent_reading(key) for key in READINGS} == {Spent(3.0, 1.5)}


def test_a_file_that_changed_is_read_from_the_store(root: Path) -> None:
    path = root / "runs" / RECORDS[0].key / "run.json"
    path.write_text(files.sealed(replace(RECORDS[0], wall_seconds=77.0).as_json()), encoding="utf-8")
    aged(path, 30)
    (root / "readings" / f"{next(iter(READINGS))}.json").unlink()
    store = Store(root)
    found = store.run(RECORDS[0].key)
    assert found is not None
    assert found.wall_seconds == 77.0
    assert store.reading(next(iter(READINGS))) is None
    assert store.run(RECORDS[1].key) is not None


def test_it_is_written_anew_where_much_is_new_and_keeps_what_was_not_asked_for(root: Path) -> None:
    before = (root / "snapshot").read_bytes()
    store = Store(root)
    store.run(RECORDS[0].key)
    store.keep_snapshot()
    assert (root / "snapshot").read_bytes() == before, "nothing was read anew"
    path = root / "runs" / RECORDS[0].key / "run.json"
    aged(path, 30)
    store = Store(root)
    store.run(RECORDS[0].key)
    store.keep_snapshot()
    assert (root / "snapshot").read_bytes() != before
    assert len(list(Store(root).snapshot.rest())) == len(RECORDS) + len(READINGS)
    assert read_all(Store(root))[1] == list(READINGS.values())


@pytest.mark.parametrize("damage", ["cut", "index", "other", "gone"])
def test_a_snapshot_that_cannot_be_read_is_none(root: Path, damage: str) -> None:
    path = root / "snapshot"
    content = path.read_bytes()
    expected = read_all(Store(root))
    broken = {"cut": content[:150], "index": content.replace(b'"entries"', b'"entriez"'), "other": b"{}\n"}
    path.unlink()
    if damage != "gone":
        path.write_bytes(broken[damage])
    assert read_all(Store(root)) == expected


def test_a_damaged_column_is_an_error_that_says_what_to_do(root: Path) -> None:
    path = root / "snapshot"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ReproError, match=r"(?s)snapshot.*does not match its checksum.*delete it"):
        read_all(Store(root))


def test_parts_are_kept_once_and_those_that_are_equal_and_not_the_same_apart(tmp_path: Path) -> None:
    heads = [
        {"threads": 1, "told": {"lr": 1.0, "machine": ["a", "b"]}},
        {"threads": 1.0, "told": {"lr": True, "machine": ["a", "b"]}},
        {"threads": True, "told": {"lr": 1, "machine": ["a", "b"]}},
        {"threads": None, "told": {}},
    ]
    path = tmp_path / "snapshot"
    entries = [(str(number), (1, 2, number), head) for number, head in enumerate(heads)]
    snapshot.Snapshot(path).write((place, unchanged, (head, {})) for place, unchanged, head in entries)
    again = snapshot.Snapshot(path)
    found = [again.take(place, unchanged) for place, unchanged, _ in entries]
    given = [one[0] for one in found if one is not None]
    assert files.as_text(given) == files.as_text(heads)
    assert given[0]["told"]["machine"] is given[2]["told"]["machine"]


def test_a_small_store_has_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.prepare()
    store.put_run(RECORDS[0], {})
    aged(tmp_path / "runs" / RECORDS[0].key / "run.json")
    fresh = Store(tmp_path)
    fresh.run(RECORDS[0].key)
    assert snapshot.FEWEST > 1
    fresh.keep_snapshot()
    assert not (tmp_path / "snapshot").exists()
