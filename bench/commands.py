"""What a user waits for: start-up, and a check and a report over a large store."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench import pace
from bench.documents import Document
from bench.processes import compared, in_turns, spent, usual_environment
from bench.synthetic import EVALUATIONS, fill, fill_one_look, with_looks
from repro.claims import load_library
from repro.startup.shipped import folder
from repro.store import Store

PASS = "python -c pass"
FIVE = (
    "alexnet/relu-speed",
    "resnet/gradient-preservation",
    "resnet/layer-responses",
    "resnet/plain-nets-degrade",
    "resnet/projection-shortcuts",
)
"""The first claims that were shipped: what a newcomer's first run is measured by."""

SMOKE = {"repro check, five claims, empty store": FIVE, "repro check, all claims, empty store": ()}
IMPORTS = 'python -c "import pandas, matplotlib.pyplot, jinja2"'

SEEDS_FOR_ALL = 660
"""Seeds a cell with which the shipped claims use about 10,000 runs at smoke scale."""


def startup(document: Document, rounds: int) -> None:
    """Time `repro --help` and `repro list` against a Python that does nothing."""
    if not document.wants(PASS):
        return
    installed = Path(sys.executable).with_name("repro")
    program = [str(installed)] if installed.exists() else [sys.executable, "-m", "repro"]
    commands = {
        PASS: [sys.executable, "-c", "pass"],
        "repro --help": [*program, "--help"],
        "repro list": [*program, "list"],
        "import repro": [sys.executable, "-c", "import repro"],
    }
    document.add(compared(in_turns(commands, rounds), PASS))


def smoke(document: Document, rounds: int) -> None:
    """Time the smoke scale into an empty store: of five claims, and of all; and how fast the machine was."""
    with usual_environment() as environment:
        for name, claims in SMOKE.items():
            if document.wants(name):
                spent([sys.executable, "-m", "repro", "list", "--json"], environment)
                command = [sys.executable, "-m", "repro", "check", *claims, "--quiet"]
                taken, steps = [], [pace.milliseconds_a_step(environment)]
                for _ in range(rounds):
                    with tempfile.TemporaryDirectory() as here:
                        taken.append(spent(command, environment, Path(here)))
                    steps.append(pace.milliseconds_a_step(environment))
                told = {
                    "milliseconds_a_step": median(steps),
                    "milliseconds_a_step_range": [min(steps), max(steps)],
                }
                document.add([row | told for row in compared({name: taken}, name)])


def large_store(document: Document, rounds: int, runs: int, *, all_used: bool) -> None:
    """Time a check with nothing to train, and a report, over a store of `runs` runs, in turns with imports.

    The imports are those of a report that draws: pandas, matplotlib and jinja2, by the same interpreter. What else a
    command imports (click, pydantic, scipy.special, its own modules) counts as its own.

    A check of the first five claims is what the bar was set for; one of all claims judges and draws many times as much.

    Args:
        document: where the rows go.
        rounds: how often.
        runs: in the store.
        all_used: judge the claims on nearly all of them, instead of on their first look; the harder case.
    """
    if document.content["rows"] or not document.wants(IMPORTS):
        return
    with tempfile.TemporaryDirectory() as here:
        claims = folder("claims")
        if all_used:
            claims = Path(here) / "claims"
            with_looks(folder("claims"), claims, max(2, SEEDS_FOR_ALL * runs // 10_000))
        store = Path(here) / "store"
        places = ["--claims", str(claims), "--store", str(store)]
        program = [sys.executable, "-m", "repro"]
        # The sizes of the nets are computed, not made up.
        subprocess.run(
            [*program, "check", "--scale", "exact", "--quiet", *places, "--out", str(Path(here) / "exact")],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        put = fill_one_look if all_used else fill
        used = put(Store(store), load_library(claims).claims, "smoke", runs)
        selections = {"": ()} if all_used else {" of five claims": FIVE, "": ()}
        commands = {IMPORTS: [sys.executable, "-c", "import pandas, matplotlib.pyplot, jinja2"]}
        for of, selected in selections.items():
            # Each in a folder of its own: a check of five claims judges those, too, that a report there has.
            out = ["--out", str(Path(here) / f"report{of}")]
            commands[f"repro check{of}"] = [*program, "check", *selected, "--quiet", *places, *out]
            commands[f"repro report{of}"] = [*program, "report", *selected, *places, *out]
        rows = compared(in_turns(commands, rounds), IMPORTS)
        about = {"runs": max(runs, used), "used": used, "evaluations": EVALUATIONS}
        document.add([_named(row, about) for row in rows])


def _named(row: Mapping[str, Any], about: Mapping[str, int]) -> dict[str, Any]:
    return {
        **row,
        **about,
        "row": f"{row['row']}, {about['runs']:,} runs of which {about['used']:,} are used",
    }
