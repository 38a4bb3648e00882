"""The variants of a claim file: controls, sensitivities, and what is contrary to the claim."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from repro.claims.schema_arms import Arm
from repro.claims.schema_metrics import Metric
from repro.claims.vocabulary import (
    Frozen,
    Name,
)


class Control(Frozen):
    """A sabotaged variant that the same criteria must reject, on seeds of its own.

    Its arms replace those named, and so do its `metrics`: another formula or other options of one that is exact, or of
    a probe, which is then read from the claim's own runs.
    """

    title: str
    """What is sabotaged."""
    arms: dict[str, Arm] = {}
    """Arm → the whole arm in its place."""
    metrics: dict[str, Metric] = {}
    """Metric → the whole metric in its place."""
    why: str
    """Why the criteria must reject it."""

    @model_validator(mode="after")
    def _sabotages(self) -> Self:
        if not self.arms and not self.metrics:
            raise ValueError("a control changes something: give it arms or metrics")
        if not all(metric.exact or metric.kind == "probe" for metric in self.metrics.values()):
            raise ValueError("a control replaces metrics that are exact or of a probe; else its arms")
        return self


class Point(Frozen):
    """A point of a sensitivity: settings laid over the claim file, as a scale's are."""

    label: Name
    """What the point is called."""
    experiment: dict[str, Any] = {}
    """Laid over [experiment]."""
    factors: dict[str, Any] = {}
    """Laid over [factors]."""
    arms: dict[str, dict[str, Any]] = {}
    """Laid over [arms]."""
    tune: dict[str, Any] = {}
    """Laid over [tune]."""


class Sensitivity(Frozen):
    """A grid of protocols, the same for every arm, over which expectations are judged again: where do they flip?"""

    title: str
    """What is varied."""
    why: str
    """Why these points."""
    expect: list[str] = Field(min_length=1)
    """The expectations that are judged again."""
    points: list[Point] = Field(min_length=1, max_length=200)
    """The protocols."""


class Contrary(Frozen):
    """What another source says of the same thing: where notes and a paper disagree, both stand side by side.

    `says` is shown as it stands: what is quoted in it stands in quotation marks of its own.
    """

    by: str
    """Who says so."""
    says: str
    """What; quoted words stand in quotation marks of their own."""
    where: str
    """The place."""
