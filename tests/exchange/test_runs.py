"""Runs that travel: exported, imported, merged and verified; archives that were cut short, changed, or made to harm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from repro.canonical import canonical_hash
from repro.errors import ReproError
from repro.exchange import Loaded, Merged, export, merge, opened, verify
from repro.exchange import archives as module
from repro.exchange.verifying import OLDER
from repro.judging.preregistration import FILE, SEEN, history
from repro.spec import ReadingSpec
from repro.store import Checkpoint, RunRecord, Store
from repro.store.files import as_text, sealed
from repro.worker.checkpoints import RunCheckpoints
from tests.support.command import repro
from tests.support.helpers import PROVENANCE, blob, layer_rows, run_record, spec_of

SPECS = [spec_of(seed=seed) for seed in range(3)]
KEYS = [spec.key for spec in SPECS]
UNFINISHED = spec_of(seed=3)
READING = ReadingSpec("response_std", 1, {"layers": "conv3x3"}, run=SPECS[0], moment="last")
STATIC = ReadingSpec("weight_layers", 1, subject={"model": "cifar-plain"})
ROWS = layer_rows(1.0, float("nan"))
ENTRY = {
    "claim": "p/c",
    "scale": "smoke",
    "digest": "d1",
    "first_seen": "2026-01-02T00:00:00Z",
    "runs_then": 0,
    "expect": {},
}


def put(store: Store, record: RunRecord) -> None:
    store.put_run(record, {m: blob(spec_of(seed=record.spec["seed"]), m) for m in record.weights})


def whole(*values: float, seed: int = 0) -> RunRecord:
    """Return a record whose history is complete, as a worker writes it."""
    losses = list(values) or [2.0, 1.0]
    steps = [100.0 * i / (len(losses) - 1) for i in range(len(losses))]
    return run_record(spec_of(seed=seed), train_loss=losses, step=steps, epoch=steps, steps_done=100)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with three runs, readings, an unfinished run and ledgers."""
    made = Store(tmp_path / "here")
    made.prepare()
    for seed in range(3):
        put(made, whole(seed=seed))
    made.put_reading(READING, ROWS, PROVENANCE)
    made.put_reading(STATIC, [{"value": 20}], PROVENANCE)
    made.checkpoints(UNFINISHED.key).put(unfinished(40), b"a state")
    made.append(FILE, ENTRY)
    made.append(SEEN, {"claim": "p/c", "scale": "smoke", "runs": KEYS[:2]})
    return made


def unfinished(step: int) -> Checkpoint:
    return Checkpoint(UNFINISHED.key, UNFINISHED.as_json(), step, 100, 1, [PROVENANCE])


@pytest.fixture
def there(tmp_path: Path) -> Store:
    made = Store(tmp_path / "there")
    made.prepare()
    return made


def taken(source: Path, target: Store) -> Merged:
    with opened(source) as folder:
        return merge(folder, target)


def content(store: Store) -> dict[str, bytes]:
    """Return path → bytes of all that a store holds, locks and its format aside."""
    return {
        path.relative_to(store.root).as_posix(): path.read_bytes()
        for path in store.root.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


NOTHING = Merged(known=6)
"""What a second import changes: three runs, two readings and an unfinished run are known."""


# There and back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.zip", "a"])
def test_what_is_exported_comes_in_whole_and_once(
    store: Store, there: Store, tmp_path: Path, name: str
) -> None:
    before = content(store)
    done = export(store, tmp_path / name, None)
    assert (done.runs, done.unfinished, done.readings) == (3, 1, 2)
    assert content(store) == before
    first = taken(tmp_path / name, there)
    assert first.new == {"runs": 3, "readings": 2, "checkpoints": 1}
    assert (first.lines, first.refused, first.conflicts) == (2, [], [])
    assert list(map(str, there.runs())) == list(map(str, store.runs()))
    assert all(there.intact(key) for key in KEYS)
    assert as_text(list(there.reading(READING.key) or [])) == as_text(ROWS)
    (state,) = there.checkpoints(UNFINISHED.key).complete()
    assert state[1:] == (unfinished(40), b"a state")
    after = content(there)
    assert taken(tmp_path / name, there) == NOTHING
    assert content(there) == after
    assert verify(there, no_loading) == []


def test_another_stores_folder_can_be_taken_in_as_it_is(store: Store, there: Store) -> None:
    assert taken(store.root, there).new == {"runs": 3, "readings": 2, "checkpoints": 1}
    assert merge(store.root, there) == NOTHING


def test_some_runs_travel_with_their_readings_only(store: Store, there: Store, tmp_path: Path) -> None:
    done = export(store, tmp_path / "a.zip", {KEYS[0], STATIC.key})
    assert (done.runs, done.unfinished, done.readings) == (1, 0, 2)
    done = export(store, tmp_path / "b.zip", {KEYS[1], UNFINISHED.key})
    assert (done.runs, done.unfinished, done.readings) == (1, 1, 0)


def test_an_export_never_overwrites_and_leaves_nothing_when_it_fails(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.zip").write_bytes(b"mine")
    with pytest.raises(ReproError, match="exists already"):
        export(store, tmp_path / "a.zip", None)
    with pytest.raises(ReproError, match="of no known kind"):
        export(store, tmp_path / "a.rar", None)

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(ReproError, match="No space left"):
        export(store, tmp_path / "b.zip", None)
    assert sorted(tmp_path.iterdir()) == before


def test_weights_may_stay_behind_and_be_brought_later(store: Store, there: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "light.zip", None, with_weights=False)
    export(store, tmp_path / "full.zip", None)
    light = taken(tmp_path / "light.zip", there)
    assert light.new["runs"] == 3
    assert there.run(KEYS[0]) == store.run(KEYS[0])
    found = verify(there, no_loading)
    assert [(item.entry, item.kind) for item in found] == [(f"runs/{key}", "kept") for key in sorted(KEYS)]
    assert "without weights" in found[0].says
    there.damaged.clear()
    assert export(there, tmp_path / "onwards.zip", None).runs == 3
    assert there.damaged == []  # left out on purpose: nothing is missing
    full = taken(tmp_path / "full.zip", there)
    assert sorted(full.completed) == sorted(KEYS)
    assert full.new["runs"] == 0
    assert all(there.intact(key) for key in KEYS)
    assert verify(there, no_loading) == []


def test_what_tuning_stopped_tells_its_history_without_its_state(
    store: Store, there: Store, tmp_path: Path
) -> None:
    history = dict(whole(2.0, 1.0).history)
    stopped = replace(unfinished(60), stopped=history)
    store.checkpoints(UNFINISHED.key).put(stopped, b"a state of many bytes")
    export(store, tmp_path / "light.zip", None, with_weights=False)
    export(store, tmp_path / "full.zip", None)
    assert taken(tmp_path / "light.zip", there).new["checkpoints"] == 1
    assert there.stopped(UNFINISHED.key) == history
    (kept,) = [item for item in verify(there, no_loading) if item.entry.startswith("checkpoints/")]
    assert kept.kind == "kept"
    assert "without its state" in kept.says
    # No run goes on from it, and nothing is set aside.
    warnings: list[str] = []
    checkpoints = there.checkpoints(UNFINISHED.key)
    assert (
        RunCheckpoints(checkpoints, UNFINISHED, PROVENANCE, threading.Event(), warnings.append).load() is None
    )
    assert warnings == []
    # What has its state is worth more, whichever comes first.
    assert taken(tmp_path / "full.zip", there).new["checkpoints"] == 1
    assert taken(tmp_path / "light.zip", there).new["checkpoints"] == 0
    assert [state for *_, state in there.checkpoints(UNFINISHED.key).complete()] == [b"a state of many bytes"]


# Conflicts ----------------------------------------------------------------------------------------------------------


def test_another_result_of_a_run_is_kept_beside_ours_which_stays_in_use(store: Store, there: Store) -> None:
    ours = whole(2.0, 1.5)
    put(there, ours)
    merged = merge(store.root, there)
    assert merged.conflicts == [f"{KEYS[0]}.theirs-1"]
    assert merged.new["runs"] == 2
    assert there.run(KEYS[0]) == ours
    assert [(name, record) for name, record in there.conflicts()] == [
        (f"{KEYS[0]}.theirs-1", store.run(KEYS[0]))
    ]
    assert [record.key for record in there.runs()] == sorted(KEYS)
    assert merge(store.root, there).conflicts == []
    (found,) = verify(there, no_loading)
    assert (found.entry, found.kind) == (f"runs/{KEYS[0]}.theirs-1", "conflict")
    # A third result is a third folder.
    third = Store(there.root.parent / "third")
    third.prepare()
    put(third, whole(2.0, 1.7))
    assert merge(third.root, there).conflicts == [f"{KEYS[0]}.theirs-2"]


def test_the_same_result_made_elsewhere_and_slower_is_no_conflict(store: Store, there: Store) -> None:
    ours = replace(whole(), wall_seconds=77.0, provenance={**PROVENANCE, "machine": "another"})
    put(there, ours)
    merged = merge(store.root, there)
    assert merged.conflicts == []
    assert there.run(KEYS[0]) == ours


def test_a_reading_that_differs_is_kept_beside_ours(store: Store, there: Store) -> None:
    there.put_reading(STATIC, [{"value": 21}], PROVENANCE)
    merged = merge(store.root, there)
    assert merged.conflicts == [f"{STATIC.key}.json.theirs-1"]
    assert there.reading(STATIC.key) == [{"value": 21}]
    assert merge(store.root, there).conflicts == []


@pytest.mark.parametrize(("ours", "stays"), [(20, 40), (60, 60)])
def test_of_two_checkpoints_the_further_one_stays(store: Store, there: Store, ours: int, stays: int) -> None:
    there.checkpoints(UNFINISHED.key).put(unfinished(ours), b"ours")
    merge(store.root, there)
    newest = there.checkpoints(UNFINISHED.key).newest()
    assert newest is not None
    assert newest.step == stays


def test_what_a_check_has_in_hand_is_left_alone(store: Store, there: Store) -> None:
    with there.lock(KEYS[1]) as mine, there.lock(UNFINISHED.key) as too:
        assert mine
        assert too
        merged = merge(store.root, there)
    assert merged.busy == [KEYS[1], UNFINISHED.key]
    assert there.run(KEYS[1]) is None
    assert list(there.unfinished()) == []
    assert merge(store.root, there).new == {"runs": 1, "readings": 0, "checkpoints": 1}


# Ledgers ------------------------------------------------------------------------------------------------------------


def test_ledgers_are_united_in_time_order_and_nothing_is_taken_away(store: Store, there: Store) -> None:
    later = {**ENTRY, "digest": "d3", "first_seen": "2026-01-03T00:00:00Z", "runs_then": 4}
    early = {**ENTRY, "digest": "d0", "first_seen": "2026-01-01T00:00:00Z"}
    there.append(FILE, later)
    there.append(SEEN, {"claim": "p/c", "scale": "smoke", "runs": KEYS[1:]})
    store.append(FILE, early)
    before = (there.root / FILE).read_bytes()
    assert merge(store.root, there).lines == 3
    assert (there.root / FILE).read_bytes().startswith(before)
    assert [entry.digest for entry in history("p/c", "smoke", there)] == ["d0", "d1", "d3"]
    assert {key for line in there.lines(SEEN) for key in line["runs"]} == set(KEYS)
    assert merge(store.root, there).lines == 0


def test_a_line_that_was_cut_off_costs_itself_only(store: Store, there: Store) -> None:
    with (store.root / FILE).open("a", encoding="utf-8") as file:
        file.write('{"claim": "p/c", "sc')
    store.append(FILE, {**ENTRY, "digest": "d2"})
    assert [entry.digest for entry in history("p/c", "smoke", store)] == ["d1", "d2"]
    merged = merge(store.root, there)
    assert merged.lines == 3
    assert merged.refused == [f"{FILE} line 2 cannot be read"]


def test_lines_of_another_shape_do_not_come_in(store: Store, there: Store) -> None:
    store.append(FILE, {**ENTRY, "first_seen": 7})
    store.append(SEEN, {"claim": "p/c", "scale": "smoke", "runs": "all"})
    merged = merge(store.root, there)
    assert merged.lines == 2
    assert [entry.partition(" is no ")[0] for entry in merged.refused] == [
        f"{FILE} entry 2",
        f"{SEEN} entry 2",
    ]


# What must not come in ----------------------------------------------------------------------------------------------


def test_damaged_entries_are_named_and_do_not_come_in(store: Store, there: Store) -> None:
    run, reading = store.root / f"runs/{KEYS[0]}/run.json", store.root / f"readings/{STATIC.key}.json"
    for path in (run, reading, store.checkpoints(UNFINISHED.key).files()[0]):
        path.write_bytes(path.read_bytes()[:-5])
    (store.root / f"runs/{KEYS[1]}/weights-last.pt").write_bytes(b"other")
    merged = merge(store.root, there)
    assert merged.new == {"runs": 2, "readings": 1, "checkpoints": 0}
    told = "\n".join(merged.refused)
    for name in (f"runs/{KEYS[0]}/run.json", STATIC.key, UNFINISHED.key, f"runs/{KEYS[1]}/weights-last.pt"):
        assert name in told
    assert {record.key for record in there.runs()} == set(KEYS[1:])


def forged(store: Store, **changes: Any) -> str:
    """Put a run whose record is sealed, but says other things."""
    record = replace(whole(seed=9), **changes)
    folder = store.root / "runs" / record.key
    folder.mkdir()
    (folder / "run.json").write_text(sealed(record.__dict__), encoding="utf-8")
    return record.key


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "0" * 24},
        {"spec": spec_of(seed=10).as_json()},
        {"spec": {"dataset": 1}},
        {"history": {"step": [0, 100], "train_loss": [1.0]}},
        {"history": {"step": [0, 50], "train_loss": [1.0, 1.0]}},
        {"history": {"step": [100, 0], "train_loss": [1.0, 1.0]}},
        {"history": {}},
        {"history": {"step": "long"}},
        # Without what its recipe evaluates.
        {"history": {name: column for name, column in whole(seed=9).history.items() if name != "test_error"}},
        {"steps_done": 99},
        {"outcome": "supported"},
        {"weights": {"x/../../../../evil": "0" * 64}},
        {"provenance": {}},
        {"images": None},
    ],
)
def test_a_sealed_record_that_is_not_what_its_key_says_does_not_come_in(
    there: Store, tmp_path: Path, changes: dict[str, Any]
) -> None:
    theirs = Store(tmp_path / "theirs")
    theirs.prepare()
    forged(theirs, **changes)
    before = content(there)
    merged = merge(theirs.root, there)
    assert merged.new["runs"] == 0
    assert len(merged.refused) == 1
    assert content(there) == before


def test_runs_named_by_the_older_rule_are_named_and_stay_behind(there: Store, tmp_path: Path) -> None:
    theirs = Store(tmp_path / "theirs")
    theirs.prepare()
    key = forged(theirs, key=canonical_hash(whole(seed=9).spec))
    assert merge(theirs.root, there).refused == [f"runs/{key} {OLDER}"]
    assert ("kept", OLDER) in [(item.kind, item.says) for item in verify(theirs, no_loading)]


Build = Callable[[Path], None]


def tar_of(*members: tarfile.TarInfo) -> Build:
    def build(path: Path) -> None:
        with tarfile.open(path, "w") as tar:
            for member in members:
                tar.addfile(member, io.BytesIO(b"x" * member.size))

    return build


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 1) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, size if kind == tarfile.REGTYPE else 0
    return info


def zip_of(names: Sequence[str], mode: int = 0) -> Build:
    def build(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as packed:
            for name in names:
                info = zipfile.ZipInfo("x")
                info.filename = name
                info.external_attr = mode << 16
                packed.writestr(info, b"x")

    return build


RUN = f"runs/{KEYS[0]}/run.json"


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (tar_of(member("../evil")), "not the name of a file of an export"),
        (tar_of(member(f"runs/{KEYS[0]}/../../../evil")), "not the name"),
        (tar_of(member("/tmp/evil")), "not the name"),
        (tar_of(member("C:\\evil")), "not the name"),
        (tar_of(member("runs\\evil")), "not the name"),
        (tar_of(member("store.json\n")), "not the name"),
        (tar_of(member(RUN, tarfile.SYMTYPE, "/etc/passwd")), "is a link"),
        (tar_of(member(RUN, tarfile.LNKTYPE, "/etc/passwd")), "is a link"),
        (tar_of(member(f"runs/{KEYS[0]}", tarfile.SYMTYPE, "/tmp"), member(RUN)), "is a link"),
        (tar_of(member(RUN, tarfile.FIFOTYPE)), "is no file"),
        (tar_of(member(RUN, tarfile.CHRTYPE)), "is no file"),
        (tar_of(member(RUN), member(RUN)), "is there twice"),
        (zip_of(["../evil"]), "not the name"),
        (zip_of(["/evil"]), "not the name"),
        (zip_of(["runs\\..\\..\\evil"]), "not the name"),
        (zip_of([RUN], mode=0o120777), "is a link"),
        (tar_of(member(RUN)), "is no whole export: export.json, its list, is missing"),
        (lambda path: path.write_bytes(b"nothing of the kind"), "is no whole archive"),
        (lambda path: path.write_bytes(b""), "is no whole archive"),
    ],
)
def test_an_archive_that_is_no_export_is_refused_and_nothing_is_written(
    tmp_path: Path, there: Store, build: Build, says: str
) -> None:
    source = tmp_path / "archive"
    build(source)
    before = {path for path in tmp_path.rglob("*") if path.suffix != ".lock"}
    with pytest.raises(ReproError, match=says):
        taken(source, there)
    assert {path for path in tmp_path.rglob("*") if path.suffix != ".lock"} == before


def test_members_that_are_or_claim_to_be_huge_are_refused(
    tmp_path: Path, store: Store, there: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.zip"
    export(store, source, None)
    with monkeypatch.context() as patch:
        patch.setattr(module, "LARGEST_TEXT", 100)
        with pytest.raises(ReproError, match="is too large"):
            taken(source, there)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 0, 10))  # type: ignore[attr-defined]
        with pytest.raises(ReproError, match="10 are free"):
            taken(source, there)


def test_every_bad_name_is_told_at_once(tmp_path: Path, there: Store) -> None:
    tar_of(member("../a"), member("/b"), member("c"))(tmp_path / "x.tar")
    with pytest.raises(ReproError) as caught:
        taken(tmp_path / "x.tar", there)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.zip"])
@pytest.mark.parametrize("part", [0.1, 0.3, 0.6])
def test_an_archive_that_was_cut_short_is_refused(
    store: Store, there: Store, tmp_path: Path, name: str, part: float
) -> None:
    source = tmp_path / name
    export(store, source, None)
    whole_file = source.read_bytes()
    source.write_bytes(whole_file[: int(part * len(whole_file))])
    before = content(there)
    with pytest.raises(ReproError, match=r"no whole|cut short"):
        taken(source, there)
    assert content(there) == before


def test_an_export_in_which_a_file_was_changed_added_or_left_out_is_refused(
    store: Store, there: Store, tmp_path: Path
) -> None:
    export(store, tmp_path / "a", None)
    (tmp_path / "a" / FILE).write_text("{}\n", encoding="utf-8")
    (tmp_path / "a" / RUN).unlink()
    (tmp_path / "a/extra").write_text("", encoding="utf-8")
    with pytest.raises(ReproError) as caught:
        taken(tmp_path / "a", there)
    assert [problem.what for problem in caught.value.problems] == [
        "is not as it was exported",
        "is not in the export's list",
        "is missing",
    ]
    assert list(there.runs()) == []


def test_a_store_of_a_later_format_is_not_taken_in(store: Store, there: Store) -> None:
    (store.root / "store.json").write_text(sealed({"format": 99}), encoding="utf-8")
    with pytest.raises(ReproError, match="store of another format"):
        merge(store.root, there)


# Verifying ----------------------------------------------------------------------------------------------------------


def no_loading(paths: Sequence[Path]) -> Loaded:
    """Stand in for loading: these weights are a few bytes of text."""
    return Loaded()


def test_verify_names_each_kind_of_damage_and_changes_nothing(store: Store) -> None:
    damaged = {
        f"runs/{KEYS[0]}/run.json": lambda path: path.write_bytes(path.read_bytes()[:-1]),
        f"runs/{KEYS[1]}/weights-last.pt": lambda path: path.write_bytes(b"other"),
        f"runs/{KEYS[2]}/weights-init.pt": Path.unlink,
        f"readings/{STATIC.key}.json": lambda path: path.write_bytes(b"{}"),
        f"checkpoints/{UNFINISHED.key}/step-0000000040.checkpoint": lambda path: path.write_bytes(
            path.read_bytes().replace(b"a state", b"b state")
        ),
        "criteria.jsonl": lambda path: path.write_bytes(b"{"),
    }
    for name, damage in damaged.items():
        damage(store.root / name)
    (store.root / "runs" / f"{KEYS[0]}.damaged-1").mkdir()
    before = content(store)
    found = verify(store, no_loading)
    assert {item.entry for item in found if item.kind == "damaged"} == damaged.keys()
    assert [item.entry for item in found if item.kind == "aside"] == [f"runs/{KEYS[0]}.damaged-1"]
    assert content(store) == before


def test_verify_asks_for_all_states_to_be_loaded_that_nothing_is_known_against(store: Store) -> None:
    (store.root / f"runs/{KEYS[0]}/weights-init.pt").write_bytes(b"other")
    asked: list[str] = []

    def load(paths: Sequence[Path]) -> Loaded:
        asked.extend(path.relative_to(store.root).as_posix() for path in paths)
        return Loaded({paths[0]: "holds code"})

    found = verify(store, load)
    moments = sorted(whole().weights)
    everything = {f"runs/{key}/weights-{moment}.pt" for key in KEYS for moment in moments}
    everything |= {f"checkpoints/{UNFINISHED.key}/step-0000000040.checkpoint"}
    assert set(asked) == everything - {f"runs/{KEYS[0]}/weights-init.pt"}
    assert "does not load: holds code" in [item.says for item in found]


# The command --------------------------------------------------------------------------------------------------------


def test_the_commands_as_a_user_calls_them(store: Store, tmp_path: Path) -> None:
    def run(*arguments: object) -> tuple[int, str, str]:
        done = repro("runs", *arguments, cwd=tmp_path)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    store.put_failure("f" * 24, "a net", "out of memory: 3 GiB\n    → fewer workers")
    code, out, _ = run("list", "--store", "here")
    assert code == 0
    assert sum(line.startswith("finished ") for line in out.splitlines()) == 3
    assert f"unfinished   {UNFINISHED.key}  cifar-plain depth=8 seed 3: step 40 of 100" in out
    assert f"failed       {'f' * 24}  a net: out of memory: 3 GiB\n" in out
    listed = json.loads(run("list", "--store", "here", "--json")[1])
    assert [row["state"] for row in listed] == ["finished"] * 3 + ["unfinished", "failed"]

    code, out, _ = run("export", "a.zip", KEYS[0], "--store", "here")
    assert code == 0
    assert out.startswith("a.zip: 1 runs, 1 readings, ")
    code, out, _ = run("import", "a.zip", "--store", "there")
    assert (code, out) == (0, "New: 1 runs, 1 readings, 2 lines of ledgers. There already: 0.\n")
    code, _, err = run("export", "b.zip", "0" * 24, "--store", "here")
    assert code == 2
    assert "has nothing of this key" in err
    code, _, err = run("list", "--store", "nowhere")
    assert code == 2
    assert "there is no such folder" in err


def test_verify_loads_weights_without_executing_them_and_exits_with_3(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "evil"),)

    store = Store(tmp_path / ".repro")
    store.prepare()
    blobs = {}
    for moment, state in {"init": {"w": torch.ones(2)}, "last": {"w": Evil()}}.items():
        stream = io.BytesIO()
        torch.save(state, stream)
        blobs[moment] = stream.getvalue()
    record = replace(whole(), weights={m: hashlib.sha256(b).hexdigest() for m, b in blobs.items()})
    store.put_run(record, blobs)
    done = repro("runs", "verify", "--json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["entry"] == f"runs/{KEYS[0]}/weights-last.pt"
    assert finding["says"].startswith("does not load")
    assert not (tmp_path / "evil").exists()


def test_a_line_that_was_changed_elsewhere_stays_marked_here(store: Store, there: Store) -> None:
    path = store.root / FILE
    path.write_bytes(path.read_bytes().replace(b'"runs_then": 0', b'"runs_then": 7'))
    merged = merge(store.root, there)
    assert [entry for entry in merged.refused if entry.startswith(FILE)]
    assert [entry.runs_then for entry in history("p/c", "smoke", there)] == [7], "it is evidence all the same"
    found = [finding for finding in verify(there, lambda paths: Loaded({}, {})) if finding.entry == FILE]
    assert [finding.says for finding in found] == [
        "line 1 came from another store, where it is not as it was written, or does not follow the line before it"
    ]
    assert merge(store.root, there).lines == 0
    further = Store(there.root.with_name("further"))
    further.prepare()
    merge(there.root, further)
    assert any(
        "came from another store" in finding.says for finding in verify(further, lambda _: Loaded({}, {}))
    )


def test_lines_that_are_gone_from_a_store_are_told_when_it_is_imported(store: Store, there: Store) -> None:
    (store.root / FILE).write_bytes(b"")
    assert f"{FILE} lacks its end: lines that were there are gone" in merge(store.root, there).refused


def test_two_ledgers_make_one_chain_in_which_a_later_edit_shows(store: Store, there: Store) -> None:
    there.append(FILE, ENTRY | {"digest": "d2"})
    merge(store.root, there)
    assert [finding for finding in verify(there, lambda _: Loaded({}, {})) if finding.entry == FILE] == []
    path = there.root / FILE
    path.write_bytes(path.read_bytes().replace(b'"digest": "d1"', b'"digest": "d9"'))
    (finding,) = [finding for finding in verify(there, lambda _: Loaded({}, {})) if finding.entry == FILE]
    assert finding.says.startswith("line 2 is not as it was written")


def test_a_ledger_that_was_sealed_anew_is_found_out_by_a_report_of_before(
    store: Store, tmp_path: Path
) -> None:
    from tests.support import report_samples as samples

    report = samples.five_claims()
    paper = report.papers[0]
    claim = paper.claims[0]
    criteria = [change.model_copy(update={"first_seen": ENTRY["first_seen"]}) for change in claim.criteria]
    claim = claim.model_copy(update={"criteria": criteria})
    papers = [paper.model_copy(update={"claims": [claim]})]
    (tmp_path / "report.json").write_text(
        report.model_copy(update={"papers": papers}).model_dump_json(), encoding="utf-8"
    )
    assert claim.criteria
    for change in claim.criteria:
        told = {"digest": change.digest, "first_seen": change.first_seen, "runs_then": change.runs_then}
        store.append(FILE, ENTRY | {"claim": claim.id} | told)
    arguments = ("runs", "verify", "--store", store.root, "--report", tmp_path / "report.json")
    assert "does not say what" not in repro(*arguments, cwd=tmp_path).stdout
    lines = list(store.lines(FILE))
    (store.root / FILE).unlink()
    (store.root / "store.json").unlink()
    store.prepare()
    store.append(FILE, *[line | {"first_seen": "2020-01-01T00:00:00Z"} for line in lines])
    done = repro(*arguments, cwd=tmp_path)
    assert done.returncode == 3
    assert f"criteria of {claim.id}" in done.stdout
