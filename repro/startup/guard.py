"""A command and whoever started it: the command does not outlive either its time or the process that wants it.

`guard.py GRACE_SECONDS STDOUT STDERR WORD…`, started by a worker as the leader of a process group of its own. The
command's output goes to the two files. Once it has ended, its exit code (below 0: a signal), or why it could not be
started, is written to standard output as a line of JSON, and what it has left behind in the group is killed. Once
standard input ends, which the worker's death brings, too, the group is asked to end, and killed after the grace.
Nothing but Python's own library is imported: this file is started as it is.
"""

import json
import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    """Run the command."""
    grace, stdout, stderr = float(sys.argv[1]), sys.argv[2], sys.argv[3]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    if os.name == "posix":
        # A handler, since what is ignored stays ignored in the command; the group's signals are for the command.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
    try:
        # Appended to, so that two that write into one file do not write over each other.
        with open(stdout, "ab") as out, open(stderr, "ab") as errors:
            process = subprocess.Popen(sys.argv[4:], stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
    except OSError as error:
        print(json.dumps({"error": error.strerror or str(error)}), file=answers, flush=True)
        return
    threading.Thread(target=_end_with_input, args=(process, grace), daemon=True).start()
    print(json.dumps({"code": process.wait()}), file=answers, flush=True)
    _kill(process)


def _end_with_input(process: "subprocess.Popen[bytes]", grace: float) -> None:
    while os.read(0, 1024):
        pass
    if os.name == "posix":
        os.killpg(0, signal.SIGTERM)
    else:
        process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill what is left of the command; on POSIX that is the whole group, this process among it."""
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    else:
        tree = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(tree, capture_output=True, check=False)


if __name__ == "__main__":
    main()
