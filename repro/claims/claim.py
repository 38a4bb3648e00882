"""A claim at all its scales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from repro.canonical import canonical_hash
from repro.claims.cells import cells
from repro.claims.protocol import Ownership, ownership
from repro.claims.reviews import ReviewNote
from repro.claims.run_specs import run_spec
from repro.claims.schema import ClaimFile
from repro.claims.schema_paper import Paper
from repro.claims.vocabulary import WORDS
from repro.command_spec import AnyRun
from repro.registry import Names


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, at every scale that its file declares.

    Attributes:
        id: ``<paper>/<claim>``, from the file's place.
        paper: the publication.
        at: scale → the claim file with that scale merged in. "paper" is the file's base.
        names: what names in the claims folder stand for.
        path: the claim file.
        text: the file as read.
        reviews: notes of readers, from ``<claim>.notes.toml`` beside it; they decide nothing.
    """

    id: str
    paper: Paper
    at: Mapping[str, ClaimFile]
    names: Names
    path: Path
    text: str
    reviews: tuple[ReviewNote, ...] = ()

    @property
    def paper_id(self) -> str:
        """The paper's folder name."""
        return self.id.split("/")[0]

    @cached_property
    def protocol(self) -> Ownership:
        """Whose protocol the claim is judged by."""
        return ownership(self.base)

    @property
    def base(self) -> ClaimFile:
        """The claim by the paper's own protocol."""
        return self.at["paper"]

    @property
    def trains(self) -> bool:
        """Whether anything of it rests on training; else its verdict stands at every scale."""
        if self.recorded:
            return False
        return any(not metric.exact for file in self.at.values() for metric in file.metrics.values())

    @property
    def recorded(self) -> bool:
        """Whether it is about results that exist already."""
        return self.base.results is not None

    def untuned(self, scale: str) -> Mapping[str, AnyRun]:
        """Return cell address → the cell's run with seed 0, before any tuning; each is resolved once.

        At a scale that the claim does not declare they are the paper's own, as at "paper".
        """
        known = scale if scale in self.at else "paper"
        if known not in self._untuned:
            file = self.at[known]
            self._untuned[known] = {cell.address: run_spec(file, cell, 0, self.names) for cell in cells(file)}
        return self._untuned[known]

    @cached_property
    def _untuned(self) -> dict[str, Mapping[str, AnyRun]]:
        return {}

    def criteria_digest(self, scale: str) -> str:
        """Return a hash of what decides at `scale`: metrics, expectations, tuning and seeds, without their words."""
        file = self.at[scale]

        def plain(model: BaseModel) -> dict[str, Any]:
            # Defaults are left out, so that a key added to the vocabulary later changes no digest.
            return model.model_dump(mode="json", exclude=set(WORDS), exclude_defaults=True)

        reads = _quantities(file) if file.results is None else {"results": file.results.read_as(file.arms)}
        return canonical_hash(
            {
                "metrics": {name: plain(metric) for name, metric in file.metrics.items()},
                "expect": {name: plain(item) for name, item in file.expect.items()},
                "tune": plain(file.tune) if file.tune else None,
                "looks": file.experiment.seeds.looks,
            }
            | reads
        )


def _quantities(file: ClaimFile) -> dict[str, Any]:
    """Return what the quantities are that a command records, for a digest: their units decide what bars mean."""
    process = file.experiment.process
    if process is None:
        return {}
    return {"columns": {name: column.model_dump(mode="json") for name, column in process.columns.items()}}
