"""Whose protocol the base tables of a claim file are: declared, with its source, or not."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from repro.claims.vocabulary import Frozen

Words = Annotated[str, Field(pattern=r"\S")]
"""A text that says something."""


class Protocol(Frozen):
    """Whose protocol the base tables are, and where it is described.

    Only the paper's (`of` = "paper") is judged in the paper's words. A net, a data set or a computed number that is the
    claims folder's own is taken for the paper's only where `as_in_paper` says what makes it so, by its name:
    ``{ "my_nets:Net" = "Table 1's net, held against its sizes", pets = "the authors' archive" }``.
    """

    of: Literal["paper", "own"]
    """"paper": the paper's own; "own": nobody's paper, and words stay capped."""
    source: Words
    """Where it is described."""
    as_in_paper: dict[str, Words] = {}
    """Net, data set or formula of the claims folder → what makes it the paper's."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.as_in_paper and self.of != "paper":
            raise ValueError('`as_in_paper` is of a protocol with of = "paper"')
        return self
