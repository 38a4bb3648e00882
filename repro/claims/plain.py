"""Bounds of what a TOML file may hold, whatever it means: what lies outside makes no sense to any reader of it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import Any

from repro.errors import Problem

DEEPEST = 16
"""Tables and lists in one another; a claim file has seven."""

MOST_WHOLE = 2**53
"""Beyond, not every whole number is a float."""

MOST, LEAST = 1e30, 1e-30
"""Of the absolute value of a number; the multiply-adds of the largest trainings are below 1e27."""

LONGEST_KEY = 200

SHOWN = 20
"""So many problems are listed, at most."""


def out_of_bounds(data: dict[str, Any], *, dates: bool = False) -> list[Problem]:
    """Return what is out of bounds in a parsed file, or empty where all is within; `dates` allows dates."""
    found = []
    for problem in _problems(data, dates):
        found.append(problem)
        if len(found) == SHOWN:
            break
    return found


def _problems(data: dict[str, Any], dates: bool) -> Iterator[Problem]:
    waiting: list[tuple[tuple[str, ...], Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        place = ".".join(path[:DEEPEST])
        if isinstance(value, dict | list) and len(path) > DEEPEST:
            yield Problem(place, f"is nested too deeply: more than {DEEPEST} levels", None, "make it flatter")
        elif isinstance(value, dict):
            for key, inner in value.items():
                if not key.strip():
                    yield Problem(place or "the file", "has an empty key", repr(key), "give it a name")
                elif len(key) > LONGEST_KEY or not key.isprintable():
                    what = f"has a key that is longer than {LONGEST_KEY} signs or cannot be printed"
                    yield Problem(place or "the file", what, repr(key[:LONGEST_KEY]), "shorten it")
                else:
                    waiting.append(((*path, key), inner))
        elif isinstance(value, list):
            waiting += (((*path, str(number)), inner) for number, inner in enumerate(value))
        else:
            yield from _of_value(place, value, dates)


def _of_value(place: str, value: object, dates: bool) -> Iterator[Problem]:
    if isinstance(value, bool | str):
        return
    if isinstance(value, int):
        if abs(value) > MOST_WHOLE:
            digits = len(str(abs(value)))
            shown = repr(value) if digits < 30 else f"a number of {digits:,} digits"
            yield Problem(place, "is out of range", shown, "whole numbers go up to 2^53")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield Problem(place, "is out of range: no finite number", repr(value), "give a finite number")
        elif abs(value) > MOST or 0 < abs(value) < LEAST:
            yield Problem(
                place, "is out of range", repr(value), f"numbers are 0, or of {LEAST:g} to {MOST:g}"
            )
    elif not (dates and isinstance(value, datetime.date)):
        yield Problem(place, "is a date or a time", str(value), "put it in quotes")
