"""Options that commands share, and what they turn into."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click
from click.core import ParameterSource

from repro.claims import Claim, Library, Scale, check_scale, load_library, unseen
from repro.cli import completing
from repro.cli.project import check_named
from repro.errors import Problem, ReproError, mistake, suggestion
from repro.experiment.data_index import UserData
from repro.experiment.request import Request, places
from repro.experiment.user_data import with_user_data
from repro.experiment.variants import Kind
from repro.planning.shards import Shard
from repro.recorded import check_results
from repro.report.model.safe_text import visible
from repro.startup.shipped import folder
from repro.store import Store

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


def library(claims_dir: Path | None) -> Library:
    """Return the shipped claims, or those of `--claims`."""
    return load_library(claims_dir if claims_dir is not None else folder("claims"))


@dataclass(frozen=True)
class Asked:
    """What the options of :func:`request_options` say, as they were given."""

    claim_ids: tuple[str, ...]
    paper: str | None
    scale: str | None
    data: tuple[str, ...]
    stand_ins: tuple[str, ...]
    claims_dir: Path | None
    store_dir: Path

    def request(self) -> Request:
        """Return what is asked, before any data is looked at.

        Raises:
            ReproError: anything unknown, a claim named that does not declare the scale, or recorded results that
                cannot be read.
        """
        check_named(self.claims_dir is not None or _folder_of(self.claim_ids) is not None)
        found, claims, scale = chosen(self.claims_dir, self.claim_ids, self.paper, self.scale)
        check_results(claims)
        selection: list[str] = ["--paper", self.paper] if self.paper else []
        if self.claim_ids:
            selection = [claim.id for claim in claims]
        where = places(self.claims_dir, self.store_dir)
        return Request(found, claims, scale, Store(self.store_dir), selection, where)

    def with_data(self, request: Request, *, quiet: bool = False) -> Request:
        """Return the request whose claims have the data that `--data` and `--stand-in` bring, or brought before.

        Unless `quiet`, what is read and what stands in for something else is told on standard error.

        Raises:
            ReproError: an option that makes no sense, or data that cannot be used; all problems at once.
        """

        def tell(text: str) -> None:
            if not quiet:
                click.echo(text, err=True)

        given = user_data(self.data, self.stand_ins)
        return replace(
            request, claims=with_user_data(request.claims, request.scale, given, request.store, tell)
        )


def request_options(function: F) -> F:
    """Add `[CLAIM]…`, `--paper`, `--scale`, `--data`, `--stand-in`, `--claims` and `--store`; they come as `asked`."""

    @wraps(function)
    def command(**options: Any) -> Any:
        own = {field.name: options.pop(field.name) for field in fields(Asked)}
        return function(asked=Asked(**own), **options)

    return selection(data_options(claims_option(store_option(cast(F, command)))))


def chosen(
    claims_dir: Path | None, claim_ids: tuple[str, ...], paper: str | None, scale: str | None
) -> tuple[Library, list[Claim], Scale]:
    """Return the library, the claims named, and the scale: that of the claims where none is given.

    Raises:
        ReproError: anything unknown, or a claim named that does not declare the scale.
    """
    asked = None if scale is None else check_scale(scale)
    found = library_of(claims_dir, claim_ids)
    claims = found.select(claim_ids, paper)
    known = asked or ("recorded" if all(claim.recorded for claim in claims) else "smoke")
    if known != "exact":
        named = {claim.id for name in claim_ids if len(one := found.select([name])) == 1 for claim in one}
        for claim in claims:
            # Of a paper's claims those are checked that have the scale; one that is named must have it.
            if claim.id in named and claim.trains and known not in claim.at:
                had = ", ".join(claim.at)
                hint = f"it has: {had} (--scale {next(iter(claim.at))})"
                raise mistake(claim.id, "does not declare this scale", known, hint)
    return found, claims, known


def library_of(claims_dir: Path | None, names: tuple[str, ...]) -> Library:
    """Return the shipped claims, those of `--claims`, or those beside the claim files that are named by their paths."""
    return library(claims_dir or _folder_of(names))


def _folder_of(names: tuple[str, ...]) -> Path | None:
    """Return the claims folder of the claim files that are named by their paths, where they are of one folder."""
    files = [Path(name) for name in names if name.endswith(".toml")]
    folders = {file.resolve().parents[1] for file in files if file.is_file()}
    return folders.pop() if len(folders) == 1 else None


def user_data(data: tuple[str, ...], stand_ins: tuple[str, ...]) -> dict[str, UserData]:
    """Return dataset name → what is brought; raises ReproError with every option that makes no sense."""
    given: dict[str, UserData] = {}
    problems = []
    for option, texts in (("--data", data), ("--stand-in", stand_ins)):
        for text in texts:
            name, _, path = text.partition("=")
            if not name or not path:
                problems.append(
                    Problem(option, "is not NAME=PATH", repr(text), "such as cifar10=data/cifar10.npz")
                )
            elif name in given:
                problems.append(Problem(option, "brings a dataset twice", repr(text), "bring it once"))
            else:
                given[name] = UserData(path, stand_in=option == "--stand-in")
    if problems:
        raise ReproError(*problems)
    return given


def most_seeds(request: Request, seeds: int | None, *, budget: bool = False) -> dict[str, int]:
    """Return claim → how many seeds `--seeds N` or `--budget` lets its looks go up to; empty without either.

    Raises:
        ReproError: N is below a claim's first look; there is no verdict below it.
    """
    if seeds is None and not budget:
        return {}
    most = {}
    for claim in request.claims:
        if request.scale in claim.at and not claim.recorded:
            looks = claim.at[request.scale].experiment.seeds.looks
            if seeds is not None and seeds < looks[0]:
                what = f"{claim.id} is first looked at with {looks[0]} seeds"
                raise mistake("--seeds", what, seeds, f"its looks are {looks}")
            most[claim.id] = looks[-1] if seeds is None else seeds
    return most


def say_unseen(request: Request) -> None:
    """Say on standard error what the claims' own code does that no identity covers: each once."""
    for note in dict.fromkeys(note for claim in request.claims for note in unseen(claim)):
        click.echo(f"Note: {visible(note)}", err=True)


def say_idle(request: Request, seeds: int | None, kinds: list[Kind]) -> None:
    """Say on standard error which options do nothing for the claims that are chosen."""
    scale = request.scale
    here = [claim for claim in request.claims if scale in claim.at and not claim.recorded]
    for claim in here if seeds is not None else ():
        looks = claim.at[scale].experiment.seeds.looks
        last = max((look for look in looks if look <= (seeds or 0)), default=None)
        if last is not None and last != seeds:
            what = f"{claim.id} declares no look of {seeds} seeds at {scale} scale, only {looks}"
            click.echo(f"--seeds {seeds}: {what}: it is judged with at most {last}.", err=True)
    for kind in kinds:
        name = "--controls" if kind == "control" else "--sensitivity"
        if not any(getattr(claim.at[scale], kind) for claim in here):
            click.echo(f"{name} changes nothing here: no claim declares one at {scale} scale.", err=True)


def print_json(data: object) -> None:
    """Print data as JSON on standard output."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
