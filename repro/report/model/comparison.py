"""Two reports side by side, as plain data: which verdicts changed, and which inputs differ.

Numbers are raw (errors are fractions); `*_text` and sentences are ready to print. All text is untrusted.
"""

from __future__ import annotations

from typing import Literal

from repro.report.model import Coverage, Data, Machine, Verdict

Input = Literal[
    "scale",
    "criteria",
    "claim file",
    "protocol",
    "what is trained",
    "data",
    "seeds",
    "learning rates",
    "finished runs",
    "version of repro",
    "commit",
    "versions",
    "machine",
]
"""What a verdict rests on. "what is trained": runs for the same cell and seed have other keys."""

Relation = Literal["same", "within", "overlap", "beyond", "not compared"]
"""How two intervals lie to each other; a description, not a test.

"within": each estimate lies in the other's interval; "overlap": the intervals have numbers in common; "beyond": they
have none.
"""


class Side(Data):
    """One of the two reports. `name` is what it was called by."""

    name: str
    scale: str
    scale_says: str
    tool_version: str
    coverage: Coverage
    stand_ins: list[str]
    machines: list[Machine]
    wall_seconds: float
    as_of: str | None = None


class InputChange(Data):
    """An input that differs: in one sentence, and what either side has that the other has not."""

    input: Input
    says: str
    before: list[str]
    after: list[str]


class PartChange(Data):
    """An estimate that differs. None is one that the side has not."""

    label: str
    before: str | None
    after: str | None
    relation: Relation
    says: str


class ExpectationChange(Data):
    """An expectation whose verdict or numbers differ. None is one that the side has not."""

    id: str
    title: str
    role: Literal["decides", "context"]
    before: Verdict | None
    after: Verdict | None
    parts: list[PartChange]


class ClaimChange(Data):
    """A claim of both reports, or of one. `changed`: its result or status differs, not only the scale's words."""

    id: str
    title: str
    before: Verdict | None
    after: Verdict | None
    changed: bool
    explanation: str
    causes: list[Input]
    inputs: list[InputChange]
    expectations: list[ExpectationChange]

    @property
    def differs(self) -> bool:
        """Tell whether anything about the claim differs: verdict, numbers or inputs."""
        return bool(self.before != self.after or self.inputs or self.expectations)


class Comparison(Data):
    """Everything that differs between two reports; `changed` counts claims."""

    before: Side
    after: Side
    text: str
    changed: int
    inputs: list[InputChange]
    claims: list[ClaimChange]
