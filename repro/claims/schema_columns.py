"""The quantities that runs record elsewhere: what they are called there, their units, and which way is better."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from repro.claims.vocabulary import Frozen

Label = Annotated[str, Field(min_length=1, max_length=200)]
"""A name as it was recorded, such as ``eval/acc@1``."""


class Column(Frozen):
    """A quantity that runs recorded.

    `column` is its name in the results, where that is another one than here. `unit` "percent" or "fraction" is of
    errors, accuracies and other shares, which are fractions in all that is judged: bars are written as fractions, and
    shown in percent. `better` says which direction is the better one. `resolution` is the smallest step that the
    quantity can show, in its own unit: with 10,000 test images an accuracy in percent moves in steps of 0.01.
    """

    column: Label | None = None
    """Its name in the results, where that is another one than here."""
    unit: Literal["percent", "fraction", "number"]
    """Percent are read as fractions; "fraction" is of shares, "number" of all else."""
    better: Literal["higher", "lower"]
    """Which direction is the better one."""
    resolution: Annotated[float, Field(gt=0)] | None = None
    """The smallest step that it can show, in its own unit: with 10,000 test images an accuracy in percent moves
    in steps of 0.01."""

    @property
    def share(self) -> bool:
        """Whether it lies in 0 to 1, as errors and accuracies do."""
        return self.unit != "number"

    @property
    def scale(self) -> float:
        """What a recorded number is multiplied by: percent are read as fractions."""
        return 0.01 if self.unit == "percent" else 1.0
