"""Notes of readers on a claim, in a file beside it. They are shown, and decide nothing."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from repro.claims.toml import read_toml, validated
from repro.claims.vocabulary import Frozen
from repro.errors import Problem, ReproError, suggestion
from repro.startup.listing import NOTES


class ReviewNote(Frozen):
    """What a reader has to say of a claim, or of its expectation `about`; beside the claim, never part of it."""

    author: str = Field(min_length=1)
    """Who writes."""
    date: datetime.date
    """When."""
    text: str = Field(min_length=1)
    """What there is to say."""
    about: str | None = None
    """The expectation that it is about; without it, the claim."""


class Reviews(Frozen):
    """The notes of readers; `claims/<paper>/<claim>.notes.toml`, a `[[note]]` each."""

    note: list[ReviewNote] = Field(min_length=1)
    """A note each."""


def read_reviews(path: Path, expectations: Collection[str] | None) -> tuple[ReviewNote, ...]:
    """Read the notes on a claim, if there are any; raises ReproError with all their problems.

    `expectations` are the claim's; None where they are not known.
    """
    if not path.exists() and not path.is_symlink():
        return ()
    try:
        notes = validated(Reviews, read_toml(path, dates=True)).note
    except ReproError as error:
        raise ReproError(*(replace(p, where=f"{path}: {p.where}") for p in error.problems)) from None
    unknown = [
        Problem(f"{path}: note.{number}.about", "unknown expectation", repr(note.about), hint)
        for number, note in enumerate(notes)
        if expectations is not None and note.about is not None and note.about not in expectations
        for hint in [suggestion(note.about, expectations)]
    ]
    if unknown:
        raise ReproError(*unknown)
    return tuple(notes)


def notes_of(claim: Path) -> Path:
    """Return where the notes on a claim file lie."""
    return claim.with_name(f"{claim.stem}{NOTES}")


def claim_of(notes: Path) -> Path:
    """Return the claim file that notes are on."""
    return notes.with_name(f"{notes.name.removesuffix(NOTES)}.toml")
