"""A publication, and what of it can be checked: `claims/<paper>/paper.toml`."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from repro.claims.vocabulary import Frozen
from repro.startup.listing import coverage

Open = Literal["data", "not checkable", "not written yet"]
"""Why a sentence has no claim: nobody here has the data; nothing could refute it; nobody has written it."""


class Checkable(Frozen):
    """A table, a figure, or a sentence with a number or a comparison, and the claims that check it.

    A claim is named as in its folder, or ``<paper>/<claim>`` where it is another paper's. What has no claim says why
    not (`open`), and more of it in `note`.
    """

    where: str
    """The place in the paper."""
    says: str
    """What it says there."""
    claims: list[str] = []
    """The claims that check it, as in this folder or ``<paper>/<claim>``."""
    open: Open | None = None
    """Why it has none."""
    note: str | None = None
    """More of that."""

    @model_validator(mode="after")
    def _answered(self) -> Self:
        if bool(self.claims) == (self.open is not None):
            raise ValueError(
                'names its claims, or says why it has none: open = "data", "not checkable" or "not written yet"'
            )
        return self


class Paper(Frozen):
    """A publication. `checkable` lists what could be checked in it, whether or not it is."""

    title: str
    """Of the publication."""
    authors: list[str] = Field(min_length=1)
    """In its order."""
    venue: str
    """Conference, journal or course; "teaching material" for what is reading notes and lectures, no publication."""
    year: int = Field(ge=1000, le=9999)
    """Of the publication."""
    identifier: str
    """arXiv number, DOI, or the like."""
    url: str | None = None
    """Where it is to be read: https:// or http://."""
    bibtex_key: str
    """The key of its entry in the page's bibliography."""
    version_read: str | None = None
    """Which version was read, where there are several."""
    checkable: list[Checkable] = []
    """What could be checked in it, whether or not it is."""

    @property
    def is_teaching(self) -> bool:
        """Tell whether it is reading notes and lectures, no publication."""
        return self.venue == "teaching material"

    @property
    def coverage(self) -> str | None:
        """How much of what can be checked has a claim, in words; None where the paper lists nothing."""
        return coverage([item.open for item in self.checkable])

    @field_validator("url")
    @classmethod
    def _web_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("an address starts with https:// or http://")
        return url
