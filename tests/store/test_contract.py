"""What is in a store never ends a command: what makes no sense is named and left out, however well it is sealed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from repro.spec import ReadingSpec
from repro.store import Checkpoint, Store
from repro.store.contract import wrong_with
from repro.store.files import sealed
from tests.support.helpers import PROVENANCE, blob, layer_rows, run_record, spec_of

SPEC = spec_of()
RUN = json.loads(json.dumps(run_record(SPEC).as_json()))
READING = ReadingSpec("response_std", 1, {"layers": "conv3x3"}, run=SPEC, moment="last")

Change = Callable[[dict[str, Any]], Any]

ODD_RUNS: dict[str, Change] = {
    "no training images": lambda run: run["images"].update(train=0),
    "an error above 1": lambda run: run["history"].update(test_error=[0.5, 1.5]),
    "an error below 0": lambda run: run["history"].update(train_error=[-0.1, 0.5]),
    "columns of several lengths": lambda run: run["history"].update(train_loss=[1.0]),
    "no losses": lambda run: run["history"].pop("train_loss"),
    "steps that go back": lambda run: run["history"].update(step=[10.0, 0.0]),
    "epochs without end": lambda run: run["history"].update(epoch=[0.0, float("inf")]),
    "words for numbers": lambda run: run["history"].update(train_loss=["1.0", "2.0"]),
    "truth for numbers": lambda run: run["history"].update(train_loss=[True, False]),
    "a number of 400 digits": lambda run: run["history"].update(train_loss=[10**400, 1.0]),
    "chance of 1": lambda run: run.update(chance_error=1.0),
    "time that is no number": lambda run: run.update(wall_seconds=float("nan")),
    "a moment that climbs": lambda run: run.update(weights={"../../x": "0" * 64}),
    "a seed that is a word": lambda run: run["spec"].update(seed="0"),
    "a depth of 400 digits": lambda run: run["spec"]["model"]["options"].update(depth=10**400),
    "no batch": lambda run: run["spec"]["recipe"].update(batch_size=0),
    "an unknown field of the recipe": lambda run: run["spec"]["recipe"].update(nothing=1),
    "no machine": lambda run: run["provenance"].pop("machine"),
    "sessions of words": lambda run: run["provenance"].update(sessions=["a"]),
    "a processor's time that is a word": lambda run: run["provenance"].update(processor_seconds="long"),
    "a prediction that is a word": lambda run: run["provenance"].update(predicted_seconds="soon"),
    "a key of another kind": lambda run: run.update(key="../x"),
    "an outcome of its own": lambda run: run.update(outcome="won"),
}


def odd(change: Change) -> dict[str, Any]:
    run = copy.deepcopy(RUN)
    change(run)
    return run


def test_a_sound_run_is_one_and_so_is_one_that_diverged() -> None:
    assert wrong_with("run", RUN) is None
    diverged = copy.deepcopy(RUN)
    diverged |= {"outcome": "diverged"}
    diverged["history"] |= {"train_loss": [2.3, float("inf")], "running_error": [float("nan"), 0.9]}
    assert wrong_with("run", diverged) is None


def test_columns_are_those_of_the_sets_that_the_recipe_evaluates() -> None:
    run = json.loads(json.dumps(run_record(spec_of(evaluate=["test"])).as_json()))
    for name in ("train_error", "train_loss"):
        del run["history"][name]
    assert wrong_with("run", run) is None
    del run["history"]["test_loss"]
    assert "its history lacks test_loss" in str(wrong_with("run", run))


@pytest.mark.parametrize("what", ODD_RUNS)
def test_an_odd_run_is_named_and_left_out(what: str, tmp_path: Any) -> None:
    store = Store(tmp_path)
    store.prepare()
    path = store.root / "runs" / SPEC.key / "run.json"
    path.parent.mkdir()
    path.write_text(sealed(odd(ODD_RUNS[what])), encoding="utf-8")
    assert store.run(SPEC.key) is None
    assert list(store.runs()) == []
    assert all(entry.startswith(f"runs/{SPEC.key}/run.json ") for entry in store.damaged)
    assert store.damaged
    # A sound one takes its place.
    record = run_record(SPEC)
    store.put_run(record, {moment: blob(SPEC, moment) for moment in record.weights})
    assert store.run(SPEC.key) is not None


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [7],
        ["value"],
        [{"layer": "a"}],
        [{"value": "1"}],
        [{"value": None}],
        [{"value": True}],
        [{"value": 10**400}],
        [{"value": 1.0, "stage": "one"}],
        [{"value": 1.0, "layer": 7}],
    ],
)
def test_an_odd_reading_is_named_and_left_out(rows: list[Any], tmp_path: Any) -> None:
    store = Store(tmp_path)
    store.prepare()
    store.put_reading(READING, layer_rows(1.0, float("nan")), PROVENANCE)
    path = store.root / "readings" / f"{READING.key}.json"
    assert store.complete_reading(READING.key) is not None
    path.write_text(sealed({"spec": READING.as_json(), "rows": rows, "provenance": {}}), encoding="utf-8")
    assert store.complete_reading(READING.key) is None
    assert "is no reading that can be used" in store.damaged[0]


@pytest.mark.parametrize("seconds", ["long", -1.0, True, 1e300])
def test_a_reading_whose_time_is_none_is_named_and_left_out(seconds: Any, tmp_path: Any) -> None:
    store = Store(tmp_path)
    store.prepare()
    store.put_reading(READING, layer_rows(1.0), {**PROVENANCE, "processor_seconds": seconds})
    assert store.reading(READING.key) is None
    assert "processor_seconds is no time" in store.damaged[0]


def test_an_odd_checkpoint_is_named_and_left_out(tmp_path: Any) -> None:
    store = Store(tmp_path)
    store.prepare()
    folder = store.checkpoints(SPEC.key)
    folder.put(Checkpoint(SPEC.key, SPEC.as_json(), 40, 100, 1, [PROVENANCE]), b"a state")
    assert [one.step for one in store.unfinished()] == [40]
    folder.put(Checkpoint(SPEC.key, {"seed": "all"}, 50, 100, 1, [PROVENANCE]), b"a state")
    assert [one.step for one in store.unfinished()] == [40], "the one before stands in"
    assert "is no checkpoint that can be used: spec" in store.damaged[0]


def test_hidden_files_are_passed_over(tmp_path: Any) -> None:
    store = Store(tmp_path)
    store.prepare()
    for name in ("runs/.DS_Store", "readings/._x.json", "failures/.x.json"):
        (store.root / name).write_bytes(b"\0")
    assert [*store.run_keys(), *store.readings(), *store.failures(), *store.runs()] == []
    assert store.damaged == []
