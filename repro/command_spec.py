"""CommandSpec: all that determines a run that is not trained here, but by a command of somebody's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from repro.canonical import canonical_hash
from repro.spec import RunSpec, Until


@dataclass(frozen=True)
class FilesSpec:
    """The files that a command's run rests on: the program's name, and a hash of the content of all of them."""

    name: str
    version: str


STDOUT = "stdout"
"""Stands for a command's standard output where a file is named."""


@dataclass(frozen=True)
class Reads:
    """Where a command writes what it measures: a file below its output folder, or STDOUT; and how it counts.

    `step` and `epoch` name the columns that say how far it has come. Rows without a step are counted from 1; where no
    column is named for epochs, steps stand for them.
    """

    metrics: str
    step: str
    epoch: str | None = None


@dataclass(frozen=True)
class CommandSpec:
    """A run that a command carries out, in a process of its own.

    Attributes:
        words: the command, never given to a shell. Names in braces are placeholders: AT_RUN are known when it runs.
            Of a program that is part of the environment the first word is its name, wherever it lies.
        values: of all others. Where a placeholder is a whole word, a list stands for several words.
        folder: where it runs, relative to the claims folder.
        environment: variables that it is given.
        files: what it rests on, by content.
        reads: where it writes what it measures.
        seed: its seed.
        stop_at: the run ends at the first row that has come so far; None: where the command ends.
    """

    words: tuple[str, ...]
    values: Mapping[str, Any]
    folder: str
    environment: Mapping[str, str]
    files: FilesSpec
    reads: Reads
    seed: int
    stop_at: Until | None = None

    def as_json(self) -> dict[str, Any]:
        """Return plain data; :meth:`from_json` inverts it."""
        return {
            "command": {
                "words": list(self.words),
                "values": dict(self.values),
                "folder": self.folder,
                "environment": dict(self.environment),
                "reads": asdict(self.reads),
                "stop_at": self.stop_at.as_json() if self.stop_at else None,
            },
            "files": asdict(self.files),
            "seed": self.seed,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> CommandSpec:
        """Rebuild the spec that :meth:`as_json` wrote."""
        own = data["command"]
        return cls(
            words=tuple(own["words"]),
            values=own["values"],
            folder=own["folder"],
            environment=own["environment"],
            files=FilesSpec(**data["files"]),
            reads=Reads(**own["reads"]),
            seed=data["seed"],
            stop_at=Until(**own["stop_at"]) if own["stop_at"] else None,
        )

    @cached_property
    def key(self) -> str:
        """The run's identity: equal specs share it, any difference changes it."""
        return canonical_hash(self.as_json())

    @cached_property
    def output_key(self) -> str:
        """The identity of what the command writes: of all but how that is read, and where it may be ended.

        A run is what is read of an output: two that are read in different ways are made once.
        """
        own = self.as_json()
        del own["command"]["reads"], own["command"]["stop_at"]
        return canonical_hash(own)

    @property
    def title(self) -> str:
        """A short name for people: program, values, seed."""
        values = " ".join(f"{key}={value}" for key, value in sorted(self.values.items()))
        return f"{self.files.name} {values} seed {self.seed}".replace("  ", " ")


AT_RUN = ("out", "seed", "device", "threads", "python")
"""Placeholders that are filled in as a command is started: where it writes, what it may use, and the Python that runs
this program."""

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_-]*)\}")


def placeholders(words: Sequence[str]) -> list[str]:
    """Return the names in braces in a command, in their order; doubled braces stand for themselves."""
    found = (match[1] for word in words for match in _PLACEHOLDER.finditer(word))
    return list(dict.fromkeys(name for name in found if name))


def filled(words: Sequence[str], values: Mapping[str, Any]) -> list[str]:
    """Return a command with its placeholders filled in; a list stands for words of its own where it is a whole one.

    Raises:
        KeyError: a placeholder has no value.
    """
    done: list[str] = []
    for word in words:
        whole = _PLACEHOLDER.fullmatch(word)
        value = values[whole[1]] if whole and whole[1] else None
        done += (
            map(_as_word, value)
            if isinstance(value, list | tuple)
            else [_PLACEHOLDER.sub(lambda m: _as_word(values[m[1]]) if m[1] else m[0][0], word)]
        )
    return done


def _as_word(value: object) -> str:
    """Return a value as it is written in a command: true, 0.1, and 1 for 1.0, which both kinds of number read."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


AnyRun: TypeAlias = RunSpec | CommandSpec


def run_from_json(data: Mapping[str, Any]) -> AnyRun:
    """Rebuild the spec of a run from plain data."""
    return CommandSpec.from_json(data) if "command" in data else RunSpec.from_json(data)


def trains(spec: AnyRun) -> bool:
    """Tell whether a run has a history: one of no steps keeps its initial weights only."""
    return isinstance(spec, CommandSpec) or spec.recipe.steps != 0


@dataclass(frozen=True)
class Conduct:
    """How a command is treated while it runs; no part of its run and of its key.

    Attributes:
        columns: those that a claim reads: each must be written, and end with a number.
        shares: columns that are shares → the number that is all of it: 1, or 100 for percent.
        inputs: what its files are, beside those that its words name; see `source_code.files_of_command`.
        time_limit_seconds: a run that takes longer in one go is ended, and has failed; None: it may take any time.
        resume: words that are added to the command where its output folder holds an earlier attempt; None: it
            cannot go on, and begins anew.
        resume_needs: the file in that folder without which it begins anew, too; None: any file.
        steps: what the step of its last row must be; None where that is not said.
        diverges: a value that is not finite means that the run has diverged, which is a result; otherwise an error.
        at_once: runs side by side on a GPU.
        program: where the program lies whose name is the command's first word, of one that is part of the environment;
            None: the first word says it.
        takes_seconds: how long a run takes on the author's own word; None where that is not said.
        accuracies: shares in percent that are better the higher: one that is never above 1 was written as a fraction.
    """

    columns: tuple[str, ...]
    shares: Mapping[str, float] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    time_limit_seconds: float | None = None
    resume: tuple[str, ...] | None = None
    resume_needs: str | None = None
    steps: float | None = None
    diverges: bool = False
    at_once: int = 1
    program: str | None = None
    takes_seconds: float | None = None
    accuracies: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Conduct:
        """Invert `dataclasses.asdict`, after JSON has made lists of tuples."""
        lists = {
            name: tuple(data[name])
            for name in ("columns", "accuracies", "inputs", "resume")
            if data[name] is not None
        }
        return cls(**{**data, **lists})
