"""docs/claim-files.md: every key is there, with what it means and with an example that lints."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from repro.claims.__main__ import all_definitions, with_key_tables
from repro.claims.checks_completeness import incomplete
from repro.claims.json_schema import FILES, models_below
from repro.claims.reviews import Reviews
from repro.claims.schema import ClaimFile
from repro.claims.schema_data import OwnData
from repro.claims.schema_paper import Paper
from repro.recipes import RECIPE_FIELDS
from repro.recorded import read_results
from tests.support.helpers import World

PAGE = Path(__file__).parents[2] / "docs" / "claim-files.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```toml ?(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def laid_over(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in top.items():
        # A data set is one of its kinds, a stop has one direction, and a recipe starts anew from the one it names.
        both = isinstance(value, dict) and isinstance(merged.get(key), dict) and "name" not in value
        merged[key] = laid_over(merged[key], value) if both and key not in ("dataset", "stop") else value
    return merged


def examples() -> list[dict[str, Any]]:
    """Return every claim file of the page: the pieces of one, those that stand alone, and what is laid over each."""
    pieces = "\n".join(text for kind, text in BLOCKS if kind == "")
    whole = [tomllib.loads(pieces), *(tomllib.loads(text) for kind, text in BLOCKS if kind == "claim")]
    before, laid = 0, []
    for kind, text in BLOCKS:
        before += kind == "claim"
        if kind == "instead":
            base = {key: value for key, value in whole[before].items() if key != "scale"}
            laid.append(laid_over(base, tomllib.loads(text)))
    return [*whole, *laid]


CLAIMS = examples()


@pytest.fixture
def beside(world: World) -> World:
    """What the examples name: a net, a script, results, the paper's curves, data."""
    folder = world.root / "p"
    (folder / "logs").mkdir(parents=True)
    (folder / "pets").mkdir()
    net = "class Net:\n    def __init__(self, in_shape, classes, *, depth, width, shortcut='A'): ...\n"
    (world.root / "my_nets.py").write_text(net, encoding="utf-8")
    (world.root / "train.py").write_text("import argparse\n", encoding="utf-8")
    (folder / "pets.npz").touch()
    (world.root / "nets").mkdir()
    for name in ("plain-a.pt", "plain-b.pt", "residual-a.safetensors", "residual-b.safetensors"):
        (world.root / "nets" / name).write_text(name, encoding="utf-8")
    curve = "panel,series,x,y,style\nplain,plain-20,1,50,solid\nplain,plain-20,2,40,solid\n"
    (folder / "fig6.csv").write_text(curve, encoding="utf-8")
    runs = [(arm, seed) for arm in ("Ours (v2)", "sgd") for seed in range(3) if (arm, seed) != ("sgd", 2)]
    rows = [f"{arm},{seed},{n},{e},{60 + e}\n" for arm, seed in runs for n in (18, 34) for e in (1, 2)]
    (folder / "results.csv").write_text(
        "method,run,n_layers,epoch,test_acc\n" + "".join(rows), encoding="utf-8"
    )
    for arm in ("ours", "sgd"):
        (folder / "logs" / arm).mkdir()
        for seed in (0, 1):
            (folder / "logs" / arm / f"{seed}.jsonl").write_text(
                '{"step": 1, "accuracy": 70.5}\n', encoding="utf-8"
            )
    return world


@pytest.mark.parametrize("number", range(len(CLAIMS)))
def test_the_examples_lint(number: int, beside: World) -> None:
    beside.write(CLAIMS[number])
    assert [f"{p.where}: {p.what} {p.received} ({p.hint})" for p in beside.problems()] == []
    claim = beside.claim()
    assert list(incomplete(claim)) == []
    if claim.recorded:
        assert read_results(claim).digest


def used_keys(model: BaseModel) -> Iterator[tuple[str, str]]:
    """Yield (model, key) of all keys that are set in a model and in those that it holds."""
    for key in model.model_fields_set:
        yield type(model).__name__, key
        waiting = [getattr(model, key, None)]
        while waiting:
            value = waiting.pop()
            if isinstance(value, BaseModel):
                yield from used_keys(value)
            elif isinstance(value, dict | list | tuple):
                waiting += value.values() if isinstance(value, dict) else value


def test_every_key_has_an_example() -> None:
    shown: dict[str, set[str]] = defaultdict(set)
    for data in CLAIMS:
        file = ClaimFile.model_validate({key: value for key, value in data.items() if key != "scale"})
        for name, key in used_keys(file):
            shown[name].add(key)
        shown["Recipe"] |= file.experiment.recipe.keys()
        if isinstance(file.experiment.dataset, dict):
            shown["OwnData"] |= file.experiment.dataset.keys()
        if "scale" in data:
            shown["ClaimFile"].add("scale")
    for kind, model in (("paper", Paper), ("notes", Reviews)):
        (text,) = [text for other, text in BLOCKS if other == kind]
        for name, key in used_keys(model.model_validate(tomllib.loads(text))):
            shown[name].add(key)
    for model in {model for file in FILES.values() for model in models_below(file)} | {OwnData}:
        missing = model.model_fields.keys() - shown[model.__name__]
        assert not missing, f"{model.__name__}: docs/claim-files.md has no example of {', '.join(missing)}"
    assert not RECIPE_FIELDS - shown["Recipe"]
    assert "scale" in shown["ClaimFile"]


def test_every_key_stands_in_a_table_that_is_made_from_the_models() -> None:
    written = set(re.findall(r"<!-- keys of (\w+) -->", TEXT))
    tables = {name for name, definition in all_definitions().items() if "properties" in definition}
    assert written == tables - {"Arm"}, "each table of keys has a place on the page"
    assert with_key_tables(TEXT) == TEXT, "run `python -m repro.claims docs/claim-files.md` to write it anew"
