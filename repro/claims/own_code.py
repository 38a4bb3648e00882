"""The code of a claims folder that a claim names, and what must be said of it before anything is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from repro.claims.cells import cells
from repro.claims.claim import Claim
from repro.claims.commands import files_of, program_of, words_of
from repro.errors import ReproError
from repro.source_code import Code, code_of


def own_code(claim: Claim) -> dict[str, Code]:
    """Return ``module:Name`` → its code, of all models, data sets and probes of a claim that are the folder's own.

    Commands are there, too, by the name of their script → the files that their runs rest on.

    What cannot be read is left out: that is an error of the claim file.
    """
    found: dict[str, Code] = {}
    for target in sorted({name for name in _names(claim) if ":" in name}):
        try:
            found[target] = code_of(target, target, claim.names.root)
        except ReproError:
            continue
    for file in claim.at.values():
        for cell in cells(file):
            words, process = words_of(file.experiment, cell.settings), file.experiment.process
            if words is not None and process is not None:
                with suppress(ReproError):
                    found[program_of(words)] = files_of(words, process, claim.names)
    return found


def unseen(claim: Claim) -> list[str]:
    """Return what the code of a claim does that is no part of its identity: when that changes, nothing is run again."""
    notes = {note: None for code in own_code(claim).values() for note in code.unseen}
    return [f"{note}: a change of that is not noticed" for note in notes]


def notices(claim: Claim) -> Iterator[str]:
    """Yield what is no error and caps the words of verdicts, or may make them stale."""
    place = f"{claim.path.parent.name}/{claim.path.name}"
    for reason in claim.protocol.reasons:
        hint = 'protocol = { of = "paper", source = "Sec. …" } in [experiment] declares it to be the paper\'s'
        undeclared = claim.protocol.source is None
        yield f"{place}: {reason}: verdicts are in capped words" + (f" ({hint})" if undeclared else "")
    yield from (f"{place}: {note}" for note in unseen(claim))


def _names(claim: Claim) -> Iterator[str]:
    for file in claim.at.values():
        for metric in file.metrics.values():
            yield metric.probe or metric.formula or ""
        for cell in cells(file):
            for key in ("model", "dataset"):
                value = cell.settings.get(key, getattr(file.experiment, key))
                if isinstance(value, str):
                    yield value
