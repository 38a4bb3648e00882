"""What the models of a claim file are made of: names, printed numbers, sources, and a strict base."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from repro.claims.printed import read_printed

Moment = Literal["init", "epoch-1", "mid", "last"]
HISTORY_COLUMNS = (
    "train_error",
    "test_error",
    "train_loss",
    "test_loss",
    "running_error",
    "running_loss",
    "ten_crop_error",
)
"""What a run that is trained here records at each evaluation."""

ReadFrom = Literal["text", "table", "figure", "caption", "teaching material"]


LONGEST_NAME = 100

WORDS = frozenset(
    {
        "title",
        "unit",
        "why",
        "reported",
        "uncertainty",
        "source",
        "convention",
        "otherwise",
        "known_beforehand",
        "protocol",
    }
)
"""Keys of metrics and expectations that people read and nothing is decided by."""


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise ValueError("a name is made of letters, digits, dots, dashes and underscores")
    if len(text) > LONGEST_NAME:
        raise ValueError(f"a name has at most {LONGEST_NAME} signs")
    return text


def _printed(text: str) -> str:
    if read_printed(text.removeprefix("±")) is None:
        raise ValueError('a reported number is as printed: "6.43", "<0.1%", "3.6 billion"')
    return text


Name = Annotated[str, AfterValidator(_name)]
Printed = Annotated[str, AfterValidator(_printed)]


class Frozen(BaseModel):
    """Unknown keys are errors, values do not change, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=False)


def no_others(model: BaseModel, what: str, used: str) -> None:
    """Raise where keys are given that this kind of thing makes no use of: they would silently do nothing."""
    others = model.model_fields_set - _words(used)
    if others:
        idle = [key for key in type(model).model_fields if key in others]
        raise ValueError(f"{what} makes no use of {' and '.join(f'`{key}`' for key in idle)}")


@cache
def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def distinct(model: BaseModel, *keys: str) -> None:
    """Raise where a list names something twice: it would count twice."""
    for key in keys:
        values = getattr(model, key) or []
        if len(set(values)) < len(values):
            raise ValueError(f"`{key}` names something twice: {', '.join(str(value) for value in values)}")


class Source(Frozen):
    """Where the paper says it, and how it was read."""

    where: str
    """The place in the paper: "Sec. 4.2, Table 6"."""
    page: Annotated[int, Field(ge=0, le=10**6)] | None = None
    """The page of the PDF, from 1."""
    read_from: ReadFrom = "text"
    """What it was read from: a figure is read less exactly than a table."""


class Reported(Frozen):
    """How sure the paper's number is: what it is a number of, and its reading error."""

    of: Literal["single run", "mean of n", "mean ± sd of n", "best of n", "unknown"] = "unknown"
    """What the paper's number is a number of; left out, it is taken for a single run, and the page says so."""
    n: Annotated[int, Field(ge=1, le=10**6)] | None = None
    """Of how many runs."""
    sd: str | None = None
    """Their standard deviation, as printed."""
    reading_error: str | None = None
    """How far a number that was read from a figure may be off, as text: "0.5 pp"."""
