"""What the fields of a store's entries may hold: strict types, with bounds."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from itertools import filterfalse
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, with_config
from typing_extensions import TypeAliasType, TypedDict  # typing has them from 3.12 on

Text = Annotated[str, Field(max_length=10_000)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Images = Annotated[int, Field(ge=1, le=10**15)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
MOST_SECONDS = 1e12
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0, le=MOST_SECONDS)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]
Moment = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
"""Becomes part of a file's name."""

Plain = TypeAliasType("Plain", "Text | bool | Whole | Finite | list[Plain] | dict[Text, Plain] | None")
"""Options, and what later versions may tell beside."""


def _share(values: list[float]) -> list[float]:
    numbers = list(filterfalse(math.isnan, values))
    if numbers and (min(numbers) < 0 or max(numbers) > 1):
        raise ValueError("a share lies in 0 to 1")
    return values


def _growing(values: list[float]) -> list[float]:
    if not all(map(operator.lt, values, values[1:])):
        raise ValueError("must grow")
    return values


Value = Annotated[float, Field(strict=True)]
Numbers = Annotated[list[float], Field(min_length=1, max_length=10_000_000)]
Shares = Annotated[Numbers, AfterValidator(_share)]
Progress = Annotated[list[Seconds], Field(min_length=1, max_length=10_000_000), AfterValidator(_growing)]


def table(name: str, fields: dict[str, Any], *, closed: bool = True) -> Any:
    """Return the model of a table; `closed`: it has no other fields."""
    make: Any = TypedDict  # of a table of fields, which type checkers do not follow
    return with_config(ConfigDict(strict=True, extra="forbid" if closed else "allow"))(make(name, fields))


def list_of(kind: Any) -> Any:
    """Return the model of a list."""
    return list[kind]


def checked(kind: Any, check: Callable[[Any], Any]) -> Any:
    """Return a model whose content passes a check, too, which raises ValueError where it does not."""
    return Annotated[kind, AfterValidator(check)]


def either(trained: Any, of_command: Any) -> Any:
    """Return the model of entries of both kinds of run; what is wrong is told of the kind that an entry is of."""

    def kind(entry: Any) -> str:
        spec = entry.get("spec", entry) if isinstance(entry, dict) else None
        return "command" if isinstance(spec, dict) and "command" in spec else "trained"

    return Annotated[
        Annotated[trained, Tag("trained")] | Annotated[of_command, Tag("command")], Discriminator(kind)
    ]
