"""`repro list`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from repro.claims import Claim, Library, papers_of
from repro.cli import completing, options, requested
from repro.cli.wrapped import wrapped
from repro.errors import mistake
from repro.planning.claim_costs import claim_costs
from repro.report.wording.text import duration
from repro.startup.listing import OPEN, Listed, as_text, last_verdicts, listed, shipped


@click.command("list")
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=completing.claims)
@click.option(
    "--paper",
    metavar="P",
    shell_complete=completing.papers,
    help="The claims of this paper, and what of it has none.",
)
@options.claims_option
@options.store_option
@options.json_option
def command(
    names: tuple[str, ...], paper: str | None, claims_dir: Path | None, store_dir: Path, as_json: bool
) -> None:
    """List the claims, by paper, with their scales, what these cost, and last verdicts.

    NAME is a claim, the beginning of one, a paper, or a claim file's path. Of a paper that is named, what can be
    checked in it and has no claim yet is told as well.

    \b
    Examples:
      repro list
      repro list resnet
      repro list --paper notes
      repro list --claims my-claims --json
    """
    verdicts = last_verdicts(store_dir)
    named = [*names, *([paper] if paper else [])]
    chosen: list[Claim] = []
    # The shipped claims are sound; other files are read in full first, and told what is wrong with them.
    claims = shipped() if claims_dir is None and not named else None
    if claims is None:
        library = requested.library_of(claims_dir, names)
        chosen = library.select(names, paper)
        claims = _of_library(library, chosen)
    if as_json:
        options.print_json([_plain(claim, verdicts) for claim in claims])
        return
    click.echo(wrapped(as_text(claims, verdicts)), nl=False)
    for line in _open(chosen, named) if named else ():
        click.echo(wrapped(line))


def _of_library(library: Library, chosen: Sequence[Claim]) -> list[Listed]:
    claims, found = {claim.id: claim for claim in chosen}, listed(library.root)
    if found is None:
        raise mistake(str(library.root), "cannot be listed", hint="`repro lint` says what is wrong with it")
    found = [claim for claim in found if claim.id in claims]
    for claim in found:
        if claim.costs is None:
            claim.costs = cost_words(claims[claim.id])
    return found


def _plain(claim: Listed, verdicts: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": claim.id,
        "title": claim.title,
        "statement": claim.statement,
        "scales": list(claim.scales),
        "costs": claim.costs,
        "coverage": claim.paper.coverage,
        "verdict": verdicts.get(claim.id),
    }


def cost_words(claim: Claim) -> dict[str, str]:
    """Return scale → what it takes on one worker, as the list tells it."""
    return {
        scale: _unknown(claim, scale) if seconds is None else duration(max(1.0, seconds), roughly=True)
        for scale, seconds in claim_costs(claim).items()
    }


def _unknown(claim: Claim, scale: str) -> str:
    return "awaited" if claim.at[scale].experiment.process is None else "time not known"


def _open(chosen: Sequence[Claim], named: Sequence[str]) -> Iterator[str]:
    """Yield what can be checked in the papers that are named as such and has no claim."""
    for name, paper in papers_of(chosen).items():
        items = [item for item in paper.checkable if item.open is not None]
        if name in named and items:
            yield f"\nCan be checked in {name} and has no claim:"
            for item in items:
                note = f" ({item.note})" if item.note else ""
                yield f"  {item.where}: {item.says}: {OPEN[item.open or '']}{note}"
