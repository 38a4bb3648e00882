"""A publication, and what of it can be checked: `claims/<paper>/paper.toml`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from repro.claims.vocabulary import Frozen

Open = Literal["data", "not checkable", "not written yet"]
"""Why a sentence has no claim: nobody here has the data; nothing could refute it; nobody has written it."""


class Checkable(Frozen):
    """A table, a figure, or a sentence with a number or a comparison, and the claims that check it.

    A claim is named as in its folder, or ``<paper>/<claim>`` where it is another paper's. What has no claim says why
    not (`open`), and more of it in `note`.
    """

    where: str
    says: str
    claims: list[str] = []
    open: Open | None = None
    note: str | None = None

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if bool(self.claims) == (self.open is not None):
            raise ValueError(
                'names its claims, or says why it has none: open = "data", "not checkable" or "not written yet"'
            )
        return self


class PaperCoverage(Frozen):
    """How much of what can be checked in a paper has a claim: "21 of 29 have a claim", and why the rest has none."""

    listed: int
    claimed: int
    data: int = 0
    not_checkable: int = 0
    not_written: int = 0

    @property
    def text(self) -> str:
        """One line for people."""
        verb = "has" if self.claimed == 1 else "have"
        rest = [
            (self.data, "need data that nobody has here"),
            (self.not_checkable, "cannot be checked"),
            (self.not_written, "are not written yet"),
        ]
        parts = [f"{self.claimed} of {self.listed} {verb} a claim"]
        return "; ".join([*parts, *(f"{count} {why}" for count, why in rest if count)])


class Paper(Frozen):
    """A publication. `checkable` lists what could be checked in it, whether or not it is."""

    title: str
    authors: list[str] = Field(min_length=1)
    venue: str
    year: int = Field(ge=1000, le=9999)
    identifier: str
    url: str | None = None
    bibtex_key: str
    version_read: str | None = None
    checkable: list[Checkable] = []

    @property
    def coverage(self) -> PaperCoverage | None:
        """How much of what can be checked has a claim; None where the paper lists nothing."""
        if not self.checkable:
            return None
        open_ = [item.open for item in self.checkable]
        return PaperCoverage(
            listed=len(open_),
            claimed=open_.count(None),
            data=open_.count("data"),
            not_checkable=open_.count("not checkable"),
            not_written=open_.count("not written yet"),
        )

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("an address starts with https:// or http://")
        return url
