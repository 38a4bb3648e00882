"""The arms of a claim file: what they set, and what the paper prints of their nets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import ConfigDict, model_validator

from repro.claims.printed import read_printed
from repro.claims.vocabulary import Frozen, Printed

Size = Literal["layers", "parameters", "multiply_adds"]


class NetSpec(Frozen):
    """The sizes of a net as the paper, or another `source`, prints them: "34", "0.27M", "3.6 billion".

    Ours are within half a unit of the last printed digit, or `within` a declared range (with its `why`) where the
    paper truncates or says "about".
    """

    layers: Printed | None = None
    """Weight layers, as printed: "34"."""
    parameters: Printed | None = None
    """Parameters, as printed: "0.27M"."""
    multiply_adds: Printed | None = None
    """Multiply-adds of one image, as printed: "3.6 billion"."""
    source: str | None = None
    """Who prints them, where that is not the paper."""
    within: dict[Size, tuple[float, float]] = {}
    """Size → the range that a printed size stands for, where the paper truncates or says "about"."""
    why: str | None = None
    """Why that range."""

    @property
    def printed(self) -> dict[Size, str]:
        """The sizes that the paper prints."""
        sizes: dict[Size, str | None] = {
            "layers": self.layers,
            "parameters": self.parameters,
            "multiply_adds": self.multiply_adds,
        }
        return {size: text for size, text in sizes.items() if text is not None}

    def region(self, size: Size) -> tuple[float, float]:
        """Return the least and the greatest number that a printed size stands for."""
        if size in self.within:
            return self.within[size]
        number = read_printed(self.printed[size])
        assert number is not None, "checked when the file was read"
        return number.low, number.high

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.printed:
            raise ValueError("a spec gives at least one of layers, parameters, multiply_adds")
        for size, text in self.printed.items():
            number = read_printed(text)
            if number is None or number.unit or number.low < 0 or math.isinf(number.high):
                raise ValueError(f'{size} = "{text}" is no size: "34", "89,578", "0.27M", "3.6 billion"')
            if number.about and size not in self.within:
                raise ValueError(f'{size} = "{text}" is about a number: say how far `within`, and why')
        for size, (low, high) in self.within.items():
            if size not in self.printed:
                raise ValueError(f"`within` has a range for {size}, and the spec does not give {size}")
            if low >= high:
                raise ValueError(f"[{low}, {high}] is empty: the first number must be the smaller")
        if bool(self.within) != bool(self.why):
            raise ValueError("a range `within` needs a `why`, and only it does")
        return self


class Arm(Frozen):
    """A condition of the experiment; its `spec`.

    It sets "model", "dataset", "precision", "compiled", recipe fields and options of the model.
    `spec` is by level of a factor; an arm without levels has its one spec under "".
    """

    model_config = ConfigDict(extra="allow")

    spec: dict[str, NetSpec] = {}
    """What the paper prints of the arm's net, which is built and held against it; by level where there are
    factors."""

    @property
    def settings(self) -> dict[str, Any]:
        """What the arm sets, without what the paper prints of it."""
        return dict(self.model_extra or {})

    @model_validator(mode="before")
    @classmethod
    def _by_level(cls, data: Any) -> Any:
        spec = data.get("spec") if isinstance(data, Mapping) else None
        if isinstance(spec, Mapping) and not all(
            isinstance(value, Mapping | NetSpec) for value in spec.values()
        ):
            return {**data, "spec": {"": spec}}
        return data
