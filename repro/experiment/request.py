"""What a command is asked: which claims, at which scale, from which store; and how to ask the like again."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from repro.claims import Claim, Library
from repro.store import Store


@dataclass(frozen=True)
class Request:
    """What all stages of a command work on; handed on as it is.

    Attributes:
        library: of the claims folder.
        claims: those asked for, with what is known of their data.
        scale: at which.
        store: where runs are kept.
        selection: what chose the claims, as arguments: their ids, or ``--paper P``; empty for all.
        places: the options that say where claims and runs lie, where that is not the usual place.
    """

    library: Library
    claims: Sequence[Claim]
    scale: str
    store: Store
    selection: Sequence[str] = ()
    places: Sequence[str] = ()

    def command(self, name: str, claim: str | None = None, *options: str) -> str:
        """Return the command `name` of one claim, or of all that were asked for, with further options."""
        which = self.selection if claim is None else [claim]
        return " ".join(map(typed, ["repro", name, *which, "--scale", self.scale, *options, *self.places]))

    @property
    def again(self) -> str:
        """The command that checks the same claims again."""
        return self.command("check")


def places(claims_folder: Path | None, store: Path) -> list[str]:
    """Return the options by which a command finds the same claims and runs; none for the usual places."""
    options = [] if claims_folder is None else ["--claims", str(claims_folder)]
    return options if store == Path(".repro") else [*options, "--store", str(store)]


def typed(word: str) -> str:
    """Return a word of a command as it is typed in this system's shell, so that what is printed can be pasted."""
    return subprocess.list2cmdline([word]) if os.name == "nt" else shlex.quote(word)
