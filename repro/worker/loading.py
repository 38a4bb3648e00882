"""A process that tries to load weights and checkpoints, and executes nothing that they may hold.

`repro.worker.loading` reads paths, a line of JSON each, and answers with a line each: why it does not load, or null.
Its first line, "ready", says that it is able to.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import torch

from repro.store.checkpoints import read


def reason(path: Path) -> str | None:
    """Return why a file does not load, or None."""
    try:
        blob = read(path)[1] if path.suffix == ".checkpoint" else path.read_bytes()
        torch.load(io.BytesIO(blob), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever somebody put there
        return (str(error).splitlines() or [type(error).__name__])[0]
    return None


def main() -> None:
    """Answer for every path on standard input."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps({"why": reason(Path(json.loads(line)))}), file=answers, flush=True)


if __name__ == "__main__":
    main()
