"""Workers that print, die, hang or are shadowed: a check always ends, and nothing of the working folder is imported."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from repro.execution import workers
from repro.execution.devices import Place
from repro.execution.workers import END, WorkerProcess
from repro.startup import child

posix = pytest.mark.skipif(os.name != "posix", reason="processes and signals of POSIX")


def events_of(code: str, *, until: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """Start a worker that is a piece of Python, and return its events up to one."""
    told: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
    worker = WorkerProcess.started(1, [sys.executable, "-c", code], told.put, Place("cpu"))
    found = []
    try:
        while True:
            found.append(told.get(timeout=120)[1])
            if until(found[-1]):
                return found
    finally:
        worker.kill()


def ended(event: dict[str, Any]) -> bool:
    return event["event"] == "ended"


@pytest.mark.parametrize(
    "noise", ["my dice", "", "[1, 2]", '{"no": "event"}', '{"event": 7}', "[" * 5000, "\\udcff", "null"]
)
def test_what_is_no_event_is_passed_over(noise: str) -> None:
    code = f"import os\nos.write(1, {noise!r}.encode('utf-8', 'replace') + b'\\n')\nprint('{{\"event\": \"ready\"}}')"
    assert events_of(code, until=ended) == [{"event": "ready"}, {"event": "ended", "code": 0}]


def test_a_worker_that_cannot_start_is_told_of() -> None:
    (event,) = events_of("raise SystemExit(7)", until=ended)
    assert event == {"event": "ended", "code": 7}


@posix
def test_the_end_of_a_worker_is_told_though_what_it_left_behind_holds_its_pipe_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "LAST_WORDS_SECONDS", 0.5)
    code = (
        "import json, os, time\nleft = os.fork()\nif not left:\n    time.sleep(600)\n"
        "print(json.dumps({'event': 'left', 'process': left}), flush=True)\nos._exit(4)"
    )
    left, last = events_of(code, until=ended)
    os.kill(left["process"], signal.SIGKILL)  # it is still there
    assert last == {"event": "ended", "code": 4}


SHADOWS = ("random", "queue", "json", "argparse", "torch", "numpy", "repro", "signal", "runpy")


@pytest.fixture
def shadows(tmp_path: Path) -> Path:
    """A working folder full of modules that print, and end whoever imports them."""
    for name in SHADOWS:
        (tmp_path / f"{name}.py").write_text(
            "print('imported', __name__)\nraise SystemExit(9)\n", encoding="utf-8"
        )
    return tmp_path


def test_nothing_is_imported_from_the_working_folder(shadows: Path) -> None:
    command = child.command("repro.worker.process", "--help")
    environment = child.environment(PYTHONPATH=os.pathsep.join(["", os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(command, cwd=shadows, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, "imported" in done.stdout + done.stderr) == (0, False), done.stderr
    assert "--claims" in done.stdout


def test_pythonpath_keeps_working(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("print('found')\n", encoding="utf-8")
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    environment = child.environment(PYTHONPATH=os.pathsep.join(paths))
    done = subprocess.run(child.command("mine"), capture_output=True, text=True, env=environment, check=False)
    assert done.stdout == "found\n", done.stderr


def test_the_command_imports_nothing_from_the_working_folder_either(shadows: Path) -> None:
    # These are imported by `python -m` itself, before anything of ours; the installed command has no such path.
    for name in ("runpy", "repro"):
        (shadows / f"{name}.py").unlink()
    command = [sys.executable, "-m", "repro", "plan", "relu-speed"]
    done = subprocess.run(command, cwd=shadows, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "imported" not in done.stdout + done.stderr


@contextlib.contextmanager
def a_worker(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start a real worker, and give it once it is ready."""
    arguments = ("--store", str(folder / "store"), "--claims", str(folder), "--device", "cpu")
    process = subprocess.Popen(
        child.command("repro.worker.process", *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child.environment(),
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert json.loads(process.stdout.readline())["event"] == "ready"
        yield process
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


@pytest.mark.usefixtures("forked")
def test_a_worker_ends_when_it_is_told_when_its_parent_dies_and_at_half_a_line(tmp_path: Path) -> None:
    for last in (json.dumps(END).encode() + b"\n", b"", b'{"key": "cut o'):
        with a_worker(tmp_path) as process:
            assert process.stdin is not None
            process.stdin.write(last)
            process.stdin.close()
            assert process.wait(60) == 0


@posix
@pytest.mark.parametrize("name", ["SIGUSR2"])
@pytest.mark.usefixtures("forked")
def test_a_worker_ends_at_the_signals_of_schedulers(name: str, tmp_path: Path) -> None:
    with a_worker(tmp_path) as process:
        process.send_signal(getattr(signal, name))
        assert process.wait(60) == 0
