"""Whether files of weights and states load, tried by a process with torch: what ends that process ends no command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from repro.startup import child

MOST_DEATHS = 5
"""Of processes that try; what is left then is not checked."""


@dataclass(frozen=True)
class Loaded:
    """What became of the files that were tried.

    Attributes:
        broken: file → why it does not load.
        unchecked: file → why nobody could tell.
    """

    broken: dict[Path, str] = field(default_factory=dict)
    unchecked: dict[Path, str] = field(default_factory=dict)


def load(paths: Sequence[Path]) -> Loaded:
    """Try to load files of weights and checkpoints, without executing what they may hold."""
    found, left, deaths = Loaded(), list(paths), 0
    while left:
        ready, answers, code = _answers(left)
        found.broken.update({path: why for path, why in zip(left, answers, strict=False) if why is not None})
        left = left[len(answers) :]
        if not left:
            break
        deaths += 1
        if not ready or deaths == MOST_DEATHS:
            why = f"the process that loads files ended with exit code {code}"
            found.unchecked.update(dict.fromkeys(left, why))
            break
        found.unchecked[left.pop(0)] = f"the process that tried to load it ended with exit code {code}"
    return found


def _answers(paths: Sequence[Path]) -> tuple[bool, list[str | None], int]:
    """Return whether a process could begin, its answers as far as it came, and its exit code."""
    done = subprocess.run(
        child.command("repro.worker.loading"),
        input="".join(json.dumps(str(path)) + "\n" for path in paths),
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env=child.environment(),
        check=False,
    )
    lines = list(_told(done.stdout))
    return bool(lines), [line.get("why") for line in lines[1:]], done.returncode


def _told(text: str) -> Iterator[dict[str, Any]]:
    """Yield what the process said, from "ready" on; start-up files of Python may print before."""
    ready = False
    for line in text.splitlines():
        try:
            answer = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(answer, dict) and (ready := ready or "ready" in answer):
            yield answer
