"""The `repro` command: exit codes, and errors without tracebacks.

0 all that could be run was run and judged · 1 a --fail-on condition is met · 2 usage · 3 something failed to
run · 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys

from repro.startup.answer import answer


def main() -> None:
    """Run the command line and exit with the code that docs/design.md gives."""
    try:
        text = answer(sys.argv)
        if text is None:
            code = _run()
        else:
            code = 0
            sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone: what is left goes nowhere, without complaint at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _run() -> int:
    import click

    from repro.cli import cli
    from repro.errors import ReproError

    # A command makes many objects and hardly a cycle; looked through for cycles as usual, it takes a tenth longer.
    gc.set_threshold(100_000)
    try:
        code = cli.main(standalone_mode=False)
    except ReproError as error:
        click.echo(f"Error: {error}", err=True)
        count = len(error.problems)
        if count > 1:
            click.echo(f"{count} problems.", err=True)
        return 2
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. Finished runs are kept; the same command goes on from here.", err=True)
        return 130
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    main()
