"""A command in a process group of its own, under a guard that ends it with this process (repro/startup/guard.py)."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from repro.startup import guard

GRACE_SECONDS = 10.0
"""How long a command that is asked to end may take for it."""


class GuardedCommand:
    """A command that is running, or has ended.

    Args:
        words: the program's path and its arguments.
        folder: where it runs.
        environment: all its variables.
        stdout, stderr: files that its output is added to.

    Raises:
        OSError: the machine starts no further process.
    """

    def __init__(
        self, words: Sequence[str], folder: Path, environment: Mapping[str, str], stdout: Path, stderr: Path
    ) -> None:
        self.ended = threading.Event()
        self.code: int | None = None
        self.error: str | None = None
        own = [sys.executable, "-I", "-S", guard.__file__, str(GRACE_SECONDS), str(stdout), str(stderr)]
        self._process = subprocess.Popen(
            [*own, *words],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def end(self) -> None:
        """Ask it to end, and wait until it has; it is killed where it does not."""
        self._close()
        if not self.ended.wait(GRACE_SECONDS + 5):
            self._kill()
            self.ended.wait(5)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(OSError, ValueError), io.BufferedReader(self._process.stdout) as lines:  # type: ignore[type-var]
            told = json.loads(lines.readline() or b"{}")
            self.code, self.error = told.get("code"), told.get("error")
        # Whatever became of the guard, nothing of its group outlives it.
        self._close()
        self._kill()
        self._process.wait()
        if self.code is None and self.error is None:
            self.code = -9
        self.ended.set()

    def _kill(self) -> None:
        with contextlib.suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def _close(self) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
