"""A command whose many options stand in groups in its help."""

from __future__ import annotations

import click

GROUPS: dict[str, tuple[str, ...]] = {
    "What is checked": (
        "paper",
        "scale",
        "claims_dir",
        "store_dir",
        "seeds",
        "cells",
        "controls",
        "sensitivity",
    ),
    "Data": ("data", "stand_ins"),
    "How it is run": (
        "given",
        "shards",
        "on",
        "device",
        "workers",
        "budget",
        "checkpoint_every",
        "part",
        "quiet",
    ),
    "What is written": ("out", "forms", "templates", "verbose", "as_json", "fail_on"),
}
"""Heading → the options' Python names, in the order in which they are shown."""


class GroupedCommand(click.Command):
    """Shows options under the headings of `GROUPS`; those that no group names, as --help, come last."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, a section a group."""
        shown = {
            str(parameter.name): record
            for parameter in self.get_params(ctx)
            if (record := parameter.get_help_record(ctx)) is not None
        }
        for heading, names in GROUPS.items():
            records = [shown.pop(name) for name in names if name in shown]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
        if shown:
            with formatter.section("Options"):
                formatter.write_dl(list(shown.values()))
