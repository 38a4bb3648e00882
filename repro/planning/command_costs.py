"""What a command's run will cost, before it is carried out: what others of the same command took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping

from repro.canonical import canonical_hash
from repro.command_spec import CommandSpec
from repro.planning.price import Price
from repro.store import RunRecord

WEIGHT_SECONDS = 60.0
"""For what a command's run counts beside others while nobody knows how long it takes; no prediction, and never told."""


class CommandCosts:
    """Predicts wall seconds of a command's runs.

    Args:
        measured: runs in the store, those that were trained here among them.
        declared: run key → what its claim says that it takes.
    """

    def __init__(self, measured: Iterable[RunRecord], declared: Mapping[str, float] | None = None) -> None:
        self._declared = declared or {}
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
        """Return what a run will cost: as those of the same values took, or as all of its command, or as declared."""
        seconds = self._same.get(_same(spec), self._alike.get(_alike(spec)))
        if seconds is not None:
            return Price(seconds, measured=True, by_clock=True)
        if spec.key in self._declared:
            return Price(self._declared[spec.key], declared=True)
        return Price(WEIGHT_SECONDS, unknown=True)


def _same(spec: CommandSpec) -> str:
    return canonical_hash([list(spec.words), dict(spec.values)])


def _alike(spec: CommandSpec) -> str:
    return canonical_hash(list(spec.words))
