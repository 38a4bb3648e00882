"""Nets that were trained elsewhere: where their weights lie, who trained them, and how they were selected."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from repro.claims.files import leads_out
from repro.claims.printed import read_printed
from repro.claims.schema_columns import Label
from repro.claims.schema_protocol import Words
from repro.claims.vocabulary import Frozen, Printed

Place = Annotated[str, Field(min_length=1, max_length=500)]


class Weights(Frozen):
    """Nets that were trained elsewhere, in the place of training them.

    Files are .safetensors, or state dicts that torch.save wrote; none is executed. `by` and `selected` stand beside
    every verdict. Where a cell has fewer nets than a look takes, they stand beside the paper's numbers and are not
    judged. ``names = { "module." = "", "downsample" = "shortcut" }`` takes one part off and replaces another.
    """

    files: dict[str, Annotated[list[Place], Field(min_length=1, max_length=10_000)]] = Field(min_length=1)
    """Cell (``arm/level``) → the files of its nets, one a net, relative to the claims folder."""
    by: Annotated[Words, Field(max_length=100)]
    """Who trained them."""
    selected: Annotated[Words, Field(max_length=200)]
    """How they came to be these: "every seed that was run", "the best of 5 on the test set"."""
    inside: Label | None = None
    """The key under which a checkpoint that torch.save wrote has its state dict."""
    names: dict[str, str] = {}
    """What is replaced in their names of weights, in this order, so that they become those of the net here."""
    layout: Literal["torch", "keras"] = "torch"
    """`keras` where kernels are (height, width, in, out)."""
    input_channels: Literal["RGB", "BGR"] = "RGB"
    """What the first layer reads."""
    check: dict[str, Printed] = {}
    """Cell → the test error that is published of its nets: each must have it here."""
    within: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """So much more than half a unit of the last digit they may be off, as a fraction."""

    def checked(self, address: str) -> tuple[float, float] | None:
        """Return between which test errors the nets of a cell must lie; None where none is published."""
        number = read_printed(self.check.get(address))
        return None if number is None else (number.low - self.within, number.high + self.within)

    @field_validator("files")
    @classmethod
    def _in_the_folder(cls, files: dict[str, list[str]]) -> dict[str, list[str]]:
        for name in (name for names in files.values() for name in names):
            if leads_out(name):
                raise ValueError(f"{name} lies outside of the claims folder: put it there, or a link to it")
        return files

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        every = [name for names in self.files.values() for name in names]
        twice = next((name for name in every if every.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is named twice: it would count as two nets")
        for address, text in self.check.items():
            number = read_printed(text)
            if number is None or not 0 <= number.value <= 1:
                raise ValueError(f'check."{address}" = "{text}" is no error: "6.97%", "0.07"')
        return self
