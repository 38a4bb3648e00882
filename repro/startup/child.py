"""Processes that run a module of this package: the same code as here, and nothing of the working folder."""

from __future__ import annotations

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

START = """\
import sys
root = sys.argv.pop(1)
sys.path.insert(0, root)
import repro
del sys.path[0]
sys.path.append(root)
import runpy
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""
# `repro` comes from where this one lies, installed or not; nothing else that lies there hides a module of Python's.


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module; -P keeps the working folder out, and leaves PYTHONPATH as it is."""
    return [sys.executable, "-P", "-c", START, _ROOT, module, *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return this process's environment without empty parts of PYTHONPATH, which would mean the working folder."""
    found = {**os.environ, **more}
    if "PYTHONPATH" in found:
        found["PYTHONPATH"] = os.pathsep.join(filter(None, found["PYTHONPATH"].split(os.pathsep)))
    return found


def leave_working_folder() -> None:
    """Take the working folder, which `python -m` puts first, out of what is imported from."""
    try:
        here = os.getcwd()
    except OSError:
        here = ""  # it is gone
    if sys.path and not sys.flags.safe_path and sys.path[0] in ("", here):
        del sys.path[0]
