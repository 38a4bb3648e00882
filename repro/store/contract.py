"""What an entry of a store must be to be used: one model for what is read from ours and what is taken in from others'.

A checksum says that an entry is as it was written, not that who wrote it made sense. What does not fit is named and
left out, so that nothing in a store ends a command. Types are strict, numbers have bounds, and what readers look up is
there.
Imported when the first entry is read.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import cache
from itertools import filterfalse
from typing import Annotated, Any, Literal, NotRequired, get_type_hints

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypeAliasType, TypedDict  # typing has them from 3.12 on

from repro.recipes import Recipe
from repro.recipes.fields import EvaluatedSet

Text = Annotated[str, Field(max_length=10_000)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Images = Annotated[int, Field(ge=1, le=10**15)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e12)]
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


def _even(columns: dict[str, list[float]]) -> dict[str, list[float]]:
    if any(
        not isinstance(values, list) or len(values) != len(columns["step"]) for values in columns.values()
    ):
        raise ValueError("has columns of several lengths")
    return columns


def _as_evaluated(entry: dict[str, Any], history: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check that a history has the columns of the sets that its recipe has evaluated."""
    recipe = entry["spec"]["recipe"]
    sets = () if recipe["steps"] == 0 else recipe.get("evaluate", ("train", "test"))
    lacking = [
        name
        for split in sets
        for name in (f"{split}_error", f"{split}_loss")
        if name not in (history or (name,))
    ]
    if lacking:
        raise ValueError(f"its history lacks {lacking[0]}")
    return entry


Value = Annotated[float, Field(strict=True)]
Numbers = Annotated[list[float], Field(min_length=1, max_length=10_000_000)]
Shares = Annotated[Numbers, AfterValidator(_share)]
Progress = Annotated[list[Seconds], Field(min_length=1, max_length=10_000_000), AfterValidator(_growing)]


def _table(name: str, fields: dict[str, Any], *, closed: bool = True) -> Any:
    make: Any = TypedDict  # of a table of fields, which type checkers do not follow
    return with_config(ConfigDict(strict=True, extra="forbid" if closed else "allow"))(make(name, fields))


def _list_of(kind: Any) -> Any:
    return list[kind]


def _checked(kind: Any, check: Callable[[Any], Any]) -> Any:
    return Annotated[kind, AfterValidator(check)]


def _recipe_fields() -> dict[str, Any]:
    """Return the fields of Recipe as they are written; earlier versions had fewer."""
    bounded = {int: Count, float: Finite, int | None: Count | None, float | None: Finite | None}
    hints = get_type_hints(Recipe)
    fields: dict[str, Any] = {name: NotRequired[bounded.get(hint, hint)] for name, hint in hints.items()}
    fields |= {"name": Text, "batch_size": Images, "steps": Count | None, "epochs": Seconds | None}
    fields["evaluate"] = NotRequired[list[EvaluatedSet]]
    return fields | {"lr": Finite, "milestones": list[Count]}


_OPTIONS = NotRequired[dict[Text, Plain]]

SPEC = _table(
    "spec",
    {
        "dataset": _table("dataset", {"name": Text, "fingerprint": Text, "options": _OPTIONS}),
        "model": _table("model", {"name": Text, "version": Whole | Text, "options": _OPTIONS}),
        "recipe": _table("recipe", _recipe_fields()),
        "seed": Annotated[int, Field(ge=0, lt=2**63)],
        "numerics": _table("numerics", {"precision": NotRequired[Text], "compiled": NotRequired[bool]}),
    },
)

_COLUMNS = _table(
    "history",
    {
        "step": Progress,
        "epoch": Progress,
        "running_error": Shares,
        "running_loss": Numbers,
        # Those of a set that is not evaluated are not there.
        **dict.fromkeys(("train_error", "test_error"), NotRequired[Shares]),
        **dict.fromkeys(("train_loss", "test_loss"), NotRequired[Numbers]),
        "ten_crop_error": NotRequired[Shares],
        "lr": NotRequired[Numbers],
    },
    closed=False,
)

_HISTORY = _checked(_COLUMNS, _even)

_WHERE = dict.fromkeys(("machine", "device", "python", "torch", "repro", "commit"), Text)

_TOLD = {
    "code": NotRequired[dict[Text, dict[Text, Text]]],
    "packages": NotRequired[dict[Text, Text]],
    "data": NotRequired[Text],
    "finished": NotRequired[Text],
    **dict.fromkeys(("predicted_seconds", "device_seconds_a_step"), NotRequired[Seconds | None]),
    "diverged_at_step": NotRequired[Count | None],
    **dict.fromkeys(("from_step", "to_step"), NotRequired[Count]),
    "until_epochs": NotRequired[Seconds | None],
}

_PART = {**{name: NotRequired[kind] for name, kind in _WHERE.items()}, **_TOLD}
_SESSIONS = _list_of(_table("session", _PART, closed=False))

_RUN = _table(
    "run",
    {
        "key": Key,
        "spec": SPEC,
        "history": _HISTORY,
        "outcome": Literal["finished", "diverged"],
        "steps_done": Count,
        "chance_error": Annotated[float, Field(ge=0, lt=1)],
        "images": _table("images", {"train": Images, "test": Images}),
        "wall_seconds": Seconds,
        "weights": dict[Moment, Hash],
        "provenance": _table(
            "provenance", {**_WHERE, **_TOLD, "sessions": NotRequired[_SESSIONS]}, closed=False
        ),
    },
)

RUN = _checked(_RUN, lambda run: _as_evaluated(run, run["history"]))

_ROW = _table(
    "row",
    {"value": Value, "layer": NotRequired[Text], "index": NotRequired[Count], "stage": NotRequired[Count]},
    closed=False,
)

READING = _table(
    "reading",
    {
        "spec": _table(
            "spec",
            {
                "probe": Text,
                "version": Whole | Text,
                "options": dict[Text, Plain],
                "run": Key | None,
                "moment": Moment | None,
                "subject": dict[Text, Plain] | None,
            },
        ),
        "rows": Annotated[_list_of(_ROW), Field(min_length=1, max_length=10_000_000)],
        "provenance": dict[Text, Plain],
    },
)

_CHECKPOINT = _table(
    "checkpoint",
    {
        "key": Key,
        "spec": SPEC,
        "step": Count,
        "steps": Count,
        "version": Count,
        "sessions": _SESSIONS,
        "stopped": NotRequired[Annotated[_HISTORY, AfterValidator(_even)] | None],
        "wall_seconds": NotRequired[Seconds],
    },
)

CHECKPOINT = _checked(_CHECKPOINT, lambda made: _as_evaluated(made, made.get("stopped")))

FAILURE = _table("failure", {"title": str, "reason": str})

_CRITERIA = dict[Text, dict[Text, Plain]]

LEDGER_OF_CRITERIA = _table(
    "line",
    {
        **dict.fromkeys(("claim", "scale", "digest"), Text),
        "first_seen": Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")],
        "runs_then": Count,
        "expect": _CRITERIA,
        "metrics": NotRequired[_CRITERIA],
        "tune": NotRequired[dict[Text, Plain]],
        "looks": NotRequired[list[Count]],
        "results": NotRequired[dict[Text, Plain]],
    },
)

LEDGER_OF_SIGHTS = _table("line", {"claim": Text, "scale": Text, "runs": list[Key]})

LEDGER_OF_RESULTS = _table(
    "line",
    {
        **dict.fromkeys(("claim", "place", "by"), Text),
        "digest": Hash,
        "first_seen": Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$")],
        "runs": Count,
        "values": dict[Text, dict[Text, dict[Text, Finite | None]]],
    },
)

_KINDS = {
    "run": RUN,
    "reading": READING,
    "checkpoint": CHECKPOINT,
    "failure": FAILURE,
    "line of criteria.jsonl": LEDGER_OF_CRITERIA,
    "line of seen.jsonl": LEDGER_OF_SIGHTS,
    "line of results.jsonl": LEDGER_OF_RESULTS,
}


@cache
def _adapter(kind: str) -> TypeAdapter[Any]:
    return TypeAdapter(_KINDS[kind])


def wrong_with(kind: str, content: object) -> str | None:
    """Return what keeps plain data from being one of `_KINDS`, as the rest of a sentence; None where nothing does."""
    try:
        _adapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])[:100]
        if first["type"] == "extra_forbidden":
            return f"was written by another version: it has a key {place}"
        return f"is no {kind} that can be used: {place}: {first['msg'][:200]}"
    return None
