"""The server: `python server.py SOCKET`; ends, with all that it has forked, when its standard input does."""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

COMMANDS = (
    "click",
    "filelock",
    "jinja2",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "pandas",
    "rich.progress",
    "scipy.special",
)
"""What commands import in functions."""

WORKERS = ("torch",)
"""What workers import."""

TORCH_ROOMS = ("repro.models", "repro.probes", "repro.training", "repro.worker")

LEFT = ("__main__", "repro.datasets.download")
"""What is started, not imported; what imports torchvision, which hardly a process needs."""


def import_all(libraries: Sequence[str], *, torch: bool) -> None:
    """Import libraries, and the modules of `repro` that know torch, or those that do not."""
    import repro

    for name in libraries:
        importlib.import_module(name)
    root = Path(repro.__file__).parent
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root.parent).with_suffix("").parts).removesuffix(".__init__")
        if not name.endswith(LEFT) and name.startswith(TORCH_ROOMS) == torch:
            # A module for a library that is not installed.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    # Not looked through again: their pages stay shared with what is forked.
    gc.freeze()


@cache
def import_for_commands() -> None:
    import_all(COMMANDS, torch=False)


@cache
def import_for_workers() -> None:
    import_for_commands()
    import_all(WORKERS, torch=True)


def received(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Read one request and the three open files that come with it."""
    head, files, _, _ = socket.recv_fds(client, 8, 3)
    content = b""
    while len(content) < int.from_bytes(head, "big"):
        content += client.recv(65536)
    return json.loads(content), list(files)


def served(listener: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Fork for each request; return the request in what was forked, and nothing in the server itself, at its end."""
    ended, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[socket.socket, int] = {}
    while True:
        ready, _, _ = select.select([0, listener, ended, *children], [], [])
        if 0 in ready:
            for child in children.values():
                os.kill(child, signal.SIGKILL)
            return None
        if ended in ready:
            os.read(ended, 4096)
            clients = {child: client for client, child in children.items()}
            with contextlib.suppress(ChildProcessError):
                while (found := os.waitpid(-1, os.WNOHANG))[0]:
                    if (client := clients.get(found[0])) in children:
                        del children[client]
                        with client, contextlib.suppress(OSError):
                            client.sendall(found[1].to_bytes(8, "big"))
        for client in [one for one in ready if one in children]:
            # The client says nothing more: it was killed.
            os.kill(children.pop(client), signal.SIGKILL)
            client.close()
        if listener in ready:
            client, _ = listener.accept()
            request, files = received(client)
            if request["module"] == "repro":
                import_for_commands()
            else:
                import_for_workers()
            child = os.fork()
            if child == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for other in (client, listener, *children):
                    other.close()
                os.close(ended)
                os.close(tell)
                return request, files
            for file in files:
                os.close(file)
            children[client] = child
            client.sendall(child.to_bytes(8, "big"))


def become(request: dict[str, Any], files: list[int]) -> int:
    """Be the process that was asked for; return its exit code."""
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in request["ignored"] else usual)
    if request["strict"]:
        warnings.simplefilter("error")
    sys.executable = request["python"]
    if request["folder_first"]:
        sys.path.insert(0, request["folder"])
    sys.argv = [request["module"], *request["arguments"]]
    sys.modules.pop(request["module"], None)
    code: object = 0
    try:
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def main() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(64)
        # Nothing else is said here: what was forked speaks to its own.
        os.write(1, b"listening\n")
        del sys.path[0]
        os.dup2(2, 1)
        # As in the tests' own processes (`conftest.py`): nothing waits for the disk.
        os.fsync = lambda _: None
        asked = served(listener)
    # As it stands: to take the libraries down, object by object, takes as long as a short command.
    os._exit(become(*asked) if asked is not None else 0)


if __name__ == "__main__":
    main()
