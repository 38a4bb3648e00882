"""The published schemas: what lint passes they pass, and they find mistakes that lint finds, too."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from repro.claims.described import attributes, descriptions
from repro.claims.json_schema import FILES, File, file_schema, models_below
from repro.claims.schema_data import OwnData
from repro.recipes import RECIPE_FIELDS, Recipe
from tests.support.command import OWN_CLAIMS, repro
from tests.support.helpers import BASE, PAPER, World, changed

SHIPPED = Path(__file__).parents[2] / "claims"


@cache
def validator(file: File) -> Draft202012Validator:
    schema = file_schema(file)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def problems(file: File, data: Any) -> list[str]:
    # As an editor sees it: dates are texts.
    plain = json.loads(json.dumps(data, default=str))
    return [f"{error.json_path}: {error.message}" for error in validator(file).iter_errors(plain)]


def kind_of(path: Path) -> File:
    return "paper" if path.name == "paper.toml" else "notes" if path.name.endswith(".notes.toml") else "claim"


@pytest.mark.parametrize("root", [SHIPPED, OWN_CLAIMS], ids=lambda root: root.name)
def test_what_is_shipped_passes(root: Path) -> None:
    found = sorted(root.glob("*/*.toml"))
    assert found
    for path in found:
        assert problems(kind_of(path), tomllib.loads(path.read_text(encoding="utf-8"))) == [], path


WRONG: dict[str, dict[str, Any]] = {
    "an unknown key": {"statment": "s"},
    "an unknown key of a table": {"metrics__loss__off": "train_loss"},
    "a text where a number is due": {"experiment__seeds__looks": ["five"]},
    "a number where a text is due": {"title": 3},
    "a key that is missing": {"statement": None},
    "a kind that is none": {"metrics__loss__kind": "finale"},
    "a key that the kind does not use": {"metrics__loss__probe": "response_std"},
    "a key that the kind needs": {"metrics__loss__of": None},
    "a role that is none": {"expect__gap__role": "decide"},
    "an unknown scale": {"scale__smok": {}},
    "an unknown key of a scale": {"scale__smoke__experment": {}},
    "an unknown key in a table of a scale": {"scale__smoke__experiment": {"data": "digits"}},
    "a recipe that is none": {"experiment__recipe__name": "resnet-cifr"},
    "a field of a recipe that is none": {"experiment__recipe__batchsize": 3},
    "a value of a recipe's field that is none": {"experiment__recipe__schedule": "linear"},
    "a size that is no text": {"arms__plain__spec": {"layers": 20}},
    "too few seeds": {"experiment__seeds__looks": [1]},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_found_as_lint_finds_it(what: str, world: World) -> None:
    assert problems("claim", BASE) == []
    claim = changed(BASE, **WRONG[what])
    assert problems("claim", claim), what
    world.write(claim)
    assert world.problems(), what


def test_a_scales_table_may_hold_any_part() -> None:
    part = {"experiment": {"recipe": {"steps": 9}}, "expect": {"gap": {"at_least": 2.0}}}
    assert problems("claim", changed(BASE, scale__smoke=part)) == []


def test_the_publication_and_notes_have_schemas_of_their_own() -> None:
    assert problems("paper", PAPER) == []
    assert problems("paper", PAPER | {"year": "2020"})
    assert problems("notes", {"note": [{"author": "A", "date": "2026-01-01", "text": "t"}]}) == []
    assert problems("notes", {"note": [{"author": "A"}]})


def test_every_key_says_what_it_means() -> None:
    for model in {model for file in FILES.values() for model in models_below(file)} | {OwnData}:
        assert descriptions(model).keys() == model.model_fields.keys(), model
    assert attributes(Recipe).keys() - {"name", "version"} == RECIPE_FIELDS
    tables = file_schema("claim")["$defs"]
    silent = {
        f"{name}.{key}" for name, table in tables.items() for key, field in table.get("properties", {}).items()
        if "description" not in field
    }  # fmt: skip
    assert silent == set()


def test_lint_prints_a_schema_and_new_names_it(tmp_path: Path) -> None:
    assert json.loads(repro("lint", "--schema", cwd=tmp_path).stdout) == file_schema("claim")
    done = repro("lint", "--schema", "papr", cwd=tmp_path)
    assert (done.returncode, "did you mean 'paper'" in done.stderr) == (2, True)
    assert repro("new", "p/c", cwd=tmp_path).returncode == 0
    for name, file in (("c.toml", "claim"), ("paper.toml", "paper")):
        path = tmp_path / "claims" / "p" / name
        mark, _, named = path.read_text(encoding="utf-8").partition("\n")[0].partition(" ")
        assert mark == "#:schema"
        schema = json.loads((path.parent / named).read_text(encoding="utf-8"))
        assert schema["$id"] == f"urn:repro:{file}"
        # The year is no number before it is written.
        text = path.read_text(encoding="utf-8").replace('"TODO: 2024"', "2024")
        assert problems(kind_of(path), tomllib.loads(text)) == []
