"""`[tool.repro]` of the working folder's `pyproject.toml`: folders and defaults of a project.

What is set there stands in the place of a default; what is said on the command line goes before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import click
from pydantic import Field, field_validator

from repro.claims import check_scale
from repro.claims.files import leads_out
from repro.claims.toml import validated
from repro.claims.vocabulary import Frozen
from repro.errors import ReproError, mistake
from repro.report.model.safe_text import visible
from repro.startup import project

TABLE = f"{project.FILE}: [tool.repro]"

EXECUTE = ("check", "submit")
"""Commands that run code of a claims folder: which one is said on their own command line."""

REPORT = ("check", "report")
"""Commands that write a report."""

_PARAMETERS = {
    "claims": "claims_dir",
    "store": "store_dir",
    "out": "out",
    "scale": "scale",
    "workers": "workers",
    "data": "data",
}
"""Key → the parameter whose default it is."""

Folder = Annotated[str, Field(min_length=1, max_length=1000)]


class Settings(Frozen):
    """What a project sets. Folders are relative to the working folder; those of claims and of the report lie in it."""

    claims: Folder | None = None
    """The folder of claims, of all commands but those that execute its code."""
    store: Folder | None = None
    """The folder of finished runs."""
    out: Folder | None = None
    """The folder of the report."""
    scale: str | None = None
    """The scale."""
    workers: Annotated[int, Field(ge=1)] | None = None
    """Runs at a time."""
    data: dict[str, Folder] = Field(default={})
    """Name of a data set → where it lies."""

    @field_validator("claims", "out")
    @classmethod
    def _inside(cls, folder: str | None) -> str | None:
        if folder is not None and leads_out(folder):
            raise ValueError("lies in the working folder; another one is named on the command line")
        return folder

    @field_validator("data")
    @classmethod
    def _there(cls, data: dict[str, str]) -> dict[str, str]:
        if "download" in data.values():
            raise ValueError("a download is asked for on the command line: --data NAME=download")
        return data


def read_settings() -> Settings:
    """Return what the working folder's project sets.

    Raises:
        ReproError: the file cannot be read, a key is unknown, or a value makes no sense.
    """
    try:
        found = project.settings()
    except (ValueError, AttributeError) as error:
        raise mistake(
            project.FILE, f"cannot be read: {error}", hint="mend it, or leave [tool.repro] out"
        ) from None
    try:
        settings = validated(Settings, found)
    except ReproError as error:
        raise ReproError(*(replace(each, where=f"{TABLE} {each.where}") for each in error.problems)) from None
    if settings.scale is not None:
        check_scale(settings.scale, f"{TABLE} scale")
    return settings


def set_defaults(context: click.Context, command: click.Command) -> None:
    """Make what the project sets the defaults of a command, and say so on standard error."""
    if not project.has_settings():
        return
    settings = read_settings()
    context.obj = settings
    told: dict[str, str] = {}
    context.default_map = {str(command.name): _defaults(settings, command, told)}
    if told:
        said = ", ".join(f"{key} = {value}" for key, value in told.items())
        click.echo(visible(f"Set in {TABLE}: {said}"), err=True)


def _defaults(settings: Settings, command: click.Command, told: dict[str, str]) -> dict[str, Any]:
    if isinstance(command, click.Group):
        inner = command.commands.items()
        return {name: _defaults(settings, each, told) for name, each in inner}
    parameters = {parameter.name for parameter in command.params}
    found: dict[str, Any] = {}
    for key, parameter in _PARAMETERS.items():
        value = getattr(settings, key)
        other = (key == "claims" and command.name in EXECUTE) or (key == "out" and command.name not in REPORT)
        if not value or parameter not in parameters or other:
            continue
        listed = [f"{name}={path}" for name, path in value.items()] if key == "data" else value
        found[parameter] = listed
        told[key] = " ".join(listed) if key == "data" else str(value)
    return found


def claims_of_project() -> str | None:
    """Return the folder of claims that the project sets, of a command that has none of its own."""
    settings = click.get_current_context().find_object(Settings)
    return None if settings is None else settings.claims


def check_named(claims_named: bool) -> None:
    """See that a command that executes code of a claims folder was told which, where the project sets one.

    Raises:
        ReproError: it was not: a file of the working folder does not decide what is executed.
    """
    command, folder = click.get_current_context().info_name, claims_of_project()
    if command in EXECUTE and folder is not None and not claims_named:
        what = f"names a folder of claims, whose code `repro {command}` would run: that is for you to say"
        raise mistake(f"{TABLE} claims", what, folder, f"repro {command} --claims {folder}")
