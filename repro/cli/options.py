"""Options that commands share, and what they turn into."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from repro.claims import Claim, Library, Scale, check_scale, load_library
from repro.errors import mistake
from repro.shipped import folder

F = TypeVar("F", bound=Callable[..., Any])


def claims_option(function: F) -> F:
    """Add `--claims DIR`."""
    text = "Folder of claims (<paper>/<claim>.toml) to use instead of the shipped ones."
    return click.option("--claims", "claims_dir", metavar="DIR", type=click.Path(path_type=Path), help=text)(
        function
    )


def store_option(function: F) -> F:
    """Add `--store DIR`."""
    return click.option(
        "--store",
        "store_dir",
        metavar="DIR",
        type=click.Path(path_type=Path),
        default=Path(".repro"),
        show_default=True,
        help="Folder of finished runs.",
    )(function)


def selection(function: F) -> F:
    """Add `[CLAIM]…`, `--paper` and `--scale`."""
    function = click.argument("claim_ids", metavar="[CLAIM]...", nargs=-1)(function)
    function = click.option("--paper", metavar="P", help="All claims of this paper.")(function)
    return click.option(
        "--scale", default="smoke", show_default=True, help="exact, smoke, reduced or paper."
    )(function)


def seeds_option(function: F) -> F:
    """Add `--seeds N`."""
    return click.option(
        "--seeds",
        type=click.IntRange(min=2),
        metavar="N",
        help="Seeds a cell: the largest look of each claim file that is at most N. Default: the first look.",
    )(function)


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")(function)


def library(claims_dir: Path | None) -> Library:
    """Return the shipped claims, or those of `--claims`."""
    return load_library(claims_dir if claims_dir is not None else folder("claims"))


def chosen(
    claims_dir: Path | None, claim_ids: tuple[str, ...], paper: str | None, scale: str
) -> tuple[Library, list[Claim], Scale]:
    """Return the library, the claims named, and the scale.

    Raises:
        ReproError: anything unknown, or a claim named that does not declare the scale.
    """
    known = check_scale(scale)
    found = library(claims_dir)
    claims = found.select(claim_ids, paper)
    if claim_ids and known != "exact":
        for claim in claims:
            if known not in claim.at:
                raise mistake(
                    claim.id, "does not declare this scale", known, f"it has: {', '.join(claim.at)}"
                )
    return found, claims, known


def look(claim: Claim, scale: str, seeds: int | None) -> int | None:
    """Return the number of seeds that `--seeds N` allows a claim: its largest look that is at most N.

    Raises:
        ReproError: N is below the claim's first look; there is no verdict below it.
    """
    if seeds is None or scale not in claim.at:
        return None
    looks = claim.at[scale].experiment.seeds.looks
    allowed = [look for look in looks if look <= seeds]
    if not allowed:
        raise mistake(
            "--seeds", f"{claim.id} is first looked at with {looks[0]} seeds", seeds, f"its looks are {looks}"
        )
    return allowed[-1]


def print_json(data: object) -> None:
    """Print data as JSON on standard output."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
