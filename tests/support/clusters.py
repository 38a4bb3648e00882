"""What tests of clusters share: commands on tiny claims, stores that must be equal, and what is left of processes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from repro.store import Store

CLAIMS = Path(__file__).parents[1] / "clusters" / "claims"


class Hold:
    """Keeps the runs of whoever has `environment` in the midst of their training, from now on until it ends.

    So that a test waits for what happens, never for a time in which it should have. It changes nothing else about them.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "hold"
        self.environment = {"TINY_HOLD": str(self._file)}
        self.begin()

    def begin(self) -> None:
        """Let no run come to its end, for minutes."""
        self._file.touch()

    def end(self) -> None:
        """Let runs come to their end, within seconds."""
        self._file.unlink(missing_ok=True)


def repro(
    folder: Path, *arguments: object, environment: Mapping[str, str] | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command on the tiny claims and the store of a folder."""
    command = [*line(arguments[0]), *map(str, arguments[1:]), "--claims", str(CLAIMS), "--store", "store"]
    environment = {**(os.environ if environment is None else environment), **more}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )


def line(command: object) -> list[str]:
    return [sys.executable, "-m", "repro", str(command)]


def checked(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return repro(folder, "check", "--workers", 2, *arguments)


def needed_or_skipped(missing: str | None) -> None:
    """Skip a test for want of something, but not in CI, which has to have it (.ci/run says so)."""
    if missing is not None:
        assert "CLUSTERS_ARE_NEEDED" not in os.environ, missing
        pytest.skip(missing)


def same_results(made: Store, local: Store) -> int:
    """Assert that what a store holds is, byte for byte, what a local check has made; return how many runs that are."""
    keys = made.run_keys()
    for key in keys:
        one, other = made.run(key), local.run(key)
        assert one is not None
        assert other is not None
        assert one.same_result(other)
        assert one.weights == other.weights, "SHA-256 of the files"
        assert made.intact(key)
    for key in made.readings():
        assert str(made.reading(key)) == str(local.reading(key))
    assert made.damaged == []
    return len(keys)


def processes_that_know(name: str) -> list[int]:
    """Return the processes whose command line or environment names something: what a cluster or a check has left."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                said = (entry / "cmdline").read_bytes() + b"\0" + (entry / "environ").read_bytes()
                if name.encode() in said:
                    found.append(int(entry.name))
    return found


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def in_the_middle(store: Store) -> dict[str, int]:
    """Return key → step, of the runs that have a checkpoint and are not there yet."""
    return {found.key: found.step for found in store.unfinished() if 0 < found.step < found.steps}


def went_on_from(before: Mapping[str, int], store: Store) -> set[str]:
    """Return which runs that were in the middle went on from there, or from later."""
    found = set()
    for key, step in before.items():
        record = store.run(key)
        assert record is not None
        if max(session["from_step"] for session in record.provenance["sessions"]) >= step:
            found.add(key)
    return found


def wait_until(condition: Callable[[], object], seconds: float = 300.0) -> None:
    """Wait for something; an AssertionError tells that it did not come, at last."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"nothing came of it in {seconds:.0f} s"
        time.sleep(0.2)
