"""The `repro` command: exit codes, and errors without tracebacks.

0 all that could be run was run and judged · 1 a --fail-on condition is met · 2 usage · 3 something failed to
run, or could not be written · 130 interrupted.
"""

from __future__ import annotations

import gc
import sys

from repro.startup.answer import answer
from repro.startup.child import leave_working_folder
from repro.startup.streams import outlast


def main() -> None:
    """Run the command line and exit with DESIGN's codes."""
    leave_working_folder()
    output, _ = outlast()
    code = 130
    try:
        text = answer(sys.argv)
        if text is None:
            code = _run()
        else:
            code = 0
            sys.stdout.write(text)
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    if output.lost is not None:
        print(f"Standard output cannot be written: {output.lost.strerror}.", file=sys.stderr)
        code = code if code in (2, 130) else 3
    # What is left ends with the process: to look through it for cycles first takes up to a second.
    gc.freeze()
    sys.exit(code)


def _run() -> int:
    import traceback

    import click

    from repro.cli import cli
    from repro.errors import ReproError
    from repro.report.model.safe_text import visible

    # A command makes many objects and hardly a cycle; looked through for cycles as usual, it takes a tenth longer.
    gc.set_threshold(1_000_000)
    _end_as_by_ctrl_c()
    try:
        code = cli.main(standalone_mode=False)
    except ReproError as error:
        click.echo(visible(f"Error: {error}"), err=True)
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
    except Exception:
        traceback.print_exc()
        click.echo("This is a fault of repro itself; finished runs are kept.", err=True)
        return 3
    return code if isinstance(code, int) else 0


def _end_as_by_ctrl_c() -> None:
    """Have the signals by which systems ask a process to end unwind it as Ctrl-C does; ignored ones stay so."""
    import signal

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, interrupt)


if __name__ == "__main__":
    main()
