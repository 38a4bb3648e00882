"""Results that exist already: where they lie, who recorded them, and what their columns mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from repro.claims.schema_arms import Arm
from repro.claims.schema_columns import Column, Label
from repro.claims.schema_protocol import Words
from repro.claims.vocabulary import Frozen, Name, distinct

Format = Literal["csv", "jsonl", "parquet", "tensorboard", "mlflow", "wandb"]

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
"""Ending of a file's name → its format, where none is declared."""

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Seeds = Annotated[int, Field(ge=2, le=10_000)] | Annotated[list[Seed], Field(min_length=2, max_length=10_000)]
"""How many seeds there are to be, or which."""


def pattern_names(pattern: str) -> list[str]:
    """Return the names in braces of a pattern, in their order."""
    return re.findall(r"\{([^{}]+)\}", pattern)


class Results(Frozen):
    """Results that exist already, in the place of an experiment: nothing is trained.

    `file` is one table, a row a run or a row a step: CSV, JSON Lines, Parquet. `folder` holds a file a run, whose
    place tells whose it is by the `pattern`, such as ``{arm}/{seed}/metrics.jsonl``; the names in braces are ``arm``,
    ``seed``, and factors. Both are relative to the claim file and lie in the claims folder. `format` is needed where no
    file's ending tells it: "tensorboard" (event files), "mlflow" (the folder ``mlruns``, whose parameters and tags are
    columns), "wandb" (a chart's exported CSV; the `pattern` is that of its runs' names).

    `by` says who recorded them, and stands in every verdict. `arm`, `seed`, `step` and `factors` name the columns,
    where these have other names; without `step` a run has one row. An arm's name in the results is its `named`, where
    it is another one: ``ours = { named = "Ours (v2)" }``.

    `seeds` says how many or which seeds each arm has, or each arm its own; without it each cell is to have the seeds
    that any has. One that is not there leaves what rests on it unjudged, unless `missing` says why:
    ``{ "ours/3" = "the node died" }``. Runs that end before the others leave a comparison undecided, unless
    `ends_early` says why they do.
    """

    file: Label | None = None
    """One table of all runs, beside the claim file: CSV, JSON Lines, Parquet."""
    folder: Label | None = None
    """A folder of a file for each run, beside the claim file."""
    pattern: Label | None = None
    """Where a run's file lies in the folder: ``{arm}/{seed}/metrics.jsonl``."""
    format: Format | None = None
    """Needed where no file's ending tells it."""
    separator: Literal[",", ";", "\t"] = ","
    """Of the cells of a CSV file."""
    by: Annotated[Words, Field(max_length=100)]
    """Who recorded them; stands in every verdict."""
    arm: Label = "arm"
    """The column of arms."""
    seed: Label = "seed"
    """The column of seeds."""
    step: Label | None = None
    """The column of steps; without it, a run has one row."""
    step_unit: Literal["steps", "epochs"] = "steps"
    """What steps count."""
    factors: dict[Name, Label] = {}
    """Factor → its column."""
    columns: dict[Name, Column] = Field(min_length=1, max_length=1000)
    """The quantities that metrics read."""
    seeds: Seeds | dict[Name, Seeds] | None = None
    """How many seeds, or which; of all arms, or by arm."""
    missing: dict[Label, Words] = {}
    """``arm/seed`` → why that run is not there."""
    ends_early: Words | None = None
    """Why some runs end before the others."""

    def named(self, column: str) -> str:
        """Return what a column is called in the results."""
        return self.columns[column].column or column

    def seeds_of(self, arm: str) -> list[int] | int | None:
        """Return which seeds an arm is to have, or how many; None where the file does not say."""
        return self.seeds.get(arm) if isinstance(self.seeds, dict) else self.seeds

    def name_of(self, arm: str, settings: Mapping[str, Any]) -> str:
        """Return what an arm is called in the results."""
        return str(settings.get("named", arm))

    @property
    def steps(self) -> str | None:
        """The column of steps; trackers have one of their own."""
        own = {"tensorboard": "step", "mlflow": "step", "wandb": "Step"}
        return self.step or own.get(self.format or "")

    @property
    def place(self) -> str:
        """The file or folder, as the claim names it."""
        return self.file or self.folder or ""

    def read_as(self, arms: Mapping[str, Arm]) -> dict[str, Any]:
        """Return how results are read, as plain data: what they mean, not where they lie or who recorded them."""
        elsewhere = {"file", "folder", "pattern", "format", "separator", "by", "missing", "ends_early"}
        plain = self.model_dump(mode="json", exclude_defaults=True, exclude=elsewhere)
        named = {name: self.name_of(name, arm.settings) for name, arm in arms.items()}
        allowed = {"missing": sorted(self.missing), "ends_early": self.ends_early is not None}
        return plain | {"arms": named} | {key: value for key, value in allowed.items() if value}

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.file is None) == (self.folder is None):
            raise ValueError("results lie in a `file` or in a `folder`, one of the two")
        by_pattern = self.format == "wandb" or (self.folder is not None and self.format != "mlflow")
        if by_pattern != (self.pattern is not None):
            what = "need a `pattern`, such as" if by_pattern else "make no use of a `pattern`: it is for"
            raise ValueError(f"these results {what} {{arm}}/{{seed}}/metrics.jsonl")
        if self.file is not None and self.format in ("mlflow", "tensorboard"):
            raise ValueError(f"results of {self.format} lie in a `folder`")
        if isinstance(self.seeds, list):
            distinct(self, "seeds")
        return self
