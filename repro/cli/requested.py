"""What a command line is about: the claims and the scale that it names, and the data and the seeds for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from repro.claims import Claim, Library, Scale, check_scale, find_library, unseen
from repro.cli import options
from repro.cli.project import check_named
from repro.errors import Problem, ReproError, mistake
from repro.experiment.data_index import UserData
from repro.experiment.request import Request, places
from repro.experiment.user_data import with_user_data
from repro.experiment.variants import Kind
from repro.recorded import check_results
from repro.report.model.safe_text import visible
from repro.startup.shipped import folder
from repro.store import Store

F = TypeVar("F", bound=Callable[..., Any])


def library(claims_dir: Path | None) -> Library:
    """Return the shipped claims, or those of `--claims`; what is named of them is read, and nothing else."""
    return find_library(claims_dir if claims_dir is not None else folder("claims"))


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
        """Return the request whose claims have the data that `--data` and `--stand-in` name, or named before.

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

    own = options.claims_option(options.store_option(cast(F, command)))
    return options.selection(options.data_options(own))


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
    """Return dataset name → where it lies; raises ReproError with every option that makes no sense."""
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
