"""A run's key: canonical, sensitive to every field, and the same tomorrow as today."""

from __future__ import annotations

import copy
import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repro.canonical import canonical_hash
from repro.claims import cells, run_spec
from repro.recipes import RECIPES, Recipe
from repro.spec import DatasetSpec, ModelSpec, Numerics, ReadingSpec, RunSpec
from tests.support.helpers import spec_of
from tests.support.shipped import library as shipped_library

NAMES = st.text("abcdefgh-_.:", min_size=1, max_size=8)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-1000, 1000)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
)
OPTIONS = st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=3), max_size=5)
POSITIVE = st.floats(1e-6, 1e6)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    steps = draw(st.none() | st.integers(0, 10**6))
    return replace(
        draw(st.sampled_from(list(RECIPES.values()))),
        version=draw(st.integers(1, 9)),
        steps=steps,
        epochs=draw(POSITIVE) if steps is None else None,
        lr=draw(POSITIVE),
        milestones=tuple(draw(st.lists(st.integers(1, 10**5), max_size=3))),
        warmup_lr=draw(st.none() | POSITIVE),
        stop_at_train_error=draw(st.none() | st.floats(0, 1)),
    )


SPECS = st.builds(
    RunSpec,
    dataset=st.builds(DatasetSpec, NAMES, NAMES, OPTIONS),
    model=st.builds(ModelSpec, NAMES, st.integers(1, 9) | NAMES, OPTIONS),
    recipe=recipes(),
    seed=st.integers(0, 10**6),
    numerics=st.builds(Numerics, st.sampled_from(["fp32", "bf16"])),
)


def leaves(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every leaf of plain data; an empty table or list is a leaf."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*path, key))
    elif isinstance(data, list) and data:
        for index, value in enumerate(data):
            yield from leaves(value, (*path, index))
    else:
        yield path


def other(value: Any) -> Any:
    """Return another value of about the same kind."""
    if value is None:
        return 17
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1 if abs(value) < 1e15 else value / 2
    return value + "x" if isinstance(value, str) else ["x"] if isinstance(value, list) else {"x": 1}


@given(SPECS, st.randoms())
def test_the_order_of_options_is_irrelevant(spec: RunSpec, random: Any) -> None:
    def shuffled(options: Any) -> dict[str, Any]:
        items = list(options.items())
        random.shuffle(items)
        return dict(items)

    again = RunSpec(
        replace(spec.dataset, options=shuffled(spec.dataset.options)),
        replace(spec.model, options=shuffled(spec.model.options)),
        spec.recipe,
        spec.seed,
        spec.numerics,
    )
    assert again.key == spec.key


@given(SPECS)
def test_round_trip_through_a_file(spec: RunSpec) -> None:
    back = RunSpec.from_json(json.loads(json.dumps(spec.as_json())))
    assert back == spec
    assert back.key == spec.key


@given(SPECS)
def test_any_change_of_any_field_changes_the_key(spec: RunSpec) -> None:
    plain = spec.as_json()
    keys = {spec.key}
    paths = list(leaves(plain))
    for path in paths:
        altered = copy.deepcopy(plain)
        table: Any = altered
        for part in path[:-1]:
            table = table[part]
        table[path[-1]] = other(table[path[-1]])
        keys.add(RunSpec.from_json(altered).key)
    assert len(keys) == 1 + len(paths)


def test_every_field_of_a_recipe_is_in_the_key() -> None:
    spec = spec_of()
    assert set(spec.as_json()["recipe"]) == set(Recipe.__dataclass_fields__)
    assert set(spec.as_json()) == set(RunSpec.__dataclass_fields__) - {"weights"}, "of brought nets alone"


def test_equal_numbers_make_equal_keys_however_they_are_written() -> None:
    assert spec_of(lr=1).key == spec_of(lr=1.0).key != spec_of(lr=1.5).key
    assert canonical_hash({"a": [1.0, {"b": -0.0}]}) == canonical_hash({"a": (1, {"b": 0})})
    assert canonical_hash(True) != canonical_hash(1)
    assert canonical_hash(10.0**20) == canonical_hash(10**20)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_are_none_have_no_key(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_hash({"lr": value})


def test_a_readings_key_knows_probe_version_options_run_moment_and_subject() -> None:
    run = spec_of()
    reading = ReadingSpec("response_std", 1, {"layers": "conv3x3"}, run=run, moment="last")
    others = [
        replace(reading, probe="weight_gradient_norm"),
        replace(reading, version=2),
        replace(reading, options={"layers": "block"}),
        replace(reading, options={}),
        replace(reading, run=spec_of(seed=1)),
        replace(reading, run=None),
        replace(reading, moment="init"),
        replace(reading, subject={"model": "m"}),
    ]
    assert len({reading.key, *(item.key for item in others)}) == 1 + len(others)
    same = ReadingSpec(
        "response_std", 1, {"layers": "conv3x3"}, run=RunSpec.from_json(run.as_json()), moment="last"
    )
    assert same.key == reading.key


def test_titles_are_for_people() -> None:
    assert spec_of(seed=3).title == "cifar-plain depth=8 seed 3"
    assert replace(spec_of(), model=ModelSpec("net", 1)).title == "net seed 0"


def test_the_key_of_a_shipped_run_is_what_it_was() -> None:
    """ResNet-20 by the paper's protocol (Sec. 4.2), written out as the canonical JSON that is hashed.

    Where this fails, every store in the world loses its runs: bump a version on purpose, or mend the change.
    """
    claim = shipped_library().select(["plain-nets-degrade"])[0]
    cell = next(cell for cell in cells(claim.base) if cell.address == "residual/shallow")
    spec = run_spec(claim.base, cell, 0, claim.names)
    text = (
        '{"dataset":{"fingerprint":"bd2c0e4c80936b6247e74c20f62d324ed65b692c087ab7760342c4f3fca93efd",'
        '"name":"cifar10","options":{}},'
        '"model":{"name":"cifar-resnet","options":{"depth":20,"shortcut":"A","width":16},"version":1},'
        '"numerics":{},'
        '"recipe":{"augmentation":"pad-crop-flip","bn_group":64,"curve_images":5000,"lr":0.1,"milestones":[32000,48000],'
        '"name":"resnet-cifar","schedule":"step","steps":64000,"version":2,"weight_decay":0.0001},"seed":0}'
    )
    assert spec.key == hashlib.sha256(text.encode()).hexdigest()[:24]


def test_defaults_stay_what_they_are_because_keys_leave_them_out() -> None:
    """A default that changed would give another training run the old key: add a field instead, or bump a version."""
    defaults = {field.name: field.default for field in fields(Recipe) if field.default is not MISSING}
    assert defaults == {
        "version": 1,
        "batch_size": 128,
        "steps": None,
        "epochs": None,
        "bias_lr_factor": 1.0,
        "momentum": 0.9,
        "nesterov": False,
        "optimiser": "sgd",
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-8,
        "weight_decay": 0.0,
        "decay": "all",
        "label_smoothing": 0.0,
        "schedule": "constant",
        "milestones": (),
        "warmup_lr": None,
        "warmup_until_train_error": None,
        "crop_size": None,
        "augmentation": "none",
        "input": "per-pixel-mean",
        "initialisation": "he",
        "bn_group": None,
        "evaluate": ("train", "test"),
        "evaluate_every": 1.0,
        "curve_images": None,
        "stop_at_train_error": None,
        "train_error_images": None,
        "test_views": "centre",
    }
    assert {field.name: field.default for field in fields(Numerics)} == {
        "precision": "fp32",
        "compiled": False,
    }


def test_keys_are_hashes_of_the_canonical_text_however_they_are_put_together() -> None:
    """A key is put together from the text of a cell, which its runs share; the definition is of the whole."""
    spec = spec_of()
    for seed in (0, 3, 1000):
        one = replace(spec, seed=seed)
        assert one.key == canonical_hash(
            {
                "dataset": vars(one.dataset),
                "model": vars(one.model),
                "recipe": {
                    field.name: getattr(one.recipe, field.name)
                    for field in fields(one.recipe)
                    if getattr(one.recipe, field.name) != field.default
                },
                "seed": seed,
                "numerics": {},
            }
        )
        for reading in (
            ReadingSpec("p", 2, {"b": 1.0, "a": "ü"}, run=one, moment="init"),
            ReadingSpec("m:P", "abc", run=one, moment="last"),
        ):
            assert reading.key == canonical_hash(reading.as_json())
