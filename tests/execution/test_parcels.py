"""What travels between stores that share no file system."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from repro.execution.parcels import code_of, is_done, needed_for, news, take, unpack_code
from repro.planning.jobs import Job
from repro.spec import ReadingSpec, Until
from repro.store import Store
from tests.support.helpers import World, run_record
from tests.support.unfinished import KEY, SPEC, files, filled, keeper, state_at


def job_of(train: bool = True, until: Until | None = None, *readings: ReadingSpec) -> Job:
    return Job(SPEC, train, readings, ("p/c",), "not run yet", 1.0, until=until)


def test_what_comes_home_is_what_was_there_and_comes_once(store: Store, tmp_path: Path, world: World) -> None:
    reading = ReadingSpec("weight_norm", 1, run=SPEC, moment="last")
    job = job_of(True, None, reading)
    sent: dict[str, object] = {}

    filled(store, 20, 40)
    (checkpoint,) = news([job], store, sent)
    take(checkpoint, world.store)
    assert files(world.store)[0].read_bytes() == files(store)[0].read_bytes()
    assert not list(news([job], store, sent))
    assert not is_done(job, world.store)

    store.put_failure(KEY, "a run", "it broke")
    (failure,) = news([job], store, sent)
    take(failure, world.store)
    assert world.store.failure(KEY) == "it broke"
    store.clear_failure(KEY)

    record = run_record(SPEC)
    store.put_run(record, {moment: f"weights of {KEY} at {moment}".encode() for moment in record.weights})
    store.put_reading(reading, [{"value": 1.5}], {})
    assert is_done(job, store)
    for entry in news([job], store, sent):
        take(entry, world.store)
    assert is_done(job, world.store)
    assert not list(news([job], store, sent))
    ours = world.store.run(KEY)
    assert ours is not None
    assert ours.same_result(record)
    assert world.store.intact(KEY)
    assert world.store.reading(reading.key) == [{"value": 1.5}]
    assert world.store.failure(KEY) is None
    assert not files(world.store), "what is done needs no checkpoint"

    # To read another probe from it elsewhere, the run travels, too.
    elsewhere = Store(tmp_path / "elsewhere")
    elsewhere.prepare()
    for entry in needed_for([job], world.store):
        take(entry, elsewhere)
    assert elsewhere.intact(KEY)


def test_a_run_that_is_needed_up_to_a_point_is_done_once_it_was_stopped_there(store: Store) -> None:
    far, near = (job_of(True, Until("train_error", 0.1, epochs)) for epochs in (5.0, 1.5))
    assert not is_done(near, store)
    kept, _ = keeper(store)
    names = ("train_error", "train_loss", "test_error", "test_loss", "running_error", "running_loss")
    row = {"step": 20.0, "epoch": 2.0, **dict.fromkeys(names, 0.5)}
    kept.save({**state_at(20), "history": [row]}, stopped=True)
    assert is_done(near, store)
    assert not is_done(far, store)
    assert not is_done(replace(near, until=None), store)


def test_code_travels_and_neither_claims_nor_what_is_hidden_or_huge(tmp_path: Path) -> None:
    folder = tmp_path / "claims"
    for name, size in {
        "nets.py": 1,
        "own/layers.py": 1,
        "own/table.npy": 1,
        "p/c.toml": 1,
        ".git/config": 1,
        "own/__pycache__/layers.pyc": 1,
        "huge.npy": 17 * 2**20,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"#" * size)
    found = code_of(folder)
    assert set(found) == {"nets.py", "own/layers.py", "own/table.npy"}
    unpack_code(found, tmp_path / "there")
    assert (tmp_path / "there/own/layers.py").read_bytes() == b"#"
    (folder / "nets.py").unlink()
    (folder / "own/layers.py").unlink()
    assert code_of(folder) == {}, "without code nothing else is needed"
