"""The command line: each command calls the stages in turn. Data on stdout, progress on stderr."""

from __future__ import annotations

import importlib

import click

from repro import __version__
from repro.startup.project import has_settings

COMMANDS = {
    "check": "Train what is missing, measure, judge, and write the report.",
    "submit": "Hand the runs of a check over to a batch system (Slurm), and return.",
    "list": "List the claims.",
    "show": "Show one claim: what it says, what would be trained, what decides.",
    "plan": "Say what a check would run and what it would cost. Runs nothing.",
    "report": "Write the report again from the store. Runs nothing.",
    "diff": "Set two reports side by side: what changed, and what explains it.",
    "index": "Write a page that lists all reports of a folder.",
    "runs": "List, show, export, import and verify the runs of a store.",
    "lint": "Check claim files; every problem at once. Runs nothing.",
    "new": "Write a claim file to start from.",
}
"""Name → short help, so that `repro --help` need not import the commands."""


class _Commands(click.Group):
    """Imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"repro.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from repro.errors import suggestion

            ctx.fail(f"no such command {args[0]!r}: {suggestion(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="repro")
@click.pass_context
def cli(context: click.Context) -> None:
    """Does this paper's claim hold?

    Each claim is a declarative check: what the paper reports, which nets must be trained, what is measured,
    and what would support or refute it. `repro check` trains what is missing, judges, and writes a report.

    \b
    Examples:
      repro check                         all claims at smoke scale, on a CPU, in one to three minutes
      repro check resnet/layer-responses  one claim
      repro plan --scale paper            what the papers' own protocols would cost
    """
    if has_settings() and context.invoked_subcommand is not None:
        from repro.cli.project import set_defaults

        command = cli.get_command(context, context.invoked_subcommand)
        if command is not None:
            set_defaults(context, command)
