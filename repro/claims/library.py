"""A claim at all its scales, and the library of all claims of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import normalize

from pydantic import BaseModel

from repro.canonical import canonical_hash
from repro.claims.cells import cells
from repro.claims.files import paper_folders
from repro.claims.protocol import Ownership, ownership
from repro.claims.reviews import ReviewNote
from repro.claims.run_specs import run_spec
from repro.claims.schema import ClaimFile
from repro.claims.schema_paper import Paper
from repro.claims.vocabulary import WORDS
from repro.command_spec import AnyRun
from repro.errors import Problem, ReproError, suggestion
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


@dataclass(frozen=True)
class Library:
    """All claims of a folder."""

    root: Path
    claims: tuple[Claim, ...] = field(default=())

    @cached_property
    def papers(self) -> dict[str, Paper]:
        """Paper id → paper, in order of year and id."""
        found = {claim.paper_id: claim.paper for claim in self.claims}
        return dict(sorted(found.items(), key=lambda item: (item[1].year, item[0])))

    def select(self, ids: Iterable[str] = (), paper: str | None = None) -> list[Claim]:
        """Return the claims that are named, in the library's order, or all of `paper`.

        A name is an id, a bare claim name where it is unique, a paper's name, the beginning of an id or of a bare
        name, or the path of a claim file.

        Raises:
            ReproError: a name that names nothing or, bare, the claims of several papers; an unknown paper; all at once.
        """
        problems: list[Problem] = []
        chosen = list(self.claims)
        if paper is not None:
            chosen = [claim for claim in chosen if claim.paper_id == paper]
            if paper not in self.papers:
                problems.append(
                    Problem("--paper", "unknown paper", repr(paper), suggestion(paper, self.papers))
                )
        wanted = list(ids)
        picked: list[Claim] = []
        for name in wanted:
            exact = [claim for claim in chosen if _is_named(claim, name)]
            matches = exact or [claim for claim in chosen if _begins(claim, name)]
            if len(exact) > 1 or not matches:
                problems.append(self._not_one(name, exact))
            picked += matches
        if problems:
            raise ReproError(*problems)
        return [claim for claim in chosen if claim in picked] if wanted else chosen

    def _not_one(self, name: str, exact: Sequence[Claim]) -> Problem:
        """Return what is wrong with a name that several claims have, or that names nothing."""
        what = "ambiguous claim" if exact else "unknown claim, paper or file"
        near = [claim.id for claim in exact or self.claims]
        there = f"{suggestion(name, [*near, *self.papers])} (claims of your own: --claims DIR)"
        return Problem("CLAIM", what, repr(name), _elsewhere(name, self.root) or there)


def _elsewhere(name: str, root: Path) -> str | None:
    """Return a hint where the claim that is named lies in ./claims, and other claims were looked through."""
    here = Path("claims")
    stem = name.rstrip("/")
    if not stem or not here.is_dir() or here.resolve() == root.resolve():
        return None
    files = [path for folder in paper_folders(here) for path in sorted(folder.glob("*.toml"))]
    ids = [f"{path.parent.name}/{path.stem}" for path in files if path.name != "paper.toml"]
    there = [one for one in ids if one.startswith(stem) or one.split("/")[1].startswith(stem)]
    return f"did you mean --claims claims? {there[0]} is there" if there else None


def _is_named(claim: Claim, name: str) -> bool:
    """Whether a name is a claim's id or its bare name; letters may be composed or decomposed, as macOS keeps them."""
    plain = normalize("NFC", claim.id)
    return normalize("NFC", name) in (plain, plain.split("/")[1])


def _begins(claim: Claim, name: str) -> bool:
    """Whether a name is that of a claim's paper or file, or the beginning of its id or of its bare name."""
    if name.endswith(".toml"):
        return Path(name).resolve() == claim.path.resolve()
    stem, plain = normalize("NFC", name).rstrip("/"), normalize("NFC", claim.id)
    return bool(stem) and (plain.startswith(stem) or plain.split("/")[1].startswith(stem))
