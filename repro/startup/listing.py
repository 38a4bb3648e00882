"""The list of claims, as `repro list` prints it, without checking them: of the shipped claims in a few milliseconds.

Only names are read here: from the TOML as it stands, or from what is prepared of it (prepared.py). Whoever uses a claim
reads it with `repro.claims`, which says everything that is wrong with it.
"""

from __future__ import annotations

import os

from repro.startup import prepared
from repro.startup.shipped import place

TYPE_CHECKING = False  # typing's own takes longer to import than all else here
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Folder = str | os.PathLike[str]
    Prepared = Mapping[tuple[str, str], Sequence[str]]


class ListedPaper:
    """A paper as it is listed.

    Attributes:
        title: with venue and year of the publication.
        year: of the publication.
        coverage: how much of what can be checked in the publication has a claim; None where it lists nothing.
    """

    __slots__ = ("coverage", "title", "year")

    def __init__(self, title: str, year: int, coverage: str | None) -> None:
        self.title = title
        self.year = year
        self.coverage = coverage


class Listed:
    """A claim as it is listed.

    Attributes:
        paper: whose claim it is.
        id: ``<paper>/<claim>``.
        title, statement: as in the claim file.
        scales: those that the file declares, from the least to the most; "exact" of what needs no training.
        costs: scale → what it is predicted to take, in words, of those that train something; None where that is not
            known without reading the claim.
    """

    __slots__ = ("costs", "id", "paper", "scales", "statement", "title")

    def __init__(
        self,
        paper: ListedPaper,
        id: str,
        title: str,
        statement: str,
        scales: tuple[str, ...],
        costs: Mapping[str, str] | None = None,
    ) -> None:
        self.paper = paper
        self.id = id
        self.title = title
        self.statement = statement
        self.scales = scales
        self.costs = costs


SCALES = ("exact", "recorded", "smoke", "reduced", "paper")
"""In the order in which a claim lists them."""

EXACT_METRICS = ("static", "computed", "printed")
"""Kinds of metrics that need no training: their numbers cannot err by chance, and are judged at every scale."""

NOTES = ".notes.toml"
"""How the name of a file of readers' notes ends: ``<claim>.notes.toml``."""

VERDICTS = "verdicts.json"
"""In the store: claim → the words of its last verdict."""


def shipped() -> list[Listed] | None:
    """Return the shipped claims with their costs; None where a file was edited since these were prepared."""
    claims = listed(place("claims"))
    return claims if claims and all(claim.costs is not None for claim in claims) else None


def listed(root: Folder) -> list[Listed] | None:
    """Return the claims below `root` in order of year and id; None where anything is not as it should be.

    Only of the shipped claims does what is prepared count: elsewhere it might tell other things than the claims do.
    """
    folder = os.path.abspath(root)
    return _listed(folder, prepared.read(folder) if folder == place("claims") else {})


def parsed(root: Folder) -> list[Listed] | None:
    """Return what `listed` does, from the claims' files alone, without costs."""
    return _listed(os.path.abspath(root), {})


def claim_names(root: Folder) -> list[str]:
    """Return the ids of the claims below `root` by the names of their files, whatever these hold."""
    try:
        return sorted(
            f"{paper}/{name}" for paper in _papers(os.fspath(root)) for name in _claims(root, paper)
        )
    except OSError:
        return []


def prepared_text(claims: Iterable[Listed], root: Folder) -> str:
    """Return what is to be prepared of the claims below `root` (prepared.py), each with its costs."""
    papers = {claim.id.partition("/")[0]: claim.paper for claim in claims}
    rows = []
    for name, paper in papers.items():
        check = prepared.checksum(_content(root, name, "paper"))
        rows.append([name, check, str(paper.year), paper.title, paper.coverage or ""])
    for claim in claims:
        check = prepared.checksum(_content(root, *claim.id.split("/")))
        assert claim.costs is not None
        costs = claim.costs
        scales = [f"{scale}={costs[scale]}" if scale in costs else scale for scale in claim.scales]
        rows.append([claim.id, check, claim.title, claim.statement, *scales])
    return prepared.written(sorted(rows))


def _listed(root: str, known: Prepared) -> list[Listed] | None:
    try:
        found = [claim for paper in _papers(root) for claim in _of_paper(root, paper, known)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(found, key=lambda claim: (claim.paper.year, claim.id)) or None


def _papers(root: Folder) -> Iterator[str]:
    with os.scandir(root) as entries:
        yield from (entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())


def _claims(root: Folder, paper: str) -> list[str]:
    """Return the names of a paper's claims: of TOML files that are neither its own nor readers' notes."""
    files = [name for name in os.listdir(os.path.join(root, paper)) if name.endswith(".toml")]
    claims = [name for name in files if not name.startswith(".") and not name.endswith(NOTES)]
    return [name.removesuffix(".toml") for name in claims if name != "paper.toml"]


def _of_paper(root: str, name: str, known: Prepared) -> Iterator[Listed]:
    claims = _claims(root, name)
    if claims:
        content = _content(root, name, "paper")
        row = known.get((name, prepared.checksum(content)))
        paper = ListedPaper(row[1], int(row[0]), row[2] or None) if row else _parsed_paper(_toml(content))
        yield from (_of_claim(root, name, paper, claim, known) for claim in claims)


def _of_claim(root: str, folder: str, paper: ListedPaper, name: str, known: Prepared) -> Listed:
    identity, content = f"{folder}/{name}", _content(root, folder, name)
    row = known.get((identity, prepared.checksum(content)))
    if row is None:
        return _parsed_claim(paper, identity, _toml(content))
    title, statement, *scales = row
    costs = dict(scale.split("=") for scale in scales if "=" in scale)
    return Listed(paper, identity, title, statement, tuple(s.partition("=")[0] for s in scales), costs)


def _parsed_paper(content: dict[str, Any]) -> ListedPaper:
    title = f"{content['title']} ({content['venue']} {content['year']})"
    told = coverage([item.get("open") for item in content.get("checkable", [])])
    return ListedPaper(title, content["year"], told)


def _parsed_claim(paper: ListedPaper, identity: str, content: dict[str, Any]) -> Listed:
    declared = content.get("scale", {})
    if declared.keys() - set(SCALES):
        raise ValueError  # a scale that is none
    files = [content, *declared.values()]
    kinds = {metric.get("kind") for file in files for metric in file.get("metrics", {}).values()} - {None}
    scales = scales_of(
        {"recorded"} if "results" in content else declared, trains=bool(kinds - set(EXACT_METRICS))
    )
    return Listed(paper, identity, content["title"], content["statement"], scales)


def _content(root: Folder, paper: str, name: str) -> bytes:
    with open(os.path.join(root, paper, f"{name}.toml"), "rb") as file:
        return file.read()


def _toml(content: bytes) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(content.decode("utf-8-sig"))  # some editors put a byte order mark first


def scales_of(declared: Collection[str], *, trains: bool) -> tuple[str, ...]:
    """Return the scales of a claim from the least to the most; that of a claim that trains nothing is "exact", or
    "recorded" where it is about results that exist already.
    """
    if "recorded" in declared:
        return ("recorded",)
    return tuple(scale for scale in SCALES if scale in {*declared, "paper"}) if trains else ("exact",)


OPEN = {
    "data": "for want of data that nobody has here",
    "not checkable": "not checkable",
    "not written yet": "not written yet",
}
"""Why something that a paper says has no claim, in words after a number."""


def coverage(reasons: list[str | None]) -> str | None:
    """Return "21 of 29 have a claim; …" of what can be checked: why each has no claim, None where it has one."""
    if not reasons:
        return None
    claimed = reasons.count(None)
    parts = [f"{claimed} of {len(reasons)} {'has' if claimed == 1 else 'have'} a claim"]
    parts += [f"{reasons.count(reason)} {why}" for reason, why in OPEN.items() if reason in reasons]
    return "; ".join(parts)


def last_verdicts(store: Folder) -> Mapping[str, str]:
    """Return claim → the words of its last verdict, as a check has left them in a store; none where there are none."""
    try:
        with open(os.path.join(store, VERDICTS), "rb") as file:
            content = file.read()
    except OSError:
        return {}
    import json

    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return {str(claim): str(words) for claim, words in found.items()} if isinstance(found, dict) else {}


def as_text(claims: Iterable[Listed], verdicts: Mapping[str, str]) -> str:
    """Return the list for people, by paper: each claim with its scales, what they cost, and its last verdict."""
    lines: list[str] = []
    title = None
    costly = False
    for claim in claims:
        if claim.paper.title != title:
            title = claim.paper.title
            lines.append(title)
            if claim.paper.coverage:
                lines.append(f"  what can be checked in it: {claim.paper.coverage}")
        said = verdicts.get(claim.id, "not checked yet")
        scales = ", ".join(_with_cost(scale, claim.costs or {}) for scale in claim.scales)
        lines.append(f"  {claim.id}\n      {claim.statement}\n      {scales} · {said}")
        costly |= bool(claim.costs)
    if costly:
        lines.append(PREDICTED)
    return "".join(f"{line}\n" for line in lines)


PREDICTED = "Times are rough predictions for one worker, with an empty store; repro plan CLAIM says more."


def _with_cost(scale: str, costs: Mapping[str, str]) -> str:
    """Return a scale with what it costs: a claim that needs no training has no costs to speak of."""
    words = costs.get(scale, "seconds" if scale == "exact" else None)
    return f"{scale} ({words})" if words else scale
