"""Finding and reading claim files. Nothing of a claims folder is ever executed here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError

from repro.claims.checks import check_claim
from repro.claims.scales import SCALES, merge
from repro.claims.schema import ClaimFile, Paper
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.spec import canonical_hash

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Claim:
    """A claim of a paper, at every scale that its file declares.

    Attributes:
        id: ``<paper>/<claim>``, from the file's place.
        paper: the publication.
        at: scale → the claim file with that scale merged in. "paper" is the file's base.
        root: the claims folder, for data files and the user's own code.
        path: the claim file.
        text: the file as read.
    """

    id: str
    paper: Paper
    at: Mapping[str, ClaimFile]
    root: Path
    path: Path
    text: str

    @property
    def paper_id(self) -> str:
        """The paper's folder name."""
        return self.id.split("/")[0]

    @property
    def base(self) -> ClaimFile:
        """The claim by the paper's own protocol."""
        return self.at["paper"]

    def criteria_digest(self, scale: str) -> str:
        """Return a hash of what decides at `scale`: metrics, expectations, tuning and seeds, without their words."""
        file = self.at[scale]
        words = {"title", "unit", "why", "reported", "uncertainty"}

        def plain(item: BaseModel) -> dict[str, Any]:
            # Defaults are left out, so that a key added to the vocabulary later changes no digest.
            return item.model_dump(mode="json", exclude=words, exclude_defaults=True)

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
        """Return the claims with these ids (a bare claim name is enough where it is unique), or all of `paper`.

        Raises:
            ReproError: an unknown or ambiguous id, or an unknown paper; all at once.
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
                matches = [claim for claim in chosen if name in (claim.id, claim.id.split("/")[1])]
                if len(matches) == 1:
                    picked.append(matches[0])
                else:
                    what = "ambiguous claim" if matches else "unknown claim"
                    near = [claim.id for claim in matches or self.claims]
                    hint = f"{suggestion(name, near)} (claims of your own: --claims DIR)"
                    problems.append(Problem("CLAIM", what, repr(name), hint))
            chosen = [claim for claim in chosen if claim in picked]
        if problems:
            raise ReproError(*problems)
        return chosen


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
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        files = sorted(path for path in folder.glob("*.toml") if path.name != "paper.toml")
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
    if problems:
        raise ReproError(*problems)
    if not claims:
        raise mistake(
            str(root), "holds no claim", hint="`repro new <paper>/<claim>` writes one to start from"
        )
    claims.sort(key=lambda claim: (claim.paper.year, claim.id))
    return Library(root, tuple(claims))


def read_paper(path: Path) -> Paper:
    """Read one paper.toml; raises ReproError with all its problems."""
    data = _toml(path)
    try:
        return _validate(Paper, data)
    except ReproError as error:
        raise ReproError(*(replace(p, where=f"{path}: {p.where}") for p in error.problems)) from None


def read_claim(path: Path, root: Path, paper: Paper | None) -> Claim | None:
    """Read one claim file at all its scales; None where only the paper is at fault (said elsewhere)."""
    text = _text(path)
    raw = _toml(path)
    if not raw:
        raise mistake(str(path), "is empty", hint="`repro new <paper>/<claim>` writes a file to start from")
    scales = raw.pop("scale", {})
    if not isinstance(scales, dict):
        raise mistake(f"{path}: scale", "must be a table such as [scale.smoke.experiment]", scales)
    problems: list[Problem] = []
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
    for name in ["paper", *(n for n in SCALES if n in overrides and n != "paper")]:
        override = overrides.get(name, {})
        found: Iterable[Problem]
        try:
            at[name] = _validate(ClaimFile, merge(raw, override))
        except ReproError as error:
            found = error.problems
        else:
            found = check_claim(at[name], name, path, root)
        for problem in found:
            # A mistake of the base shows again at every scale: say it once.
            if (problem.where, problem.what) not in said:
                said.add((problem.where, problem.what))
                where = _written(problem.where, name, raw, override)
                problems.append(replace(problem, where=f"{path}: {where}"))
    if problems:
        raise ReproError(*problems)
    if paper is None:
        return None
    return Claim(f"{path.parent.name}/{path.stem}", paper, at, root, path, text)


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


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise mistake(
            str(path), "is missing", hint="every paper's folder has a paper.toml; see CONTRIBUTING.md"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise mistake(str(path), f"cannot be read: {error}") from None


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise mistake(
            str(path), f"is not valid TOML: {error}", hint="mend the line named; toml.io shows the syntax"
        ) from None


def _validate(model: type[M], data: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        # The branches of "a list or a table" each say what they miss: the first is enough.
        first: dict[str, Problem] = {}
        for problem in (_problem(model, detail) for detail in error.errors()):
            first.setdefault(problem.where, problem)
        raise ReproError(*first.values()) from None


def _problem(model: type[BaseModel], detail: Any) -> Problem:
    """Turn one of pydantic's error details into a problem with key path, value and suggestion."""
    loc, known = _key_path(model, detail["loc"])
    place, value = ".".join(loc), detail.get("input")
    if detail["type"] == "extra_forbidden":
        return Problem(place, "unknown key", None, suggestion(loc[-1], known))
    if detail["type"] == "missing":
        return Problem(place, "is missing", None, "add this key")
    received = repr(value) if isinstance(value, str | int | float | bool | list) else None
    message = detail["msg"].removeprefix("Value error, ")
    hint = "put it in quotes" if detail["type"] == "string_type" else None
    if detail["type"] == "literal_error" and isinstance(value, str):
        hint = suggestion(value, re.findall("'([^']*)'", detail["ctx"]["expected"]))
    return Problem(place, message[:1].lower() + message[1:], received, hint)


def _key_path(model: type[BaseModel], loc: tuple[Any, ...]) -> tuple[list[str], list[str]]:
    """Return the keys of an error's place, without pydantic's own marks, and the keys known beside the last."""
    keys: list[str] = []
    known: list[str] = []
    current: Any = model
    for part in loc:
        if isinstance(part, str) and part.startswith(("list[", "dict[", "[key]")):
            continue  # a branch of a union, or the mark of a table's key
        keys.append(str(part))
        inner = next(_models_in(current), None)
        if inner is not None and not _is_table(current):
            known = list(inner.model_fields)
            current = inner.model_fields[part].annotation if part in inner.model_fields else None
        else:
            current, known = inner, []
    return keys, known


def _is_table(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, list)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)
