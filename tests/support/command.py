"""Running `repro` as a user does: a process of its own, in a folder of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.forks import python

OWN_CLAIMS = Path(__file__).parents[1] / "own_claims"
"""Claims that are in no paper, with a user's own model and probe."""


def repro(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(line(arguments), cwd=cwd, capture_output=True, text=True, timeout=240, check=False)


def start(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    """Start the command in a process group of its own, as a terminal does."""
    return subprocess.Popen(
        line(arguments),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_listens if os.name == "posix" else None,  # noqa: PLW1509 - it sets a signal, no more
    )


def _listens() -> None:
    """Undo what a shell does to jobs in the background: they ignore Ctrl-C, and so do their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def line(arguments: Sequence[object]) -> list[str]:
    return [python(), "-W", "error", "-m", "repro", *map(str, arguments)]


def modules_after(*arguments: object, cwd: Path) -> set[str]:
    """Run the command and return the top-level modules that were imported in its own process."""
    code = (
        "import sys, repro.__main__ as m\n"
        f"sys.argv = ['repro', *{[str(a) for a in arguments]!r}]\n"
        "try:\n    m.main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "finally:\n    print('MODULES', *sorted({n.partition('.')[0] for n in sys.modules}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
        env={**os.environ},
    )
    return set(done.stdout.split("MODULES")[-1].split())


def slowed(nets: Path, seconds: float, *, as_long_as: str) -> None:
    """Have a user's nets take so much longer for a step of training, as long as an expression is true.

    It may name `os` and `Path`, and is looked at where the worker is.
    """
    forward = "    def forward(self, x):\n"
    code = nets.read_text(encoding="utf-8")
    assert forward in code
    wait = (
        "        import os, time\n        from pathlib import Path\n"
        f"        if self.training and {as_long_as}:\n            time.sleep({seconds})\n"
    )
    nets.write_text(code.replace(forward, forward + wait), encoding="utf-8")
