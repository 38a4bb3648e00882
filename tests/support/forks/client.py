# Stands for a process that the server forks. `__init__.py` puts a first line, ADDRESS and INTERPRETER before this.
import json
import os
import signal
import socket
import sys

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> None:
    arguments = sys.argv[1:]
    strict = arguments[:2] == ["-W", "error"]
    command = arguments[2:] if strict else arguments
    ours = command[:1] == ["-m"] and command[1].partition(".")[0] == "repro"
    with socket.socket(socket.AF_UNIX) as server:
        # The order of sets and imports are a start's own.
        if not ours or "PYTHONHASHSEED" in os.environ or server.connect_ex(ADDRESS):  # noqa: F821
            os.execv(INTERPRETER, [INTERPRETER, *arguments])  # noqa: F821
        ignored = [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
        request = {
            "module": command[1],
            "arguments": command[2:],
            "strict": strict,
            "folder": os.getcwd(),  # noqa: PTH109 - pathlib takes long to import
            "environment": dict(os.environ),
            "python": sys.argv[0],
            "ignored": ignored,
        }
        content = json.dumps(request).encode()
        socket.send_fds(server, [len(content).to_bytes(8, "big")], [0, 1, 2])
        server.sendall(content)
        child = int.from_bytes(server.recv(8), "big")
        for number in SIGNALS:
            if number not in ignored:
                signal.signal(number, lambda number, _: os.kill(child, number))
        status = os.waitstatus_to_exitcode(int.from_bytes(server.recv(8), "big"))
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status in SIGNALS else None
        os.kill(os.getpid(), -status)
    os._exit(status)


main()
