"""What `repro lint` asks of a claim beyond what it takes to run it: a control, and the data that it names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from repro.claims.cells import cells, place_of
from repro.claims.claim import Claim
from repro.claims.run_specs import data_of
from repro.errors import Problem


def incomplete(claim: Claim) -> Iterator[Problem]:
    """Yield what a claim lacks that is no error: it can be run and judged without."""
    yield from _control(claim)
    yield from _data(claim)


def _control(claim: Claim) -> Iterator[Problem]:
    """Find scales at which nothing would show that the criteria can fail, where no reason is given.

    Results and nets that exist already cannot be sabotaged.
    """
    lacking = [
        scale
        for scale, file in claim.at.items()
        if scale not in claim.base.cannot_decide
        and file.results is None
        and file.weights is None
        and not file.control
        and file.no_control is None
    ]
    if lacking:
        at = "" if len(lacking) == len(claim.at) else f" at {' and '.join(lacking)} scale"
        hint = (
            "add [control.<name>] with a title, sabotaged arms (or metrics) and a why, which the criteria must not "
            'support; or no_control = "why none is possible"'
        )
        yield Problem(
            f"{claim.path}: control", f"there is no control{at}, and no reason for none", None, hint
        )


def _data(claim: Claim) -> Iterator[Problem]:
    """Find files and folders that lie beside the claim file by its own word, and are not there."""
    said: set[Path] = set()
    for scale, file in claim.at.items():
        for cell in cells(file) if file.experiment.recipe else ():
            ref = data_of(file, cell)
            place = claim.path.parent / ref.path if ref.path is not None else None
            if place is None or place in said or place.exists():
                continue
            said.add(place)
            at = "" if scale == "paper" else f" (at {scale} scale)"
            where = f"{claim.path}: {place_of(file, cell, 'dataset')}{at}"
            hint = "put it there, or mend the path, which starts at the claim file; its runs are pending until then"
            yield Problem(where, "there is no such file or folder", str(place), hint)
