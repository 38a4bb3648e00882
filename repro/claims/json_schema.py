"""The claim format, published for editors: JSON Schemas (draft 2020-12) made from the models.

They tell what can be told without knowing the rest of a file: keys, types, what a kind needs and makes use of.
`repro lint` has the last word.
"""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from repro.claims.described import attributes, descriptions
from repro.claims.reviews import Reviews
from repro.claims.scales import OWN_TABLES, SCALES
from repro.claims.schema import ClaimFile
from repro.claims.schema_data import OwnData
from repro.claims.schema_expectations import EXPECTATION_KEYS, EXPECTATION_NEEDS, Expectation
from repro.claims.schema_metrics import METRIC_KEYS, METRIC_NEEDS, Metric
from repro.claims.schema_paper import Paper
from repro.claims.schema_shown import FIGURE_KEYS, FIGURE_NEEDS, Figure
from repro.claims.toml import models_in
from repro.recipes import RECIPE_FIELDS, RECIPES, Recipe
from repro.registry import DATASETS, FORMULAS, MODELS, PROBES

File = Literal["claim", "paper", "notes"]

FILES: dict[File, type[BaseModel]] = {"claim": ClaimFile, "paper": Paper, "notes": Reviews}
"""What a schema is of: `<claim>.toml`, `paper.toml`, `<claim>.notes.toml`."""

_TITLES: dict[File, str] = {"claim": "claim file", "paper": "paper.toml", "notes": "readers' notes"}

_KINDS: dict[type[BaseModel], tuple[Mapping[str, str], Mapping[str, list[str]]]] = {
    Metric: (METRIC_KEYS, METRIC_NEEDS),
    Expectation: (EXPECTATION_KEYS, EXPECTATION_NEEDS),
    Figure: (FIGURE_KEYS, FIGURE_NEEDS),
}
"""Models with a `kind` → kind → the keys that it makes use of, and those that it needs."""

_NAMES: dict[tuple[str, str], list[str]] = {
    ("Experiment", "model"): list(MODELS),
    ("Metric", "probe"): list(PROBES),
    ("Metric", "formula"): list(FORMULAS),
}
"""Definition and key → names that an editor can offer; a user's own are as good."""

_AT_SCALE = "AtScale"

_BASES: dict[type, Any] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
}


def file_schema(file: File) -> dict[str, Any]:
    """Return the JSON Schema of a kind of file."""
    model = FILES[file]
    schema = model.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    for inner in models_below(model):
        _describe(inner, schema if inner is model else definitions[inner.__name__])
    if model is ClaimFile:
        _complete_claim(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:repro:{file}",
        "title": f"{_TITLES[file]} of repro",
        **{key: value for key, value in _without_noise(schema).items() if key != "title"},
    }


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model and all that its keys hold, each once; data beside a claim file are a table of their own."""
    seen: list[type[BaseModel]] = [model]
    for each in seen:
        yield each
        for field in each.model_fields.values():
            seen += [inner for inner in models_in(field.annotation) if inner not in seen]


def _describe(model: type[BaseModel], definition: dict[str, Any]) -> None:
    for key, text in descriptions(model).items():
        definition["properties"][key]["description"] = text
    keys, needs = _KINDS.get(model, ({}, {}))
    definition["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"propertyNames": {"enum": used.split()}, "required": needs[kind]},
        }
        for kind, used in keys.items()
    ]
    if not definition["allOf"]:
        del definition["allOf"]


def _complete_claim(schema: dict[str, Any]) -> None:
    """Add what the models leave to the checks of a claim, and the tables of scales."""
    definitions = schema["$defs"]
    for (name, key), known in _NAMES.items():
        _offer(definitions[name]["properties"][key], known)
    own_data = OwnData.model_json_schema()
    _describe(OwnData, own_data)
    definitions["OwnData"] = own_data
    experiment = definitions["Experiment"]["properties"]
    dataset = [{"type": "string"}, {"enum": list(DATASETS)}, {"$ref": "#/$defs/OwnData"}]
    experiment["dataset"] = {"anyOf": dataset, "description": experiment["dataset"]["description"]}
    experiment["recipe"] = {"$ref": "#/$defs/Recipe", "description": experiment["recipe"]["description"]}
    definitions["Recipe"] = _recipe()
    definitions["Arm"]["properties"] |= {
        "model": {"anyOf": [{"type": "string"}, {"enum": list(MODELS)}], "description": "The arm's own net."},
        **{name: field for name, field in definitions["Recipe"]["properties"].items() if name != "name"},
    }
    spec = definitions["Arm"]["properties"]["spec"]
    by_level = {"type": "object", "additionalProperties": {"$ref": "#/$defs/NetSpec"}}
    spec |= {"anyOf": [{"$ref": "#/$defs/NetSpec"}, by_level]}
    for key in ("type", "additionalProperties", "default"):
        spec.pop(key, None)
    _add_scales(schema)


def _offer(definition: dict[str, Any], known: list[str]) -> None:
    """Let an editor offer names where any text may stand."""
    definition["anyOf"] = [*definition.get("anyOf", [{"type": "string"}]), {"enum": known}]


def _recipe() -> dict[str, Any]:
    texts, hints = attributes(Recipe), get_type_hints(Recipe)
    fields = {
        name: _of_hint(hints[name]) | {"description": texts[name]}
        for name in Recipe.__dataclass_fields__
        if name in RECIPE_FIELDS
    }
    # A scale's table names no recipe: that of the base goes on.
    name = {"enum": list(RECIPES), "description": "The named recipe that it starts from."}
    return {
        "type": "object",
        "description": "A named recipe takes all of its fields over that are not set.",
        "properties": {"name": name, **fields},
        "additionalProperties": False,
    }


def _of_hint(hint: Any) -> dict[str, Any]:
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _of_hint(get_args(hint)[0])}
    if get_origin(hint) is types.UnionType:
        return _of_hint(next(kind for kind in get_args(hint) if kind is not type(None)))
    return dict(_BASES[hint])


def _add_scales(schema: dict[str, Any]) -> None:
    """Add `[scale.<name>]`: the same tables, in which nothing is missing since they are laid over the base."""
    tables = {key: schema.pop(key) for key in ("type", "properties", "required", "additionalProperties")}
    partial = {"ClaimFile": tables | {"description": "What differs at this scale."}, **schema["$defs"]}
    laid_over = {f"{name}{_AT_SCALE}": _partial(each) for name, each in copy.deepcopy(partial).items()}
    schema["$defs"] |= laid_over
    at = {name: {"$ref": f"#/$defs/ClaimFile{_AT_SCALE}", "description": SCALES[name]} for name in OWN_TABLES}
    schema |= tables
    schema["properties"] = tables["properties"] | {
        "scale": {
            "type": "object",
            "description": "Scale → what differs there from the paper's protocol; tables are merged by key.",
            "properties": at,
            "additionalProperties": False,
        }
    }


def _partial(value: Any) -> Any:
    """Return a schema without what a table must have, that refers to others such."""
    if isinstance(value, list):
        return [_partial(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{inner}{_AT_SCALE}" if key == "$ref" else _partial(inner)
        for key, inner in value.items()
        if key not in ("required", "minProperties", "allOf")
    }


def _without_noise(value: Any, *, names: bool = False) -> Any:
    """Return a schema without titles that repeat a key's name, and without null, which TOML does not have.

    Args:
        value: the schema, or a part of it.
        names: whether its keys are names of a file's keys, not words of JSON Schema.
    """
    if isinstance(value, list):
        return [_without_noise(item) for item in value if item != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    if names:
        return {key: _without_noise(inner) for key, inner in value.items()}
    plain = {
        key: _without_noise(inner, names=key in ("properties", "$defs"))
        for key, inner in value.items()
        if key != "title" and not (key == "default" and inner is None)
    }
    if isinstance(plain.get("anyOf"), list) and len(plain["anyOf"]) == 1:
        (only,) = plain.pop("anyOf")
        plain = {**only, **plain}
    return plain
