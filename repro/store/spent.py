"""What runs and readings took, and what was expected of them before they were begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from repro.store.checkpoints import Checkpoint
from repro.store.record import RunRecord


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run or a reading took; None for what nobody has noted.

    Attributes:
        wall_seconds: on the clock, which says as much of what else the machine did.
        processor_seconds: what the processor was busy with it: a core of the CPU or, of a net on a GPU, its share of
            the time that it was there together with others.
        predicted_seconds: beforehand, of a processor that does nothing else.
    """

    wall_seconds: float | None = None
    processor_seconds: float | None = None
    predicted_seconds: float | None = None

    @property
    def seconds(self) -> float | None:
        """The processor's where they are known, else those on the clock."""
        return self.wall_seconds if self.processor_seconds is None else self.processor_seconds

    @classmethod
    def noted(cls, told: Mapping[str, Any]) -> Spent:
        """Return what provenance tells."""
        return cls(*(told.get(field.name) for field in fields(cls)))


def spent_on(made: RunRecord | Checkpoint) -> Spent:
    """Return what a run, or the part of one up to a checkpoint, took in all its sessions."""
    if isinstance(made, RunRecord):
        told = made.provenance
        return Spent(made.wall_seconds, told.get("processor_seconds"), told.get("predicted_seconds"))
    return Spent(made.wall_seconds, processor_seconds(made.sessions), predicted_seconds(made.sessions))


def predicted_seconds(sessions: Sequence[Mapping[str, Any]]) -> float | None:
    """Return what was predicted for a run: for each part of it, what its first session was told."""
    parts: dict[float | None, float | None] = {}
    for session in sessions:
        parts.setdefault(session.get("until_epochs"), session.get("predicted_seconds"))
    told = [seconds for seconds in parts.values() if seconds is not None]
    return sum(told) if told else None


def processor_seconds(sessions: Sequence[Mapping[str, Any]]) -> float | None:
    """Return what sessions took of a processor, all together; None where one of them does not tell."""
    told = [session.get("processor_seconds") for session in sessions]
    known = [seconds for seconds in told if seconds is not None]
    return sum(known) if known and len(known) == len(told) else None
