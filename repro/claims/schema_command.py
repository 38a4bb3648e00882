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
    """Where a run ends before its command does: at the first row whose column `of` is at most `at_most`."""

    of: Name
    """The column that is watched."""
    at_most: float
    """The run ends at the first row where it is so much, or less."""


class Process(Frozen):
    """How the command of an experiment is run, and how what it writes is read.

    It runs in `folder`, relative to the claims folder, with the variables of `environment` added. What its runs rest on
    is, in a git repository, every tracked file of that folder as it lies there; where `inputs` names files, folders or
    patterns, it is these instead. The files that the command itself names, and what Python scripts among them import,
    always count.

    `metrics` is the file below ``{out}`` into which the command writes a row at a time (JSON Lines, or CSV with a
    head), or "stdout" for lines of JSON that it prints. `step` and `epoch` name the columns that say how far it has
    come; without an `epoch`, times are in steps. `columns` are the quantities that metrics read, with their units.
    `steps` is the step of the last row, or the name of the placeholder that says it.

    A run is ended after its `time_limit`, and by `stop`. `resume` are words that are added to the command where
    ``{out}`` holds an earlier attempt, or the file `resume_needs`. `nan` says whether a quantity that ends as no number
    is an "error" or a result ("diverged"). `deterministic` names arms that the seed does not change. `at_once` runs
    share a GPU.
    """

    folder: str = "."
    """Where the command runs, relative to the claims folder."""
    inputs: list[Word] = []
    """Files, folders or patterns that its runs rest on; without it, all files that git tracks in the folder."""
    environment: dict[Name, Word] = {}
    """Variable → its value, added to the environment."""
    metrics: Label = "metrics.jsonl"
    """The file below ``{out}`` that it writes rows into (JSON Lines or CSV), or "stdout"."""
    step: Label = "step"
    """The column of steps."""
    epoch: Label | None = None
    """The column of epochs; without it, times are in steps."""
    columns: dict[Name, Column] = Field(min_length=1, max_length=1000)
    """The quantities that metrics read."""
    steps: Annotated[int, Field(ge=1)] | str | None = None
    """The step of the last row, or the placeholder that says it."""
    time_limit: str | None = None
    """A run is ended after it: "90s", "20m", "1.5h", "2d"."""
    stop: Stop | None = None
    """Where a run ends before its command does."""
    resume: list[Word] | None = None
    """Words added to the command where ``{out}`` holds an earlier attempt."""
    resume_needs: Label | None = None
    """A file below ``{out}`` that an earlier attempt must have left for that."""
    nan: Literal["error", "diverged"] = "error"
    """Whether a quantity that ends as no number is an error or a result."""
    deterministic: list[str] = []
    """Arms that the seed does not change."""
    at_once: Annotated[int, Field(ge=1, le=32)] = 1
    """How many runs share a GPU."""

    @property
    def time_limit_seconds(self) -> float | None:
        """The time limit in seconds."""
        match = _DURATION.fullmatch(self.time_limit or "")
        return float(match[1]) * _SECONDS[match[2]] if match else None

    def written(self, column: str) -> str:
        """Return what a quantity is called where the command writes it."""
        return self.columns[column].column or column

    @field_validator("metrics", "resume_needs")
    @classmethod
    def _below_out(cls, name: str | None) -> str | None:
        if name is not None and leads_out(name):
            raise ValueError("lies below {out}, the folder that the run is given")
        return name

    @field_validator("time_limit")
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
