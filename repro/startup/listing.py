"""The list of claims, as `repro list` prints it, without checking them: of the shipped claims in a few milliseconds.

Only names are read here, from the TOML as it stands. Whoever uses a claim reads it with `repro.claims`, which says
everything that is wrong with it.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Listed(NamedTuple):
    """A claim as it is listed.

    Attributes:
        paper: title, venue and year of the publication.
        year: of the publication.
        coverage: how much of what can be checked in the publication has a claim; None where it lists nothing.
        id: ``<paper>/<claim>``.
        title, statement: as in the claim file.
        scales: those that the file declares, from the least to the most; "exact" of what needs no training.
    """

    paper: str
    year: int
    coverage: str | None
    id: str
    title: str
    statement: str
    scales: tuple[str, ...]


SCALES = ("exact", "recorded", "smoke", "reduced", "paper")
"""In the order in which a claim lists them."""

EXACT_METRICS = ("static", "computed", "printed")
"""Kinds of metrics that need no training: their numbers cannot err by chance, and are judged at every scale."""

NOTES = ".notes.toml"
"""How the name of a file of readers' notes ends: ``<claim>.notes.toml``."""

COSTS = "costs.json"
"""In a claims folder, where it is kept: claim → scale → what it is predicted to take, in words. Of the shipped claims
it is written by `python -m repro.cli`, and a test holds it against the prediction."""

VERDICTS = "verdicts.json"
"""In the store: claim → the words of its last verdict."""


def listed(root: Path) -> list[Listed] | None:
    """Return the claims below `root` in order of year and id; None where anything is not as it should be."""
    try:
        found = [claim for folder in _shown(root) if folder.is_dir() for claim in _of_paper(folder)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return sorted(found, key=lambda claim: (claim.year, claim.id)) or None


def claim_names(root: Path) -> list[str]:
    """Return the ids of the claims below `root` by the names of their files, whatever these hold."""
    try:
        files = [path for folder in _shown(root) if folder.is_dir() for path in _claim_files(folder)]
    except OSError:
        return []
    return sorted(f"{path.parent.name}/{path.stem}" for path in files)


def _claim_files(folder: Path) -> list[Path]:
    files = [path for path in _shown(folder) if path.suffix == ".toml" and not path.name.endswith(NOTES)]
    return [path for path in files if path.name != "paper.toml"]


def _shown(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if not path.name.startswith(".")]


def _of_paper(folder: Path) -> list[Listed]:
    files = _claim_files(folder)
    if not files:
        return []
    publication = _read(folder / "paper.toml")
    paper = f"{publication['title']} ({publication['venue']} {publication['year']})"
    told = coverage([item.get("open") for item in publication.get("checkable", [])])
    return [_of_claim(path, (paper, publication["year"], told), _read(path)) for path in files]


def _of_claim(path: Path, paper: tuple[str, int, str | None], content: dict[str, Any]) -> Listed:
    declared = content.get("scale", {})
    if declared.keys() - set(SCALES):
        raise ValueError  # a scale that is none
    files = [content, *declared.values()]
    kinds = {metric.get("kind") for file in files for metric in file.get("metrics", {}).values()} - {None}
    name = f"{path.parent.name}/{path.stem}"
    scales = scales_of(
        {"recorded"} if "results" in content else declared, trains=bool(kinds - set(EXACT_METRICS))
    )
    return Listed(*paper, name, content["title"], content["statement"], scales)


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


def kept_costs(root: Path) -> Mapping[str, Mapping[str, str]]:
    """Return claim → scale → what it takes, as it is kept in a claims folder; none where there are none."""
    try:
        found = json.loads((root / COSTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def last_verdicts(store: Path) -> Mapping[str, str]:
    """Return claim → the words of its last verdict, as a check has left them in a store; none where there are none."""
    try:
        found = json.loads((store / VERDICTS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(claim): str(words) for claim, words in found.items()} if isinstance(found, dict) else {}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors put a byte order mark first


def as_text(
    claims: Iterable[Listed],
    verdicts: Mapping[str, str],
    costs: Mapping[str, Mapping[str, str]],
) -> str:
    """Return the list for people, by paper: each claim with its scales, what they cost, and its last verdict."""
    lines: list[str] = []
    paper = None
    for claim in claims:
        if claim.paper != paper:
            paper = claim.paper
            lines.append(paper)
            if claim.coverage:
                lines.append(f"  what can be checked in it: {claim.coverage}")
        said = verdicts.get(claim.id, "not checked yet")
        scales = ", ".join(_with_cost(scale, costs.get(claim.id, {})) for scale in claim.scales)
        lines.append(f"  {claim.id}\n      {claim.statement}\n      {scales} · {said}")
    if costs:
        lines.append(PREDICTED)
    return "".join(f"{line}\n" for line in lines)


PREDICTED = "Times are rough predictions for one worker, with an empty store; repro plan CLAIM says more."


def _with_cost(scale: str, costs: Mapping[str, str]) -> str:
    """Return a scale with what it costs: a claim that needs no training has no costs to speak of."""
    words = costs.get(scale, "seconds" if scale == "exact" else None)
    return f"{scale} ({words})" if words else scale
