# Stands for a process that the server forks. `__init__.py` puts a first line and the names in capitals before this.
import json
import os
import signal
import socket
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def asked(arguments: list[str]) -> dict[str, object] | None:
    """Read what an interpreter is asked for; None is anything but a module of this checkout."""
    strict = arguments[:2] == ["-W", "error"]
    command = arguments[2:] if strict else arguments
    own = command[:3] == ["-P", "-c", START]  # noqa: F821
    if own:
        command = ["-m", *command[4:]]
    if command[:1] != ["-m"] or command[1].partition(".")[0] not in ("bench", "repro", "tests"):
        return None
    # What may hide a module, and what orders sets, are looked at as an interpreter starts.
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes long to import
    hiding = not own and any(name.endswith(".py") for name in os.listdir(folder))  # noqa: PTH208
    if hiding or os.environ.get("PYTHONPATH", "") != PYTHONPATH or "PYTHONHASHSEED" in os.environ:  # noqa: F821
        return None
    return {
        "module": command[1],
        "arguments": command[2:],
        "strict": strict,
        "folder": folder,
        "folder_first": not own,
        "environment": dict(os.environ),
        "python": sys.argv[0],
        "ignored": [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_IGN],
    }


def main() -> None:
    arguments = sys.argv[1:]
    request = asked(arguments)
    with socket.socket(socket.AF_UNIX) as server:
        if request is None or server.connect_ex(ADDRESS):  # noqa: F821
            os.execv(INTERPRETER, [INTERPRETER, *arguments])  # noqa: F821
        content = json.dumps(request).encode()
        socket.send_fds(server, [len(content).to_bytes(8, "big")], [0, 1, 2])
        server.sendall(content)
        child = int.from_bytes(server.recv(8), "big")
        for number in SIGNALS:
            if number not in request["ignored"]:
                signal.signal(number, lambda number, _: os.kill(child, number))
        status = os.waitstatus_to_exitcode(int.from_bytes(server.recv(8), "big"))
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status in SIGNALS else None
        os.kill(os.getpid(), -status)
    os._exit(status)


main()
