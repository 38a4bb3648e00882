"""Trials of protocols: what a claim's protocol, or one that differs from it, costs and how widely its estimand spreads.

Runs are on seeds from 1100 on, apart from those that are judged (from 0 on) and tuned on (1000 and a few more), in a
store of their own; no ledger is written. A protocol is chosen by what is in the columns before the estimate.
"""

from __future__ import annotations

import argparse
import math
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.documents import RESULTS, Document, Row
from repro.claims import Claim, ClaimFile, load_library
from repro.claims.scales import merge
from repro.cli.requested import user_data
from repro.execution import Progress, ThisMachine, Workload
from repro.experiment.estimands import estimands
from repro.experiment.requirements import Requirements, requirements
from repro.experiment.spent import outgoings
from repro.experiment.user_data import with_user_data
from repro.judging.criteria import applicable
from repro.judging.evidence import evidence
from repro.judging.frame import collect
from repro.planning.jobs import Plan
from repro.planning.schedule import Schedule
from repro.startup import cores
from repro.startup.shipped import folder
from repro.stats import Region, observed_spread
from repro.store import Store

FIRST = 1100
LEVEL = 0.95


def main() -> int:
    """Try one protocol of one claim."""
    parser = argparse.ArgumentParser(prog="python -m bench trials", description=__doc__)
    parser.add_argument("claim", help="its id")
    parser.add_argument("--scale", default="reduced")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--set", action="append", default=[], help="experiment.recipe.steps=800, factors.depth=…"
    )
    parser.add_argument("--data", action="append", default=[], help="cifar10=PATH")
    parser.add_argument("--claims", type=Path, default=folder("claims"))
    parser.add_argument("--store", type=Path, required=True, help="of trials alone")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=cores.available())
    parser.add_argument("--plan", action="store_true", help="say what it would cost, and run nothing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of results")
    given = parser.parse_args()
    store = Store(given.store)
    store.prepare()
    (claim,) = load_library(given.claims).select([given.claim])
    trial = trial_of(claim, given.scale, given.seeds, given.set)
    brought = user_data(tuple(given.data), ())
    (trial,) = with_user_data([trial], given.scale, brought, store, lambda text: None)
    schedule = Schedule([trial], given.scale, store, device=given.device.partition(":")[0])
    plan = schedule.plan()
    print(f"{plan.runs} runs, about {_seconds(plan):,.0f} seconds of a processor", file=sys.stderr)
    if given.plan:
        return 0
    machine = ThisMachine(given.claims, given.device, given.workers, nets=16)
    outcome = machine.execute(Workload(plan.jobs, store, _show, lambda: schedule.plan().jobs))
    if outcome.failures or outcome.stopped:
        print(
            *outcome.failures.values() or ["interrupted: the same command goes on"], sep="\n", file=sys.stderr
        )
        return 3
    name = ", ".join([given.claim, f"{given.seeds} seeds", *given.set])
    document = Document(given.out / "trials.json", "python -m bench trials", goes_on=True)
    rows = list(spreads(requirements(trial, given.scale, store), store, name))
    if document.wants(name):
        document.add(rows)
    for row in rows:
        print(as_markdown(row))
    return 0


def trial_of(claim: Claim, scale: str, seeds: int, changes: Sequence[str]) -> Claim:
    """Return a claim at a scale with settings laid over it ("experiment.recipe.steps=800"), on seeds of trials."""
    file = claim.at[scale]
    override: dict[str, Any] = {}
    for change in changes:
        path, _, text = change.partition("=")
        value: Any = tomllib.loads(f"value = {text}")["value"]
        for name in reversed(path.strip().split(".")):
            value = {name: value}
        override = merge(override, value)
    apart = {arm: FIRST + first for arm, first in file.experiment.seeds.of_arm.items()}
    own = {"experiment": {"seeds": {"looks": [seeds], "first": FIRST, "of_arm": apart}}}
    kept = file.model_dump(exclude_unset=True)
    kept["experiment"].pop("seeds", None)
    changed = ClaimFile.model_validate(merge(merge(kept, override), own))
    return replace(claim, id=f"{claim.id}~trial", at={"paper": claim.base, scale: changed})


def spreads(item: Requirements, store: Store, name: str) -> Iterator[Row]:
    """Yield a row for each comparison that decides: the spread of one seed's estimate, the bars, and what it cost.

    Distances are in the unit of the estimate; for a ratio they are of natural logarithms.
    """
    frame = collect([item], store).frame
    spent = outgoings(item, store)
    everything = [*spent.runs.values(), *spent.readings.values()]
    cost = {
        "predicted_seconds": sum(one.predicted_seconds or 0.0 for one in everything),
        "processor_seconds": sum(one.seconds or 0.0 for one in everything),
    }
    for key, expectation in applicable(item).items():
        if expectation.role != "decides" or item.file.exact(expectation):
            continue
        for part in estimands(item.file, expectation):
            found = evidence(part, expectation, item, frame)
            samples = [found.samples[address] for address in part.weights]
            weights = list(part.weights.values())
            spread = observed_spread(samples, weights, log=part.log, paired=found.paired)
            sd = (
                None
                if spread is None
                else math.hypot(*(w * s for w, s in zip(spread.weights, spread.sds, strict=True)))
            )
            bars = distance(expectation.supports, expectation.refutes, log=part.log)
            estimate = found.interval(LEVEL, expectation.supports).estimate if found.defined else None
            yield {
                "row": name,
                "comparison": " ".join(filter(None, (key, part.label))),
                "n": found.n,
                "sd": sd,
                "between_bars": bars,
                "sd_over_bars": sd / bars if sd is not None and bars else None,
                **cost,
                "note": found.note,
                "estimate": estimate,
            }


def distance(supports: Region, refutes: Region, *, log: bool) -> float:
    """Return how far apart the nearest ends of two regions are."""
    ends = [[math.log(end) if log else end for end in region.ends] for region in (supports, refutes)]
    return min(abs(one - other) for one in ends[0] for other in ends[1])


def as_markdown(row: Row) -> str:
    """Return a row for the table of docs/protocols.md."""
    texts = [
        row["row"],
        row["comparison"],
        *(_text(row[key]) for key in ("sd", "between_bars", "sd_over_bars")),
    ]
    texts += [f"{row['predicted_seconds']:,.0f}", f"{row['processor_seconds']:,.0f}", _text(row["estimate"])]
    return f"| {' | '.join(texts)} |"


def _text(value: float | None) -> str:
    return "—" if value is None else f"{value:.3g}"


def _seconds(plan: Plan) -> float:
    return sum(job.wall_seconds for job in (*plan.jobs, *plan.held)) + plan.follow_seconds


def _show(progress: Progress) -> None:
    if progress.message:
        print(progress.message, file=sys.stderr)
