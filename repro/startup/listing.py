"""The list of claims, without checking them: what `repro list` prints of the shipped claims in a few milliseconds.

Only names are read here, from the TOML as it stands. Whoever uses a claim reads it with `repro.claims`, which says
everything that is wrong with it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Listed(NamedTuple):
    """A claim as it is listed.

    Attributes:
        paper: title, venue and year of the publication.
        year: of the publication.
        id: ``<paper>/<claim>``.
        title, statement: as in the claim file.
        scales: those that the file declares, from the least to the most after "paper", its own.
    """

    paper: str
    year: int
    id: str
    title: str
    statement: str
    scales: tuple[str, ...]


SCALES = ("paper", "exact", "smoke", "reduced")
"""In the order in which a claim lists them."""

NOTES = ".notes.toml"


def listed(root: Path) -> list[Listed] | None:
    """Return the claims below `root` in order of year and id; None where anything is not as it should be."""
    try:
        found = [item for folder in root.iterdir() if folder.is_dir() for item in _of_paper(folder)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(found, key=lambda item: (item.year, item.id)) or None


def _of_paper(folder: Path) -> list[Listed]:
    files = [path for path in folder.glob("*.toml") if path.name != "paper.toml" and NOTES not in path.name]
    if not files:
        return []
    publication = _read(folder / "paper.toml")
    paper, year = (
        f"{publication['title']} ({publication['venue']} {publication['year']})",
        publication["year"],
    )
    return [_of_claim(path, paper, year, _read(path)) for path in files]


def _of_claim(path: Path, paper: str, year: int, content: dict[str, Any]) -> Listed:
    declared = content.get("scale", {})
    if declared.keys() - set(SCALES):
        raise ValueError  # a scale that is none
    scales = ("paper", *(scale for scale in SCALES[1:] if scale in declared))
    name = f"{path.parent.name}/{path.stem}"
    return Listed(paper, year, name, content["title"], content["statement"], scales)


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def as_text(claims: Iterable[Listed]) -> str:
    """Return the list for people, by paper."""
    lines, paper = [], None
    for claim in claims:
        if claim.paper != paper:
            paper = claim.paper
            lines.append(paper)
        lines.append(f"  {claim.id}\n      {claim.statement}\n      scales: {', '.join(claim.scales)}")
    return "".join(f"{line}\n" for line in lines)
