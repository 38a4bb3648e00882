"""The claims of a folder. Which there are is known from the files' names; a claim is read when it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from unicodedata import normalize

from repro.claims.claim import Claim
from repro.claims.files import paper_folders, toml_files
from repro.claims.loading import read_claim, read_paper
from repro.claims.reviews import notes_of
from repro.claims.schema_paper import Paper
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.startup.listing import NOTES


@dataclass(frozen=True)
class Library:
    """All claims of a folder.

    Attributes:
        root: the folder, ``<paper>/paper.toml`` and ``<paper>/<claim>.toml`` below it.
        files: claim id → its file.
        problems: what is wrong with the folder itself, which is told where all of it is read.
    """

    root: Path
    files: Mapping[str, Path]
    problems: tuple[Problem, ...] = ()
    _read: dict[str, Claim] = field(default_factory=dict, repr=False, compare=False)
    _papers: dict[Path, Paper] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def claims(self) -> Sequence[Claim]:
        """All claims, in order of the papers' years and of their ids.

        Raises:
            ReproError: anything wrong in any file; all problems of all files at once.
        """
        problems = list(self.problems)
        claims: list[Claim] = []
        try:
            claims = self.read(self.files)
        except ReproError as error:
            problems += error.problems
        problems += _uncovered(self.root, claims) if not problems else []
        if problems:
            raise ReproError(*problems)
        if not claims:
            hint = "`repro new <paper>/<claim>` writes one to start from"
            raise mistake(str(self.root), "holds no claim", hint=hint)
        return claims

    def read(self, ids: Iterable[str]) -> list[Claim]:
        """Return the claims of these ids, in the library's order.

        Raises:
            ReproError: anything wrong in their files or their papers'; all problems at once.
        """
        wanted = list(dict.fromkeys(ids))
        problems: list[Problem] = []
        for folder in dict.fromkeys(self.files[claim_id].parent for claim_id in wanted):
            try:
                if folder not in self._papers:
                    self._papers[folder] = read_paper(folder / "paper.toml")
            except ReproError as error:
                problems += error.problems
        for claim_id in wanted:
            file = self.files[claim_id]
            try:
                claim = self._read.get(claim_id) or read_claim(file, self.root, self._papers.get(file.parent))
                if claim is not None:
                    self._read[claim_id] = claim
            except ReproError as error:
                problems += error.problems
        if problems:
            raise ReproError(*problems)
        return sorted((self._read[name] for name in wanted), key=lambda claim: (claim.paper.year, claim.id))

    def select(self, names: Iterable[str] = (), paper: str | None = None) -> list[Claim]:
        """Return the claims that are named, in the library's order, or all of `paper`; nothing else is read then.

        A name is an id, a bare claim name where it is unique, a paper's name, the beginning of an id or of a bare
        name, or the path of a claim file.

        Raises:
            ReproError: a name that names nothing or, bare, the claims of several papers; an unknown paper; anything
                wrong in a file that is read; all at once.
        """
        wanted = list(names)
        if not self.files or (not wanted and paper is None):
            return list(self.claims)
        problems: list[Problem] = []
        papers = list(dict.fromkeys(map(_paper_of, self.files)))
        chosen = [one for one in self.files if paper is None or _paper_of(one) == paper]
        if paper is not None and paper not in papers:
            problems.append(Problem("--paper", "unknown paper", repr(paper), suggestion(paper, papers)))
        picked: list[str] = []
        for name in wanted:
            exact = [one for one in chosen if _is_named(one, name)]
            matches = exact or [one for one in chosen if self._begins(one, name)]
            if len(exact) > 1 or not matches:
                problems.append(self._not_one(name, exact, papers))
            picked += matches
        if problems:
            # A folder that cannot be read may be why a name is not known.
            raise ReproError(*problems, *self.problems)
        return self.read(picked if wanted else chosen)

    def _begins(self, claim_id: str, name: str) -> bool:
        """Whether a name is that of a claim's paper or file, or the beginning of its id or of its bare name."""
        if name.endswith(".toml"):
            return Path(name).resolve() == self.files[claim_id].resolve()
        stem, plain = normalize("NFC", name).rstrip("/"), normalize("NFC", claim_id)
        return bool(stem) and (plain.startswith(stem) or plain.split("/")[1].startswith(stem))

    def _not_one(self, name: str, exact: Sequence[str], papers: Sequence[str]) -> Problem:
        """Return what is wrong with a name that several claims have, or that names nothing."""
        what = "ambiguous claim" if exact else "unknown claim, paper or file"
        there = f"{suggestion(name, [*(exact or self.files), *papers])} (claims of your own: --claims DIR)"
        return Problem("CLAIM", what, repr(name), _elsewhere(name, self.root) or there)


def find_library(root: Path) -> Library:
    """Return the library of a folder, of which nothing is read yet.

    Raises:
        ReproError: no such folder.
    """
    if not root.is_dir():
        raise mistake(
            str(root), "is not a folder of claims", hint="--claims DIR takes <paper>/<claim>.toml below DIR"
        )
    files: dict[str, Path] = {}
    problems: list[Problem] = []
    for folder in paper_folders(root):
        try:
            found = [path for path in toml_files(folder) if path.name != "paper.toml"]
        except ReproError as error:
            problems.extend(error.problems)
            continue
        claims = [path for path in found if not path.name.endswith(NOTES)]
        for notes in set(found) - {*claims, *map(notes_of, claims)}:
            hint = f"<claim>{NOTES} lies beside <claim>.toml"
            problems.append(Problem(str(notes), "are notes of a claim that is not there", None, hint))
        files |= {f"{path.parent.name}/{path.stem}": path for path in claims}
    return Library(root, files, tuple(problems))


def load_library(root: Path) -> Library:
    """Return the library of a folder, all of which has been read.

    Raises:
        ReproError: no such folder, or anything wrong in any file; all problems of all files at once.
    """
    library = find_library(root)
    _ = library.claims
    return library


def papers_of(claims: Iterable[Claim]) -> dict[str, Paper]:
    """Return paper id → paper of claims, in order of year and id."""
    found = {claim.paper_id: claim.paper for claim in claims}
    return dict(sorted(found.items(), key=lambda item: (item[1].year, item[0])))


def _uncovered(root: Path, claims: Iterable[Claim]) -> Iterator[Problem]:
    """Find claims that a paper's list of what can be checked names and that are not there."""
    ids = {claim.id for claim in claims}
    for name, paper in papers_of(claims).items():
        for number, item in enumerate(paper.checkable):
            for claim in item.claims:
                if claim not in ids and f"{name}/{claim}" not in ids:
                    own = [known.partition("/")[2] for known in ids if known.startswith(f"{name}/")]
                    place = f"{root / name / 'paper.toml'}: checkable.{number} ({item.where})"
                    yield Problem(place, "unknown claim", repr(claim), suggestion(claim, own))


def _paper_of(claim_id: str) -> str:
    return claim_id.split("/", maxsplit=1)[0]


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


def _is_named(claim_id: str, name: str) -> bool:
    """Whether a name is a claim's id or its bare name; letters may be composed or decomposed, as macOS keeps them."""
    plain = normalize("NFC", claim_id)
    return normalize("NFC", name) in (plain, plain.split("/")[1])
