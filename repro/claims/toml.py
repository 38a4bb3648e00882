"""A TOML file → a frozen model of the vocabulary, with every problem's key path, value and suggestion."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from repro.claims.files import read_text
from repro.claims.plain import DEEPEST, out_of_bounds
from repro.errors import Problem, ReproError, mistake, suggestion

M = TypeVar("M", bound=BaseModel)


def read_toml(path: Path, *, dates: bool = False) -> dict[str, Any]:
    """Return a file as plain data; raises ReproError where it is no TOML, or holds what no file of ours can mean."""
    return parsed_toml(path, read_text(path), dates=dates)


_LONG_KEY = re.compile(
    r"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){%d}""" % (2 * DEEPEST)  # noqa: UP031
)
"""tomllib takes the square of the number of parts; such a key is refused unread."""


def parsed_toml(path: Path, text: str, *, dates: bool = False) -> dict[str, Any]:
    """Return a file's text as plain data; raises as :func:`read_toml`."""
    hint: str | None = "mend the line named; toml.io shows the syntax"
    long = _LONG_KEY.search(text)
    if long is not None:
        line = text.count("\n", 0, long.start()) + 1
        raise mistake(
            str(path), f"is nested too deeply: line {line} has a key of many parts", hint="make it flatter"
        )
    try:
        data = tomllib.loads(text)
    except RecursionError:
        raise mistake(str(path), "is nested too deeply", hint="make it flatter") from None
    except ValueError as error:  # a number of thousands of digits is none of tomllib's own errors
        raise mistake(str(path), f"is not valid TOML: {error}", hint=hint) from None
    problems = out_of_bounds(data, dates=dates)
    if problems:
        raise ReproError(*(replace(problem, where=f"{path}: {problem.where}") for problem in problems))
    return data


def validated(model: type[M], data: Mapping[str, Any]) -> M:
    """Return `data` as `model`; raises ReproError with every problem, each at its key path."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ReproError(*problems_of(model, error)) from None


def problems_of(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Return every problem of some data that is no `model`, one a key path."""
    # The branches of "a list or a table" each say what they miss: the first is enough.
    first: dict[str, Problem] = {}
    for problem in (_problem(model, detail) for detail in error.errors()):
        first.setdefault(problem.where, problem)
    return list(first.values())


def path_of(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Return the keys of the place of one of pydantic's errors."""
    return _key_path(model, loc)[0]


def _problem(model: type[BaseModel], detail: Any) -> Problem:
    """Turn one of pydantic's error details into a problem with key path, value and suggestion."""
    loc, known = _key_path(model, detail["loc"])
    place, value = ".".join(loc), detail.get("input")
    if detail["type"] == "extra_forbidden" and loc:
        return Problem(place, "unknown key", _shown(value), suggestion(loc[-1], known))
    if detail["type"] == "missing":
        there = f"only {', '.join(list(value)[:MOST_KEYS])}" if isinstance(value, Mapping) and value else None
        return Problem(place, "is missing", there, "add this key")
    received = None if isinstance(value, Mapping) else _shown(value)
    message = detail["msg"].removeprefix("Value error, ")
    hint = "put it in quotes" if detail["type"] == "string_type" else None
    if detail["type"] == "literal_error" and isinstance(value, str):
        hint = suggestion(value, re.findall("'([^']*)'", detail["ctx"]["expected"]))
    return Problem(place, message[:1].lower() + message[1:], received, hint)


def _shown(value: object) -> str | None:
    if isinstance(value, Mapping):
        return f"a table of {', '.join(map(str, list(value)[:MOST_KEYS]))}" if value else "an empty table"
    return repr(value) if isinstance(value, str | int | float | bool | list) else None


MOST_KEYS = 8
"""Of a table, enough to know it by."""


def _key_path(model: type[BaseModel], loc: tuple[Any, ...]) -> tuple[list[str], list[str]]:
    """Return the keys of an error's place, without pydantic's own marks, and the keys known beside the last."""
    keys: list[str] = []
    known: list[str] = []
    current: Any = model
    for part in loc:
        if isinstance(part, str) and (not part or part.startswith(("list[", "dict[", "[key]"))):
            continue  # a branch of a union, the mark of a table's key, or the one spec of an arm without levels
        keys.append(str(part))
        inner = next(models_in(current), None)
        if inner is not None and not _is_table(current):
            known = list(inner.model_fields)
            current = inner.model_fields[part].annotation if part in inner.model_fields else None
        else:
            current, known = inner, []
    return keys, known


def _is_table(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, list)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the models in an annotation such as ``dict[str, Metric] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from models_in(argument)
