"""What is kept of a run carried out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal

from repro.canonical import canonical_hash
from repro.store.files import as_text
from repro.store.packed import length_of

Outcome = Literal["finished", "diverged"]


@dataclass(frozen=True)
class RunRecord:
    """A run carried out.

    Attributes:
        key: the key of its spec.
        spec: the RunSpec or CommandSpec as plain data.
        history: column → values, one for each evaluation; "step" and "epoch" among them. Errors are fractions.
        outcome: "finished" or "diverged" (loss not finite: a result, not a failure).
        steps_done: iterations carried out.
        chance_error: error of guessing, as a fraction; what a diverged run's error counts as. None where it is not
            known: of a command's run.
        images: number of training and test images, for the resolution of errors; {} where they are not known.
        wall_seconds: training time of all sessions, evaluations included, imports aside.
        weights: moment → SHA-256 of the kept weights.
        provenance: machine, device, versions, commit, time finished. "sessions" lists, oldest first, where and with
            what the run was carried out from which step to which, and what that took: more than one where it was
            interrupted and went on. Not part of the key.
    """

    key: str
    spec: Mapping[str, Any]
    history: Mapping[str, list[float]]
    outcome: Outcome
    steps_done: int
    chance_error: float | None
    images: Mapping[str, int]
    wall_seconds: float
    weights: Mapping[str, str]
    provenance: Mapping[str, Any]

    @cached_property
    def evaluations(self) -> int:
        """How many rows the history has."""
        return length_of(self.history, "step")

    def as_json(self) -> dict[str, Any]:
        """Return plain data, as it is written."""
        return {field.name: getattr(self, field.name) for field in fields(self)} | {
            "history": dict(self.history)
        }

    def same_result(self, other: RunRecord) -> bool:
        """Tell whether two records of a run agree in all but where, when and how fast it was made."""
        return self._result() == other._result()

    def _result(self) -> str:
        plain = {name: value for name, value in self.as_json().items() if name not in _CIRCUMSTANCES}
        return as_text(plain)


_CIRCUMSTANCES = ("wall_seconds", "provenance")


def lineage(spec: Mapping[str, Any]) -> str:
    """Return what runs share that differ in code version or dataset fingerprint only."""
    bare = json.loads(json.dumps(spec))
    for part, field in VERSIONS:
        bare.get(part, {}).pop(field, None)
    return canonical_hash(bare)


VERSIONS = (("model", "version"), ("recipe", "version"), ("dataset", "fingerprint"), ("files", "version"))
"""Parts of a RunSpec or CommandSpec that change when the code or the data does, though the claim says the same."""
