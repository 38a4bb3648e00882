"""The sound part of a claim file that is wrong in places, so that one look finds what is wrong elsewhere, too.

What is wrong is taken out, and words that are missing are filled in. What is said about a place that was mended so, or
about a name that was taken out, is no finding.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from repro.claims.toml import path_of, problems_of
from repro.errors import Problem

M = TypeVar("M", bound=BaseModel)

_ROUNDS = 8
"""A value that is taken out may uncover what is wrong with the rest of its table; a file has few such layers."""

_WORDS: dict[str, Any] = {
    **dict.fromkeys(("title", "statement", "where", "why", "label"), "…"),
    "source": {"where": "…"},
    "role": "decides",
}
"""What stands for a key that is missing, where nothing but people read it; or where it would be missed elsewhere."""

_FILLED: dict[str, dict[str, Any]] = {"experiment.recipe": {"name": "…"}}
"""Tables that are filled in with what they lack, so that the rest of them is looked at."""

_NAMED = {"arms": "arm", "metrics": "metric", "expect": "expectation"}

_STAND_IN = "taken-out"

_STAND_INS: dict[str, Any] = {
    "metrics": {_STAND_IN: {"kind": "final", "of": "train_error"}},
    "expect": {
        _STAND_IN: {
            "kind": "value",
            "title": "…",
            "metric": _STAND_IN,
            "arm": _STAND_IN,
            "at_least": 0.0,
            "role": "decides",
            "why": "…",
        }
    },
}
"""What stands for the only entry of a table that must have one, once it is taken out."""


@dataclass
class Recovered(Generic[M]):
    """What is left of a file, and what was wrong with the rest.

    Attributes:
        file: the sound part; None where there is too little of it.
        problems: what was wrong.
        taken: key paths of what was taken out or filled in.
    """

    file: M | None = None
    problems: list[Problem] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def is_artefact(self, problem: Problem) -> bool:
        """Tell whether a finding about the sound part comes from what was taken out of it."""
        if any(_within(problem.where, place) for place in self.taken):
            return True
        for place in self.taken:
            table, _, name = place.partition(".")
            if table in _NAMED and "." not in name and problem.received is not None:
                received = problem.received.strip("'")
                of_it = received == name or received.startswith(f"{name}/")
                if of_it and problem.what in (f"unknown {_NAMED[table]}", "unknown cell"):
                    return True
        decisive = any(place.startswith("expect.") for place in self.taken)
        return problem.where in {place.partition(".")[0] for place in self.taken} or (
            decisive and problem.where == "expect"
        )


def recovered(model: type[M], data: Mapping[str, Any]) -> Recovered[M]:
    """Return the part of `data` that makes a `model`, and every problem of the rest."""
    rest = dict(data)
    found = Recovered[M]()
    for _ in range(_ROUNDS):
        try:
            found.file = model.model_validate(rest)
        except ValidationError as error:
            if not found.taken:
                rest = copy.deepcopy(rest)
            for problem in problems_of(model, error):
                # Once a key of a table is gone, what its table is said to lack may be that key.
                if not any(_within(place, problem.where) for place in found.taken):
                    found.problems.append(problem)
            for detail in error.errors():
                _mend(rest, path_of(model, detail["loc"]), detail["type"], found.taken)
        else:
            if any(place == "factors" or place.startswith("factors.") for place in found.taken):
                found.file = None  # every cell has another name without them
            break
    return found


def _within(place: str, outer: str) -> bool:
    return place == outer or place.startswith(f"{outer}.")


def _mend(data: dict[str, Any], path: Sequence[str], kind: str, taken: set[str]) -> None:
    """Fill in a word that is missing, or take out what is wrong: the key, or where it is needed the whole entry."""
    place = ".".join(path)
    parent = _at(data, path[:-1])
    if place in _STAND_INS and place not in taken:
        data[place] = copy.deepcopy(_STAND_INS[place])
        taken |= {place, f"{place}.{_STAND_IN}"}
        return
    if kind == "missing" and path[-1] in _WORDS and place not in taken and isinstance(parent, dict):
        parent[path[-1]] = copy.deepcopy(_WORDS[path[-1]])
        taken.add(place)
        return
    filled = _FILLED.get(place, {})
    if filled and isinstance(parent, dict) and not any(f"{place}.{key}" in taken for key in filled):
        there = parent.get(path[-1])
        parent[path[-1]] = (there if isinstance(there, dict) else {}) | filled
        taken |= {f"{place}.{key}" for key in filled}
        return
    again = kind == "missing" or place in taken or any(_within(other, place) for other in taken)
    if again and len(path) > 1:
        path = path[:2] if len(path) > 2 else path[: 2 if _at(data, path[:2]) is not None else 1]
    taken.add(".".join(path))
    _remove(data, path)


def _at(data: Any, path: Sequence[str]) -> Any:
    """Return what lies at a path, or None."""
    for key in path:
        if isinstance(data, dict):
            data = data.get(key)
        elif isinstance(data, list) and key.isdigit() and int(key) < len(data):
            data = data[int(key)]
        else:
            return None
    return data


def _remove(data: Any, path: Sequence[str]) -> None:
    """Take out what lies at a path; an element of a list goes with its list, since its fellows have their places."""
    parent = _at(data, path[:-1])
    if isinstance(parent, list):
        _remove(data, path[:-1])
    elif isinstance(parent, dict):
        parent.pop(path[-1], None)
