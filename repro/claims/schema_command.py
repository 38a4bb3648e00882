"""A command in the place of a training recipe: how it is run, and where it writes what it measures."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from repro.claims.files import leads_out
from repro.claims.schema_columns import Column, Label
from repro.claims.vocabulary import Frozen, Name

Word = Annotated[str, Field(max_length=10_000)]

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd])")

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Stop(Frozen):
    """Where a run ends before its command does: at the first row whose column `of` is at most, or at least, so much."""

    of: Name
    """The column that is watched."""
    at_most: float | None = None
    """The run ends at the first row where it is so much, or less: of one that falls."""
    at_least: float | None = None
    """The run ends at the first row where it is so much, or more: of one that rises, such as an accuracy."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("a stop needs one of `at_most` and `at_least`")
        return self


class Process(Frozen):
    """How the command of an experiment is run, and how what it writes is read.

    What its runs rest on is, in a git repository, every tracked file of its folder as it lies there; where `inputs` are
    declared, it is these instead. The files that the command itself names, and what Python scripts among them import,
    always count.
    """

    folder: str = "."
    """Where it runs, relative to the claims folder."""
    inputs: list[Word] = []
    """Files, folders and patterns that its runs rest on, in the place of all that git tracks."""
    environment: dict[Name, Word] = {}
    """Variables that it is given."""
    metrics: Label = "metrics.jsonl"
    """The file below ``{out}`` into which it writes rows (JSON Lines, CSV), or "stdout"."""
    step: Label = "step"
    """The column that counts."""
    epoch: Label | None = None
    """The column of epochs; without one, times are in steps."""
    columns: dict[Name, Column] = Field(min_length=1, max_length=1000)
    """The quantities that metrics read, with their units."""
    steps: Annotated[int, Field(ge=1)] | str | None = None
    """The step of the last row, or the name of the placeholder that says it."""
    time_limit: str | None = None
    """How long a run may take in one go: "90s", "20m", "1.5h", "2d"."""
    takes: str | None = None
    """How long a run takes, in the same form, for `repro plan` before the first one has told."""
    stop: Stop | None = None
    """Where a run ends before its command does."""
    resume: list[Word] | None = None
    """Words that are added where ``{out}`` holds an earlier attempt; without them it begins anew."""
    resume_needs: Label | None = None
    """The file in ``{out}`` without which it begins anew, too."""
    nan: Literal["error", "diverged"] = "error"
    """Whether a quantity that ends as no number is an error or a result."""
    deterministic: list[str] = []
    """Arms that the seed does not change."""
    at_once: Annotated[int, Field(ge=1, le=32)] = 1
    """Runs that share a GPU."""

    @property
    def time_limit_seconds(self) -> float | None:
        """The time limit in seconds."""
        return _seconds(self.time_limit)

    @property
    def takes_seconds(self) -> float | None:
        """How long a run takes, in seconds."""
        return _seconds(self.takes)

    def written(self, column: str) -> str:
        """Return what a quantity is called where the command writes it."""
        return self.columns[column].column or column

    @field_validator("metrics", "resume_needs")
    @classmethod
    def _below_out(cls, name: str | None) -> str | None:
        if name is not None and leads_out(name):
            raise ValueError("lies below {out}, the folder that the run is given")
        return name

    @field_validator("time_limit", "takes")
    @classmethod
    def _a_duration(cls, text: str | None) -> str | None:
        if text is not None and _DURATION.fullmatch(text) is None:
            raise ValueError('is a number with its unit: "90s", "20m", "1.5h", "2d"')
        return text

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.resume_needs is not None and self.resume is None:
            raise ValueError("`resume_needs` makes no difference without `resume`")
        return self


def _seconds(duration: str | None) -> float | None:
    match = _DURATION.fullmatch(duration or "")
    return float(match[1]) * _SECONDS[match[2]] if match else None
