"""What a run, finished or not, must be to be used: its spec, history and provenance (see contract.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, get_type_hints

from pydantic import (
    Field,
)

from repro.recipes import Recipe
from repro.recipes.fields import EvaluatedSet
from repro.store.field_types import (
    Count,
    Finite,
    Hash,
    Images,
    Key,
    Moment,
    Numbers,
    Plain,
    Progress,
    Seconds,
    Shares,
    Text,
    Whole,
    checked,
    either,
    list_of,
    table,
)


def _even(columns: dict[str, list[float]]) -> dict[str, list[float]]:
    if any(
        not isinstance(values, list) or len(values) != len(columns["step"]) for values in columns.values()
    ):
        raise ValueError("has columns of several lengths")
    return columns


def _as_evaluated(entry: dict[str, Any], history: Mapping[str, Any] | None) -> dict[str, Any]:
    """Check that a history has the columns of the sets that its recipe has evaluated."""
    recipe = entry["spec"].get("recipe")
    if recipe is None:
        return entry  # what a command writes is its own affair
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


def _recipe_fields() -> dict[str, Any]:
    """Return the fields of Recipe as they are written; earlier versions had fewer."""
    bounded = {int: Count, float: Finite, int | None: Count | None, float | None: Finite | None}
    hints = get_type_hints(Recipe)
    fields: dict[str, Any] = {name: NotRequired[bounded.get(hint, hint)] for name, hint in hints.items()}
    fields |= {"name": Text, "batch_size": Images, "steps": Count | None, "epochs": Seconds | None}
    fields["evaluate"] = NotRequired[list[EvaluatedSet]]
    return fields | {"lr": Finite, "milestones": list[Count]}


_OPTIONS = NotRequired[dict[Text, Plain]]


_TRAINED = table(
    "spec",
    {
        "dataset": table("dataset", {"name": Text, "fingerprint": Text, "options": _OPTIONS}),
        "model": table("model", {"name": Text, "version": Whole | Text, "options": _OPTIONS}),
        "recipe": table("recipe", _recipe_fields()),
        "seed": Annotated[int, Field(ge=0, lt=2**63)],
        "numerics": table("numerics", {"precision": NotRequired[Text], "compiled": NotRequired[bool]}),
        "weights": NotRequired[
            table(
                "weights",
                {
                    "file": Text,
                    "sha256": Hash,
                    "inside": Text | None,
                    "names": list_of(list_of(Text)),
                    "layout": Text,
                    "input_channels": Text,
                    "test_error": list_of(Finite) | None,
                },
            )
        ],
    },
)


_UNTIL = table(
    "until",
    {
        "column": Text,
        **dict.fromkeys(("at_most", "at_least"), NotRequired[Finite]),
        "epochs": Seconds | None,
    },
)


_OF_COMMAND = table(
    "spec",
    {
        "command": table(
            "command",
            {
                "words": Annotated[list_of(Text), Field(min_length=1, max_length=10_000)],
                "values": dict[Text, Plain],
                "folder": Text,
                "environment": dict[Text, Text],
                "reads": table("reads", {"metrics": Text, "step": Text, "epoch": Text | None}),
                "stop_at": _UNTIL | None,
            },
        ),
        "files": table("files", {"name": Text, "version": Text}),
        "seed": Annotated[int, Field(ge=0, lt=2**63)],
    },
)


SPEC = either(_TRAINED, _OF_COMMAND)


_COLUMNS = table(
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


_HISTORY = checked(_COLUMNS, _even)


_WRITTEN = checked(table("history", {"step": Progress, "epoch": Numbers}, closed=False), _even)
"""What a command wrote: its own columns, of any name."""


_WHERE = dict.fromkeys(("machine", "device", "python", "torch", "repro", "commit"), Text)


_TOLD = {
    "code": NotRequired[dict[Text, dict[Text, Text]]],
    "packages": NotRequired[dict[Text, Text]],
    "data": NotRequired[Text],
    "installed": NotRequired[Hash],
    **dict.fromkeys(("os", "driver"), NotRequired[Text]),
    "threads": NotRequired[Count],
    "git": NotRequired[dict[Text, Plain]],
    "host": NotRequired[Text],
    "finished": NotRequired[Text],
    **dict.fromkeys(
        ("predicted_seconds", "processor_seconds", "device_seconds_a_step"), NotRequired[Seconds | None]
    ),
    "diverged_at_step": NotRequired[Count | None],
    **dict.fromkeys(("from_step", "to_step"), NotRequired[Count]),
    "until_epochs": NotRequired[Seconds | None],
}


_PART = {**{name: NotRequired[kind] for name, kind in _WHERE.items()}, **_TOLD}


_SESSIONS = list_of(table("session", _PART, closed=False))


_SESSIONS_TOLD = {**_TOLD, "sessions": NotRequired[_SESSIONS]}


_ANY_RUN = {
    "key": Key,
    "outcome": Literal["finished", "diverged"],
    "steps_done": Count,
    "wall_seconds": Seconds,
}


_TRAINED_RUN = table(
    "run",
    {
        **_ANY_RUN,
        "spec": _TRAINED,
        "history": _HISTORY,
        "chance_error": Annotated[float, Field(ge=0, lt=1)],
        "images": table("images", {"train": Images, "test": Images}),
        "weights": dict[Moment, Hash],
        "provenance": table("provenance", {**_WHERE, **_SESSIONS_TOLD}, closed=False),
    },
)


_COMMAND_RUN = table(
    "run",
    {
        **_ANY_RUN,
        "spec": _OF_COMMAND,
        "history": _WRITTEN,
        "chance_error": None,
        "images": Annotated[dict[Text, Images], Field(max_length=0)],
        "weights": Annotated[dict[Moment, Hash], Field(max_length=0)],
        "provenance": table(
            "provenance",
            {**{name: _WHERE[name] for name in ("machine", "device", "repro", "commit")}, **_SESSIONS_TOLD},
            closed=False,
        ),
    },
)


RUN = either(checked(_TRAINED_RUN, lambda run: _as_evaluated(run, run["history"])), _COMMAND_RUN)


def _checkpoint(spec: Any, history: Any) -> Any:
    fields = {
        "key": Key,
        "spec": spec,
        "step": Count,
        "steps": Count,
        "version": Count,
        "sessions": _SESSIONS,
        "stopped": NotRequired[history | None],
        "wall_seconds": NotRequired[Seconds],
    }
    return checked(table("checkpoint", fields), lambda made: _as_evaluated(made, made.get("stopped")))


CHECKPOINT = either(_checkpoint(_TRAINED, _HISTORY), _checkpoint(_OF_COMMAND, _WRITTEN))
