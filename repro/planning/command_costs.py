"""What a command's run will cost, before it is carried out: what others of the same command took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from repro.canonical import canonical_hash
from repro.command_spec import CommandSpec
from repro.planning.price import Price
from repro.store import RunRecord

GUESS_SECONDS = 60.0
"""Of a command of which no run was ever made."""


class CommandCosts:
    """Predicts wall seconds of a command's runs.

    Args:
        measured: runs in the store, those that were trained here among them.
    """

    def __init__(self, measured: Iterable[RunRecord]) -> None:
        same: dict[str, list[float]] = {}
        alike: dict[str, list[float]] = {}
        for run in measured:
            if "command" in run.spec:
                spec = CommandSpec.from_json(run.spec)
                same.setdefault(_same(spec), []).append(run.wall_seconds)
                alike.setdefault(_alike(spec), []).append(run.wall_seconds)
        self._same = {kind: statistics.median(seconds) for kind, seconds in same.items()}
        self._alike = {kind: statistics.median(seconds) for kind, seconds in alike.items()}

    def price(self, spec: CommandSpec) -> Price:
        """Return what a run will cost: as those of the same values took, or as all of its command, or a guess."""
        seconds = self._same.get(_same(spec), self._alike.get(_alike(spec)))
        return (
            Price(GUESS_SECONDS, guessed=True)
            if seconds is None
            else Price(seconds, measured=True, by_clock=True)
        )


def _same(spec: CommandSpec) -> str:
    return canonical_hash([list(spec.words), dict(spec.values)])


def _alike(spec: CommandSpec) -> str:
    return canonical_hash(list(spec.words))
