"""The `repro` command: exit codes, and errors without tracebacks.

0 all that could be run was run and judged · 1 a --fail-on condition is met · 2 usage · 3 something failed to
run · 130 interrupted.
"""

from __future__ import annotations

import sys

import click

from repro.cli import cli
from repro.errors import ReproError


def main() -> None:
    """Run the command line and exit with DESIGN's codes."""
    try:
        code = cli.main(standalone_mode=False)
    except ReproError as error:
        click.echo(f"Error: {error}", err=True)
        count = len(error.problems)
        if count > 1:
            click.echo(f"{count} problems.", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. Finished runs are kept; the same command goes on from here.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone: nobody is left to tell.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
