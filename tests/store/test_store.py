"""The store: what is written comes back, what is damaged is named and kept, and nobody is in anybody's way."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repro.errors import ReproError
from repro.spec import ReadingSpec
from repro.store import Store, lineage
from tests.support.helpers import PROVENANCE, blob, layer_rows, run_record, spec_of

SPEC = spec_of()
KEY = SPEC.key
RECORD = run_record(
    SPEC, train_error=[0.9, 0.123456789012345678], test_loss=[0.5, 1e-300], kept=("init", "last")
)
WEIGHTS = {moment: blob(SPEC, moment) for moment in ("init", "last")}
READING = ReadingSpec("response_std", 1, {"layers": "conv3x3"}, run=SPEC, moment="last")
ROWS = layer_rows(1.0, 0.1 + 0.2, 5e-324)


def filled(store: Store) -> Path:
    """Put the run and return its folder."""
    store.put_run(RECORD, WEIGHTS)
    return store.root / "runs" / KEY


def asides(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if "." in path.name.removesuffix(".json"))


def test_an_empty_store_holds_nothing_and_reading_writes_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path / "nowhere")
    assert store.run(KEY) is None
    assert store.weights(KEY, "last") is None
    assert store.reading(READING.key) is None
    assert store.failure(KEY) is None
    assert list(store.runs()) == []
    assert store.damaged == []
    assert not store.root.exists()


def test_runs_weights_readings_and_failures_come_back_as_they_were(store: Store) -> None:
    filled(store)
    store.put_reading(READING, ROWS, PROVENANCE)
    store.put_failure(KEY, "a title", "out of memory\nat line 3")
    fresh = Store(store.root)
    assert fresh.run(KEY) == RECORD
    assert list(fresh.runs()) == [RECORD]
    assert {moment: fresh.weights(KEY, moment) for moment in WEIGHTS} == WEIGHTS
    assert fresh.weights(KEY, "mid") is None
    assert fresh.intact(KEY)
    assert fresh.reading(READING.key) == ROWS
    assert fresh.failure(KEY) == "out of memory\nat line 3"
    fresh.clear_failure(KEY)
    assert fresh.failure(KEY) is None
    fresh.clear_failure(KEY)
    assert fresh.damaged == []


def test_histories_with_values_that_are_no_numbers_come_back(store: Store) -> None:
    history = {**RECORD.history, "train_loss": [2.3, float("inf")], "running_error": [float("nan"), 0.9]}
    record = replace(RECORD, outcome="diverged", history=history)
    store.put_run(record, WEIGHTS)
    found = store.run(KEY)
    assert found is not None
    assert found.same_result(record)


def test_an_intact_run_is_not_written_again(store: Store) -> None:
    folder = filled(store)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    store.put_run(replace(RECORD, wall_seconds=99.0), WEIGHTS)
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    assert store.run(KEY) == RECORD
    assert [path.name for path in (store.root / "runs").iterdir()] == [KEY]


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def flipped(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert '"wall_seconds": 2.0' in text
    path.write_text(text.replace('"wall_seconds": 2.0', '"wall_seconds": 3.0'), encoding="utf-8")


def unsealed(path: Path) -> None:
    path.write_text(
        json.dumps({"content": json.loads(path.read_text(encoding="utf-8"))["content"]}), encoding="utf-8"
    )


def of_another_kind(path: Path) -> None:
    path.write_text("[1, 2]", encoding="utf-8")


@pytest.mark.parametrize("damage", [truncated, emptied, flipped, unsealed, of_another_kind])
def test_a_damaged_run_is_not_used_but_named_and_kept_when_replaced(store: Store, damage: Any) -> None:
    folder = filled(store)
    damage(folder / "run.json")
    left = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert store.run(KEY) is None
    assert list(store.runs()) == []
    assert store.weights(KEY, "last") is None
    assert not store.intact(KEY)
    assert set(store.damaged) == {f"runs/{KEY}/run.json cannot be read or does not match its checksum"}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == left, "reading changes nothing"
    store.put_run(RECORD, WEIGHTS)
    assert store.run(KEY) == RECORD
    aside = store.root / "runs" / f"{KEY}.damaged-1"
    assert {path.name: path.read_bytes() for path in aside.iterdir()} == left
    damage(folder / "run.json")
    store.put_run(RECORD, WEIGHTS)
    assert asides(store.root / "runs") == [f"{KEY}.damaged-1", f"{KEY}.damaged-2"]
    assert list(store.runs()) == [RECORD]


@settings(max_examples=60)
@given(st.data())
def test_no_flipped_bit_passes_for_another_result(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.prepare()
        path = filled(store) / "run.json"
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(content)
        found = store.run(KEY)
        # "1e-5" and "1E-5" are one number; anything else is noticed.
        assert found == RECORD if found is not None else store.damaged


@pytest.mark.parametrize("how", ["missing", "changed", "of another moment"])
def test_weights_that_are_not_as_written_are_not_used_and_the_run_can_be_replaced(
    store: Store, how: str
) -> None:
    folder = filled(store)
    path = folder / "weights-last.pt"
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(b"other" if how == "changed" else WEIGHTS["init"])
    assert store.weights(KEY, "last") is None
    assert store.weights(KEY, "init") == WEIGHTS["init"]
    assert len(store.damaged) == 1
    assert f"runs/{KEY}/weights-last.pt" in store.damaged[0]
    assert store.run(KEY) == RECORD, "the measurements are sound"
    assert not store.intact(KEY)
    store.put_run(RECORD, WEIGHTS)
    assert store.intact(KEY)
    assert (store.root / "runs" / f"{KEY}.damaged-1" / "run.json").is_file()


def test_a_run_under_anothers_name_is_not_taken_for_it(store: Store) -> None:
    other = spec_of(seed=1).key
    shutil.copytree(filled(store), store.root / "runs" / other)
    assert store.run(other) is None
    assert store.damaged == [f"runs/{other}/run.json is of another run, {KEY}"]


def test_a_run_of_a_version_with_other_fields_is_not_used(store: Store) -> None:
    path = filled(store) / "run.json"
    from repro.store import files as module

    content = json.loads(path.read_text(encoding="utf-8"))["content"]
    path.write_text(module.sealed(content | {"temperature": 1}), encoding="utf-8")
    assert store.run(KEY) is None
    assert store.damaged == [f"runs/{KEY}/run.json was written by another version: it has a key temperature"]


def test_a_damaged_reading_is_not_used_but_named_and_kept_when_replaced(store: Store) -> None:
    store.put_reading(READING, ROWS, PROVENANCE)
    path = store.root / "readings" / f"{READING.key}.json"
    truncated(path)
    left = path.read_bytes()
    assert store.reading(READING.key) is None
    assert store.damaged == [f"readings/{READING.key}.json cannot be read or does not match its checksum"]
    store.put_reading(READING, ROWS, PROVENANCE)
    assert store.reading(READING.key) == ROWS
    assert (path.parent / f"{path.name}.damaged-1").read_bytes() == left


def test_many_at_once_put_the_same_run(store: Store) -> None:
    barrier, errors = threading.Barrier(8), []

    def put() -> None:
        barrier.wait()
        try:
            Store(store.root).put_run(RECORD, WEIGHTS)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [path.name for path in (store.root / "runs").iterdir()] == [KEY]
    assert store.intact(KEY)


def test_a_run_that_appears_while_ours_is_put_wins(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def late(path: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", rename)
        Store(store.root).put_run(replace(RECORD, wall_seconds=1.0), WEIGHTS)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    store.put_run(RECORD, WEIGHTS)
    assert [path.name for path in (store.root / "runs").iterdir()] == [KEY]
    found = store.run(KEY)
    assert found is not None
    assert found.wall_seconds == 1.0
    assert store.intact(KEY)


def test_what_is_written_is_on_the_disk_before_it_has_its_name_and_then_its_name_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a machine that loses its power keeps a name with nothing under it, or forgets the name."""
    synced: list[tuple[int, bool]] = []

    def sync(descriptor: int) -> None:
        named = os.fstat(descriptor).st_ino in {
            path.stat().st_ino for path in store.root.rglob("*") if KEY in path.parts
        }
        synced.append((os.fstat(descriptor).st_ino, named))

    monkeypatch.setattr(os, "fsync", sync)
    store.put_run(RECORD, WEIGHTS)
    run = store.root / "runs" / KEY
    there = {path.stat().st_ino for path in run.iterdir()}
    assert len(there) == 1 + len(WEIGHTS)
    assert there <= {inode for inode, named in synced if not named}, "contents, before they have their name"
    if os.name == "posix":
        assert synced[-1][0] == run.parent.stat().st_ino, "and at the end the name"


def test_a_write_that_fails_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.put_run(RECORD, WEIGHTS)
    with pytest.raises(OSError, match="No space"):
        store.put_reading(READING, ROWS, PROVENANCE)
    assert list((store.root / "runs").iterdir()) == []
    assert list((store.root / "readings").iterdir()) == []


def test_the_union_of_two_stores_by_copying_is_a_store(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "other")
    other.prepare()
    specs = [spec_of(seed=seed) for seed in range(4)]
    for where, own in ((store, specs[:3]), (other, specs[1:])):
        for spec in own:
            where.put_run(run_record(spec), {m: blob(spec, m) for m in run_record(spec).weights})
    other.put_reading(READING, ROWS, PROVENANCE)
    shutil.copytree(other.root, store.root, dirs_exist_ok=True)
    assert {record.key for record in store.runs()} == {spec.key for spec in specs}
    assert all(store.intact(spec.key) for spec in specs)
    assert store.reading(READING.key) == ROWS
    assert store.damaged == []


def test_a_folder_that_cannot_be_written_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ReproError, match="cannot be written: Not a directory") as caught:
        Store(tmp_path / "file" / "store").prepare()
    assert caught.value.problems[0].hint == "choose a writable folder with --store DIR"

    # Tests may run as root, who may write anywhere: a read-only file system is played.
    def read_only(*args: Any, **kwargs: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    with pytest.raises(ReproError, match="cannot be written: Read-only file system"):
        Store(tmp_path / "store").prepare()


def test_others_may_read_what_is_written(store: Store) -> None:
    before = os.umask(0o022)
    try:
        folder = filled(store)
        store.put_reading(READING, ROWS, PROVENANCE)
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (store.root / "readings" / f"{READING.key}.json").stat().st_mode & 0o777 == 0o644


def test_a_lock_is_held_by_one_at_a_time(store: Store) -> None:
    with store.lock(KEY) as mine:
        assert mine
        with Store(store.root).lock(KEY) as theirs:
            assert not theirs
        with store.lock("another") as free:
            assert free
    with Store(store.root).lock(KEY) as again:
        assert again


def test_a_lock_is_given_back_by_who_fails(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.lock(KEY):
        _ = 1 / 0
    with store.lock(KEY) as mine:
        assert mine


def test_lineage_is_what_versions_of_the_code_and_the_data_share() -> None:
    spec = SPEC.as_json()

    def with_(part: str, field: str, value: object) -> dict[str, Any]:
        return {**spec, part: {**spec[part], field: value}}

    same = [with_("model", "version", 2), with_("recipe", "version", 3), with_("dataset", "fingerprint", "x")]
    assert {lineage(item) for item in same} == {lineage(spec)}
    different = [with_("model", "name", "x"), with_("recipe", "lr", 0.3), {**spec, "seed": 1}]
    assert len({lineage(spec), *(lineage(item) for item in different)}) == 4


def test_failures_to_read_an_output_go_once_it_is_read(store: Store) -> None:
    for key, output in (("a" * 24, "one"), ("b" * 24, "one"), ("c" * 24, "two"), ("d" * 24, None)):
        store.put_failure(key, "t", "r", output)
    store.clear_failures_of("one")
    assert [failure.key[0] for failure in store.failures()] == ["c", "d"]
