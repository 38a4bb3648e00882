"""A process that tries to load weights and checkpoints, and executes nothing that they may hold.

`python -m repro.worker.loading` reads paths, a line each, and answers for each with why it does not load, or null.
"""

from __future__ import annotations

import io
import json
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


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(reason(Path(json.loads(line)))), flush=True)
