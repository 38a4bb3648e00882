"""Standard streams that are closed, full, or whose reader has gone; exit codes are those of the documents."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from repro.startup import streams
from tests.support.forks import python

SHELL = pytest.mark.skipif(os.name != "posix", reason="redirections of a POSIX shell")
REPRO = f'"{sys.executable}" -m repro'
FORKED = f'"{python()}" -m repro'
"""The same, quicker; its streams have to be open."""


def run(command: str, folder: Path) -> tuple[int, str]:
    """Run a command in a shell; return its exit code and what it wrote on standard error."""
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@SHELL
def test_exit_codes_where_nobody_can_read_what_is_said(tmp_path: Path) -> None:
    for command in ("list", "list --json", "plan relu-speed"):
        assert run(f"{REPRO} {command} >&-", tmp_path) == (0, "")
        assert run(f"{REPRO} {command} <&- >/dev/null 2>&-", tmp_path) == (0, "")
    if Path("/dev/full").exists():
        code, says = run(f"{FORKED} list --json >/dev/full", tmp_path)
        assert (code, says) == (3, "Standard output cannot be written: No space left on device.\n")
        assert run(f"{FORKED} show nothing >/dev/full", tmp_path)[0] == 2
    # The exit code is that of the work, not of the reader.
    assert run(f"{{ {FORKED} show nothing --json; echo $? >code; }} | true", tmp_path)[0] == 0
    assert (tmp_path / "code").read_text() == "2\n"
    assert run(f"{{ {FORKED} list --json; echo $? >code; }} | head -c 1", tmp_path)[0] == 0
    assert (tmp_path / "code").read_text() == "0\n"


@SHELL
def test_what_an_encoding_lacks_is_written_as_a_number(tmp_path: Path) -> None:
    assert run(f"PYTHONIOENCODING=ascii {REPRO} show relu-speed", tmp_path) == (0, "")


class _Full(streams.io.RawIOBase):
    def __init__(self, after: int) -> None:
        self.left, self.written = after, b""

    def write(self, data: object) -> int:
        content = bytes(memoryview(data))  # type: ignore[arg-type]
        if not self.left:
            raise OSError(28, "No space left on device")
        taken = content[: self.left]
        self.left -= len(taken)
        self.written += taken
        return len(taken)


def test_what_is_written_after_a_failure_goes_nowhere_and_is_known() -> None:
    raw = _Full(after=3)
    lasting = streams.Lasting(raw)
    assert lasting.write(b"abcde") == 5
    assert lasting.write(b"more") == 4
    assert raw.written == b"abc"
    assert lasting.lost is not None
    assert lasting.lost.errno == 28
