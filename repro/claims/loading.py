"""Reading claim files. Nothing of a claims folder is ever executed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from repro.claims.cells import too_large
from repro.claims.checks import check_claim
from repro.claims.checks_scales import check_scales
from repro.claims.claim import Claim
from repro.claims.error_recovery import Recovered, recovered
from repro.claims.files import read_text
from repro.claims.placeholders import placeholders
from repro.claims.reviews import notes_of, read_reviews
from repro.claims.scales import OWN_TABLES, SCALES, merge
from repro.claims.schema import ClaimFile
from repro.claims.schema_paper import Paper
from repro.claims.toml import parsed_toml, read_toml, validated
from repro.claims.units import with_units
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.registry import Names


def read_paper(path: Path) -> Paper:
    """Read one paper.toml; raises ReproError with all its problems."""
    data = read_toml(path)
    problems = list(placeholders(data))
    try:
        paper = validated(Paper, data)
    except ReproError as error:
        unwritten = {problem.where for problem in problems}
        problems += (problem for problem in error.problems if problem.where not in unwritten)
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
    overrides, wrong = _overrides(scales)
    at, parts, found = _at_scales(raw, overrides, path, names)
    problems += (replace(problem, where=f"{path}: {problem.where}") for problem in [*wrong, *found])
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
    if at["paper"].results is not None:
        at = {"paper": at["paper"], "recorded": at["paper"]}
    return Claim(f"{path.parent.name}/{path.stem}", paper, at, names, path, text, reviews)


def _overrides(scales: Mapping[str, Any]) -> tuple[dict[str, Mapping[str, Any]], list[Problem]]:
    """Return the tables of scales that are tables of known scales, and what is wrong with the others."""
    tables: dict[str, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    for name, override in scales.items():
        if name not in OWN_TABLES:
            problems.append(Problem(f"scale.{name}", "unknown scale", None, suggestion(name, OWN_TABLES)))
        elif isinstance(override, dict):
            tables[name] = override
        else:
            hint = f"such as [scale.{name}.experiment]"
            problems.append(Problem(f"scale.{name}", "must be a table", repr(override), hint))
    return tables, problems


def _at_scales(
    raw: Mapping[str, Any], overrides: Mapping[str, Mapping[str, Any]], path: Path, names: Names
) -> tuple[dict[str, ClaimFile], list[Recovered[ClaimFile]], list[Problem]]:
    """Return a claim file at each scale as far as it is sound, what was recovered of it, and all that is wrong."""
    at: dict[str, ClaimFile] = {}
    problems: list[Problem] = []
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
                problems.append(replace(problem, where=_written(problem.where, name, raw, override)))
    if len(at) == len(parts):
        between = check_scales(at, names)
        problems += (p for p in between if not any(sound.is_artefact(p) for sound in parts))
    return at, parts, problems


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
