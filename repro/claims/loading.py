"""Finding and reading claim files. Nothing of a claims folder is ever executed here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from unicodedata import normalize

from pydantic import BaseModel

from repro.claims.cells import too_large
from repro.claims.checks import check_claim
from repro.claims.checks_scales import check_scales
from repro.claims.error_recovery import Recovered, recovered
from repro.claims.files import paper_folders, read_text, toml_files
from repro.claims.placeholders import placeholders
from repro.claims.protocol import Ownership, ownership
from repro.claims.reviews import NOTES, ReviewNote, notes_of, read_reviews
from repro.claims.scales import SCALES, merge
from repro.claims.schema import ClaimFile
from repro.claims.schema_paper import Paper
from repro.claims.toml import parsed_toml, read_toml, validated
from repro.claims.units import with_units
from repro.claims.vocabulary import WORDS
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.registry import Names
from repro.spec import canonical_hash


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
        return any(not metric.exact for file in self.at.values() for metric in file.metrics.values())

    def criteria_digest(self, scale: str) -> str:
        """Return a hash of what decides at `scale`: metrics, expectations, tuning and seeds, without their words."""
        file = self.at[scale]

        def plain(model: BaseModel) -> dict[str, Any]:
            # Defaults are left out, so that a key added to the vocabulary later changes no digest.
            return model.model_dump(mode="json", exclude=set(WORDS), exclude_defaults=True)

        return canonical_hash(
            {
                "metrics": {name: plain(metric) for name, metric in file.metrics.items()},
                "expect": {name: plain(item) for name, item in file.expect.items()},
                "tune": plain(file.tune) if file.tune else None,
                "looks": file.experiment.seeds.looks,
            }
        )


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
        if wanted:
            picked = []
            for name in wanted:
                exact = [claim for claim in chosen if _is_named(claim, name)]
                matches = exact or [claim for claim in chosen if _begins(claim, name)]
                if len(exact) > 1 or not matches:
                    what = "ambiguous claim" if exact else "unknown claim, paper or file"
                    near = [claim.id for claim in exact or self.claims]
                    hint = f"{suggestion(name, [*near, *self.papers])} (claims of your own: --claims DIR)"
                    problems.append(Problem("CLAIM", what, repr(name), hint))
                picked += matches
            chosen = [claim for claim in chosen if claim in picked]
        if problems:
            raise ReproError(*problems)
        return chosen


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


def load_library(root: Path) -> Library:
    """Read every claim below `root`: ``<paper>/paper.toml`` and ``<paper>/<claim>.toml``.

    Raises:
        ReproError: no such folder, or anything wrong in any file; all problems of all files at once.
    """
    if not root.is_dir():
        raise mistake(
            str(root), "is not a folder of claims", hint="--claims DIR takes <paper>/<claim>.toml below DIR"
        )
    claims: list[Claim] = []
    problems: list[Problem] = []
    for folder in paper_folders(root):
        try:
            found = [path for path in toml_files(folder) if path.name != "paper.toml"]
        except ReproError as error:
            problems.extend(error.problems)
            continue
        files = [path for path in found if not path.name.endswith(NOTES)]
        for notes in set(found) - {*files, *map(notes_of, files)}:
            hint = f"<claim>{NOTES} lies beside <claim>.toml"
            problems.append(Problem(str(notes), "are notes of a claim that is not there", None, hint))
        if not files:
            continue
        try:
            paper = read_paper(folder / "paper.toml")
        except ReproError as error:
            problems.extend(error.problems)
            paper = None
        for file in files:
            try:
                claim = read_claim(file, root, paper)
                if claim is not None:
                    claims.append(claim)
            except ReproError as error:
                problems.extend(error.problems)
    problems += _uncovered(root, claims) if not problems else []
    if problems:
        raise ReproError(*problems)
    if not claims:
        raise mistake(
            str(root), "holds no claim", hint="`repro new <paper>/<claim>` writes one to start from"
        )
    claims.sort(key=lambda claim: (claim.paper.year, claim.id))
    return Library(root, tuple(claims))


def _uncovered(root: Path, claims: Iterable[Claim]) -> Iterator[Problem]:
    """Find claims that a paper's list of what can be checked names and that are not there."""
    ids = {claim.id for claim in claims}
    papers = {claim.paper_id: claim.paper for claim in claims}
    for name, paper in papers.items():
        for number, item in enumerate(paper.checkable):
            for claim in item.claims:
                if claim not in ids and f"{name}/{claim}" not in ids:
                    own = [known.partition("/")[2] for known in ids if known.startswith(f"{name}/")]
                    place = f"{root / name / 'paper.toml'}: checkable.{number} ({item.where})"
                    yield Problem(place, "unknown claim", repr(claim), suggestion(claim, own))


def read_paper(path: Path) -> Paper:
    """Read one paper.toml; raises ReproError with all its problems."""
    data = read_toml(path)
    problems = list(placeholders(data))
    try:
        paper = validated(Paper, data)
    except ReproError as error:
        problems += error.problems
    if problems:
        raise ReproError(*(replace(problem, where=f"{path}: {problem.where}") for problem in problems))
    return paper


def read_claim(path: Path, root: Path, paper: Paper | None) -> Claim | None:
    """Read one claim file at all its scales; None where only the paper is at fault (said elsewhere)."""
    text = read_text(path)
    raw = parsed_toml(path, text)
    if not raw:
        raise mistake(str(path), "is empty", hint="`repro new <paper>/<claim>` writes a file to start from")
    names = Names(root, absent=_absent(raw))
    scales = raw.pop("scale", {})
    if not isinstance(scales, dict):
        raise mistake(f"{path}: scale", "must be a table such as [scale.smoke.experiment]", scales)
    problems = [
        replace(problem, where=f"{path}: {problem.where}")
        for problem in placeholders({**raw, "scale": scales})
    ]
    overrides: dict[str, Mapping[str, Any]] = {}
    for name, override in scales.items():
        if name not in SCALES:
            problems.append(Problem(f"{path}: scale.{name}", "unknown scale", None, suggestion(name, SCALES)))
        elif isinstance(override, dict):
            overrides[name] = override
        else:
            hint = f"such as [scale.{name}.experiment]"
            problems.append(Problem(f"{path}: scale.{name}", "must be a table", repr(override), hint))
    at: dict[str, ClaimFile] = {}
    said: set[tuple[str, str]] = set()
    parts: list[Recovered[ClaimFile]] = []
    for name in ["paper", *(n for n in SCALES if n in overrides and n != "paper")]:
        override = overrides.get(name, {})
        sound = recovered(ClaimFile, merge(raw, override))
        parts.append(sound)
        found = list(sound.problems)
        large = too_large(sound.file) if sound.file is not None else None
        if large is not None:
            found.append(Problem("factors", large, None, "name fewer arms, levels, seeds or learning rates"))
        elif sound.file is not None:
            at[name] = with_units(sound.file)
            checked = check_claim(sound.file, name, path, names)
            found += [problem for problem in checked if not sound.is_artefact(problem)]
        for problem in found:
            # A mistake of the base shows again at every scale: say it once.
            if (problem.where, problem.what) not in said:
                said.add((problem.where, problem.what))
                where = _written(problem.where, name, raw, override)
                problems.append(replace(problem, where=f"{path}: {where}"))
    if len(at) == len(parts):
        for problem in check_scales(at, names):
            if not any(sound.is_artefact(problem) for sound in parts):
                problems.append(replace(problem, where=f"{path}: {problem.where}"))
    whole = not any(sound.taken for sound in parts)
    expectations = {name for file in at.values() for name in file.expect} if whole else None
    try:
        reviews = read_reviews(notes_of(path), expectations)
    except ReproError as error:
        problems += error.problems
    if problems:
        raise ReproError(*problems)
    if paper is None:
        return None
    return Claim(f"{path.parent.name}/{path.stem}", paper, at, names, path, text, reviews)


def _absent(raw: Mapping[str, Any]) -> dict[str, str]:
    """Return what a file declares not to be implemented here, as far as it is sound."""
    experiment = raw.get("experiment")
    told = experiment.get("not_implemented") if isinstance(experiment, Mapping) else None
    return {k: v for k, v in told.items() if isinstance(v, str)} if isinstance(told, Mapping) else {}


def _written(place: str, scale: str, raw: Mapping[str, Any], override: Mapping[str, Any]) -> str:
    """Return where a key is written: in the scale's table or in the base, which may be wrong at a scale only."""
    depth = _depth(override, place)
    if depth and depth >= _depth(raw, place):
        return f"scale.{scale}.{place}"
    return place if scale == "paper" else f"{place} (at {scale} scale)"


def _depth(table: object, place: str) -> int:
    """Return how many keys of a path a table has."""
    depth = 0
    for key in place.split("."):
        if not isinstance(table, Mapping) or key not in table:
            break
        table = table[key]
        depth += 1
    return depth
