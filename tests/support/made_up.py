"""The shipped claims on a store of made-up runs: results depend on nothing but the run's key."""

from __future__ import annotations

import math
import random
from typing import Any

from repro.experiment.request import Request
from repro.experiment.requirements import requirements
from repro.judging.judgement import judge_claims
from repro.planning.plan import make_plan
from repro.report.build.report import build_report
from repro.report.model import Report
from repro.store import Store
from tests.support.helpers import PROVENANCE, blob, layer_rows, run_record
from tests.support.shipped import library as shipped_library


def fill_shipped(store: Store, scale: str = "smoke") -> None:
    """Carry out the plan again and again, with results that depend on nothing but the run's key."""
    claims = shipped_library().claims
    while jobs := make_plan([requirements(claim, scale, store) for claim in claims], store).jobs:
        for job in jobs:
            if job.run is not None and job.train:
                how = made_up(job.run.key)
                store.put_run(run_record(job.run, **how), {m: blob(job.run, m) for m in how["kept"]})
            record = store.run(job.key)
            for reading in job.readings:
                exact = [{"value": 1e-12}]
                store.put_reading(reading, made_up_rows(reading.key) if record else exact, PROVENANCE)


def made_up(key: str) -> dict[str, Any]:
    """Most runs are ordinary; some diverge, reach a target at once, or never."""
    dice = random.Random(key)
    final = dice.choice([0.0, 0.1, 0.2, 0.6, 0.9])
    diverged = dice.random() < 0.1
    curve = [0.9, (0.9 + final) / 2, final]
    return {
        "outcome": "diverged" if diverged else "finished",
        "kept": ("init", "last") if diverged else ("init", "epoch-1", "mid", "last"),
        "train_error": curve,
        "test_error": [value + 0.01 for value in curve],
        "train_loss": [2.3, 1.0, math.nan if diverged else final],
        "test_loss": [2.3, 1.0, math.inf if diverged else final],
        "running_error": [math.nan, 0.5, final],
        "running_loss": [math.nan, 1.0, final],
    }


def made_up_rows(key: str) -> list[dict[str, Any]]:
    dice = random.Random(key)
    odd = dice.choice([1.0, 1.0, 1.0, 0.0, math.nan, math.inf])
    return layer_rows(dice.random(), odd, dice.random(), 10 ** dice.uniform(-9, 9), stages=(1, 1, 2, 3))


def shipped_report(store: Store, scale: str = "smoke") -> Report:
    library = shipped_library()
    required = [requirements(claim, scale, store) for claim in library.claims]
    return build_report(Request(library, library.claims, scale, store), judge_claims(required, store))
