"""Options that commands share, and what they turn into."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from repro.cli import completing
from repro.errors import mistake, suggestion
from repro.experiment.variants import Kind
from repro.planning.shards import Shard

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


def data_options(function: F) -> F:
    """Add `--data NAME=PATH` and `--stand-in NAME=PATH`."""
    text = "As --data, for other data in its place: the words of verdicts are capped."
    function = click.option("--stand-in", "stand_ins", metavar="NAME=PATH", multiple=True, help=text)(
        function
    )
    text = (
        "Where a dataset lies: cifar10=PATH (torchvision's folder or archive, a Keras .npz, image folders), "
        "cifar10=download, imagenet=DIR, or data of your own by the name in its claim. The store remembers it."
    )
    return click.option("--data", metavar="NAME=PATH", multiple=True, help=text)(function)


def selection(function: F) -> F:
    """Add `[CLAIM]…`, `--paper` and `--scale`: claims by id, by the beginning of one, by paper, or by file."""
    function = click.argument("claim_ids", metavar="[CLAIM]...", nargs=-1, shell_complete=completing.claims)(
        function
    )
    function = click.option(
        "--paper", metavar="P", shell_complete=completing.papers, help="All claims of this paper."
    )(function)
    text = "exact, recorded, smoke, reduced or paper. Default: smoke; of recorded results alone, recorded."
    return click.option("--scale", shell_complete=completing.scales, help=text)(function)


def seeds_option(function: F) -> F:
    """Add `--seeds N`."""
    return click.option(
        "--seeds",
        type=click.IntRange(min=2),
        metavar="N",
        help="Go on to the looks of at most N seeds a cell where earlier ones leave a claim open. Default: the first.",
    )(function)


def cells_option(function: F) -> F:
    """Add `--cells PATTERN`."""
    text = "Run only the cells (arm/level/…) that match, such as '*/conv3-fc/*'; may be given several times."
    return click.option("--cells", metavar="PATTERN", multiple=True, help=text)(function)


def variants_options(function: F) -> F:
    """Add `--controls` and `--sensitivity`."""
    text = "Also run each claim's sabotaged variants, which its criteria must not support."
    function = click.option("--controls", is_flag=True, help=text)(function)
    text = "Also judge each claim over its declared grid of protocols."
    return click.option("--sensitivity", is_flag=True, help=text)(function)


def shard_of(text: str | None) -> Shard | None:
    """Return the shard of "3/8"; None where none is named.

    Raises:
        ReproError: anything else.
    """
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise mistake("--shard", "is no part of a number of parts", text, "write 1/8, 2/8 … 8/8")
    return Shard(int(match[1]), int(match[2]))


def kinds(controls: bool, sensitivity: bool) -> list[Kind]:
    """Return the variants to run."""
    flags: dict[Kind, bool] = {"control": controls, "sensitivity": sensitivity}
    return [kind for kind, flag in flags.items() if flag]


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")(function)


def verbose_option(function: F) -> F:
    """Add `--verbose`."""
    text = "Also print what the statistics say: intervals, their levels, what the seeds resolve."
    return click.option("--verbose", is_flag=True, help=text)(function)


def templates_option(function: F) -> F:
    """Add `--templates DIR`."""
    text = "Folder of your own templates of the page (report.html.jinja, report.css …), used before the shipped ones."
    there = click.Path(path_type=Path, exists=True, file_okay=False)
    return click.option("--templates", metavar="DIR", type=there, help=text)(function)


def format_option(function: F) -> F:
    """Add `--format F,…`."""
    return click.option(
        "--format",
        "forms",
        metavar="F,...",
        multiple=True,
        callback=_formats,
        shell_complete=completing.forms,
        help="Forms to write: html, json, csv, markdown, junit, badge, ro-crate, summary (one picture); may be given "
        "several times. "
        "Default: html,json,csv.",
    )(function)


def _formats(ctx: click.Context, param: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    from repro.report.formats import FORMATS

    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FORMATS:
            raise mistake("--format", "no such form of a report", name, suggestion(name, FORMATS))
    return tuple(dict.fromkeys(names))


def said(parameter: str) -> bool:
    """Tell whether a parameter was given on the command line, and is no default of ours or of the project's."""
    source = click.get_current_context().get_parameter_source(parameter)
    return source not in (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)


def print_json(data: object) -> None:
    """Print data as JSON on standard output."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
