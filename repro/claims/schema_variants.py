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
    arms: dict[str, Arm] = {}
    metrics: dict[str, Metric] = {}
    why: str

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
    experiment: dict[str, Any] = {}
    factors: dict[str, Any] = {}
    arms: dict[str, dict[str, Any]] = {}
    tune: dict[str, Any] = {}


class Sensitivity(Frozen):
    """A grid of protocols, the same for every arm, over which expectations are judged again: where do they flip?"""

    title: str
    why: str
    expect: list[str] = Field(min_length=1)
    points: list[Point] = Field(min_length=1, max_length=200)


class Contrary(Frozen):
    """What another source says of the same thing: where notes and a paper disagree, both stand side by side.

    `says` is shown as it stands: what is quoted in it stands in quotation marks of its own.
    """

    by: str
    says: str
    where: str
