"""Tuning by racing beside tuning to the end: the same claim, each into a store of its own, by the same workers."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.documents import Document
from repro.claims import Claim, cells, load_library, run_spec
from repro.command_spec import AnyRun
from repro.execution import ThisMachine, Workload
from repro.experiment.requirements import Requirements, requirements
from repro.experiment.spent import outgoings_of
from repro.planning.jobs import Job
from repro.spec import Until
from repro.startup import cores
from repro.startup.shipped import folder
from repro.store import Store

CLAIM = "alexnet/relu-speed"
SCALE = "smoke"
RACED = f"{CLAIM}, tuned at {SCALE} scale"

Legs = Callable[[Requirements], Iterator[tuple[AnyRun, Until | None]]]


@dataclass(frozen=True)
class Tuned:
    """Where tuning has ended.

    Attributes:
        rates: cell → the rate that was chosen, of how many.
        runs: that were begun.
        stopped: of them, before their ends.
        processor_seconds: of all of them.
    """

    rates: dict[str, tuple[float | None, int]]
    runs: int
    stopped: int
    processor_seconds: float


def raced(item: Requirements) -> Iterator[tuple[AnyRun, Until | None]]:
    """Yield what racing asks for next, and how far."""
    return ((need.spec, need.until) for need in item.needs if need.purpose == "tune")


def exhaustive(item: Requirements) -> Iterator[tuple[AnyRun, Until | None]]:
    """Yield every run of every rate of the grids as they are by now, to its own end."""
    assert item.file.tune is not None
    for cell in cells(item.file):
        state = item.tuning.get(cell.address)
        for lr, decay in zip(state.rates, state.decays, strict=True) if state else ():
            for seed in item.file.tune.seeds:
                yield run_spec(item.file, cell, seed, item.claim.names, lr, decay), None


def tuned(claim: Claim, store: Store, legs: Legs) -> Tuned:
    """Carry out a claim's tuning, asking `legs` for more until nothing is missing."""
    store.prepare()

    def missing() -> Sequence[Job]:
        found = legs(requirements(claim, SCALE, store))
        return [
            Job(spec, True, (), (claim.id,), "", 1.0, until=until)
            for spec, until in found
            if store.run(spec.key) is None
        ]

    machine = ThisMachine(folder("claims"), "cpu", cores.available())
    outcome = machine.execute(Workload(missing(), store, lambda progress: None, missing))
    if outcome.failures or outcome.stopped:
        raise RuntimeError(next(iter(outcome.failures.values()), "interrupted"))
    item = requirements(claim, SCALE, store)
    stopped = {need.spec.key for need in item.stopped}
    keys = {need.spec.key for need in item.needs if need.purpose == "tune"} | stopped
    spent = outgoings_of(keys, set(), store).runs.values()
    return Tuned(
        {address: (state.chosen, len(state.rates)) for address, state in item.tuning.items()},
        len(keys),
        len(stopped),
        sum(one.processor_seconds or 0.0 for one in spent),
    )


def measure(document: Document) -> None:
    """Tune both ways, and add a row for each."""
    if not document.wants(RACED):
        return
    (claim,) = load_library(folder("claims")).select([CLAIM])
    with tempfile.TemporaryDirectory() as here:
        race = tuned(claim, Store(Path(here, "raced")), raced)
        print(race, file=sys.stderr)
        whole = tuned(claim, Store(Path(here, "exhaustive")), exhaustive)
    document.add(rows(race, whole))


def rows(race: Tuned, whole: Tuned) -> list[dict[str, object]]:
    """Return a row for each way; the first tells how many cells got the same rate, and what the other costs of it."""
    alike = sum(race.rates[address][0] == chosen for address, (chosen, _) in whole.rates.items())
    ratio = whole.processor_seconds / race.processor_seconds
    return [
        _row("raced", race) | {"cells": len(whole.rates), "cells_alike": alike, "ratio": ratio},
        _row("exhaustive", whole),
    ]


def _row(arm: str, one: Tuned) -> dict[str, object]:
    chosen = "; ".join(f"{address} {rate:g} of {count}" for address, (rate, count) in one.rates.items())
    about = {"runs": one.runs, "stopped": one.stopped, "processor_seconds": one.processor_seconds}
    return {"row": RACED, "arm": arm, "rounds": 1, **about, "rates": chosen}
