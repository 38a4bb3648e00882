"""What an entry of a store must be to be used: one model for what is read from ours and what is taken in from others'.

A checksum says that an entry is as it was written, not that who wrote it made sense. What does not fit is named and
left out, so that nothing in a store ends a command. Types are strict, numbers have bounds, and what readers look up is
there.
Imported when the first entry is read.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, NotRequired

from pydantic import (
    Field,
    TypeAdapter,
    ValidationError,
)

from repro.store.field_types import (
    MOST_SECONDS,
    Count,
    Finite,
    Hash,
    Key,
    Moment,
    Plain,
    Text,
    Value,
    Whole,
    checked,
    list_of,
    table,
)
from repro.store.run_contract import CHECKPOINT, RUN

_ROW = table(
    "row",
    {"value": Value, "layer": NotRequired[Text], "index": NotRequired[Count], "stage": NotRequired[Count]},
    closed=False,
)


def _with_times(provenance: dict[str, Any]) -> dict[str, Any]:
    for name in ("wall_seconds", "processor_seconds", "predicted_seconds"):
        told = provenance.get(name, 0.0)
        if told is not None and not (type(told) in (int, float) and 0 <= told <= MOST_SECONDS):
            raise ValueError(f"{name} is no time")
    return provenance


READING = table(
    "reading",
    {
        "spec": table(
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
        "rows": Annotated[list_of(_ROW), Field(min_length=1, max_length=10_000_000)],
        "provenance": checked(dict[Text, Plain], _with_times),
    },
)


ENVIRONMENT = table("environment", {"packages": dict[Text, Text]})

FAILURE = table("failure", {"title": str, "reason": str, "output": NotRequired[str]})

_CRITERIA = dict[Text, dict[Text, Plain]]

LEDGER_OF_CRITERIA = table(
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

LEDGER_OF_SIGHTS = table("line", {"claim": Text, "scale": Text, "runs": list[Key]})

LEDGER_OF_RESULTS = table(
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
    "environment": ENVIRONMENT,
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
        tagged = first["loc"][:1] in (("trained",), ("command",))
        place = ".".join(str(part) for part in first["loc"][tagged:])[:100]
        if first["type"] == "extra_forbidden":
            return f"was written by another version: it has a key {place}"
        return f"is no {kind} that can be used: {place}: {first['msg'][:200]}"
    return None
