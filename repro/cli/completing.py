"""What shells complete: names of claims and papers, scales and forms, without reading more than names and titles."""

from __future__ import annotations

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from repro.startup import project
from repro.startup.listing import SCALES, claim_names, listed
from repro.startup.shipped import folder


def claims(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the claims whose id, or name within their paper, begins so; files where a path is begun."""
    if incomplete.startswith((".", "/", "~")):
        return [CompletionItem(incomplete, type="file")]
    found = _known(context)
    begun = {name: title for name, title in found.items() if name.startswith(incomplete)}
    if not begun:
        begun = {n: title for n, title in found.items() if n.partition("/")[2].startswith(incomplete)}
    return [CompletionItem(name, help=title) for name, title in begun.items()]


def papers(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the papers whose names begin so."""
    names = dict.fromkeys(name.partition("/")[0] for name in _known(context))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def scales(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the scales whose names begin so."""
    return [CompletionItem(name) for name in SCALES if name.startswith(incomplete)]


def run_keys(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the keys of the store's runs that begin so."""
    runs = Path(context.params.get("store_dir") or ".repro") / "runs"
    names = sorted(path.name for path in runs.iterdir()) if runs.is_dir() else []
    return [CompletionItem(name) for name in names if name.startswith(incomplete) and "." not in name]


def forms(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the forms of a report, after those that are named already."""
    from repro.report.formats import FORMATS

    before, comma, begun = incomplete.rpartition(",")
    named = f"{before}{comma}"
    return [CompletionItem(f"{named}{form}") for form in FORMATS if form.startswith(begun)]


def _known(context: click.Context) -> dict[str, str | None]:
    """Return claim → title, of the folder that is named so far."""
    root = context.params.get("claims_dir") or _of_project() or folder("claims")
    sound = listed(Path(root))
    if sound is not None:
        return {claim.id: claim.title for claim in sound}
    return dict.fromkeys(claim_names(Path(root)))


def _of_project() -> str | None:
    try:
        found = project.settings().get("claims")
    except (ValueError, AttributeError, OSError):
        return None
    return found if isinstance(found, str) else None
