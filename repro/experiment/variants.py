"""Variants: a claim changed on purpose and judged by its own criteria.

A *control* sabotages arms; the criteria must not support it. A *sensitivity* moves a setting of the protocol for
all arms alike; the points where the verdict changes say what the claim hinges on. Both are claims again, so that
planning, training, measuring and judging know nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from repro.claims import Claim, ClaimFile, cells
from repro.claims.points import at_point
from repro.experiment.estimands import estimands, rests_on

CONTROL_SEED = 2000
"""Sabotaged arms have seeds of their own from here on; arms left as they are share the claim's runs."""

Kind = Literal["control", "sensitivity"]


@dataclass(frozen=True)
class Variant:
    """A changed claim.

    Attributes:
        kind: what it is for.
        of: the id of the control or sensitivity in the claim file.
        label: the point of a sensitivity; "" for a control.
        claim: the changed claim, at one scale only (and the paper's base, for exact numbers).
    """

    kind: Kind
    of: str
    label: str
    claim: Claim


def variants(claim: Claim, scale: str, kinds: Iterable[Kind] = ("control", "sensitivity")) -> list[Variant]:
    """Return the variants of `claim` that it declares at `scale`, controls first."""
    if not claim.trains:
        return _computed(claim) if "control" in kinds else []
    if scale not in claim.at:
        return []
    file = claim.at[scale]
    made = {"control": _controls, "sensitivity": _sensitivities}
    return [
        Variant(
            kind,
            of,
            label,
            replace(claim, id=_id(claim, kind, of, label), at={"paper": claim.base, scale: changed}),
        )
        for kind in kinds
        for of, label, changed in made[kind](file)
    ]


def _computed(claim: Claim) -> list[Variant]:
    """Return the controls of a claim that rests on no training: they are of every scale, too."""
    file = claim.base
    kept = {name: item for name, item in file.expect.items() if item.role == "decides"}
    found = []
    for name, control in file.control.items():
        changed = file.model_copy(
            update={
                "arms": {**file.arms, **control.arms},
                "metrics": {**file.metrics, **control.metrics},
                "expect": {key: item.model_copy(update={"otherwise": {}}) for key, item in kept.items()},
                "control": {},
                "table": {},
            }
        )
        own = replace(claim, id=_id(claim, "control", name, ""), at={"paper": changed})
        found.append(Variant("control", name, "", own))
    return found


def claim_of(name: str) -> str:
    """Return the claim that an id is of: its own, or that of a variant of it."""
    return name.partition("~")[0]


def _id(claim: Claim, kind: Kind, of: str, label: str) -> str:
    return "~".join(part for part in (claim.id, kind, of, label) if part)


def _controls(file: ClaimFile) -> Iterator[tuple[str, str, ClaimFile]]:
    deciding = [name for name, item in file.expect.items() if item.role == "decides"]
    for name, control in file.control.items():
        seeds = file.experiment.seeds
        own = seeds.model_copy(update={"of_arm": seeds.of_arm | dict.fromkeys(control.arms, CONTROL_SEED)})
        experiment = file.experiment.model_copy(update={"seeds": own})
        changed = file.model_copy(
            update={
                "arms": {**file.arms, **control.arms},
                "metrics": {**file.metrics, **control.metrics},
                "experiment": experiment,
            }
        )
        yield name, "", pruned(changed, deciding)


def _sensitivities(file: ClaimFile) -> Iterator[tuple[str, str, ClaimFile]]:
    for name, sensitivity in file.sensitivity.items():
        for point in sensitivity.points:
            yield name, point.label, pruned(at_point(file, point), sensitivity.expect)


def pruned(file: ClaimFile, expectations: Iterable[str]) -> ClaimFile:
    """Return a claim file with only these expectations, and only the cells that they are about."""
    kept = {name: file.expect[name] for name in expectations}
    used = {
        address
        for item in kept.values()
        if not file.exact(item)
        for part in estimands(file, item)
        for address in rests_on(file, item, part)
    }
    skip = [*file.experiment.skip, *(cell.address for cell in cells(file) if cell.address not in used)]
    metrics = {item.metric for item in kept.values()} | ({file.tune.by} if file.tune else set())
    return file.model_copy(
        update={
            "expect": kept,
            "metrics": {name: metric for name, metric in file.metrics.items() if name in metrics},
            "experiment": file.experiment.model_copy(update={"skip": skip}),
            "control": {},
            "sensitivity": {},
            "table": {},
            "figure": {},
        }
    )
