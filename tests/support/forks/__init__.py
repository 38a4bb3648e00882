"""`python -m repro …` without the start of an interpreter: a server that has imported everything once forks for each.

The processes are as real as others: each has a directory, an environment, files, signals and an exit code of its own,
and is the child of a client (`client.py`) that stands for it, passes signals on and dies as it dies. What it does not
do is import torch, pandas and the rest again, which takes seconds a process. A real interpreter is started where it is
told what is imported (`modules_after`), where something in the working folder or PYTHONPATH may hide a module, where
the order of sets is given, and wherever a process with these libraries cannot be forked safely.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from repro.startup import child

PYTHON = "REPRO_TESTS_PYTHON"
"""The environment variable that names the client, called as an interpreter is."""

FORKS = sys.platform == "linux"
"""Elsewhere libraries of the system do not survive a fork (macOS), or there is none (Windows)."""


def python() -> str:
    """Return what to call as a Python interpreter."""
    return os.environ.get(PYTHON, sys.executable)


class Server:
    """The server, from its start (which imports nothing yet) to `close`."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="repro-tests-")
        here, folder = Path(__file__).parent, Path(self.folder.name)
        address, client = folder / "socket", folder / "python"
        text = (here / "client.py").read_text(encoding="utf-8")
        names = {
            "ADDRESS": str(address),
            "INTERPRETER": sys.executable,
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            "START": child.START,
        }
        head = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        client.write_text(f"#!{sys.executable} -IS\n{head}{text}", encoding="utf-8")
        client.chmod(0o700)
        self.process = subprocess.Popen(
            [sys.executable, here / "server.py", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What is read as libraries are loaded; workers are started with it.
            env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            start_new_session=True,
        )
        assert self.process.stdout is not None
        with self.process.stdout as listening:
            assert listening.readline() == b"listening\n"
        os.environ[PYTHON] = str(client)

    def close(self) -> None:
        del os.environ[PYTHON]
        self.process.communicate()
        self.folder.cleanup()
