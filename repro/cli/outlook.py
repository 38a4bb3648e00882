"""What the planned seeds of each claim will resolve, by the runs that are there: for `repro plan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from repro.experiment.requirements import Requirements
from repro.judging.criteria import applicable
from repro.judging.paper_number import paper_number
from repro.judging.power import Resolving, foreseen
from repro.report.model import Unit
from repro.report.wording import remarks, words
from repro.store import Store


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the seeds of one deciding expectation resolve; `found` is None where too few runs are there to tell."""

    claim: str
    scale: str
    expectation: str
    seeds: int
    unit: Unit
    found: Resolving | None

    @property
    def says(self) -> str:
        """One sentence."""
        if self.found is None:
            return f"what {self.seeds} seeds resolve is known after the first runs"
        return remarks.resolves(self.found, self.unit, self.scale)

    def as_json(self) -> dict[str, object]:
        """Return plain data; distances are in the unit of the estimate, of natural logs for a ratio."""
        found = self.found
        return {
            "claim": self.claim,
            "expectation": self.expectation,
            "seeds": self.seeds,
            "unit": self.unit,
            "comparison": found.label if found else None,
            "detectable": found.detectable if found else None,
            "distance": found.distance if found else None,
            "seeds_needed": found.needed if found else None,
            "seeds_needed_range": found.needed_range if found else None,
            "paper_distance": found.paper_distance if found else None,
            "paper_seeds_needed": found.paper_needed if found else None,
            "says": self.says,
        }


def outlooks(required: Requirements, store: Store) -> Sequence[Outlook]:
    """Return one outlook for each expectation that decides the claim at this scale and rests on training."""
    names = [
        name
        for name, expectation in applicable(required).items()
        if expectation.role == "decides" and not required.file.exact(expectation)
    ]
    there = required.recorded is not None or any(
        store.run(need.spec.key) for needs in required.measured.values() for need in needs
    )
    frame = None
    if names and there:
        from repro.judging.frame import collect  # pandas, for which a plan without runs need not wait

        frame = collect([required], store).frame
    found = []
    for name in names:
        expectation = required.file.expect[name]
        unit = words.unit_of(required.file.metrics[expectation.metric], expectation.kind)
        paper = paper_number(expectation, words.notation(unit))
        known = None if frame is None else foreseen(required, name, frame, paper.value if paper else None)
        found.append(Outlook(required.claim.id, required.scale, name, len(required.seeds), unit, known))
    return found
